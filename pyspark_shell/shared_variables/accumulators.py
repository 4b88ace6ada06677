"""Variables that tasks add to and the driver reads.

An accumulator pickles as its id, the zero of its value and its param. In a task it starts at that
zero; what the task added travels with the news of the task's success and is merged on the driver.

Owns    nothing; the driver's accumulators are known to `AccumulatorRegistry`, a task's to
        `TaskAccumulators`.
Thread  the user's threads on the driver; the task's main thread in an executor.
"""

from __future__ import annotations

import copy
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from pyspark_shell.common.errors import PySparkRuntimeError
from pyspark_shell.common.pickling import dumps, loads

T = TypeVar("T")
U = TypeVar("U")


class AccumulatorParam(Generic[T]):
    """How values of one type are added; subclass it for types of your own.

    Examples
    --------
    >>> class LongestWord(AccumulatorParam[str]):
    ...     def zero(self, value):
    ...         return ""
    ...
    ...     def addInPlace(self, value1, value2):
    ...         return max(value1, value2, key=len)
    >>> LongestWord().addInPlace("spark", "is")
    'spark'
    """

    def zero(self, value: T) -> T:
        """A value that changes nothing when added, of the same shape as `value`.

        In every task the accumulator begins with a copy of it.

        Parameters
        ----------
        value
            What the accumulator holds on the driver when the task is sent.

        Examples
        --------
        >>> class Totals(AccumulatorParam[list[int]]):
        ...     def zero(self, value):
        ...         return [0] * len(value)
        >>> Totals().zero([7, 8])
        [0, 0]
        """
        raise NotImplementedError

    def addInPlace(self, value1: T, value2: T) -> T:
        """The sum of both; `value1` may be changed and given back.

        Parameters
        ----------
        value1
            The value so far.
        value2
            A term, or what a task has added up.

        Examples
        --------
        >>> class Totals(AccumulatorParam[list[int]]):
        ...     def zero(self, value):
        ...         return [0] * len(value)
        ...
        ...     def addInPlace(self, value1, value2):
        ...         return [one + other for one, other in zip(value1, value2)]
        >>> totals = sc.accumulator([0, 0], Totals())
        >>> sc.parallelize([[1, 5], [2, 6]]).foreach(lambda row: totals.add(row))
        >>> totals.value
        [3, 11]
        """
        raise NotImplementedError


class AddingAccumulatorParam(AccumulatorParam[U]):
    """Adds with `+=`, from a zero that is given.

    Examples
    --------
    >>> AddingAccumulatorParam([]).addInPlace([1], [2])
    [1, 2]
    """

    def __init__(self, zero_value: U) -> None:
        self.zero_value = zero_value

    def zero(self, value: U) -> U:
        return self.zero_value

    def addInPlace(self, value1: U, value2: U) -> U:
        total: Any = value1
        total += value2
        return total  # type: ignore[no-any-return]


INT_ACCUMULATOR_PARAM: Final = AddingAccumulatorParam(0)
FLOAT_ACCUMULATOR_PARAM: Final = AddingAccumulatorParam(0.0)
COMPLEX_ACCUMULATOR_PARAM: Final = AddingAccumulatorParam(0.0j)


def default_param(value: Any) -> AccumulatorParam[Any]:
    """The param for numbers; other types need one of their own."""
    for number, param in (
        (int, INT_ACCUMULATOR_PARAM),
        (float, FLOAT_ACCUMULATOR_PARAM),
        (complex, COMPLEX_ACCUMULATOR_PARAM),
    ):
        if isinstance(value, number):
            return param
    raise TypeError(f"No default accumulator param for type {type(value)}")


class DriverSide(Protocol):
    """What an accumulator on the driver asks of its registry."""

    def drain(self) -> None:
        """Merge what finished tasks have sent."""

    def exclusively_add(self, accumulator: Accumulator[Any], term: Any) -> None:
        """Add a term while nothing is merged."""


class Accumulator(Generic[T]):
    """A value that tasks may add to, and that only the driver may read.

    Made by `SparkContext.accumulator`. Updates of a task count once, when it succeeds.

    Examples
    --------
    >>> seen = sc.accumulator(0)
    >>> sc.parallelize(range(5)).foreach(lambda x: seen.add(x))
    >>> seen.value
    10
    >>> seen += 1
    >>> seen
    Accumulator<id=..., value=11>
    """

    def __init__(self, aid: int, value: T, accum_param: AccumulatorParam[T]) -> None:
        self.aid = aid
        self.accum_param = accum_param
        self._value = value
        self._deserialized = False
        self._registry: DriverSide | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _in_this_process, (self.aid, self.accum_param.zero(self._value), self.accum_param)

    @property
    def value(self) -> T:
        """The sum so far; only the driver may ask, or set it.

        Raises
        ------
        PySparkRuntimeError
            VALUE_NOT_ACCESSIBLE: asked in a task.

        Examples
        --------
        >>> seen = sc.accumulator(0)
        >>> seen.value = 5
        >>> sc.parallelize([1, 2]).foreach(lambda n: seen.add(n))
        >>> seen.value
        8
        """
        self._assert_on_driver()
        if self._registry is not None:
            self._registry.drain()
        return self._value

    @value.setter
    def value(self, value: T) -> None:
        self._assert_on_driver()
        if self._registry is not None:
            self._registry.drain()
        self._value = value

    def add(self, term: T) -> None:
        """Add `term`, on the driver or in a task.

        Parameters
        ----------
        term
            What the accumulator's `AccumulatorParam` can add to the value.

        Examples
        --------
        >>> seen = sc.accumulator(0)
        >>> sc.parallelize([1, 2, 3]).foreach(lambda n: seen.add(n))
        >>> seen.value
        6
        """
        if self._registry is not None:
            self._registry.exclusively_add(self, term)
        else:
            self._before_merge()
            self.merge(term)

    def _before_merge(self) -> None:
        """Where a task's accumulator begins anew.

        Not an `add` of its own: a pickled bound method `accumulator.add` keeps this class's
        function.
        """

    def merge(self, term: T) -> None:
        """Add without asking anybody; for the owner of the accumulator."""
        self._value = self.accum_param.addInPlace(self._value, term)

    def __iadd__(self, term: T) -> Accumulator[T]:
        self.add(term)
        return self

    def __str__(self) -> str:
        if self._registry is not None:
            self._registry.drain()
        return str(self._value)

    def __repr__(self) -> str:
        return f"Accumulator<id={self.aid}, value={self}>"

    def _assert_on_driver(self) -> None:
        if self._deserialized:
            raise PySparkRuntimeError(
                errorClass="VALUE_NOT_ACCESSIBLE",
                messageParameters={"value": "Accumulator.value"},
            )


class TaskAccumulator(Accumulator[T]):
    """An accumulator inside an executor process.

    Starts at zero again in every task that adds to it.
    """

    def __init__(self, aid: int, zero: T, accum_param: AccumulatorParam[T]) -> None:
        super().__init__(aid, zero, accum_param)
        self._deserialized = True
        self._zero = zero
        self._task: int | None = None

    def _before_merge(self) -> None:
        if self._task != TaskAccumulators.task_number:
            self._task = TaskAccumulators.task_number
            self._value = copy.deepcopy(self._zero)
            TaskAccumulators.touched.append(self)


class TaskAccumulators:
    """What the running task added, process-wide.

    Unpickled accumulators cannot be handed an argument.
    """

    task_number: ClassVar[int] = 0
    touched: ClassVar[list[TaskAccumulator[Any]]] = []


def begin_task() -> None:
    """Forget what an earlier task of this process added."""
    TaskAccumulators.task_number += 1
    TaskAccumulators.touched = []


def task_updates() -> bytes:
    """What the running task added, pickled; empty if it added nothing."""
    touched = TaskAccumulators.touched
    if not touched:
        return b""
    return dumps([(accumulator.aid, accumulator._value) for accumulator in touched])


def load_updates(data: bytes) -> list[tuple[int, Any]]:
    """The (id, sum) pairs of one task."""
    updates: list[tuple[int, Any]] = loads(data)
    return updates


class DriverAccumulators(Protocol):
    """How unpickling on the driver finds the accumulator itself instead of a copy."""

    def find(self, accumulator_id: int) -> Accumulator[Any] | None:
        """The live accumulator of this id."""


_on_driver: DriverAccumulators | None = None


def install_driver_accumulators(accumulators: DriverAccumulators | None) -> None:
    """Tell unpickling that this process is a driver, or with None that it no longer is."""
    global _on_driver
    _on_driver = accumulators


def driver_accumulators() -> DriverAccumulators | None:
    """What was installed last, None where no driver runs."""
    return _on_driver


def _in_this_process(aid: int, zero: T, accum_param: AccumulatorParam[T]) -> Accumulator[T]:
    own = None if _on_driver is None else _on_driver.find(aid)
    return TaskAccumulator(aid, zero, accum_param) if own is None else own
