"""Narrow transformations as small objects that a pipelined node applies one after another.

Each record passes C code only (`map`, `filter`, `chain`), besides the user's own function. A
StopIteration out of a user's function would end such a chain silently; `pipeline` notices, because
the source was not exhausted.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, ClassVar

from pyspark_shell.common.errors import PySparkRuntimeError

Function = Callable[[Any], Any]


class Step(ABC):
    """One transformation of an iterator over a partition's records."""

    __slots__ = ("f",)

    # Whether every record is asked for before the result ends; if so an early end is an error.
    elementwise: ClassVar[bool] = True

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f

    @abstractmethod
    def apply(self, index: int, records: Iterator[Any]) -> Iterator[Any]:
        """The transformed records of partition `index`."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({getattr(self.f, '__name__', self.f)})"


class Map(Step):
    """`f(record)` for each record."""

    __slots__ = ()

    def apply(self, index: int, records: Iterator[Any]) -> Iterator[Any]:
        return map(self.f, records)


class Filter(Step):
    """The records for which `f` is true."""

    __slots__ = ()

    def apply(self, index: int, records: Iterator[Any]) -> Iterator[Any]:
        return filter(self.f, records)


class FlatMap(Step):
    """All items of `f(record)` for each record."""

    __slots__ = ()

    def apply(self, index: int, records: Iterator[Any]) -> Iterator[Any]:
        return chain.from_iterable(map(self.f, records))


class KeyBy(Step):
    """`(f(record), record)` for each record."""

    __slots__ = ()

    def apply(self, index: int, records: Iterator[Any]) -> Iterator[Any]:
        f = self.f
        return ((f(record), record) for record in records)


class MapPartitions(Step):
    """`f(records)`: any iterable, taken lazily; it need not read all records."""

    __slots__ = ()
    elementwise = False

    def apply(self, index: int, records: Iterator[Any]) -> Iterator[Any]:
        return iter(self.f(records))


class MapPartitionsWithIndex(Step):
    """`f(index, records)`: any iterable, taken lazily; it need not read all records."""

    __slots__ = ()
    elementwise = False

    def apply(self, index: int, records: Iterator[Any]) -> Iterator[Any]:
        return iter(self.f(index, records))


class _SourceEnd:
    """Knows whether the source of a run of elementwise steps was read to its end."""

    def __init__(self) -> None:
        self._reached = False

    def mark(self) -> Iterator[Any]:
        """No records; put behind the source."""
        self._reached = True
        yield from ()

    def check(self) -> Iterator[Any]:
        """No records; put behind the last step."""
        if not self._reached:
            raise stop_iteration_error(StopIteration())
        yield from ()


def pipeline(steps: Sequence[Step], index: int, records: Iterable[Any]) -> Iterator[Any]:
    """Apply the steps in order to the records of partition `index`."""
    iterator = iter(records)
    position, count = 0, len(steps)
    while position < count:
        if not steps[position].elementwise:
            iterator = steps[position].apply(index, iterator)
            position += 1
            continue
        end = _SourceEnd()
        iterator = chain(iterator, end.mark())
        while position < count and steps[position].elementwise:
            iterator = steps[position].apply(index, iterator)
            position += 1
        iterator = chain(iterator, end.check())
    return iterator


def stop_iteration_error(error: BaseException) -> PySparkRuntimeError:
    """What a StopIteration out of user code becomes."""
    return PySparkRuntimeError(
        errorClass="STOP_ITERATION_OCCURRED", messageParameters={"exc": str(error)}
    )
