"""The part of RDD for pairs of key and value: what is done by key.

Functions that take `numPartitions` make as many partitions as before if it is None, or
`spark.default.parallelism` if that is set. `partitionFunc(key) % numPartitions` is a key's
partition.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from operator import itemgetter
from typing import Any, Final, TypeVar

from pyspark_shell.api.rdd_base import RDDPart, T
from pyspark_shell.common.portable_hash import portable_hash
from pyspark_shell.lineage.known_functions import known_function
from pyspark_shell.lineage.pair_steps import FlatMapValues, MapValues
from pyspark_shell.lineage.partition_functions import (
    CombinerOfFirstValue,
    count_by_key,
    merge_dicts,
    partition_of_key,
    reduce_by_key_locally,
    reduce_in_driver,
    values_of_key,
)
from pyspark_shell.lineage.partitioned import PartitionedRDD
from pyspark_shell.lineage.partitioner import Partitioner, assert_positive
from pyspark_shell.lineage.shuffle_functions import (
    MAP_SIDE_SHARE,
    CombineValues,
    GroupValues,
    MergeCombiners,
    MergeGroups,
)
from pyspark_shell.lineage.steps import Map
from pyspark_shell.shuffle.aggregator import Aggregator, SimpleAggregator
from pyspark_shell.shuffle.result_iterable import ResultIterable

K = TypeVar("K")
V = TypeVar("V")
U = TypeVar("U")

# Keys whose hash does not depend on PYTHONHASHSEED, so that the driver may have another seed.
_FIXED_HASH: Final = frozenset({int, float, bool, complex, type(None)})


class PairRDDFunctions(RDDPart[T]):
    """Keys and values."""

    def keys(self: RDDPart[tuple[K, V]]) -> RDDPart[K]:
        """Make an RDD of the keys.

        Examples
        --------
        >>> sc.parallelize([("a", 1), ("b", 2)]).keys().collect()
        ['a', 'b']
        """
        return self._pipe(Map(itemgetter(0)))

    def values(self: RDDPart[tuple[K, V]]) -> RDDPart[V]:
        """Make an RDD of the values.

        Examples
        --------
        >>> sc.parallelize([("a", 1), ("b", 2)]).values().collect()
        [1, 2]
        """
        return self._pipe(Map(itemgetter(1)))

    def mapValues(self: RDDPart[tuple[K, V]], f: Callable[[V], U]) -> RDDPart[tuple[K, U]]:
        """Make an RDD of pairs of key and `f(value)`. Keeps the partitioner.

        Parameters
        ----------
        f
            Called in the executors, once for each value.

        Examples
        --------
        >>> sc.parallelize([("a", [1, 2]), ("b", [])]).mapValues(len).collect()
        [('a', 2), ('b', 0)]
        """
        return self._pipe(MapValues(known_function(f)), True)

    def flatMapValues(
        self: RDDPart[tuple[K, V]], f: Callable[[V], Iterable[U]]
    ) -> RDDPart[tuple[K, U]]:
        """Make an RDD of pairs of key and item, for each item of `f(value)`. Keeps the partitioner.

        Parameters
        ----------
        f
            Called once for each value; gives an iterable, which is taken lazily.

        Examples
        --------
        >>> sc.parallelize([("a", "xy"), ("b", "")]).flatMapValues(list).collect()
        [('a', 'x'), ('a', 'y')]
        """
        return self._pipe(FlatMapValues(known_function(f)), True)

    # By key -----------------------------------------------------------------------

    def partitionBy(
        self: RDDPart[tuple[K, V]],
        numPartitions: int | None,
        partitionFunc: Callable[[K], int] = portable_hash,
    ) -> RDDPart[tuple[K, V]]:
        """Deal the pairs out by key.

        Parameters
        ----------
        numPartitions
            How many partitions; None: as many as before, or `spark.default.parallelism` if that is
            set.
        partitionFunc
            Gives a number for a key, the same in every process.

        Returns
        -------
        An RDD with this partitioner; this RDD itself if it has an equal one already.

        Raises
        ------
        ValueError
            `numPartitions` is not positive; so it is wherever a shuffle is told how many to make.

        Examples
        --------
        >>> pairs = sc.parallelize([(1, "a"), (2, "b"), (3, "c"), (4, "d")]).partitionBy(2)
        >>> pairs.keys().glom().collect()
        [[2, 4], [1, 3]]
        >>> pairs.partitionBy(2) is pairs
        True
        """
        if numPartitions is None:
            numPartitions = self._defaultReducePartitions()
        else:
            assert_positive(numPartitions)
        partitioner = Partitioner(numPartitions, partitionFunc)
        if self.partitioner == partitioner:
            return self
        return self._derive(PartitionedRDD(self._node, partitioner, self.ctx._call_site()))

    def combineByKey(
        self: RDDPart[tuple[K, V]],
        createCombiner: Callable[[V], U],
        mergeValue: Callable[[U, V], U],
        mergeCombiners: Callable[[U, U], U],
        numPartitions: int | None = None,
        partitionFunc: Callable[[K], int] = portable_hash,
    ) -> RDDPart[tuple[K, U]]:
        """Join the values of each key into a combiner, before the shuffle as well as after it.

        Parameters
        ----------
        createCombiner
            Makes the combiner of a key's first value.
        mergeValue
            Takes one more value into a combiner; may change and return it.
        mergeCombiners
            Joins two combiners; may change and return the first.
        numPartitions, partitionFunc
            As in `partitionBy`.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> pairs = sc.parallelize([("a", 1), ("b", 2), ("a", 3)], 2)
        >>> sorted(pairs.combineByKey(str, lambda text, n: f"{text},{n}", "{};{}".format).collect())
        [('a', '1;3'), ('b', '2')]
        """
        aggregator = Aggregator(
            known_function(createCombiner),
            known_function(mergeValue),
            known_function(mergeCombiners),
        )
        return self._combine(aggregator, numPartitions, partitionFunc)  # type: ignore[no-any-return]

    def _combine(
        self,
        aggregator: Aggregator[Any, Any],
        numPartitions: int | None,
        partitionFunc: Callable[[Any], int],
    ) -> RDDPart[Any]:
        memory = self._memory_limit()
        locally = self._pipe_partitions(CombineValues(aggregator, memory * MAP_SIDE_SHARE), True)
        shuffled: RDDPart[Any] = locally.partitionBy(numPartitions, partitionFunc)
        return shuffled._pipe_partitions(MergeCombiners(aggregator, memory), True)

    def reduceByKey(
        self: RDDPart[tuple[K, V]],
        func: Callable[[V, V], V],
        numPartitions: int | None = None,
        partitionFunc: Callable[[K], int] = portable_hash,
    ) -> RDDPart[tuple[K, V]]:
        """Join the values of each key by a function that is associative and commutative.

        Parameters
        ----------
        func
            Called with two values of a key, or with what it made of some; gives one.
        numPartitions, partitionFunc
            As in `partitionBy`.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> from operator import add
        >>> sorted(sc.parallelize([("a", 1), ("b", 1), ("a", 1)]).reduceByKey(add).collect())
        [('a', 2), ('b', 1)]
        """
        aggregator = SimpleAggregator(known_function(func))
        return self._combine(aggregator, numPartitions, partitionFunc)  # type: ignore[no-any-return]

    def aggregateByKey(
        self: RDDPart[tuple[K, V]],
        zeroValue: U,
        seqFunc: Callable[[U, V], U],
        combFunc: Callable[[U, U], U],
        numPartitions: int | None = None,
        partitionFunc: Callable[[K], int] = portable_hash,
    ) -> RDDPart[tuple[K, U]]:
        """Take the values of each key into a zero value of its own.

        Parameters
        ----------
        zeroValue
            Copied deeply for each key and partition, so `seqFunc` may change it.
        seqFunc
            Takes one more value in.
        combFunc
            Joins what two partitions have for a key.
        numPartitions, partitionFunc
            As in `partitionBy`.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> pairs = sc.parallelize([("a", 1), ("a", 2), ("b", 3)], 2)
        >>> sets = pairs.aggregateByKey(set(), lambda s, n: s | {n}, set.union)
        >>> sorted(sets.collect())
        [('a', {1, 2}), ('b', {3})]
        """
        aggregator = Aggregator(
            CombinerOfFirstValue(zeroValue, seqFunc),
            known_function(seqFunc),
            known_function(combFunc),
        )
        return self._combine(aggregator, numPartitions, partitionFunc)  # type: ignore[no-any-return]

    def foldByKey(
        self: RDDPart[tuple[K, V]],
        zeroValue: V,
        func: Callable[[V, V], V],
        numPartitions: int | None = None,
        partitionFunc: Callable[[K], int] = portable_hash,
    ) -> RDDPart[tuple[K, V]]:
        """Join the values of each key and a neutral value.

        It comes in once for each partition that has the key.

        Parameters
        ----------
        zeroValue
            Copied deeply each time, so `func` may change and return its first argument.
        func
            Called with the result so far and a value, or with two results; gives one.
        numPartitions, partitionFunc
            As in `partitionBy`.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> from operator import add
        >>> sorted(sc.parallelize([("a", 1), ("b", 1), ("a", 1)]).foldByKey(0, add).collect())
        [('a', 2), ('b', 1)]
        """
        return self.aggregateByKey(zeroValue, func, func, numPartitions, partitionFunc)  # type: ignore[no-any-return]

    def groupByKey(
        self: RDDPart[tuple[K, V]],
        numPartitions: int | None = None,
        partitionFunc: Callable[[K], int] = portable_hash,
    ) -> RDDPart[tuple[K, Iterable[V]]]:
        """Gather the values of each key.

        To sum or average them, `reduceByKey` and `aggregateByKey` move far less data.

        Parameters
        ----------
        numPartitions, partitionFunc
            As in `partitionBy`.

        Returns
        -------
        Pairs of key and `ResultIterable`: it has a length, and can be gone through more than once.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> groups = sc.parallelize([("a", 1), ("b", 1), ("a", 2)]).groupByKey()
        >>> sorted(groups.mapValues(list).collect())
        [('a', [1, 2]), ('b', [1])]
        """
        memory = self._memory_limit()
        locally = self._pipe_partitions(GroupValues(memory * MAP_SIDE_SHARE), True)
        shuffled: RDDPart[Any] = locally.partitionBy(numPartitions, partitionFunc)
        grouped = shuffled._pipe_partitions(MergeGroups(memory), True)
        return grouped._pipe(MapValues(ResultIterable), True)

    # Actions ----------------------------------------------------------------------

    def collectAsMap(self: RDDPart[tuple[K, V]]) -> dict[K, V]:
        """Collect into a dict; of a key's values the last one stays.

        Examples
        --------
        >>> sc.parallelize([("a", 1), ("b", 2)]).collectAsMap()
        {'a': 1, 'b': 2}
        """
        return dict(self.collect())

    def countByKey(self: RDDPart[tuple[K, V]]) -> dict[K, int]:
        """Count the pairs of each key.

        Raises
        ------
        ValueError
            The RDD has no partitions.

        Examples
        --------
        >>> dict(sc.parallelize([("a", 1), ("b", 1), ("a", 5)]).countByKey())
        {'a': 2, 'b': 1}
        """
        return sum_of_counts(self._run(count_by_key))

    def reduceByKeyLocally(self: RDDPart[tuple[K, V]], func: Callable[[V, V], V]) -> dict[K, V]:
        """Join the values of each key into a dict in the driver.

        Parameters
        ----------
        func
            As in `reduceByKey`; called in the driver too.

        Raises
        ------
        ValueError
            The RDD has no partitions.

        Examples
        --------
        >>> sc.parallelize([("a", 1), ("b", 5), ("a", 3)]).reduceByKeyLocally(max)
        {'a': 3, 'b': 5}
        """
        func = known_function(func)
        dicts = self._run(partial(reduce_by_key_locally, func))
        if not dicts:
            raise ValueError("Can not reduce() empty RDD")
        merge = partial(merge_dicts, func)
        return reduce_in_driver(merge, dicts)

    def lookup(self: RDDPart[tuple[K, V]], key: K) -> list[V]:
        """Collect the values of a key; with a partitioner only the key's partition is computed.

        Parameters
        ----------
        key
            Compared with `==`. If only an executor can tell its partition, as of a str, that takes
            one more job.

        Examples
        --------
        >>> squares = sc.parallelize([(n, n * n) for n in range(100)])
        >>> squares.lookup(7), squares.partitionBy(4).lookup(100)
        ([49], [])
        """
        partitions = None
        if self.partitioner is not None:
            partitions = [self._partition_of(self.partitioner, key)]
        found = self._run(partial(values_of_key, key), partitions)
        return [value for values in found for value in values]

    def _partition_of(self, partitioner: Partitioner, key: Any) -> int:
        """The partition of a key, asked of an executor where the driver may hash it differently."""
        if partitioner.partitionFunc is portable_hash and type(key) in _FIXED_HASH:
            return hash(key) % partitioner.numPartitions if key is not None else 0
        one_key = self.ctx.parallelize([key], 1)
        [[partition]] = self.ctx._run_on_partitions(one_key, partial(partition_of_key, partitioner))
        return int(partition)


def sum_of_counts(counts: list[dict[K, int]]) -> dict[K, int]:
    """Counts of all partitions together; 0 for what was not counted."""
    if not counts:
        raise ValueError("Can not reduce() empty RDD")
    total: defaultdict[K, int] = defaultdict(int, counts[0])
    for partition in counts[1:]:
        for key, count in partition.items():
            total[key] += count
    return total
