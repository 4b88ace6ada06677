"""Answers that were just given, for those who ask the same: many pollers cost little more than one.

Kept are the texts by what was asked, and whole responses by the very bytes of their requests.

An answer is given again within `spark.ui.liveUpdate.period`, which is how old Spark's rows may be
while tasks run, and only if nothing but tasks has begun or ended since: who looks for the end of a
job that he has just run sees it.
Thread  the server's loop.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

from pyspark_shell.common.record import record

# What is polled at the same time, and what is too large to be kept of one.
_KEPT: Final = 64
_MAX_BYTES: Final = 256 << 10


@record
class Recent:
    """One answer.

    Attributes
    ----------
    milestone
        Read before what the answer tells.
    renew
        Makes the text anew, without waiting for anything; None if that cannot be.
    """

    answer: bytes
    milestone: int
    at_s: float
    renew: Callable[[], bytes] | None = None


class RecentAnswers:
    """The newest answer to each question: an address, or the bytes of a request.

    Parameters
    ----------
    max_age_s
        For so long an answer is given again.
    """

    def __init__(self, max_age_s: float) -> None:
        self._max_age_s = max_age_s
        self._answers: OrderedDict[Hashable, Recent] = OrderedDict()

    def get(self, question: Hashable, milestone: int) -> bytes | None:
        """What was answered a moment ago; None if it has to be asked again."""
        recent = self._answers.get(question)
        if recent is None or recent.milestone != milestone:
            return None
        return recent.answer if time.monotonic() - recent.at_s < self._max_age_s else None

    def polled(self, question: Hashable, milestone: int) -> Recent | None:
        """The last answer, if it has just grown old and nothing but tasks has begun or ended since:
        who asks comes again soon, and need not wait until the rows know the newest task.
        """
        recent = self._answers.get(question)
        if recent is None or recent.milestone != milestone:
            return None
        return recent if time.monotonic() - recent.at_s < 2 * self._max_age_s else None

    def put(
        self,
        question: Hashable,
        milestone: int,
        answer: bytes,
        renew: Callable[[], bytes] | None = None,
    ) -> None:
        """Keep an answer, as `Recent` has it."""
        if len(answer) > _MAX_BYTES:
            return
        self._answers[question] = Recent(answer, milestone, time.monotonic(), renew)
        self._answers.move_to_end(question)
        if len(self._answers) > _KEPT:
            self._answers.popitem(last=False)

    def clear(self) -> None:
        """Forget all: an order was given, and who gave it wants to see what it does."""
        self._answers.clear()
