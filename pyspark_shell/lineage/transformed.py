"""Nodes that compute their records from parents in the same task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from typing import Any, Final

from pyspark_shell.common.errors import PySparkValueError
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.lineage.partition import GroupedPartition, ParentPartition, Partition
from pyspark_shell.lineage.steps import Step, pipeline
from pyspark_shell.lineage.task_context import TaskContext


class MapPartitionsRDD(LineageNode):
    """A parent's partitions, each passed through `steps`: PySpark's PipelinedRDD."""

    def __init__(
        self,
        parent: LineageNode,
        steps: Sequence[Step],
        preserves_partitioning: bool = False,
        is_barrier: bool = False,
        call_site: str = "",
    ) -> None:
        super().__init__(
            parent.registry,
            (parent,),
            parent.partitioner if preserves_partitioning else None,
            call_site,
        )
        self.steps = tuple(steps)
        self.preserves_partitioning = preserves_partitioning
        self.is_barrier = is_barrier or parent.is_barrier

    def make_partitions(self) -> Sequence[Partition]:
        return self.parents[0].partitions()

    def forget_inputs(self) -> None:
        self.steps = ()

    def compute(self, split: Partition, context: TaskContext) -> Iterator[Any]:
        return pipeline(self.steps, split.index, self.parents[0].iterator(split, context))


class UnionRDD(LineageNode):
    """The partitions of all parents, one parent after another."""

    kind = "UnionRDD"

    def __init__(self, parents: Sequence[LineageNode], call_site: str = "") -> None:
        super().__init__(parents[0].registry, parents, call_site=call_site)

    def make_partitions(self) -> Sequence[Partition]:
        pairs = [
            (number, split)
            for number, parent in enumerate(self.parents)
            for split in parent.partitions()
        ]
        return [ParentPartition(i, number, split) for i, (number, split) in enumerate(pairs)]

    def compute(self, split: Partition, context: TaskContext) -> Iterator[Any]:
        assert isinstance(split, ParentPartition)
        return self.parents[split.parent].iterator(split.split, context)


class PartitionerAwareUnionRDD(LineageNode):
    """Parents that share one partitioner: partition i is the parents' partitions i, chained."""

    kind = "PartitionerAwareUnionRDD"

    def __init__(self, parents: Sequence[LineageNode], call_site: str = "") -> None:
        super().__init__(parents[0].registry, parents, parents[0].partitioner, call_site)

    def make_partitions(self) -> Sequence[Partition]:
        columns = zip(*(parent.partitions() for parent in self.parents), strict=True)
        return [GroupedPartition(index, column) for index, column in enumerate(columns)]

    def compute(self, split: Partition, context: TaskContext) -> Iterator[Any]:
        return _one_after_another(self.parents, split, context)


class CoalescedRDD(LineageNode):
    """Groups of a parent's partitions, each group one partition."""

    kind = "CoalescedRDD"

    def __init__(
        self, parent: LineageNode, groups: Sequence[Sequence[int]], call_site: str = ""
    ) -> None:
        super().__init__(parent.registry, (parent,), call_site=call_site)
        self._groups = groups

    def make_partitions(self) -> Sequence[Partition]:
        splits = self.parents[0].partitions()
        return [
            GroupedPartition(index, [splits[i] for i in group])
            for index, group in enumerate(self._groups)
        ]

    def compute(self, split: Partition, context: TaskContext) -> Iterator[Any]:
        assert isinstance(split, GroupedPartition)
        return _one_after_another([self.parents[0]] * len(split.splits), split, context)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_groups": ()}


def _one_after_another(
    parents: Sequence[LineageNode], split: Partition, context: TaskContext
) -> Iterator[Any]:
    assert isinstance(split, GroupedPartition)
    iterators = (
        parent.iterator(part, context) for parent, part in zip(parents, split.splits, strict=True)
    )
    return chain.from_iterable(iterators)


class CartesianRDD(LineageNode):
    """All pairs of a record of the first parent and one of the second."""

    kind = "CartesianRDD"

    def __init__(self, first: LineageNode, second: LineageNode, call_site: str = "") -> None:
        super().__init__(first.registry, (first, second), call_site=call_site)

    def make_partitions(self) -> Sequence[Partition]:
        first, second = (parent.partitions() for parent in self.parents)
        pairs = [(a, b) for a in first for b in second]
        return [GroupedPartition(index, pair) for index, pair in enumerate(pairs)]

    def compute(self, split: Partition, context: TaskContext) -> Iterator[Any]:
        assert isinstance(split, GroupedPartition)
        first, second = self.parents
        left, right = split.splits
        return (
            (a, b) for a in first.iterator(left, context) for b in second.iterator(right, context)
        )


_MISSING: Final = object()


class ZippedPartitionsRDD(LineageNode):
    """Pairs of the n-th records of two parents, which must have equally many in each partition."""

    kind = "ZippedPartitionsRDD2"

    def __init__(self, first: LineageNode, second: LineageNode, call_site: str = "") -> None:
        super().__init__(first.registry, (first, second), call_site=call_site)

    def make_partitions(self) -> Sequence[Partition]:
        columns = zip(*(parent.partitions() for parent in self.parents), strict=True)
        return [GroupedPartition(index, column) for index, column in enumerate(columns)]

    def compute(self, split: Partition, context: TaskContext) -> Iterator[Any]:
        assert isinstance(split, GroupedPartition)
        first, second = self.parents
        left, right = split.splits
        return _zip_equal(first.iterator(left, context), second.iterator(right, context))


def _zip_equal(left: Iterator[Any], right: Iterator[Any]) -> Iterator[Any]:
    for pair in zip_longest(left, right, fillvalue=_MISSING):
        if pair[0] is _MISSING or pair[1] is _MISSING:
            raise PySparkValueError(
                "Can only zip RDDs with same number of elements in each partition"
            )
        yield pair
