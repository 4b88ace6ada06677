"""Answers that were just given, for those who ask the same: many pollers cost little more than one.

An answer is given again within `spark.ui.liveUpdate.period`, which is how old Spark's rows may be
while tasks run, and only if nothing but tasks has begun or ended since: who looks for the end of a
job that he has just run sees it.
Thread  the server's loop.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Final

from pyspark_shell.common.record import record

# What is polled at the same time, and what is too large to be kept of one.
_KEPT: Final = 64
MAX_BYTES: Final = 256 << 10


@record
class _Recent:
    text: bytes
    milestone: int
    at_s: float


class RecentAnswers:
    """The newest answer of each address.

    Parameters
    ----------
    max_age_s
        For so long an answer is given again.
    """

    def __init__(self, max_age_s: float) -> None:
        self._max_age_s = max_age_s
        self._answers: OrderedDict[str, _Recent] = OrderedDict()

    def get(self, address: str, milestone: int) -> bytes | None:
        """What was answered a moment ago; None if it has to be asked again."""
        return self._younger_than(self._max_age_s, address, milestone)

    def is_polled(self, address: str, milestone: int) -> bool:
        """Whether the last answer has just grown old, and nothing but tasks has begun or ended
        since: who asks comes again soon, and need not wait until the rows know the newest task.
        """
        return self._younger_than(2 * self._max_age_s, address, milestone) is not None

    def _younger_than(self, age_s: float, address: str, milestone: int) -> bytes | None:
        recent = self._answers.get(address)
        if recent is None or recent.milestone != milestone:
            return None
        return recent.text if time.monotonic() - recent.at_s < age_s else None

    def put(self, address: str, milestone: int, text: bytes) -> None:
        """Keep an answer that was just made; `milestone` was read before what it tells."""
        if len(text) > MAX_BYTES:
            return
        self._answers[address] = _Recent(text, milestone, time.monotonic())
        self._answers.move_to_end(address)
        if len(self._answers) > _KEPT:
            self._answers.popitem(last=False)

    def clear(self) -> None:
        """Forget all: an order was given, and who gave it wants to see what it does."""
        self._answers.clear()
