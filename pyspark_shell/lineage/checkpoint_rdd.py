"""Nodes that stand for data saved earlier, in place of the lineage that made it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from pyspark_shell.common.errors import InvalidInputException, SparkException
from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.lineage.node import LineageNode, interruptible
from pyspark_shell.lineage.partition import Partition, indices
from pyspark_shell.lineage.registry import LineageRegistry
from pyspark_shell.lineage.task_context import TaskContext
from pyspark_shell.storage.block_file import BlockDamaged, read_block, writing_block
from pyspark_shell.storage.block_id import rdd_block
from pyspark_shell.storage.block_manager import BlockManager
from pyspark_shell.storage.record_batches import read_batches, write_records


def part_file(directory: str, index: int) -> str:
    """File of one partition of a reliable checkpoint."""
    return os.path.join(directory, f"part-{index:05d}")


def write_checkpoint_part(directory: str, context: TaskContext, records: Iterator[Any]) -> int:
    """Write one partition of a reliable checkpoint; returns its number of records."""
    with writing_block(part_file(directory, context.partitionId())) as writer:
        return write_records(records, writer.write)


def saved_partitions(directory: str) -> int:
    """Number of partitions of a reliable checkpoint.

    Raises
    ------
    InvalidInputException
        There is no such directory.
    """
    if not os.path.isdir(directory):
        raise InvalidInputException(f"Checkpoint directory does not exist: {directory}")
    return next(index for index in count() if not os.path.exists(part_file(directory, index)))


class ReliableCheckpointRDD(LineageNode):
    """Partitions saved in files of the checkpoint directory."""

    kind = "ReliableCheckpointRDD"

    def __init__(
        self, registry: LineageRegistry, directory: str, partitions: int, call_site: str = ""
    ) -> None:
        super().__init__(registry, call_site=call_site)
        self.directory = directory
        self._count = partitions

    def make_partitions(self) -> Sequence[Partition]:
        return indices(self._count)

    def compute(self, split: Partition, context: TaskContext) -> Iterator[Any]:
        path = part_file(self.directory, split.index)
        try:
            body = read_block(path)
        except (FileNotFoundError, BlockDamaged) as error:
            raise SparkException(
                f"Checkpoint file {path} cannot be read: {error}. The lineage was cut when it "
                "was written, "
                "so it cannot be recomputed; make the RDD anew."
            ) from error
        return interruptible(read_batches(body), context)


class LocalCheckpointRDD(LineageNode):
    """Partitions kept in the application's cache only."""

    kind = "LocalCheckpointRDD"

    def __init__(
        self, registry: LineageRegistry, rdd_id: int, partitions: int, call_site: str = ""
    ) -> None:
        super().__init__(registry, call_site=call_site)
        self._rdd_id = rdd_id
        self._count = partitions
        self.storage_level = StorageLevel.NONE

    def make_partitions(self) -> Sequence[Partition]:
        return indices(self._count)

    def compute(self, split: Partition, context: TaskContext) -> Iterator[Any]:
        batches = BlockManager.current().get(rdd_block(self._rdd_id, split.index))
        if batches is None:
            raise SparkException(
                f"Checkpoint block rdd_{self._rdd_id}_{split.index} not found! The RDD was "
                "checkpointed "
                "locally, unpersisted or lost its blocks since, and its lineage was cut. "
                "Use rdd.checkpoint() where the data must outlive its cache."
            )
        return interruptible(batches, context)
