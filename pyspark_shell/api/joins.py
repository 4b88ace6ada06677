"""Joins by grouping: the values of all RDDs meet by key, in one shuffle or in none.

Source  pyspark.join, whose functions these are; differs in that a partition is grouped before the
        shuffle only if that pays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any

from pyspark_shell.api.rdd_base import RDDPart
from pyspark_shell.lineage import join_functions
from pyspark_shell.lineage.cogroup_functions import Cogroup, MarkValues
from pyspark_shell.lineage.shuffle_functions import MAP_SIDE_SHARE


def cogroup_lists(
    rdds: Sequence[RDDPart[Any]], numPartitions: int | None = None
) -> RDDPart[tuple[Any, list[list[Any]]]]:
    """Make an RDD of pairs of a key and one list of values for each RDD."""
    memory = rdds[0]._memory_limit()
    grouped = [
        rdd._pipe_partitions(MarkValues(number, len(rdds), memory * MAP_SIDE_SHARE), True)
        for number, rdd in enumerate(rdds)
    ]
    together: RDDPart[Any] = reduce(lambda left, right: left.union(right), grouped)
    shuffled: RDDPart[Any] = together.partitionBy(numPartitions)
    return shuffled._pipe_partitions(Cogroup(len(rdds), memory), True)


def python_join(rdd: RDDPart[Any], other: RDDPart[Any], numPartitions: int | None) -> RDDPart[Any]:
    """Make an RDD of `(key, (value, other's value))` for every two values of a key."""
    return _join(rdd, other, numPartitions, join_functions.inner)


def python_left_outer_join(
    rdd: RDDPart[Any], other: RDDPart[Any], numPartitions: int | None
) -> RDDPart[Any]:
    """As `python_join`, with all keys of `rdd`."""
    return _join(rdd, other, numPartitions, join_functions.left_outer)


def python_right_outer_join(
    rdd: RDDPart[Any], other: RDDPart[Any], numPartitions: int | None
) -> RDDPart[Any]:
    """As `python_join`, with all keys of `other`."""
    return _join(rdd, other, numPartitions, join_functions.right_outer)


def python_full_outer_join(
    rdd: RDDPart[Any], other: RDDPart[Any], numPartitions: int | None
) -> RDDPart[Any]:
    """As `python_join`, with all keys of both."""
    return _join(rdd, other, numPartitions, join_functions.full_outer)


def python_cogroup(rdds: Sequence[RDDPart[Any]], numPartitions: int | None) -> RDDPart[Any]:
    """Make an RDD of `(key, (values, other's values, ...))`, each a `ResultIterable`."""
    grouped = cogroup_lists(rdds, numPartitions)
    return grouped._pipe_partitions(join_functions.as_result_iterables, True)


def _join(
    rdd: RDDPart[Any],
    other: RDDPart[Any],
    numPartitions: int | None,
    dispatch: Callable[[join_functions.Groups], Iterable[Any]],
) -> RDDPart[Any]:
    return cogroup_lists([rdd, other], numPartitions)._pipe_partitions(dispatch, True)
