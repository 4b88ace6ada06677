"""What tasks do on both sides of a shuffle: combine, group, find keys' partitions, sort.

Small classes with `__call__`, so that their own code pickles as a name and only the user's
functions travel by value. Memory limits are in MiB, as `spark.python.worker.memory` is read; a
group or sort beyond it goes on on disk.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, compress, islice, repeat
from operator import itemgetter
from typing import Any, Final

from pyspark_shell.shuffle.aggregator import Aggregator, GroupAggregator, SimpleAggregator
from pyspark_shell.shuffle.external_merger import ExternalMerger
from pyspark_shell.shuffle.external_sorter import ExternalSorter
from pyspark_shell.shuffle.group_by import ExternalGroupBy
from pyspark_shell.shuffle.used_memory import get_used_memory
from pyspark_shell.statistics.sampler import RDDSamplerBase
from pyspark_shell.statistics.xor_shift_random import XORShiftRandom

Pair = tuple[Any, Any]

# Share of the memory that the map side of a shuffle and sorts take: PySpark's.
MAP_SIDE_SHARE: Final = 0.9
# Records between two looks at the memory where a step has its own dict. A guess.
_CHUNK: Final = 1 << 16
_LARGEST_CHUNK: Final = 1 << 20
# Keys that are drawn for at a time. A guess.
_SAMPLE_CHUNK: Final = 4096

_key_and_value: Final = itemgetter(0, 1)


def pairs_of(records: Iterable[Any]) -> Iterator[Pair]:
    """The records as pairs: PySpark reads only the first two items where it maps values."""
    iterator = iter(records)
    for first in iterator:
        everything = chain((first,), iterator)
        if type(first) is tuple and len(first) == 2:
            return everything
        return map(_key_and_value, everything)
    return iter(())


# Combining ------------------------------------------------------------------------


class CombineValues:
    """Map side of `combineByKey`: pairs of key and value to pairs of key and combiner."""

    __slots__ = ("aggregator", "memory_mb")

    def __init__(self, aggregator: Aggregator[Any, Any], memory_mb: float) -> None:
        self.aggregator = aggregator
        self.memory_mb = memory_mb

    def __call__(self, records: Iterable[Pair]) -> Iterator[Pair]:
        merger = self._merger()
        merger.mergeValues(records)
        return merger.items()

    def _merger(self) -> ExternalMerger[Any, Any, Any]:
        return ExternalMerger(self.aggregator, self.memory_mb)


class MergeCombiners(CombineValues):
    """Reduce side of `combineByKey`: joins the combiners of each key."""

    __slots__ = ()

    def __call__(self, records: Iterable[Pair]) -> Iterator[Pair]:
        merger = self._merger()
        merger.mergeCombiners(records)
        return merger.items()


class GroupValues(CombineValues):
    """Map side of a grouping: pairs of key and list of values."""

    __slots__ = ()

    def __init__(self, memory_mb: float) -> None:
        super().__init__(GroupAggregator(), memory_mb)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.memory_mb,)


class MergeGroups(GroupValues):
    """Reduce side of `groupByKey`; a group larger than the memory stays on disk."""

    __slots__ = ()

    def __call__(self, records: Iterable[Pair]) -> Iterator[Pair]:
        merger: ExternalGroupBy[Any, Any] = ExternalGroupBy(self.aggregator, self.memory_mb)
        merger.mergeCombiners(records)
        return merger.items()


# Distinct ---------------------------------------------------------------------------


class DistinctLocally:
    """Map side of `distinct`: 1-tuples of the records, once each as far as memory allows."""

    __slots__ = ("memory_mb",)

    def __init__(self, memory_mb: float) -> None:
        self.memory_mb = memory_mb

    def __call__(self, records: Iterable[Any]) -> Iterator[tuple[Any]]:
        return self._distinct(iter(records), self.memory_mb)

    def _distinct(self, records: Iterator[Any], limit: float) -> Iterator[tuple[Any]]:
        seen: dict[Any, None] = {}
        for used in _take_in_chunks(records, seen):
            if used >= limit:
                # What was seen need not be remembered: the reduce side looks again.
                return chain(_alone(seen), self._go_on(records, max(limit, used * 1.05)))
        return _alone(seen)

    def _go_on(self, records: Iterator[Any], limit: float) -> Iterator[tuple[Any]]:
        yield from self._distinct(records, limit)


class DistinctKeys:
    """Reduce side of `distinct`: each key once."""

    __slots__ = ("memory_mb",)

    def __init__(self, memory_mb: float) -> None:
        self.memory_mb = memory_mb

    def __call__(self, records: Iterable[tuple[Any]]) -> Iterator[Any]:
        keys = chain.from_iterable(records)
        seen: dict[Any, None] = {}
        for used in _take_in_chunks(keys, seen):
            if used >= self.memory_mb:
                return self._beyond_memory(chain(seen, keys))
        return iter(seen)

    def _beyond_memory(self, keys: Iterable[Any]) -> Iterator[Any]:
        merger: ExternalMerger[Any, None, None] = ExternalMerger(
            SimpleAggregator(_keep_first), self.memory_mb
        )
        merger.mergeCombiners(zip(keys, repeat(None), strict=False))
        return map(itemgetter(0), merger.items())


def _take_in_chunks(records: Iterator[Any], seen: dict[Any, None]) -> Iterator[float]:
    """Add the records to `seen`; gives the memory in use, in MiB, after each chunk."""
    size = _CHUNK
    for first in records:
        chunk = chain((first,), islice(records, size))
        seen.update(dict.fromkeys(chunk))
        size = min(size * 2, _LARGEST_CHUNK)
        yield get_used_memory()


def _alone(records: Iterable[Any]) -> Iterator[tuple[Any]]:
    return zip(records, strict=False)


def _keep_first(kept: Any, _: Any) -> Any:
    return kept


# Partitions and order -----------------------------------------------------------------


class RangePartition:
    """The range partition of a key; what `sortByKey` gives to its partitioner.

    Parameters
    ----------
    bounds
        Sorted upper bounds of all partitions but the last, as `keyfunc` gives them.
    keyfunc
        What keys are compared by; None for the keys themselves.
    """

    __slots__ = ("ascending", "bounds", "keyfunc")

    def __init__(
        self, bounds: list[Any], keyfunc: Callable[[Any], Any] | None, ascending: bool
    ) -> None:
        self.bounds = bounds
        self.keyfunc = keyfunc
        self.ascending = ascending

    def __call__(self, key: Any) -> int:
        compared = key if self.keyfunc is None else self.keyfunc(key)
        position = bisect_left(self.bounds, compared)
        return position if self.ascending else len(self.bounds) - position


def range_partition(
    bounds: list[Any], keyfunc: Callable[[Any], Any] | None, ascending: bool
) -> Callable[[Any], int]:
    """A function from key to range partition; the plain case runs in C."""
    if keyfunc is None and ascending:
        return partial(bisect_left, bounds)
    return RangePartition(bounds, keyfunc, ascending)


class CountAndSample:
    """Counts the pairs of a partition, and keeps enough of a sample of keys for `sortByKey`.

    `sortByKey` wants each key with a probability of `size / count`, but the count of the whole RDD
    is not known before the end. So every key whose draw might be low enough is kept with it.

    Returns
    -------
    One record: the count, and pairs of draw and key, in order.

    Source  PySpark counts first and samples then, with the same draws.
    """

    __slots__ = ("seed", "size")

    def __init__(self, size: float, seed: int) -> None:
        self.size = size
        self.seed = seed

    def __call__(
        self, index: int, records: Iterable[Pair]
    ) -> tuple[tuple[int, list[tuple[float, Any]]]]:
        keys = map(itemgetter(0), records)
        sampler = RDDSamplerBase(False, self.seed)
        sampler.initRandomGenerator(index)
        draw = sampler.getUniformSample
        count = 0
        kept: list[tuple[float, Any]] = []
        while chunk := list(islice(keys, _SAMPLE_CHUNK)):
            count += len(chunk)
            draws = [draw() for _ in chunk]
            low_enough = map((self.size / count).__gt__, draws)
            kept += compress(zip(draws, chunk, strict=True), low_enough)
        return ((count, kept),)


class SortByKey:
    """Sorts the pairs of a partition by `keyfunc(key)`; stable, also in descending order."""

    __slots__ = ("ascending", "keyfunc", "memory_mb")

    def __init__(
        self, keyfunc: Callable[[Any], Any] | None, ascending: bool, memory_mb: float
    ) -> None:
        self.keyfunc = keyfunc
        self.ascending = ascending
        self.memory_mb = memory_mb

    def __call__(self, records: Iterable[Pair]) -> Iterable[Pair]:
        sorter: ExternalSorter[Pair] = ExternalSorter(self.memory_mb)
        return sorter.sorted(records, self._sort_key(), not self.ascending)

    def _sort_key(self) -> Callable[[Pair], Any]:
        keyfunc = self.keyfunc
        if keyfunc is None:
            return itemgetter(0)
        return lambda record: keyfunc(record[0])


class DealBatches:
    """Pairs of a number and a batch of records; the numbers count up from a drawn start.

    Source  Spark's RDD.coalesce with a shuffle, of batches as PySpark makes them.
    """

    __slots__ = ("batch", "partitions")

    def __init__(self, partitions: int, batch: int) -> None:
        self.partitions = partitions
        self.batch = batch

    def __call__(self, index: int, records: Iterable[Any]) -> Iterator[tuple[int, list[Any]]]:
        iterator = iter(records)
        size = self.batch if self.batch > 0 else None
        number = XORShiftRandom(index).next_int(self.partitions)
        for first in iterator:
            number += 1
            rest = iterator if size is None else islice(iterator, size - 1)
            yield number, [first, *rest]


def with_none(records: Iterable[Any]) -> Iterator[Pair]:
    """Pairs of a record and None."""
    return zip(records, repeat(None), strict=False)
