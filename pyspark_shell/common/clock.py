"""Time, from one place, so that tests can hold it still."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What the engine may ask about time."""

    def time_ms(self) -> int:
        """Wall clock, milliseconds since the epoch; for people, never for deadlines."""

    def monotonic_s(self) -> float:
        """Seconds that never jump; for every deadline."""


class SystemClock:
    """The machine's own clocks."""

    def time_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that moves only when told; for tests."""

    def __init__(self, now_s: float = 1_000.0) -> None:
        self._now_s = now_s

    def time_ms(self) -> int:
        return int(self._now_s * 1000)

    def monotonic_s(self) -> float:
        return self._now_s

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._now_s += seconds
