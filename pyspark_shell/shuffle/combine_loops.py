"""The inner loops of a shuffle: they take a run of pairs into one dict.

A record costs here little more than the user's own function. Hence the pairs of almost equal loops:
for keys that are new more often than not a lookup that says so, and for keys that are nearly always
known a `try`, which is free as long as nothing is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from pyspark_shell.shuffle.aggregator import (
    Aggregator,
    GroupAggregator,
    is_addition,
    is_identity,
)

CombineLoop = Callable[[dict[Any, Any], Iterable[tuple[Any, Any]]], None]

_MISSING: Final = object()


class CombineLoops(NamedTuple):
    """The same work in two ways."""

    new_keys: CombineLoop
    known_keys: CombineLoop


def value_loops(aggregator: Aggregator[Any, Any]) -> CombineLoops:
    """Choose loops for pairs of key and value; a group needs a `defaultdict(list)`."""
    if isinstance(aggregator, GroupAggregator):
        return CombineLoops(_append_values, _append_values)
    if is_identity(aggregator.createCombiner):
        return _merging_loops(aggregator.mergeValue)
    return _creating_loops(aggregator.createCombiner, aggregator.mergeValue)


def combiner_loops(aggregator: Aggregator[Any, Any]) -> CombineLoops:
    """Choose loops for pairs of key and combiner."""
    if isinstance(aggregator, GroupAggregator):
        return CombineLoops(_extend_values, _extend_values)
    return _merging_loops(aggregator.mergeCombiners)


def _append_values(data: dict[Any, Any], pairs: Iterable[tuple[Any, Any]]) -> None:
    for key, value in pairs:
        data[key].append(value)


def _extend_values(data: dict[Any, Any], pairs: Iterable[tuple[Any, Any]]) -> None:
    get = data.get
    for key, values in pairs:
        known = get(key)
        if known is None:
            data[key] = values
        else:
            known.extend(values)


def _creating_loops(create: Callable[[Any], Any], merge: Callable[[Any, Any], Any]) -> CombineLoops:
    def new_keys(data: dict[Any, Any], pairs: Iterable[tuple[Any, Any]]) -> None:
        get, missing = data.get, _MISSING
        for key, value in pairs:
            known = get(key, missing)
            data[key] = create(value) if known is missing else merge(known, value)

    def known_keys(data: dict[Any, Any], pairs: Iterable[tuple[Any, Any]]) -> None:
        for key, value in pairs:
            try:
                known = data[key]
            except KeyError:
                data[key] = create(value)
            else:
                data[key] = merge(known, value)

    return CombineLoops(new_keys, known_keys)


def _merging_loops(merge: Callable[[Any, Any], Any]) -> CombineLoops:
    if is_addition(merge):
        return _adding_loops(merge)

    def new_keys(data: dict[Any, Any], pairs: Iterable[tuple[Any, Any]]) -> None:
        get, missing = data.get, _MISSING
        for key, value in pairs:
            known = get(key, missing)
            data[key] = value if known is missing else merge(known, value)

    def known_keys(data: dict[Any, Any], pairs: Iterable[tuple[Any, Any]]) -> None:
        for key, value in pairs:
            try:
                known = data[key]
            except KeyError:
                data[key] = value
            else:
                data[key] = merge(known, value)

    return CombineLoops(new_keys, known_keys)


def _adding_loops(add: Callable[[Any, Any], Any]) -> CombineLoops:
    def new_keys(data: dict[Any, Any], pairs: Iterable[tuple[Any, Any]]) -> None:
        get, missing = data.get, _MISSING
        for key, value in pairs:
            known = get(key, missing)
            if known is missing:
                data[key] = value
            else:
                try:
                    data[key] = known + value
                except TypeError:
                    # Once more through the user's function, whose line belongs in the traceback.
                    data[key] = add(known, value)

    def known_keys(data: dict[Any, Any], pairs: Iterable[tuple[Any, Any]]) -> None:
        for key, value in pairs:
            try:
                known = data[key]
            except KeyError:
                data[key] = value
            else:
                try:
                    data[key] = known + value
                except TypeError:
                    data[key] = add(known, value)

    return CombineLoops(new_keys, known_keys)
