"""Remembers since when threads have been where they are.

A thread counts as still there if every look in between found it there, so the time is never more
than what was seen; how it came and went between two looks nobody knows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from types import FrameType
from typing import Generic, TypeVar

from pyspark_shell.common.call_site import is_user_file

T = TypeVar("T", bound=Hashable)


class LineMemory(Generic[T]):
    """Where each thread was at the last look, and since when."""

    def __init__(self) -> None:
        self._seen: dict[T, tuple[Hashable, float]] = {}

    def seconds_at(self, thread: T, place: Hashable) -> float:
        """Note that a thread is at a place now; for how long it has been."""
        now_s = time.monotonic()
        before, since_s = self._seen.get(thread, (place, now_s))
        if before != place:
            since_s = now_s
        self._seen[thread] = (place, since_s)
        return round(now_s - since_s, 1)

    def keep(self, is_alive: Callable[[T], bool]) -> None:
        """Forget the threads that are no more."""
        for thread in [each for each in self._seen if not is_alive(each)]:
            del self._seen[thread]


def place_of(frame: FrameType) -> Hashable:
    """The line of the user's code that a thread is in, in this call of its function."""
    mine = innermost_user_frame(frame)
    return id(mine), mine.f_lineno


def innermost_user_frame(frame: FrameType) -> FrameType:
    """The innermost frame that is neither the engine's nor a library's; else the innermost."""
    looked_at: FrameType | None = frame
    while looked_at is not None:
        if is_user_file(looked_at.f_code.co_filename):
            return looked_at
        looked_at = looked_at.f_back
    return frame
