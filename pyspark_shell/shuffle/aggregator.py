"""Says how the values of a key become its combiner.

Source  PySpark's Aggregator; differs in that the functions are kept as given: the merger itself
        turns a StopIteration of theirs into an error, so a call costs nothing more.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType
from typing import Any, Final, Generic, TypeVar

from pyspark_shell.common.errors import PySparkRuntimeError

K = TypeVar("K")
V = TypeVar("V")
C = TypeVar("C")


class Aggregator(Generic[C, V]):
    """Three functions that build combiners.

    Parameters
    ----------
    createCombiner
        Makes the combiner of a key's first value.
    mergeValue
        Takes one more value into a combiner; gives the combiner, changed or new.
    mergeCombiners
        Joins two combiners of a key.
    """

    def __init__(
        self,
        createCombiner: Callable[[V], C],
        mergeValue: Callable[[C, V], C],
        mergeCombiners: Callable[[C, C], C],
    ) -> None:
        self.createCombiner = createCombiner
        self.mergeValue = mergeValue
        self.mergeCombiners = mergeCombiners


class SimpleAggregator(Aggregator[Any, Any]):
    """For combiners that are of the values' own type.

    Examples
    --------
    >>> aggregator = SimpleAggregator(max)
    >>> aggregator.mergeValue(aggregator.createCombiner(2), 3)
    3
    """

    def __init__(self, combiner: Callable[[Any, Any], Any]) -> None:
        super().__init__(identity, combiner, combiner)


class GroupAggregator(Aggregator[list[Any], Any]):
    """Collects the values of a key into a list; mergers know it and do it in C.

    Examples
    --------
    >>> aggregator = GroupAggregator()
    >>> aggregator.mergeValue(aggregator.createCombiner(1), 2)
    [1, 2]
    """

    def __init__(self) -> None:
        super().__init__(_list_of_one, _append, _extend)


class Merger(Generic[K, V, C]):
    """Brings the pairs of a shuffle together with an aggregator.

    Subclasses say where the combiners live meanwhile.
    """

    def __init__(self, aggregator: Aggregator[C, V]) -> None:
        self.agg = aggregator

    def mergeValues(self, iterator: Iterable[tuple[K, V]]) -> None:
        """Take in pairs of key and value."""
        raise NotImplementedError

    def mergeCombiners(self, iterator: Iterable[tuple[K, C]]) -> None:
        """Take in pairs of key and combiner."""
        raise NotImplementedError

    def items(self) -> Iterator[tuple[K, C]]:
        """Give each key with its combiner, in no certain order."""
        raise NotImplementedError


def identity(value: Any) -> Any:
    """Give `value` itself; `createCombiner` of a SimpleAggregator."""
    return value


def is_identity(function: Callable[..., Any]) -> bool:
    """Whether `function` is known to give its one argument back."""
    return function is identity or _same_code(function, _IDENTITY)


def is_addition(function: Callable[..., Any]) -> bool:
    """Whether `function` is known to be `a + b` of its two arguments, and nothing else.

    Examples
    --------
    >>> is_addition(lambda left, right: left + right)
    True
    >>> is_addition(lambda left, right: right + left)
    False
    """
    return function is operator.add or _same_code(function, _ADDITION)


def stop_iteration_error(error: StopIteration) -> PySparkRuntimeError:
    """Make the error for a StopIteration that a user's function let out.

    Left as it is, it would end some loop around it early, and records would be lost in silence.
    """
    return PySparkRuntimeError(
        errorClass="STOP_ITERATION_OCCURRED", messageParameters={"exc": str(error)}
    )


def _same_code(function: Callable[..., Any], model: FunctionType) -> bool:
    if type(function) is not FunctionType or function.__defaults__ or function.__kwdefaults__:
        return False
    code, wanted = function.__code__, model.__code__
    return (
        code.co_code == wanted.co_code
        and code.co_argcount == wanted.co_argcount
        and code.co_posonlyargcount == code.co_kwonlyargcount == 0
        and not code.co_flags & _OTHER_KINDS
    )


def _list_of_one(value: Any) -> list[Any]:
    return [value]


def _append(values: list[Any], value: Any) -> list[Any]:
    values.append(value)
    return values


def _extend(values: list[Any], more: list[Any]) -> list[Any]:
    values.extend(more)
    return values


def _model(function: Callable[..., Any]) -> FunctionType:
    assert isinstance(function, FunctionType)
    return function


_OTHER_KINDS: Final = 0x04 | 0x08 | 0x20 | 0x80 | 0x100 | 0x200
"""Code flags of `*args`, `**kwargs`, generators, coroutines; the numbers are those of `inspect`."""
_IDENTITY: Final = _model(lambda value: value)
_ADDITION: Final = _model(lambda left, right: left + right)
