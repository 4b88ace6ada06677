"""What tasks do on both sides of a shuffle: combine, group, find keys' partitions, sort.

Small classes with `__call__`, so that their own code pickles as a name and only the user's
functions travel by value. Memory limits are in MiB, as `spark.python.worker.memory` is read; a
group or sort beyond it goes on on disk.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice, repeat
from operator import itemgetter
from typing import Any, Final

from pyspark_shell.shuffle.aggregator import Aggregator, GroupAggregator, SimpleAggregator
from pyspark_shell.shuffle.external_merger import ExternalMerger
from pyspark_shell.shuffle.external_sorter import ExternalSorter
from pyspark_shell.shuffle.group_by import ExternalGroupBy
from pyspark_shell.shuffle.used_memory import get_used_memory
from pyspark_shell.statistics.xor_shift_random import XORShiftRandom

Pair = tuple[Any, Any]

# Share of the memory that the map side of a shuffle and sorts take: PySpark's.
MAP_SIDE_SHARE: Final = 0.9
# Records between two looks at the memory where a step has its own dict. A guess.
_CHUNK: Final = 1 << 16

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
    """Map side of `distinct`: pairs of a record and None, once each as far as memory allows."""

    __slots__ = ("memory_mb",)

    def __init__(self, memory_mb: float) -> None:
        self.memory_mb = memory_mb

    def __call__(self, records: Iterable[Any]) -> Iterator[Pair]:
        return self._distinct(iter(records), self.memory_mb)

    def _distinct(self, records: Iterator[Any], limit: float) -> Iterator[Pair]:
        seen: dict[Any, None] = {}
        for first in records:
            seen[first] = None
            seen.update(dict.fromkeys(islice(records, _CHUNK)))
            used = get_used_memory()
            if used >= limit:
                # What was seen need not be remembered: the reduce side looks again.
                return chain(seen.items(), self._go_on(records, max(limit, used * 1.05)))
        return iter(seen.items())

    def _go_on(self, records: Iterator[Any], limit: float) -> Iterator[Pair]:
        yield from self._distinct(records, limit)


class DistinctKeys:
    """Reduce side of `distinct`: each key once."""

    __slots__ = ("memory_mb",)

    def __init__(self, memory_mb: float) -> None:
        self.memory_mb = memory_mb

    def __call__(self, records: Iterable[Pair]) -> Iterator[Any]:
        iterator = iter(records)
        seen: dict[Any, None] = {}
        for key, _ in iterator:
            seen[key] = None
            seen.update(islice(iterator, _CHUNK))
            if get_used_memory() >= self.memory_mb:
                return self._beyond_memory(chain(seen.items(), iterator))
        return iter(seen)

    def _beyond_memory(self, pairs: Iterable[Pair]) -> Iterator[Any]:
        merger: ExternalMerger[Any, None, None] = ExternalMerger(
            SimpleAggregator(_keep_first), self.memory_mb
        )
        merger.mergeCombiners(pairs)
        return map(itemgetter(0), merger.items())


def _keep_first(kept: Any, _: Any) -> Any:
    return kept


# Grouping several RDDs ----------------------------------------------------------------


class GroupValuesOf(GroupValues):
    """Map side of `cogroup`: pairs of key and (number of the RDD, list of values)."""

    __slots__ = ("number",)

    def __init__(self, number: int, memory_mb: float) -> None:
        super().__init__(memory_mb)
        self.number = number

    def __call__(self, records: Iterable[Any]) -> Iterator[Pair]:
        groups = super().__call__(pairs_of(records))
        number = self.number
        return ((key, (number, values)) for key, values in groups)

    def __reduce__(self) -> tuple[Any, ...]:
        return GroupValuesOf, (self.number, self.memory_mb)


class Cogroup:
    """Reduce side of `cogroup`: pairs of key and one list of values for each RDD."""

    __slots__ = ("count", "memory_mb")

    def __init__(self, count: int, memory_mb: float) -> None:
        self.count = count
        self.memory_mb = memory_mb

    def __call__(self, records: Iterable[Pair]) -> Iterator[Pair]:
        aggregator: Aggregator[Any, Any] = Aggregator(
            self._first_lists, _extend_list_of, _extend_all_lists
        )
        merger: ExternalMerger[Any, Any, Any] = ExternalMerger(aggregator, self.memory_mb)
        merger.mergeValues(records)
        return merger.items()

    def _first_lists(self, numbered: tuple[int, list[Any]]) -> list[list[Any]]:
        lists: list[list[Any]] = [[] for _ in range(self.count)]
        lists[numbered[0]] = numbered[1]
        return lists


def _extend_list_of(lists: list[list[Any]], numbered: tuple[int, list[Any]]) -> list[list[Any]]:
    number, values = numbered
    lists[number] += values
    return lists


def _extend_all_lists(lists: list[list[Any]], more: list[list[Any]]) -> list[list[Any]]:
    for values, others in zip(lists, more, strict=True):
        values += others
    return lists


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


def with_true(records: Iterable[Any]) -> Iterator[Pair]:
    """Pairs of a record and True."""
    return zip(records, repeat(True), strict=False)
