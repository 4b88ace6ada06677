"""Nodes without parents: data of the driver, ranges, nothing."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, Final

from pyspark_shell.common.record import record
from pyspark_shell.lineage.node import LineageNode, interruptible
from pyspark_shell.lineage.partition import Partition
from pyspark_shell.lineage.registry import LineageRegistry
from pyspark_shell.lineage.task_context import TaskContext
from pyspark_shell.storage.block_file import read_block, remove_quietly, writing_block
from pyspark_shell.storage.record_batches import read_batches, write_records

# Up to this size a partition's records travel inside its task; above, they lie in a file.
INLINE_BYTES: Final = 64 * 1024
_RANGE_BATCH: Final = 8192


@record
class SlicesFile:
    """A file that holds pickled slices, removed when the node that reads it is gone."""

    path: str


class SlicePartition(Partition):
    """A slice of a driver's collection: a range, its pickled records, or a file that holds them."""

    __slots__ = ("data",)

    def __init__(self, index: int, data: range | bytes | SlicesFile) -> None:
        super().__init__(index)
        self.data = data


class ParallelCollectionRDD(LineageNode):
    """A collection of the driver, pickled when the node was made: later changes to it are not
    seen.
    """

    kind = "ParallelCollectionRDD"

    def __init__(
        self,
        registry: LineageRegistry,
        slices: Sequence[Sequence[Any]],
        directory: str,
        call_site: str,
    ) -> None:
        super().__init__(registry, call_site=call_site)
        self._slices = [
            SlicePartition(index, self._hold(records, directory))
            for index, records in enumerate(slices)
        ]

    def _hold(self, records: Sequence[Any], directory: str) -> range | bytes | SlicesFile:
        if isinstance(records, range):
            return records
        parts: list[bytes | memoryview] = []
        write_records(records, parts.append)
        if sum(map(_size, parts)) <= INLINE_BYTES:
            return b"".join(parts)
        path = os.path.join(directory, f"slice_{os.urandom(8).hex()}")
        with writing_block(path) as writer:
            for part in parts:
                writer.write(part)
        weakref.finalize(self, remove_quietly, path).atexit = False
        return SlicesFile(path)

    def make_partitions(self) -> Sequence[Partition]:
        return self._slices

    def compute(self, split: Partition, context: TaskContext) -> Iterator[Any]:
        assert isinstance(split, SlicePartition)
        data = split.data
        if isinstance(data, range):
            return interruptible(_range_batches(data), context)
        body = read_block(data.path) if isinstance(data, SlicesFile) else memoryview(data)
        return interruptible(read_batches(body), context)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_slices": None}


def _size(part: bytes | memoryview) -> int:
    return part.nbytes if isinstance(part, memoryview) else len(part)


def _range_batches(numbers: range) -> Iterator[range]:
    for start in range(0, len(numbers), _RANGE_BATCH):
        yield numbers[start : start + _RANGE_BATCH]


class EmptyRDD(LineageNode):
    """No partitions."""

    kind = "EmptyRDD"

    def make_partitions(self) -> Sequence[Partition]:
        return []

    def compute(self, split: Partition, context: TaskContext) -> Iterator[Any]:
        return iter(())
