"""Task-side halves of `RDD.histogram`: find the range of the records, count them into buckets."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from math import isnan
from typing import Any

from pyspark_shell.lineage.partition_functions import count_records


def is_comparable(record: Any) -> bool:
    """Whether a record is neither None nor a float that is not a number."""
    return record is not None and not (type(record) is float and isnan(record))


def range_of(records: Iterable[Any]) -> tuple[tuple[Any, Any], ...]:
    """The least and the greatest comparable record; nothing if there is none."""
    comparable = filter(is_comparable, records)
    for lowest in comparable:
        highest = lowest
        for record in comparable:
            if record < lowest:
                lowest = record
            if record > highest:
                highest = record
        return ((lowest, highest),)
    return ()


def count_comparable(records: Iterable[Any]) -> int:
    """How many records can be compared."""
    return count_records(filter(is_comparable, records))


class BucketCounter:
    """Counts records into buckets `[bounds[i], bounds[i + 1])`, the last one closed.

    Parameters
    ----------
    bounds
        At least two, sorted.
    width
        Of every bucket, if all are equally wide, else None.

    Examples
    --------
    >>> BucketCounter([0, 10, 20], 10)([3, 10, 20, 21, None])
    [1, 2]
    """

    def __init__(self, bounds: list[Any] | tuple[Any, ...], width: Any) -> None:
        self.bounds = bounds
        self.width = width

    def __call__(self, records: Iterable[Any]) -> list[int]:
        bounds, width = self.bounds, self.width
        lowest, highest = bounds[0], bounds[-1]
        counts = [0] * len(bounds)
        for record in records:
            if record is None or (isinstance(record, float) and isnan(record)):
                continue
            if record > highest or record < lowest:
                continue
            if width is None:
                counts[bisect_right(bounds, record) - 1] += 1
            else:
                counts[int((record - lowest) / width)] += 1
        at_the_end = counts.pop()
        counts[-1] += at_the_end
        return counts
