"""Removes what the user's program no longer refers to: blocks, shuffle files, broadcasts.

Owns    the queue of things to clean, and those whose removal has to be tried again.
Thread  `Spark Context Cleaner` cleans, one thing at a time; the `doCleanup` methods may be called
        from any thread.
Source  Spark's ContextCleaner. Python's reference counts make it work within milliseconds; what
        could not be removed is tried again, where Spark forgets it.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any, Final, Protocol

from pyspark_shell.common.exhaustive import assert_never
from pyspark_shell.common.record import field, record
from pyspark_shell.common.threads import CONTEXT_CLEANER, start_daemon
from pyspark_shell.driver.cleanup_task import (
    CleanAccum,
    CleanBroadcast,
    CleanCheckpoint,
    CleanRDD,
    CleanShuffle,
    CleanSparkListener,
    CleanupTask,
)
from pyspark_shell.driver.stored_sizes import Footprint
from pyspark_shell.driver.tracked_entities import Entity, EntityState, Reference, TrackedEntities

log: Final = logging.getLogger("pyspark_shell.ContextCleaner")

# Seconds before what could not be removed is tried again; after the last one it is an orphan.
RETRY_AFTER_S: Final = (1.0, 5.0, 30.0)


class CleaningActions(Protocol):
    """How the driver removes things; each may be called twice, and by two threads at once."""

    def stored(self, task: CleanupTask) -> Footprint | None:
        """What `task` would remove now; None for a shuffle that nobody knows."""

    def remove_rdd(self, rdd_id: int, blocking: bool) -> None: ...

    def remove_shuffle(self, shuffle_id: int, blocking: bool) -> None: ...

    def remove_broadcast(self, broadcast_id: int, blocking: bool) -> None: ...

    def remove_accumulator(self, accumulator_id: int) -> None: ...

    def remove_checkpoint(self, rdd_id: int, directory: str) -> None: ...

    def remove_listener(self, listener: Any) -> None: ...


@record
class CleanerPolicy:
    """How the cleaner works.

    Attributes
    ----------
    blocking, blocking_shuffle
        Whether the next thing waits until executors have confirmed the removal of the last.
    min_age_s
        How long something unreachable is still kept.
    """

    blocking: bool = True
    blocking_shuffle: bool = False
    min_age_s: float = 0.0


@record
class Cleaning:
    """One item, being cleaned or the last that was; times in milliseconds."""

    task: str
    at_ms: int
    began_s: float
    took_ms: float = 0.0

    @classmethod
    def begin(cls, task: CleanupTask) -> Cleaning:
        """Now."""
        return cls(str(task), time.time_ns() // 1_000_000, time.monotonic())

    @property
    def age_ms(self) -> float:
        """Since it began."""
        return round((time.monotonic() - self.began_s) * 1000, 1)

    def ended(self) -> Cleaning:
        """The same, with its duration."""
        return Cleaning(self.task, self.at_ms, self.began_s, self.age_ms)


@record(frozen=False, order=True)
class _Waiting:
    """Something whose time has not come."""

    due_s: float
    number: int
    action: Callable[[], object] = field(compare=False)


class ContextCleaner:
    """Cleans for one application.

    Parameters
    ----------
    on_fatal_error
        Called when the thread dies of something that is no `Exception`; ends the application.
    """

    def __init__(
        self,
        actions: CleaningActions,
        policy: CleanerPolicy,
        on_fatal_error: Callable[[], object],
    ) -> None:
        self._actions = actions
        self._policy = policy
        self._on_fatal_error = on_fatal_error
        self._queue: SimpleQueue[Reference | _Waiting | None] = SimpleQueue()
        self.entities = TrackedEntities(self._queue.put)
        self._waiting: list[_Waiting] = []
        self._numbers = count()
        self._listeners: tuple[Any, ...] = ()
        self._pid = os.getpid()
        self._stopped = False
        self._thread: threading.Thread | None = None
        self.now: Cleaning | None = None
        self.last: Cleaning | None = None
        self.errors = 0

    # From any thread --------------------------------------------------------------------

    def start(self) -> None:
        """Begin to clean."""
        self._thread = start_daemon(CONTEXT_CLEANER, self._run)

    def stop(self, timeout_s: float) -> None:
        """Finish the item at hand, then end; what waits is dropped, the application's end removes
        it.
        """
        self._stopped = True
        self._queue.put(None)
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
            now = self.now
            if thread.is_alive() and now is not None:
                log.warning("%s is not done after %g s, it is left", now.task, timeout_s)
        self.entities.forget_all()

    @property
    def is_stopped(self) -> bool:
        """Whether it cleans no more."""
        return self._stopped

    @property
    def queue_length(self) -> int:
        """Things that are unreachable and not cleaned yet."""
        return self.entities.queued()

    def attach_listener(self, listener: Any) -> None:
        """Call `rddCleaned(id)` and the like of `listener`, after those attached before."""
        self._listeners = (*self._listeners, listener)

    def track(self, referent: Any, task: CleanupTask, name: str = "", call_site: str = "") -> None:
        """Do `task` when nobody refers to `referent` any more."""
        if not self._stopped:
            self.entities.track(referent, task, name, call_site)

    def clean(self, task: CleanupTask, blocking: bool) -> bool:
        """Do a task now, in the calling thread, though its object may live; False if it failed.

        In a fork of the driver's process nothing is done.
        """
        if os.getpid() != self._pid:
            return False
        return not self._clean(task, blocking).error

    def retry_orphans(self) -> None:
        """Try once more to remove what could not be removed."""
        self.later(0.0, self._take_orphans)

    def later(self, delay_s: float, action: Callable[[], object]) -> None:
        """Have something done in the cleaner's thread; not if it stops before."""
        if not self._stopped:
            due_s = time.monotonic() + delay_s
            self._queue.put(_Waiting(due_s, next(self._numbers), action))

    # In the cleaner's thread -------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopped:
                self._work()
        except BaseException:
            log.exception("uncaught error in thread %s, stopping SparkContext", CONTEXT_CLEANER)
            self._on_fatal_error()

    def _work(self) -> None:
        try:
            action = self._next()
            if action is not None and not self._stopped:
                action()
        except Exception:
            log.exception("Error in cleaning thread")

    def _next(self) -> Callable[[], object] | None:
        """What to do next; None when something else may be due by now."""
        wait_s = None
        if self._waiting:
            wait_s = self._waiting[0].due_s - time.monotonic()
            if wait_s <= 0:
                return heappop(self._waiting).action
        try:
            item = self._queue.get(timeout=wait_s)
        except Empty:
            return None
        if isinstance(item, _Waiting):
            heappush(self._waiting, item)
        elif item is not None:
            action = partial(self._clean_entity, item.entity)
            if self._policy.min_age_s <= 0:
                return action
            self.later(self._policy.min_age_s, action)
        return None

    def _take_orphans(self) -> None:
        for entity in self.entities.live():
            if entity.state is EntityState.ORPHANED:
                self.later(0.0, partial(self._clean_entity, entity))

    def _clean_entity(self, entity: Entity) -> None:
        log.debug("Got cleaning task %s", entity.task)
        entity.state = EntityState.CLEANING
        self.entities.changes += 1
        self.now = Cleaning.begin(entity.task)
        try:
            outcome = self._clean(entity.task, self._blocks(entity.task))
        finally:
            self.now = None
        entity.error = outcome.error
        if outcome.freed is not None:
            entity.footprint = outcome.freed
        if not outcome.failed_to_remove:
            state = EntityState.ERROR if outcome.error else EntityState.CLEANED
            self.entities.done(entity, state, remember=outcome.freed is not None)
            return
        self.entities.changes += 1
        if entity.failures < len(RETRY_AFTER_S):
            entity.state = EntityState.ERROR
            self.later(RETRY_AFTER_S[entity.failures], partial(self._clean_entity, entity))
        else:
            entity.state = EntityState.ORPHANED
        entity.failures += 1

    def _blocks(self, task: CleanupTask) -> bool:
        if isinstance(task, CleanShuffle):
            return self._policy.blocking_shuffle
        return self._policy.blocking

    # In the thread that cleans ------------------------------------------------------------

    def _clean(self, task: CleanupTask, blocking: bool) -> _Outcome:
        """Remove, tell the listeners, and log Spark's lines about it."""
        began = Cleaning.begin(task)
        freed: Footprint | None = None
        removed = False
        try:
            freed = self._actions.stored(task)
            if freed is None:
                log.debug("Asked to cleanup non-existent shuffle (maybe it was already removed)")
                return _Outcome(None)
            log.debug("Cleaning %s", task.what)
            self._remove(task, blocking)
            removed = True
            self._tell(task)
        except Exception as error:
            log.exception("Error cleaning %s", task.what)
            self.errors += 1
            return _Outcome(freed, str(error) or type(error).__name__, not removed)
        finally:
            self.last = began.ended()
        self.entities.cleaned[task.kind] += 1
        self.entities.changes += 1
        log.debug("Cleaned %s", task.what)
        return _Outcome(freed)

    def _remove(self, task: CleanupTask, blocking: bool) -> None:
        match task:
            case CleanRDD(rdd_id):
                self._actions.remove_rdd(rdd_id, blocking)
            case CleanShuffle(shuffle_id):
                self._actions.remove_shuffle(shuffle_id, blocking)
            case CleanBroadcast(broadcast_id):
                self._actions.remove_broadcast(broadcast_id, blocking)
            case CleanAccum(accumulator_id):
                self._actions.remove_accumulator(accumulator_id)
            case CleanCheckpoint(rdd_id, directory):
                self._actions.remove_checkpoint(rdd_id, directory)
            case CleanSparkListener():
                self._actions.remove_listener(task.listener)
            case _:
                assert_never(task)

    def _tell(self, task: CleanupTask) -> None:
        if not task.callback:
            return
        for listener in self._listeners:
            method = getattr(listener, task.callback, None)
            if method is not None:
                method(task.entity_id)


@record
class _Outcome:
    """How the cleaning of one item ended.

    Attributes
    ----------
    freed
        What was stored of it; None if nothing was known.
    failed_to_remove
        Whether it may still be there, rather than a listener having failed.
    """

    freed: Footprint | None
    error: str = ""
    failed_to_remove: bool = False
