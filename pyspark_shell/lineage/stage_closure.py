"""What every task of one stage needs, pickled once in the thread that called the action."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from pyspark_shell.common.pickling import dumps
from pyspark_shell.common.record import record
from pyspark_shell.lineage.node import LineageNode, ShuffleDependency, topological_order
from pyspark_shell.lineage.task_context import TaskContext

ResultFunction = Callable[[TaskContext, Iterator[Any]], Any]


class TaskProfiler(Protocol):
    """Runs a task's work and keeps account of it."""

    def profile(self, func: Callable[..., Any], *args: Any) -> Any:
        """Call `func` and give its result."""


@record
class StageClosure:
    """The nodes of a stage, parents first, and what becomes of the last one's records.

    Exactly one of `result_function` and `shuffle` is set. A `profiler`, if there is one, runs each
    task.
    """

    nodes: tuple[LineageNode, ...]
    result_function: ResultFunction | None
    shuffle: ShuffleDependency | None
    profiler: TaskProfiler | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # A frozen record is restored field by field, slowly; this is on the road of
        # every job.
        return StageClosure, (self.nodes, self.result_function, self.shuffle, self.profiler)

    @property
    def last(self) -> LineageNode:
        """The node whose partitions the tasks compute."""
        return self.nodes[-1]


def pickle_result_stage(
    node: LineageNode, function: ResultFunction, profiler: TaskProfiler | None = None
) -> bytes:
    """Closure of a stage that applies `function` to each partition of `node`."""
    return dumps(StageClosure(tuple(topological_order(node)), function, None, profiler))


def pickle_map_stage(shuffle: ShuffleDependency, profiler: TaskProfiler | None = None) -> bytes:
    """Closure of a stage that writes the map side of `shuffle`."""
    return dumps(StageClosure(tuple(topological_order(shuffle.parent)), None, shuffle, profiler))
