"""The part of RDD that sorts.

Source  PySpark's bounds are reproduced; differs in that one job counts and samples, and that
        samples are compared by `keyfunc`, where PySpark compares bare keys with what it gives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from pyspark_shell.api.rdd_base import RDDPart, T
from pyspark_shell.common.portable_hash import portable_hash
from pyspark_shell.lineage.known_functions import known_function
from pyspark_shell.lineage.partitioner import assert_positive
from pyspark_shell.lineage.shuffle_functions import (
    MAP_SIDE_SHARE,
    CountAndSample,
    SortByKey,
    range_partition,
)
from pyspark_shell.lineage.steps import MapPartitionsWithIndex
from pyspark_shell.shuffle.aggregator import identity

K = TypeVar("K")
V = TypeVar("V")

# Samples for each partition of the result, and the seed of the choice: PySpark's.
_SAMPLES_PER_PARTITION: Final = 20.0
_SAMPLE_SEED: Final = 1


def _identity(key: Any) -> Any:
    return key


class OrderedRDDFunctions(RDDPart[T]):
    """Order."""

    def sortByKey(
        self: RDDPart[tuple[K, V]],
        ascending: bool | None = True,
        numPartitions: int | None = None,
        keyfunc: Callable[[Any], Any] = _identity,
    ) -> RDDPart[tuple[K, V]]:
        """Sort the pairs by key, over all partitions.

        Pairs of equal keys keep their order within a partition.

        Where it makes more than one partition, a job runs when this is called: it counts the pairs
        and takes a sample of keys, from which the ranges of the partitions are chosen.

        Parameters
        ----------
        ascending
            Whether the least key comes first.
        numPartitions
            Of the result; by default as many as before, or `spark.default.parallelism`.
        keyfunc
            What to compare instead of the keys.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> pairs = sc.parallelize([("b", 1), ("A", 2), ("c", 3)])
        >>> pairs.sortByKey().collect()
        [('A', 2), ('b', 1), ('c', 3)]
        >>> pairs.sortByKey(False, 2, keyfunc=str.lower).keys().collect()
        ['c', 'b', 'A']
        """
        if numPartitions is None:
            numPartitions = self._defaultReducePartitions()
        else:
            assert_positive(numPartitions)
        compared = _unless_identity(keyfunc)
        sort = SortByKey(compared, bool(ascending), self._memory_limit() * MAP_SIDE_SHARE)
        if numPartitions == 1:
            whole = self.coalesce(1) if self.getNumPartitions() > 1 else self
            return whole._pipe_partitions(sort, True)
        wanted = numPartitions * _SAMPLES_PER_PARTITION
        sample = _sample_of_keys(self, wanted)
        if sample is None:
            return self
        if compared is not None:
            sample = [compared(key) for key in sample]
        bounds = _bounds(sorted(sample), numPartitions)
        partition = range_partition(bounds, compared, bool(ascending))
        return self.partitionBy(numPartitions, partition)._pipe_partitions(sort, True)  # type: ignore[no-any-return]

    def sortBy(
        self,
        keyfunc: Callable[[T], Any],
        ascending: bool = True,
        numPartitions: int | None = None,
    ) -> RDDPart[T]:
        """Sort the records by `keyfunc(record)`, over all partitions; see `sortByKey`.

        Parameters
        ----------
        keyfunc
            Called with a record; gives what is compared.
        ascending
            Whether the least record comes first.
        numPartitions
            As in `sortByKey`.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> sc.parallelize(["bb", "a", "ccc"]).sortBy(len, ascending=False).collect()
        ['ccc', 'bb', 'a']
        """
        return self.keyBy(keyfunc).sortByKey(ascending, numPartitions).values()  # type: ignore[no-any-return]

    def repartitionAndSortWithinPartitions(
        self: RDDPart[tuple[K, V]],
        numPartitions: int | None = None,
        partitionFunc: Callable[[Any], int] = portable_hash,
        ascending: bool = True,
        keyfunc: Callable[[Any], Any] = _identity,
    ) -> RDDPart[tuple[K, V]]:
        """Deal the pairs out by key and sort each partition.

        Cheaper than sorting everything, where the order between partitions does not matter.

        Parameters
        ----------
        numPartitions, partitionFunc
            As in `partitionBy`.
        ascending, keyfunc
            As in `sortByKey`.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> pairs = sc.parallelize([(3, "c"), (0, "a"), (2, "b"), (1, "d")])
        >>> pairs.repartitionAndSortWithinPartitions(2, lambda key: key % 2).glom().collect()
        [[(0, 'a'), (2, 'b')], [(1, 'd'), (3, 'c')]]
        """
        compared = _unless_identity(keyfunc)
        sort = SortByKey(compared, ascending, self._memory_limit() * MAP_SIDE_SHARE)
        dealt: RDDPart[Any] = self.partitionBy(numPartitions, partitionFunc)
        return dealt._pipe_partitions(sort, True)


def _unless_identity(keyfunc: Callable[[Any], Any]) -> Callable[[Any], Any] | None:
    """What keys are compared by; None for the keys themselves."""
    known = known_function(keyfunc)
    return None if known in (_identity, identity) else known


def _sample_of_keys(rdd: RDDPart[Any], wanted: float) -> list[Any] | None:
    """About `wanted` keys, PySpark's choice; None if there are no pairs at all."""
    step = MapPartitionsWithIndex(CountAndSample(wanted, _SAMPLE_SEED))
    parts: list[tuple[int, list[tuple[float, Any]]]] = rdd._pipe(step).collect()
    count = sum(count for count, _ in parts)
    if not count:
        return None
    fraction = min(wanted / count, 1.0)
    return [key for _, kept in parts for draw, key in kept if draw < fraction]


def _bounds(sample: list[Any], partitions: int) -> list[Any]:
    """Upper bounds of all partitions but the last, so that each gets an equal share of the sample.

    Examples
    --------
    >>> _bounds([1, 2, 3, 4, 5, 6], 3)
    [3, 5]
    """
    return [sample[len(sample) * (i + 1) // partitions] for i in range(partitions - 1)]
