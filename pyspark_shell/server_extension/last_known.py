"""What a driver last said of itself, for the time when it says nothing.

Thread  jupyter-server's loop.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]

# Which list of a snapshot a kind of change belongs to, and what identifies a row in it.
_LISTS: Final = {
    "job": ("jobs", ("jobId",)),
    "stage": ("stages", ("stageId", "attemptId")),
    "executor": ("executors", ("id",)),
    "rdd": ("rdds", ("id",)),
    "kill": ("kills", ("id",)),
}
_SINGLE: Final = ("application", "cleaner")


class LastKnown:
    """The newest snapshot with all changes since, and how old it is."""

    def __init__(self) -> None:
        self._answered_s = time.monotonic()
        self._silent = False
        self._life = ""
        self._seq = -1
        self.snapshot: Json | None = None

    @property
    def age_s(self) -> float:
        """Since the driver answered last."""
        return time.monotonic() - self._answered_s

    @property
    def is_silent(self) -> bool:
        """Whether the driver has left something unanswered since it answered last."""
        return self._silent

    @property
    def silent_for_s(self) -> float:
        """Since the driver answered last, if it then left something unanswered; else 0."""
        return self.age_s if self._silent else 0.0

    def answered(self) -> None:
        """The driver said something."""
        self._answered_s = time.monotonic()
        self._silent = False

    def fell_silent(self) -> None:
        """The driver left something unanswered."""
        self._silent = True

    def take(self, answer: Mapping[str, Any]) -> None:
        """Learn from an answer to `snapshot` or `changes`; one that fits nowhere is left alone."""
        seq, life = answer.get("seq"), answer.get("life")
        if not isinstance(seq, int) or not isinstance(life, str):
            return
        if isinstance(answer.get("snapshot"), dict):
            self.snapshot, self._seq, self._life = dict(answer["snapshot"]), seq, life
        elif self.snapshot is not None and life == self._life and seq > self._seq:
            for change in answer.get("changes", ()):
                self._apply(change)
            self._seq = seq

    def _apply(self, change: Json) -> None:
        assert self.snapshot is not None
        kind, row = change.get("kind"), change.get("row")
        if kind in _SINGLE:
            self.snapshot[kind] = row if row is not None else self.snapshot.get(kind)
        elif kind in _LISTS:
            name, columns = _LISTS[kind]
            key = change.get("key")
            rows = self.snapshot.get(name, [])
            if row is not None:
                key = _key(row, columns)
            kept = [each for each in rows if _key(each, columns) != key]
            self.snapshot[name] = kept if row is None else [*kept, row]


def _key(row: Json, columns: tuple[str, ...]) -> str:
    return ".".join(str(row.get(column)) for column in columns)
