"""What the texts about kills say: Spark's sentences, with the reason of whoever killed inside."""

from __future__ import annotations

import re
from typing import Final

_FORCED: Final = re.compile(r" ?\(forced after \d+ ms\)")
_CANCELLED: Final = re.compile(
    r"(?:\[SPARK_JOB_CANCELLED\] )?Job \d+ cancelled (?P<reason>.*?)(?: SQLSTATE: \w+)?", re.DOTALL
)


def is_forced(reason: str) -> bool:
    """Whether a kill's text says that the process had to be ended."""
    return _FORCED.search(reason) is not None


def reason_in(error: str) -> str:
    """What a cancelled job's error says beyond that it was cancelled.

    Examples
    --------
    >>> reason_in("[SPARK_JOB_CANCELLED] Job 6 cancelled by request SQLSTATE: XXKDA")
    'by request'
    >>> reason_in("Application has been killed. Reason: spring")
    'Application has been killed. Reason: spring'
    """
    found = _CANCELLED.fullmatch(error)
    return found["reason"] if found else error


def short_reason(text: str) -> str:
    """The killer's own words in what a killed task was told, and whether it took force.

    Examples
    --------
    >>> told = "Stage cancelled: [SPARK_JOB_CANCELLED] Job 1 cancelled because two words"
    >>> short_reason(told), short_reason(f"{told} (forced after 2002 ms)")
    ('two words', 'two words (forced after 2002 ms)')
    >>> short_reason("two words")
    'two words'
    """
    forced = _FORCED.search(text)
    sentence = text[: forced.start()] if forced else text
    reason = reason_in(sentence.removeprefix("Stage cancelled: ")).removeprefix("because ")
    return f"{reason}{forced[0]}" if forced else reason
