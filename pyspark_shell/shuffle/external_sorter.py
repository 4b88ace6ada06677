"""Sorts more records than fit into memory.

Thread  the task's.
Source  PySpark's ExternalSorter; differs in that runs are merged a block at a time, and that many
        runs are first merged into one, so neither memory nor files grow with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, ClassVar, Final, Generic, TypeVar

from pyspark_shell.shuffle.sorted_runs import merge_sorted_runs
from pyspark_shell.shuffle.spill_file import SPILL_METRICS, Block, SpillFile
from pyspark_shell.shuffle.used_memory import _get_local_dirs, get_used_memory, give_memory_back

V = TypeVar("V")

_MAX_BATCH: Final = 10_000
"""Records between two looks at the memory, at most."""


class ExternalSorter(Generic[V]):
    """Sorts in memory as long as it can, else runs of records that go to disk.

    Parameters
    ----------
    memory_limit
        In MiB, as `used_memory` counts them.
    serializer
        Accepted for PySpark's sake: records go to disk as pickles.
    used_memory
        Tells how much is in use.

    Examples
    --------
    >>> list(ExternalSorter(512).sorted([3, 1, 2], reverse=True))
    [3, 2, 1]
    """

    MAX_RUNS: ClassVar[int] = 64
    """Each run in a merge has a block in memory. A guess: 64 blocks are 16 MiB of pickles."""

    def __init__(
        self,
        memory_limit: float,
        serializer: Any = None,
        *,
        used_memory: Callable[[], float] = get_used_memory,
    ) -> None:
        self.memory_limit = memory_limit
        self.local_dirs = _get_local_dirs("sort")
        self._used_memory = used_memory

    def _next_limit(self) -> float:
        """Where to spill next: memory may stay taken after a spill, so it must grow first."""
        return max(self.memory_limit, self._used_memory() * 1.05)

    def sorted(
        self, iterator: Iterable[V], key: Callable[[V], Any] | None = None, reverse: bool = False
    ) -> Iterable[V]:
        """Sort as the built-in does, stable too; a list if nothing was spilled."""
        records = iter(iterator)
        batch, limit = 100, self._next_limit()
        current: list[V] = []
        file: SpillFile | None = None
        runs: list[list[Block]] = []
        while True:
            wanted = len(current) + batch
            current.extend(islice(records, batch))
            if len(current) < wanted:
                break
            used = self._used_memory()
            if used > limit:
                if file is None:
                    file = SpillFile(self.local_dirs)
                current.sort(key=key, reverse=reverse)
                runs.append(file.write_all(current))
                current = []
                give_memory_back()
                SPILL_METRICS.count_freed(used, self._used_memory())
                if len(runs) >= self.MAX_RUNS:
                    file, runs = self._merge_runs(file, runs, key, reverse)
                limit = self._next_limit()
            else:
                batch = min(batch * 2, _MAX_BATCH)
        current.sort(key=key, reverse=reverse)
        if file is None:
            return current
        sources: list[Iterator[list[V]]] = [file.read_all(run) for run in runs]
        sources.append(iter([current]))
        return chain.from_iterable(merge_sorted_runs(sources, key, reverse))

    def _merge_runs(
        self,
        file: SpillFile,
        runs: list[list[Block]],
        key: Callable[[V], Any] | None,
        reverse: bool,
    ) -> tuple[SpillFile, list[list[Block]]]:
        merged = SpillFile(self.local_dirs)
        blocks = merge_sorted_runs([file.read_all(run) for run in runs], key, reverse)
        run = merged.write_all(chain.from_iterable(blocks))
        file.close()
        return merged, [run]
