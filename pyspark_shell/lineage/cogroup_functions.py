"""What tasks do on both sides of a cogroup: mark values with their RDD, bring them together by key.

A record of the shuffle is `(key, value, number of the RDD)`, or `(key, values, count + number)`
from partitions whose keys occur often enough for grouping to pay before the shuffle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from operator import itemgetter
from typing import Any, Final

from pyspark_shell.lineage.shuffle_functions import GroupValues, pairs_of
from pyspark_shell.shuffle.aggregator import Aggregator
from pyspark_shell.shuffle.external_merger import ExternalMerger
from pyspark_shell.shuffle.used_memory import get_used_memory

Marked = tuple[Any, Any, int]
Group = tuple[Any, list[list[Any]]]

# A partition is grouped before the shuffle if its first records have at most half as many keys.
_SAMPLE: Final = 1024
# Records between two looks at the memory. A guess.
_CHUNK: Final = 1 << 16


class MarkValues:
    """Map side: marks the values of the `number`-th of `count` RDDs."""

    __slots__ = ("count", "memory_mb", "number")

    def __init__(self, number: int, count: int, memory_mb: float) -> None:
        self.number = number
        self.count = count
        self.memory_mb = memory_mb

    def __call__(self, records: Iterable[Any]) -> Iterator[Marked]:
        pairs = pairs_of(records)
        sample = list(islice(pairs, _SAMPLE))
        everything = chain(sample, pairs)
        number = self.number
        if len(set(map(itemgetter(0), sample))) * 2 > len(sample):
            return ((key, value, number) for key, value in everything)
        number += self.count
        groups = GroupValues(self.memory_mb)(everything)
        return ((key, values, number) for key, values in groups)


class Cogroup:
    """Reduce side: pairs of key and one list of values for each of `count` RDDs."""

    __slots__ = ("count", "memory_mb")

    def __init__(self, count: int, memory_mb: float) -> None:
        self.count = count
        self.memory_mb = memory_mb

    def __call__(self, records: Iterable[Marked]) -> Iterator[Group]:
        marked = iter(records)
        values_of: list[dict[Any, list[Any]]] = [defaultdict(list) for _ in range(self.count)]
        for first in marked:
            self._take_in(values_of, chain((first,), islice(marked, _CHUNK)))
            if get_used_memory() >= self.memory_mb:
                return self._beyond_memory(_groups(values_of), marked)
        return _groups(values_of)

    def _take_in(self, values_of: list[dict[Any, list[Any]]], marked: Iterable[Marked]) -> None:
        count = self.count
        for key, value, number in marked:
            if number < count:
                values_of[number][key].append(value)
            else:
                values_of[number - count][key] += value

    def _beyond_memory(self, groups: Iterable[Group], marked: Iterator[Marked]) -> Iterator[Group]:
        aggregator: Aggregator[Any, Any] = Aggregator(self._lists_of, self._add, _join)
        merger: ExternalMerger[Any, Any, Any] = ExternalMerger(aggregator, self.memory_mb)
        merger.mergeCombiners(groups)
        merger.mergeValues((key, (value, number)) for key, value, number in marked)
        return merger.items()

    def _lists_of(self, marked: tuple[Any, int]) -> list[list[Any]]:
        return self._add([[] for _ in range(self.count)], marked)

    def _add(self, lists: list[list[Any]], marked: tuple[Any, int]) -> list[list[Any]]:
        value, number = marked
        if number < self.count:
            lists[number].append(value)
        else:
            lists[number - self.count] += value
        return lists


def _join(lists: list[list[Any]], more: list[list[Any]]) -> list[list[Any]]:
    for values, others in zip(lists, more, strict=True):
        values += others
    return lists


def _groups(values_of: list[dict[Any, list[Any]]]) -> Iterator[Group]:
    """Groups in the order in which their keys came first; the dicts are used up."""
    if len(values_of) == 2:
        return _groups_of_two(*values_of)
    return _groups_of_many(values_of)


def _groups_of_two(left: dict[Any, list[Any]], right: dict[Any, list[Any]]) -> Iterator[Group]:
    take, none = right.pop, list[Any]()
    for key, values in left.items():
        yield key, [values, take(key, none) or []]
    for key, values in right.items():
        yield key, [[], values]


def _groups_of_many(values_of: list[dict[Any, list[Any]]]) -> Iterator[Group]:
    none: list[Any] = []
    for number, values_of_one in enumerate(values_of):
        later = values_of[number + 1 :]
        for key, values in values_of_one.items():
            others = [values_of_other.pop(key, none) or [] for values_of_other in later]
            yield key, [*([] for _ in range(number)), values, *others]
