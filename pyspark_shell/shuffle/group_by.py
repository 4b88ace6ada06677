"""Groups values by key, also where the values of a single key do not fit into memory.

Thread  the task's.
Source  PySpark's ExternalGroupBy; differs in that spills are sorted by the hash of the key and not
        by the key, so keys need not be comparable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from typing import Any, Final, TypeVar

from pyspark_shell.shuffle.external_list import ExternalListOfList
from pyspark_shell.shuffle.external_merger import ExternalMerger
from pyspark_shell.shuffle.sorted_runs import merge_sorted_runs
from pyspark_shell.shuffle.spill_file import Block, SpillFile

K = TypeVar("K")
V = TypeVar("V")

_SLICE: Final = 200
"""Values in one spilled record, at most; a key with more has several records."""

_MEMORY_PER_DISK_BYTE: Final = 8
"""A guess, PySpark's too: a small int is 3-5 bytes in a pickle and 40 in a list."""


class GroupByKey(Iterable[tuple[K, Any]]):
    """Groups neighbours: pairs of key and list, sorted by key, to pairs of key and all its values.

    Examples
    --------
    >>> groups = GroupByKey([("a", [1]), ("a", [2, 3]), ("b", [4])])
    >>> [(key, list(values)) for key, values in groups]
    [('a', [1, 2, 3]), ('b', [4])]
    """

    def __init__(self, iterator: Iterable[tuple[K, Any]]) -> None:
        self.iterator = iterator

    def __iter__(self) -> Iterator[tuple[K, ExternalListOfList]]:
        for key, records in groupby(self.iterator, _key_of):
            values = ExternalListOfList([])
            for _, part in records:
                values.append(part)
            yield key, values


class ExternalGroupBy(ExternalMerger[K, V, Any]):
    """A merger whose combiners are lists, which may be longer than the memory.

    A partition that fits is grouped in a dict. One that does not is read in the order of its keys'
    hashes, all its runs at once; a group comes out as soon as it is complete, as a list that keeps
    only its end in memory.

    Examples
    --------
    >>> from pyspark_shell.shuffle import GroupAggregator
    >>> groups = ExternalGroupBy(GroupAggregator())
    >>> groups.mergeCombiners([("a", [1]), ("b", [2]), ("a", [3])])
    >>> sorted(groups.items())
    [('a', [1, 3]), ('b', [2])]
    """

    def _spill_records(self) -> Iterable[tuple[K, Any]]:
        data = self.data
        for key in sorted(data, key=hash):
            values = data[key]
            if len(values) <= _SLICE:
                yield key, values
            else:
                for start in range(0, len(values), _SLICE):
                    yield key, values[start : start + _SLICE]

    def _partition_items(self, file: SpillFile, runs: list[list[Block]]) -> Iterator[tuple[K, Any]]:
        disk_bytes = sum(length for run in runs for _, length in run)
        if disk_bytes * _MEMORY_PER_DISK_BYTE >= self.memory_limit * (1 << 20):
            return self._sorted_items(file, runs)
        self.data = self._new_data()
        blocks = file.read_all(chain.from_iterable(runs))
        self.mergeCombiners(chain.from_iterable(blocks), 0)
        return iter(self.data.items())

    def _sorted_items(self, file: SpillFile, runs: list[list[Block]]) -> Iterator[tuple[K, Any]]:
        blocks = merge_sorted_runs([file.read_all(run) for run in runs], _hash_of_key)
        records = chain.from_iterable(blocks)
        for _, level in groupby(records, _hash_of_key):
            groups: dict[K, Any] = {}
            for key, values in level:
                known = groups.get(key)
                if known is None:
                    groups[key] = values
                elif isinstance(known, ExternalListOfList):
                    known.append(values)
                else:
                    groups[key] = ExternalListOfList([known, values])
            yield from groups.items()


def _key_of(record: tuple[Any, Any]) -> Any:
    return record[0]


def _hash_of_key(record: tuple[Any, Any]) -> int:
    return hash(record[0])
