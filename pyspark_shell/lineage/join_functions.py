"""What becomes of the groups of a cogroup: pairs of key and one list of values for each RDD.

Source  the order of pairs is that of PySpark's pyspark.join.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from pyspark_shell.shuffle.result_iterable import ResultIterable

Groups = Iterable[tuple[Any, list[list[Any]]]]

_NONE_ONCE: Final = (None,)


def inner(groups: Groups) -> Iterator[tuple[Any, tuple[Any, Any]]]:
    """Every value of the left with every value of the right."""
    return ((key, (v, w)) for key, (vs, ws) in groups for v in vs for w in ws)


def left_outer(groups: Groups) -> Iterator[tuple[Any, tuple[Any, Any]]]:
    """As `inner`; None stands for the right where it has no value."""
    return ((key, (v, w)) for key, (vs, ws) in groups for v in vs for w in ws or _NONE_ONCE)


def right_outer(groups: Groups) -> Iterator[tuple[Any, tuple[Any, Any]]]:
    """As `inner`; None stands for the left where it has no value."""
    return ((key, (v, w)) for key, (vs, ws) in groups for v in vs or _NONE_ONCE for w in ws)


def full_outer(groups: Groups) -> Iterator[tuple[Any, tuple[Any, Any]]]:
    """As `inner`; None stands for the side that has no value."""
    return (
        (key, (v, w))
        for key, (vs, ws) in groups
        for v in vs or _NONE_ONCE
        for w in ws or _NONE_ONCE
    )


def as_result_iterables(groups: Groups) -> Iterator[tuple[Any, tuple[ResultIterable[Any], ...]]]:
    """The lists as users get them."""
    return ((key, tuple(map(ResultIterable, lists))) for key, lists in groups)


def subtract(groups: Groups) -> Iterator[tuple[Any, Any]]:
    """Pairs of the left whose key the right does not have."""
    return ((key, v) for key, (vs, ws) in groups if not ws for v in vs)


def subtract_keys(groups: Groups) -> Iterator[Any]:
    """Keys of the left, as often as they have values, that the right does not have."""
    return (key for key, (vs, ws) in groups if not ws for _ in vs)


def keys_in_all(groups: Groups) -> Iterator[Any]:
    """Keys that have a value in every RDD."""
    return (key for key, lists in groups if all(lists))
