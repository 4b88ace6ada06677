"""The part of RDD that brings several RDDs of pairs together by key: joins, cogroups, differences.

Results have as many partitions as both RDDs together if `numPartitions` is None, or
`spark.default.parallelism` if that is set; RDDs that are dealt out alike keep their number, and
nothing is shuffled.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pyspark_shell.api.joins import (
    cogroup_lists,
    python_cogroup,
    python_full_outer_join,
    python_join,
    python_left_outer_join,
    python_right_outer_join,
)
from pyspark_shell.api.rdd_base import RDDPart, T
from pyspark_shell.lineage import join_functions
from pyspark_shell.shuffle.result_iterable import ResultIterable

K = TypeVar("K")
V = TypeVar("V")
U = TypeVar("U")


class Grouping(RDDPart[T]):
    """Several RDDs by key."""

    def join(
        self: RDDPart[tuple[K, V]],
        other: RDDPart[tuple[K, U]],
        numPartitions: int | None = None,
    ) -> RDDPart[tuple[K, tuple[V, U]]]:
        """Make an RDD of `(key, (value, other's value))` for every two values of a key.

        Parameters
        ----------
        other
            Pairs; the keys of both must be hashable.
        numPartitions
            Of the result; None: as many as both have together, or as each has if both are dealt out
            alike, or `spark.default.parallelism` if that is set.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> ages = sc.parallelize([("ann", 31), ("bob", 25)])
        >>> towns = sc.parallelize([("ann", "Rome"), ("ann", "Oslo")])
        >>> sorted(ages.join(towns).collect())
        [('ann', (31, 'Oslo')), ('ann', (31, 'Rome'))]
        """
        return python_join(self, other, numPartitions)

    def leftOuterJoin(
        self: RDDPart[tuple[K, V]],
        other: RDDPart[tuple[K, U]],
        numPartitions: int | None = None,
    ) -> RDDPart[tuple[K, tuple[V, U | None]]]:
        """Join, with None where the other has no value for a key of this.

        Parameters
        ----------
        other, numPartitions
            As in `join`.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> ages = sc.parallelize([("ann", 31), ("bob", 25)])
        >>> towns = sc.parallelize([("ann", "Rome")])
        >>> sorted(ages.leftOuterJoin(towns).collect())
        [('ann', (31, 'Rome')), ('bob', (25, None))]
        """
        return python_left_outer_join(self, other, numPartitions)

    def rightOuterJoin(
        self: RDDPart[tuple[K, V]],
        other: RDDPart[tuple[K, U]],
        numPartitions: int | None = None,
    ) -> RDDPart[tuple[K, tuple[V | None, U]]]:
        """Join, with None where this has no value for a key of the other.

        Parameters
        ----------
        other, numPartitions
            As in `join`.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> ages = sc.parallelize([("ann", 31)])
        >>> towns = sc.parallelize([("ann", "Rome"), ("eve", "Bonn")])
        >>> sorted(ages.rightOuterJoin(towns).collect())
        [('ann', (31, 'Rome')), ('eve', (None, 'Bonn'))]
        """
        return python_right_outer_join(self, other, numPartitions)

    def fullOuterJoin(
        self: RDDPart[tuple[K, V]],
        other: RDDPart[tuple[K, U]],
        numPartitions: int | None = None,
    ) -> RDDPart[tuple[K, tuple[V | None, U | None]]]:
        """Join, with None where one of both has no value for a key.

        Parameters
        ----------
        other, numPartitions
            As in `join`.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> ages, towns = sc.parallelize([("bob", 25)]), sc.parallelize([("eve", "Bonn")])
        >>> sorted(ages.fullOuterJoin(towns).collect())
        [('bob', (25, None)), ('eve', (None, 'Bonn'))]
        """
        return python_full_outer_join(self, other, numPartitions)

    def cogroup(
        self: RDDPart[tuple[K, V]],
        other: RDDPart[tuple[K, U]],
        numPartitions: int | None = None,
    ) -> RDDPart[tuple[K, tuple[ResultIterable[V], ResultIterable[U]]]]:
        """Make an RDD of `(key, (values, other's values))` for every key of both.

        Parameters
        ----------
        other, numPartitions
            As in `join`.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> left, right = sc.parallelize([("a", 1), ("b", 4)]), sc.parallelize([("a", 2)])
        >>> groups = left.cogroup(right).collect()
        >>> sorted((key, list(ones), list(others)) for key, (ones, others) in groups)
        [('a', [1], [2]), ('b', [4], [])]
        """
        return python_cogroup([self, other], numPartitions)

    def groupWith(
        self: RDDPart[tuple[K, Any]],
        other: RDDPart[tuple[K, Any]],
        *others: RDDPart[tuple[K, Any]],
    ) -> RDDPart[tuple[K, tuple[ResultIterable[Any], ...]]]:
        """Make an RDD of `(key, (values, other's values, ...))` of two or more RDDs.

        Parameters
        ----------
        other, *others
            Pairs. The result has as many partitions as `cogroup` makes by default.

        Examples
        --------
        >>> one, two, three = (sc.parallelize([("a", n)]) for n in (1, 2, 3))
        >>> [(key, [list(values) for values in groups])
        ...  for key, groups in one.groupWith(two, three).collect()]
        [('a', [[1], [2], [3]])]
        """
        return python_cogroup([self, other, *others], None)

    def subtractByKey(
        self: RDDPart[tuple[K, V]],
        other: RDDPart[tuple[K, Any]],
        numPartitions: int | None = None,
    ) -> RDDPart[tuple[K, V]]:
        """Make an RDD of the pairs whose key the other does not have.

        Parameters
        ----------
        other
            Pairs, of which only the keys count.
        numPartitions
            As in `join`.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> left, right = sc.parallelize([("a", 1), ("b", 4), ("b", 5)]), sc.parallelize([("a", 3)])
        >>> sorted(left.subtractByKey(right).collect())
        [('b', 4), ('b', 5)]
        """
        grouped = cogroup_lists([self, other], numPartitions)
        return grouped._pipe_partitions(join_functions.subtract, True)
