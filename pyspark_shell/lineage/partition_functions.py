"""What a task does with the records of its partition to give an action one small value.

Module-level functions and `functools.partial` of them, so that they pickle as names: the closure of
a `count()` then costs next to nothing. They take the records as their last argument and let C code
walk through them.
"""

from __future__ import annotations

import heapq
import pickle
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from copy import copy, deepcopy
from functools import reduce
from itertools import chain, count, islice
from operator import itemgetter
from typing import Any, Final, Generic, TypeVar

from pyspark_shell.common.pickling import dumps
from pyspark_shell.lineage.steps import stop_iteration_error
from pyspark_shell.statistics.hyper_log_log import HyperLogLog
from pyspark_shell.statistics.stat_counter import StatCounter

T = TypeVar("T")
U = TypeVar("U")

first_of: Final = itemgetter(0)
second_of: Final = itemgetter(1)

_IMMUTABLE: Final = frozenset({int, float, complex, bool, str, bytes, type(None)})
_CONTAINERS: Final = frozenset({list, dict, set})


class ZeroValue(Generic[T]):
    """A zero value that every partition and run gets anew, whatever was done to the last one.

    Pickled by value: what the user does to his object after the action was called is not seen by
    tasks.

    Examples
    --------
    >>> zero = ZeroValue([])
    >>> zero.fresh().append(1)
    >>> zero.fresh()
    []
    """

    __slots__ = ("_pickled", "_value")

    def __init__(self, value: T) -> None:
        self._value: T | None = value
        self._pickled: bytes | None = None
        if type(value) not in _IMMUTABLE:
            self._pickled = dumps(value)
            self._value = None

    def fresh(self) -> T:
        """An object of its own, equal to the zero value."""
        return pickle.loads(self._pickled) if self._pickled is not None else self._value  # type: ignore[return-value]

    def __reduce__(self) -> tuple[Any, ...]:
        return _zero_value, (self._value, self._pickled)


def _zero_value(value: Any, pickled: bytes | None) -> ZeroValue[Any]:
    zero: ZeroValue[Any] = ZeroValue.__new__(ZeroValue)
    zero._value, zero._pickled = value, pickled
    return zero


class CombinerOfFirstValue:
    """createCombiner of a fold by key: `function(zero, value)` with a zero value of its own."""

    __slots__ = ("_copy", "_function", "_zero")

    def __init__(self, zero: Any, function: Callable[[Any, Any], Any]) -> None:
        self._zero = zero
        self._function = function
        self._copy: Callable[[Any], Any] = deepcopy
        if type(zero) in _IMMUTABLE:
            self._copy = _itself
        elif type(zero) in _CONTAINERS and not zero:
            self._copy = copy

    def __call__(self, value: Any) -> Any:
        return self._function(self._copy(self._zero), value)

    def __reduce__(self) -> tuple[Any, ...]:
        return CombinerOfFirstValue, (self._zero, self._function)


def _itself(value: T) -> T:
    return value


# Counting and looking -----------------------------------------------------------


def count_records(records: Iterable[Any]) -> int:
    """How many records there are."""
    counter = count()
    deque(zip(records, counter, strict=False), maxlen=0)
    return next(counter)


def exhaust(records: Iterable[Any]) -> None:
    """Walk through the records for what doing so has as an effect."""
    deque(records, maxlen=0)


def take_up_to(limit: int, records: Iterable[T]) -> list[T]:
    """The first `limit` records; later ones are not computed."""
    return list(islice(records, limit))


def count_by_value(records: Iterable[T]) -> dict[T, int]:
    """How often each record occurs, in order of first occurrence."""
    return dict(Counter(records))


def count_by_key(records: Iterable[Any]) -> dict[Any, int]:
    """How often each key occurs, in order of first occurrence."""
    return dict(Counter(map(first_of, records)))


def partition_of_key(partitioner: Callable[[Any], int], records: Iterable[Any]) -> list[int]:
    """The reduce partition of each record, worked out where hashes are those of the tasks."""
    return [partitioner(record) for record in records]


def values_of_key(key: Any, records: Iterable[Any]) -> list[Any]:
    """The values of the pairs with this key."""
    return [record[1] for record in records if record[0] == key]


def call_with_iterator(function: Callable[[Iterator[T]], Any], records: Iterator[T]) -> None:
    """Let `function` have the records; should it give an iterable, walk through that."""
    result = function(records)
    if result is None:
        return
    try:
        iterator = iter(result)
    except TypeError:
        return
    exhaust(iterator)


# Folding ------------------------------------------------------------------------


def reduce_records(function: Callable[[T, T], T], records: Iterable[T]) -> tuple[T, ...]:
    """All records joined by `function`; nothing if there are none."""
    iterator = iter(records)
    for first in iterator:
        try:
            return (reduce(function, iterator, first),)
        except StopIteration as error:
            raise stop_iteration_error(error) from error
    return ()


def reduce_to_optional(function: Callable[[T, T], T], records: Iterable[T]) -> tuple[tuple[T, ...]]:
    """One record: `reduce_records`."""
    return (reduce_records(function, records),)


def join_optional(
    function: Callable[[T, T], T], left: tuple[T, ...], right: tuple[T, ...]
) -> tuple[T, ...]:
    """Join two results of `reduce_records`, of which any may be nothing."""
    if not left:
        return right
    return (function(left[0], right[0]),) if right else left


def fold_records(function: Callable[[U, T], U], zero: ZeroValue[U], records: Iterable[T]) -> U:
    """All records taken into a fresh zero value."""
    try:
        return reduce(function, records, zero.fresh())
    except StopIteration as error:
        raise stop_iteration_error(error) from error


def fold_to_one_record(
    function: Callable[[U, T], U], zero: ZeroValue[U], records: Iterable[T]
) -> tuple[U]:
    """As `fold_records`, for a step of a pipeline."""
    return (fold_records(function, zero, records),)


def extreme_record(
    choose: Callable[..., T], key: Callable[[T], Any] | None, records: Iterable[T]
) -> tuple[T, ...]:
    """The record that `choose`, `max` or `min`, takes; nothing if there are none."""
    iterator = iter(records)
    for first in iterator:
        try:
            return (choose(chain((first,), iterator), key=key),)
        except StopIteration as error:
            raise stop_iteration_error(error) from error
    return ()


def reduce_by_key_locally(
    function: Callable[[Any, Any], Any], records: Iterable[Any]
) -> dict[Any, Any]:
    """A dict of the keys with their values joined by `function`."""
    reduced: dict[Any, Any] = {}
    try:
        _merge_pairs(function, reduced, records)
    except StopIteration as error:
        raise stop_iteration_error(error) from error
    return reduced


def merge_dicts(
    function: Callable[[Any, Any], Any], into: dict[Any, Any], more: dict[Any, Any]
) -> dict[Any, Any]:
    """Take a dict into another one, joining the values of a key by `function`."""
    _merge_pairs(function, into, more.items())
    return into


def _merge_pairs(
    function: Callable[[Any, Any], Any], into: dict[Any, Any], pairs: Iterable[Any]
) -> None:
    for key, value in pairs:
        into[key] = function(into[key], value) if key in into else value


def reduce_in_driver(function: Callable[[T, T], T], values: Iterable[T]) -> T:
    """All results of a job joined by `function`; there is one at least."""
    try:
        return reduce(function, values)
    except StopIteration as error:
        raise stop_iteration_error(error) from error


def largest(limit: int, key: Callable[[T], Any] | None, records: Iterable[T]) -> list[T]:
    """The `limit` largest records, largest first."""
    return heapq.nlargest(limit, records, key=key)  # type: ignore[arg-type]  # None is allowed


def smallest(limit: int, key: Callable[[T], Any] | None, records: Iterable[T]) -> list[T]:
    """The `limit` smallest records, smallest first."""
    return heapq.nsmallest(limit, records, key=key)  # type: ignore[arg-type]


# Statistics ---------------------------------------------------------------------


def stats_of(records: Iterable[Any]) -> StatCounter:
    """Count, mean, variance and extremes of the records."""
    return StatCounter(records)


def sum_as_float(records: Iterable[Any]) -> float:
    """Sum of the records as a float."""
    return float(sum(records))


def stats_of_floats(records: Iterable[Any]) -> StatCounter:
    """`stats_of` the records as floats."""
    return StatCounter(map(float, records))


def sketch_of_hashes(
    relative_sd: float, hash_of: Callable[[Any], int], records: Iterable[Any]
) -> HyperLogLog:
    """A sketch of the different records, told apart by the low 32 bits of their hashes."""
    sketch = HyperLogLog.with_error(relative_sd)
    sketch.add_all(hash_of(record) & 0xFFFFFFFF for record in records)
    return sketch


# Steps of a pipeline --------------------------------------------------------------


def as_list(records: Iterable[T]) -> tuple[list[T]]:
    """One record: the list of all."""
    return (list(records),)


def number_from(starts: list[int], index: int, records: Iterable[T]) -> Iterator[tuple[T, int]]:
    """Pairs of a record and its position in the whole RDD, partition i beginning at `starts[i]`."""
    return zip(records, count(starts[index]), strict=False)


def number_uniquely(partitions: int, index: int, records: Iterable[T]) -> Iterator[tuple[T, int]]:
    """Pairs of a record and a number that no other has: index, index + partitions, ..."""
    return zip(records, count(index, partitions), strict=False)


def key_by_partition(partitions: int, index: int, records: Iterable[T]) -> list[tuple[int, T]]:
    """Pairs of `index % partitions` and a record, to gather the results of several partitions."""
    return [(index % partitions, record) for record in records]
