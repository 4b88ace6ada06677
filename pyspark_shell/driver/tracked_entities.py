"""The things that the context cleaner watches, and what it remembers of those it has cleaned.

Owns    a weak reference per tracked object; the newest entities that are done with.
Thread  any thread tracks and lists; references die in any thread, in the middle of its code, so
        their callback puts them on a queue and does nothing else.
"""

from __future__ import annotations

import os
import time
import weakref
from collections import Counter, deque
from collections.abc import Callable
from enum import Enum
from typing import Any, Final

from pyspark_shell.common.cell import Cell, current_cell
from pyspark_shell.common.record import field, record
from pyspark_shell.driver.cleanup_task import CleanupTask
from pyspark_shell.driver.stored_sizes import NOTHING, Footprint

# What a view shows of the past: a guess.
_REMEMBERED: Final = 50


class EntityState(Enum):
    """How far an entity is on its way out."""

    LIVE = "live"
    QUEUED = "queued"
    CLEANING = "cleaning"
    CLEANED = "cleaned"
    ERROR = "error"
    ORPHANED = "orphaned"


class Reference(weakref.ref[Any]):
    """A weak reference that knows what is to be cleaned when it dies."""

    __slots__ = ("entity",)

    entity: Entity


@record(frozen=False, eq=False)
class Entity:
    """One tracked thing; never the thing itself, only what is known about it.

    Attributes
    ----------
    name
        What the user called it, as far as it was seen.
    call_site, cell
        Where it was made.
    state
        As the cleaner left it; see `current_state`.
    footprint
        What was removed with it.
    failures
        Removals that failed in a row.
    done_at_ms
        When the cleaner was done with it; 0 before.
    """

    task: CleanupTask
    name: str
    call_site: str
    cell: Cell | None
    created_at_ms: int
    reference: Reference | None = None
    state: EntityState = EntityState.LIVE
    error: str = ""
    footprint: Footprint = NOTHING
    failures: int = 0
    done_at_ms: int = 0

    def referent(self) -> Any:
        """The thing itself, None if it is gone."""
        return None if self.reference is None else self.reference()

    @property
    def current_state(self) -> EntityState:
        """`QUEUED` from the moment the thing is gone until the cleaner comes to it."""
        if self.state is EntityState.LIVE and self.referent() is None:
            return EntityState.QUEUED
        return self.state


@record(frozen=False)
class TrackedEntities:
    """All entities of one application.

    Attributes
    ----------
    on_death
        Called with each reference whose object is gone, in whatever thread, in the process that
        made this table only. It must neither log nor lock.
    cleaned
        How many were cleaned, by kind.
    changes
        Grows with everything that a view would show differently.
    """

    on_death: Callable[[Reference], None]
    cleaned: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    _live: dict[int, Entity] = field(default_factory=dict)
    _done: deque[Entity] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _callback: Callable[[Any], None] = field(init=False)

    def __post_init__(self) -> None:
        on_death, pid, getpid = self.on_death, os.getpid(), os.getpid

        def callback(reference: Any) -> None:
            if getpid() == pid:
                on_death(reference)

        self._callback = callback

    def track(self, referent: Any, task: CleanupTask, name: str, call_site: str) -> None:
        """Watch an object; twice watched, it is cleaned twice."""
        entity = Entity(task, name, call_site, current_cell(), _now_ms())
        entity.reference = Reference(referent, self._callback)
        entity.reference.entity = entity
        # The table holds the reference: one that is gone itself never fires.
        self._live[id(entity)] = entity
        self.changes += 1

    def done(self, entity: Entity, state: EntityState, remember: bool = True) -> None:
        """Watch an entity no more."""
        entity.state = state
        entity.reference = None
        entity.done_at_ms = _now_ms()
        self._live.pop(id(entity), None)
        if remember:
            self._done.append(entity)
        self.changes += 1

    def live(self) -> list[Entity]:
        """Entities that are not done with, oldest first."""
        return list(self._live.values())

    def remembered(self) -> list[Entity]:
        """The newest entities that are done with, oldest first."""
        return list(self._done)

    def tracked(self) -> Counter[str]:
        """How many are watched, by kind."""
        return Counter(entity.task.kind for entity in self.live())

    def queued(self) -> int:
        """How many are gone and wait for the cleaner."""
        return sum(entity.current_state is EntityState.QUEUED for entity in self.live())

    def forget_all(self) -> None:
        """Let all references go; they do not fire any more."""
        for entity in self.live():
            entity.reference = None
        self._live.clear()
        self.changes += 1


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
