"""The node that reads a shuffle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pyspark_shell.lineage.node import LineageNode, ShuffleDependency, interruptible
from pyspark_shell.lineage.partition import Partition, indices
from pyspark_shell.lineage.partitioner import Partitioner
from pyspark_shell.lineage.task_context import TaskContext
from pyspark_shell.shuffle.map_output import FetchFailedException
from pyspark_shell.shuffle.reader import read_partition


class ShuffledRDD(LineageNode):
    """`(key, value)` records of a parent, re-distributed by `partitioner`; map partitions in their
    order.
    """

    kind = "ShuffledRDD"

    def __init__(self, parent: LineageNode, partitioner: Partitioner, call_site: str = "") -> None:
        super().__init__(parent.registry, (), partitioner, call_site)
        self.shuffle = ShuffleDependency(parent, partitioner)

    def make_partitions(self) -> Sequence[Partition]:
        assert self.partitioner is not None
        return indices(self.partitioner.numPartitions)

    def compute(self, split: Partition, context: TaskContext) -> Iterator[Any]:
        assert self.shuffle is not None
        return interruptible(_read(self.shuffle.shuffle_id, split.index, context), context)


def _read(shuffle_id: int, reduce_id: int, context: TaskContext) -> Iterator[list[Any]]:
    try:
        yield from read_partition(context.map_outputs(shuffle_id), reduce_id, context.metrics)
    except FetchFailedException as error:
        # Reported even if user code swallows the exception: its data was incomplete.
        context.fetch_failure = error
        raise
