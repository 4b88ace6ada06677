"""What every task of one stage needs, pickled once in the thread that called the action."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pyspark_shell.common.pickling import dumps
from pyspark_shell.lineage.node import LineageNode, ShuffleDependency, topological_order
from pyspark_shell.lineage.task_context import TaskContext

ResultFunction = Callable[[TaskContext, Iterator[Any]], Any]


@dataclass(frozen=True, slots=True)
class StageClosure:
    """The nodes of a stage, parents first, and what becomes of the last one's records.

    Exactly one of `result_function` and `shuffle` is set.
    """

    nodes: tuple[LineageNode, ...]
    result_function: ResultFunction | None
    shuffle: ShuffleDependency | None

    @property
    def last(self) -> LineageNode:
        """The node whose partitions the tasks compute."""
        return self.nodes[-1]


def pickle_result_stage(node: LineageNode, function: ResultFunction) -> bytes:
    """Closure of a stage that applies `function` to each partition of `node`."""
    return dumps(StageClosure(tuple(topological_order(node)), function, None))


def pickle_map_stage(shuffle: ShuffleDependency) -> bytes:
    """Closure of a stage that writes the map side of `shuffle`."""
    return dumps(StageClosure(tuple(topological_order(shuffle.parent)), None, shuffle))
