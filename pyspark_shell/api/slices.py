"""How a collection of the driver is cut into partitions: the same cuts as PySpark's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from pyspark_shell.common.errors import IllegalArgumentException

# Records that PySpark pickles together unless the context's batchSize says otherwise.
DEFAULT_BATCH: Final = 1024


def slice_collection(collection: Iterable[Any], count: int, batch_size: int) -> list[Sequence[Any]]:
    """Cut `collection` into `count` parts; a range into ranges, anything else into lists.

    A range is cut at even places. Other collections are first cut into batches of at most
    `batch_size` (0: 1024) records, and the batches are dealt out evenly, so parts differ by up to a
    batch.

    Raises
    ------
    ZeroDivisionError
        `count` is 0.

    Examples
    --------
    >>> slice_collection(range(10), 4, 0)
    [range(0, 2), range(2, 5), range(5, 7), range(7, 10)]
    >>> slice_collection(list(range(10)), 4, 0)
    [[0, 1], [2, 3], [4, 5], [6, 7, 8, 9]]
    """
    if count == 0:
        raise ZeroDivisionError("integer division or modulo by zero")
    if count < 0:
        raise IllegalArgumentException("Positive number of partitions required")
    if isinstance(collection, range):
        return [collection[start:end] for start, end in _even_cuts(len(collection), count)]
    records = collection if isinstance(collection, list) else list(collection)
    size = max(1, min(len(records) // count, batch_size or DEFAULT_BATCH))
    batches = -(-len(records) // size)
    return [records[start * size : end * size] for start, end in _even_cuts(batches, count)]


def _even_cuts(length: int, count: int) -> list[tuple[int, int]]:
    return [(i * length // count, (i + 1) * length // count) for i in range(count)]
