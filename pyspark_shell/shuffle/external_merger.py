"""Combines pairs by key in one dict, and in files when the dict grows too large.

Thread  the task's.
Source  PySpark's ExternalMerger; differs in that one dict is kept also after a spill, and its keys
        are dealt to partitions only when they are written.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, ClassVar, Final, TypeVar

from pyspark_shell.shuffle.aggregator import (
    Aggregator,
    GroupAggregator,
    Merger,
    stop_iteration_error,
)
from pyspark_shell.shuffle.combine_loops import CombineLoops, combiner_loops, value_loops
from pyspark_shell.shuffle.spill_file import SPILL_METRICS, Block, SpillFile
from pyspark_shell.shuffle.used_memory import _get_local_dirs, get_used_memory, give_memory_back

K = TypeVar("K")
V = TypeVar("V")
C = TypeVar("C")

_MAX_BATCH: Final = 10_000
"""Pairs between two looks at the memory, at most: a look costs as much as a hundred pairs."""

_FIRST_BATCH: Final = 16
"""Pairs before the first look, at most: each may be large, a list of a whole map partition's."""

_STEPS: Final = 16
"""Looks at the memory from nothing to the limit, at least; batches shrink where there are fewer."""

_MAX_BUCKET: Final = 1000
"""Records that wait for their block, at most; there is one such bucket for each partition."""

_PEAK: Final = 1.25
"""For the moment of a dict's growth so much of the limit may be in use."""

_RARE: Final = 8
"""Below one new key in so many pairs, the loop for known keys wins (CPython 3.11)."""


class ExternalMerger(Merger[K, V, C]):
    """A dict of combiners that spills.

    When the memory passes its limit, the combiners are written to disk, dealt to `partitions` by
    the hash of their keys; at the end each partition is merged by itself, if need be in the same
    way.

    Parameters
    ----------
    aggregator
        How combiners are built. Those of PySpark's own shape run in loops of their own:
        SimpleAggregator, GroupAggregator, `a + b`.
    memory_limit
        In MiB, as `used_memory` counts them; 0 for no limit.
    serializer
        Accepted for PySpark's sake: combiners go to disk as pickles.
    localdirs
        Where spills go, by default below SPARK_LOCAL_DIRS.
    scale
        Product of the numbers of partitions of the mergers that this one works for.
    partitions
        How many partitions a spill has.
    batch
        Pairs before the first look at the memory.
    used_memory
        Tells how much is in use.

    Examples
    --------
    >>> from pyspark_shell.shuffle import SimpleAggregator
    >>> merger = ExternalMerger(SimpleAggregator(max))
    >>> merger.mergeValues([("a", 1), ("b", 5), ("a", 3)])
    >>> sorted(merger.items())
    [('a', 3), ('b', 5)]
    """

    MAX_TOTAL_PARTITIONS: ClassVar[int] = 4096
    """Mergers of this scale and above do not spill."""

    def __init__(
        self,
        aggregator: Aggregator[C, V],
        memory_limit: float = 512,
        serializer: Any = None,
        localdirs: list[str] | None = None,
        scale: int = 1,
        partitions: int = 59,
        batch: int = 1000,
        *,
        used_memory: Callable[[], float] = get_used_memory,
    ) -> None:
        super().__init__(aggregator)
        self.memory_limit = memory_limit
        self.localdirs = localdirs or _get_local_dirs(str(id(self)))
        self.scale = scale
        self.partitions = partitions
        self.batch = batch
        self.spills = 0
        self.data: dict[K, C] = self._new_data()
        self._used_memory = used_memory
        self._value_loops = value_loops(aggregator)
        self._combiner_loops = combiner_loops(aggregator)
        self._file: SpillFile | None = None
        self._runs: list[list[list[Block]]] = []

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self.data)} keys in memory, {self.spills} spills>"

    def mergeValues(self, iterator: Iterable[tuple[K, V]]) -> None:
        """Take in pairs of key and value, spilling where needed."""
        self._merge(iterator, self._value_loops, self.memory_limit)

    def mergeCombiners(self, iterator: Iterable[tuple[K, C]], limit: float | None = None) -> None:
        """Take in pairs of key and combiner; `limit` replaces the memory limit, 0 means none."""
        self._merge(iterator, self._combiner_loops, self.memory_limit if limit is None else limit)

    def items(self) -> Iterator[tuple[K, C]]:
        """Give each key with its combiner, a partition at a time if something was spilled."""
        return self._external_items() if self.spills else iter(self.data.items())

    def _merge(
        self, iterator: Iterable[tuple[Any, Any]], loops: CombineLoops, limit: float
    ) -> None:
        pairs = iter(iterator)
        loop, batch, data = loops.new_keys, min(self.batch, _FIRST_BATCH), self.data
        before = self._used_memory() if limit else 0.0
        try:
            for first in pairs:  # one for each batch, to see whether there is another
                keys = len(data)
                loop(data, (first,))
                loop(data, islice(pairs, batch))
                rare = (len(data) - keys) * _RARE < batch
                loop = loops.known_keys if rare else loops.new_keys
                used = self._expected_memory(batch) if limit else 0.0
                if limit and used >= limit:
                    self._spill()
                    limit = self._next_limit()
                    used = self._used_memory()
                elif (used - before) * _STEPS > limit:
                    batch = max(batch // 2, 1)
                else:
                    batch = min(batch * 2, _MAX_BATCH)
                before = used
        except StopIteration as error:
            raise stop_iteration_error(error) from error

    def _next_limit(self) -> float:
        """Where to spill next: memory may stay taken after a spill, so it must grow first."""
        return max(self.memory_limit, self._used_memory() * 1.05)

    def _expected_memory(self, coming: int) -> float:
        """MiB in use, or soon: a dict of millions of keys doubles its table at a stroke."""
        used, data = self._used_memory(), self.data
        keys = len(data)
        table_is_full_at = (1 << (keys * 3 // 2).bit_length()) * 2 // 3
        if keys + coming > table_is_full_at:
            with_new_table = used + 2 * sys.getsizeof(data) / (1 << 20)
            return max(used, with_new_table / _PEAK)
        return used

    def _new_data(self) -> dict[K, Any]:
        return defaultdict(list) if isinstance(self.agg, GroupAggregator) else {}

    def _partition(self, key: K) -> int:
        # The scale goes into the hash, so that a partition's own merger deals its keys anew.
        return hash((key, self.scale)) % self.partitions

    def _spill(self) -> None:
        """Write all that is in `data` as one more run of blocks for each partition."""
        before = self._used_memory()
        if self._file is None:
            self._file = SpillFile(self.localdirs)
        file, partition = self._file, self._partition
        run: list[list[Block]] = [[] for _ in range(self.partitions)]
        buckets: list[list[Any]] = [[] for _ in range(self.partitions)]
        for record in self._spill_records():
            number = partition(record[0])
            bucket = buckets[number]
            bucket.append(record)
            if len(bucket) >= _MAX_BUCKET or len(bucket) >= file.block_records:
                run[number].append(file.write(bucket))
                bucket.clear()
        for number, bucket in enumerate(buckets):
            if bucket:
                run[number].append(file.write(bucket))
        self.data.clear()
        self._runs.append(run)
        self.spills += 1
        give_memory_back()
        SPILL_METRICS.count_freed(before, self._used_memory())

    def _spill_records(self) -> Iterable[tuple[K, Any]]:
        return self.data.items()

    def _external_items(self) -> Iterator[tuple[K, C]]:
        if self.data:
            self._spill()
        assert self._file is not None
        try:
            for number in range(self.partitions):
                yield from self._partition_items(self._file, [run[number] for run in self._runs])
        finally:
            self._cleanup()

    def _partition_items(self, file: SpillFile, runs: list[list[Block]]) -> Iterator[tuple[K, C]]:
        merger = self._partition_merger()
        blocks = file.read_all(chain.from_iterable(runs))
        merger.mergeCombiners(chain.from_iterable(blocks))
        return merger.items()

    def _partition_merger(self) -> ExternalMerger[K, V, C]:
        scale = self.scale * self.partitions
        return type(self)(
            self.agg,
            self._next_limit() if scale < self.MAX_TOTAL_PARTITIONS else 0,
            localdirs=self.localdirs,
            scale=scale,
            partitions=self.partitions,
            batch=self.batch,
            used_memory=self._used_memory,
        )

    def _cleanup(self) -> None:
        """Give the disk space back."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._runs = []
