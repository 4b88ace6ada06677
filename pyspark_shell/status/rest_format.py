"""How Spark's REST API writes times and leaves out what is absent."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]


class FinishedRow(dict[str, Any]):
    """A row that will never be different, so that its text has to be made only once.

    Nobody may change it: all who ask get the same one.
    """

    __slots__ = ("text",)

    def __init__(self, row: Json) -> None:
        super().__init__(row)
        self.text: bytes | None = None


# What Spark gives for a time that has not come.
NEVER_MS: Final = -1


def date(time_ms: int) -> str:
    """Spark's text for a time.

    Examples
    --------
    >>> date(1795195101733)
    '2026-11-20T17:18:21.733GMT'
    >>> date(NEVER_MS)
    '1969-12-31T23:59:59.999GMT'
    """
    seconds, millis = divmod(time_ms, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{millis:03d}GMT"


def optional_date(time_ms: int | None) -> str | None:
    """The same for a time that may not have come."""
    return None if time_ms is None else date(time_ms)


def present(row: Mapping[str, Any]) -> Json:
    """A row without the fields that are absent; only for fields that Spark leaves out too."""
    return {name: value for name, value in row.items() if value is not None}


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000
