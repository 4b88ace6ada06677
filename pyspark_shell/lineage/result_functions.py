"""What a result stage runs, functions of (context, iterator), made of those that actions have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pyspark_shell.common.record import record
from pyspark_shell.lineage.task_context import TaskContext


@record
class ApplyToIterator:
    """One value of each partition: `function(iterator)`."""

    function: Callable[[Iterator[Any]], Any]

    def __reduce__(self) -> tuple[Any, ...]:
        return ApplyToIterator, (self.function,)  # quicker than a frozen record's own way

    def __call__(self, context: TaskContext, iterator: Iterator[Any]) -> Any:
        return self.function(iterator)


@record
class ListOf:
    """All that `function(iterator)` yields, as a list."""

    function: Callable[[Iterator[Any]], Iterable[Any]]

    def __call__(self, iterator: Iterator[Any]) -> list[Any]:
        return list(self.function(iterator))
