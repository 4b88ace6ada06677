"""The part of RDD that describes new RDDs record by record or partition by partition.

Nothing here runs a job but `zipWithIndex` with more than one partition.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from pyspark_shell.api.joins import cogroup_lists
from pyspark_shell.api.rdd_base import RDDPart, T, U
from pyspark_shell.common.portable_hash import portable_hash
from pyspark_shell.lineage import join_functions
from pyspark_shell.lineage.known_functions import known_function, known_pairing
from pyspark_shell.lineage.partition_functions import (
    as_list,
    count_records,
    number_from,
    number_uniquely,
)
from pyspark_shell.lineage.pipe_command import PipeCommand
from pyspark_shell.lineage.shuffle_functions import DistinctKeys, DistinctLocally, with_none
from pyspark_shell.lineage.steps import (
    Filter,
    FlatMap,
    KeyBy,
    Map,
    MapPartitions,
    MapPartitionsWithIndex,
)
from pyspark_shell.lineage.transformed import CartesianRDD, ZippedPartitionsRDD
from pyspark_shell.lineage.unions import union_of

K = TypeVar("K")


class Transformations(RDDPart[T]):
    """Lazy transformations of records and whole partitions."""

    def map(self, f: Callable[[T], U], preservesPartitioning: bool = False) -> RDDPart[U]:
        """Make an RDD of `f(record)` for each record.

        Parameters
        ----------
        f
            Called in the executors, once for each record.
        preservesPartitioning
            Say that keys stay as they are, so that the partitioner can be kept.

        Examples
        --------
        >>> sc.parallelize(["spark", "shell"]).map(len).collect()
        [5, 5]
        """
        step = known_pairing(f) or Map(known_function(f))
        return self._pipe(step, preservesPartitioning)

    def flatMap(
        self, f: Callable[[T], Iterable[U]], preservesPartitioning: bool = False
    ) -> RDDPart[U]:
        """Make an RDD of all items of `f(record)` for each record.

        Parameters
        ----------
        f
            Gives an iterable, which is taken lazily.
        preservesPartitioning
            As in `map`.

        Examples
        --------
        >>> sc.parallelize(["to be", "or not"]).flatMap(str.split).collect()
        ['to', 'be', 'or', 'not']
        """
        return self._pipe(FlatMap(known_function(f)), preservesPartitioning)

    def mapPartitions(
        self, f: Callable[[Iterable[T]], Iterable[U]], preservesPartitioning: bool = False
    ) -> RDDPart[U]:
        """Make an RDD of what `f` gives for the records of each partition.

        Parameters
        ----------
        f
            Takes an iterator, gives an iterable. A generator is taken lazily, and stopped early
            where an action such as `take` needs no more.
        preservesPartitioning
            As in `map`.

        Examples
        --------
        >>> sc.parallelize(range(5), 2).mapPartitions(lambda numbers: [sum(numbers)]).collect()
        [1, 9]
        """
        return self._pipe(MapPartitions(f), preservesPartitioning)

    def mapPartitionsWithIndex(
        self, f: Callable[[int, Iterable[T]], Iterable[U]], preservesPartitioning: bool = False
    ) -> RDDPart[U]:
        """Make an RDD of what `f` gives for the index and the records of each partition.

        Parameters
        ----------
        f
            Takes the partition's index, from 0, and an iterator; gives an iterable, which is taken
            as in `mapPartitions`.
        preservesPartitioning
            As in `map`.

        Examples
        --------
        >>> numbers = sc.parallelize(range(5), 2)
        >>> numbers.mapPartitionsWithIndex(lambda i, records: [(i, list(records))]).collect()
        [(0, [0, 1]), (1, [2, 3, 4])]
        """
        return self._pipe(MapPartitionsWithIndex(f), preservesPartitioning)

    def mapPartitionsWithSplit(
        self, f: Callable[[int, Iterable[T]], Iterable[U]], preservesPartitioning: bool = False
    ) -> RDDPart[U]:
        """Old name of `mapPartitionsWithIndex`; warns.

        Parameters
        ----------
        f, preservesPartitioning
            As in `mapPartitionsWithIndex`.

        Examples
        --------
        >>> import warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     sc.parallelize(range(3), 3).mapPartitionsWithSplit(lambda i, _: [i]).collect()
        [0, 1, 2]
        """
        warnings.warn(
            "mapPartitionsWithSplit is deprecated; use mapPartitionsWithIndex instead",
            FutureWarning,
            stacklevel=2,
        )
        return self.mapPartitionsWithIndex(f, preservesPartitioning)

    def filter(self, f: Callable[[T], bool]) -> RDDPart[T]:
        """Make an RDD of the records for which `f` is true. Keeps the partitioner.

        Parameters
        ----------
        f
            Called in the executors, once for each record; gives anything that has a truth value.

        Examples
        --------
        >>> sc.parallelize(range(8)).filter(lambda n: n % 3 == 0).collect()
        [0, 3, 6]
        """
        return self._pipe(Filter(known_function(f)), True)

    def distinct(self, numPartitions: int | None = None) -> RDDPart[T]:
        """Make an RDD that has each record once.

        Parameters
        ----------
        numPartitions
            Of the result; by default as many as before, or `spark.default.parallelism`.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> sorted(sc.parallelize([3, 1, 3, 3]).distinct().collect())
        [1, 3]
        """
        memory = self._memory_limit()
        locally = self._pipe_partitions(DistinctLocally(memory))
        return locally.partitionBy(numPartitions)._pipe_partitions(DistinctKeys(memory))  # type: ignore[no-any-return]

    def glom(self) -> RDDPart[list[T]]:
        """Make an RDD that has one record for each partition, the list of its records.

        Examples
        --------
        >>> sc.parallelize([1, 2, 3, 4], 2).glom().collect()
        [[1, 2], [3, 4]]
        """
        return self._pipe_partitions(as_list)

    def keyBy(self, f: Callable[[T], K]) -> RDDPart[tuple[K, T]]:
        """Make an RDD of pairs `(f(record), record)`.

        Parameters
        ----------
        f
            Called once for each record; gives its key.

        Examples
        --------
        >>> sc.parallelize(["a", "bcd"]).keyBy(len).collect()
        [(1, 'a'), (3, 'bcd')]
        """
        return self._pipe(KeyBy(known_function(f)))

    def groupBy(
        self,
        f: Callable[[T], K],
        numPartitions: int | None = None,
        partitionFunc: Callable[[K], int] = portable_hash,
    ) -> RDDPart[tuple[K, Iterable[T]]]:
        """Make an RDD of pairs of a key `f(record)` and all records that have it.

        Parameters
        ----------
        f
            Gives the key of a record, which must be hashable.
        numPartitions, partitionFunc
            As in `partitionBy`.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> groups = sc.parallelize(range(6)).groupBy(lambda n: n % 2).collect()
        >>> sorted((key, sorted(numbers)) for key, numbers in groups)
        [(0, [0, 2, 4]), (1, [1, 3, 5])]
        """
        return self.keyBy(f).groupByKey(numPartitions, partitionFunc)  # type: ignore[no-any-return]

    def pipe(
        self, command: str, env: dict[str, str] | None = None, checkCode: bool = False
    ) -> RDDPart[str]:
        """Make an RDD of the lines that a program prints when it gets the records as lines.

        Parameters
        ----------
        command
            Split as a shell would, but run without one, once for each partition.
        env
            The program's whole environment; empty by default.
        checkCode
            Whether an exit code other than 0 fails the task, with PIPE_FUNCTION_EXITED.

        Notes
        -----
        The program is killed when its task is. An error in computing the records fails the task.

        Examples
        --------
        >>> sc.parallelize(["b", "a", "d"], 1).pipe("sort").collect()
        ['a', 'b', 'd']
        """
        return self._pipe_partitions(PipeCommand(command, env or {}, checkCode))

    # Two RDDs ---------------------------------------------------------------------

    def union(self, other: RDDPart[U]) -> RDDPart[T | U]:
        """Make an RDD of the records of this and then of the other.

        Its partitions are those of both, except where both have the same partitioner: then
        partition i holds what partitions i of both have, and the partitioner is kept.

        Parameters
        ----------
        other
            Its records may be of another type.

        Examples
        --------
        >>> sc.parallelize([1, 2]).union(sc.parallelize(["x"])).collect()
        [1, 2, 'x']
        """
        return self._derive(union_of([self._node, other._node], self.ctx._call_site()))

    def __add__(self, other: RDDPart[U]) -> RDDPart[T | U]:
        """`union` as an operator.

        Examples
        --------
        >>> (sc.parallelize([1]) + sc.parallelize([2])).collect()
        [1, 2]
        """
        if not isinstance(other, RDDPart):
            raise TypeError(f"an RDD can only be added to an RDD, got {type(other).__name__}")
        return self.union(other)

    def intersection(self, other: RDDPart[T]) -> RDDPart[T]:
        """Make an RDD of the records that both have, each once.

        Parameters
        ----------
        other
            Its records, as those of this, must be hashable. The result has as many partitions as
            both together, or `spark.default.parallelism`.

        Examples
        --------
        >>> sorted(sc.parallelize([1, 2, 2, 3]).intersection(sc.parallelize([2, 3, 4])).collect())
        [2, 3]
        """
        both = [rdd._pipe_partitions(with_none) for rdd in (self, other)]
        return cogroup_lists(both)._pipe_partitions(join_functions.keys_in_all)

    def subtract(self, other: RDDPart[T], numPartitions: int | None = None) -> RDDPart[T]:
        """Make an RDD of the records that the other does not have, as often as they occur.

        Parameters
        ----------
        other
            What shall not come; the records of both must be hashable.
        numPartitions
            Of the result; by default as many as both have together, or `spark.default.parallelism`.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> sorted(sc.parallelize([1, 1, 2, 3]).subtract(sc.parallelize([3])).collect())
        [1, 1, 2]
        """
        both = [rdd._pipe_partitions(with_none) for rdd in (self, other)]
        return cogroup_lists(both, numPartitions)._pipe_partitions(join_functions.subtract_keys)

    def cartesian(self, other: RDDPart[U]) -> RDDPart[tuple[T, U]]:
        """Make an RDD of all pairs of a record of this and a record of the other.

        It has as many partitions as both counts multiplied.

        Parameters
        ----------
        other
            Gone through anew for each record of this; cache it if it is dear to compute.

        Examples
        --------
        >>> sc.parallelize([1, 2], 1).cartesian(sc.parallelize("ab", 1)).collect()
        [(1, 'a'), (1, 'b'), (2, 'a'), (2, 'b')]
        """
        return self._derive(CartesianRDD(self._node, other._node, self.ctx._call_site()))

    def zip(self, other: RDDPart[U]) -> RDDPart[tuple[T, U]]:
        """Make an RDD of pairs of the n-th records of both.

        Parameters
        ----------
        other
            Has as many partitions, and each of them as many records, as this.

        Raises
        ------
        ValueError
            The numbers of partitions differ.
        PythonException
            From the job: the numbers of records in a partition differ.

        Examples
        --------
        >>> sc.parallelize(range(3), 2).zip(sc.parallelize("abc", 2)).collect()
        [(0, 'a'), (1, 'b'), (2, 'c')]
        """
        if self.getNumPartitions() != other.getNumPartitions():
            raise ValueError("Can only zip with RDD which has the same number of partitions")
        return self._derive(ZippedPartitionsRDD(self._node, other._node, self.ctx._call_site()))

    # Numbering --------------------------------------------------------------------

    def zipWithIndex(self) -> RDDPart[tuple[T, int]]:
        """Make an RDD of pairs of a record and its position.

        With more than one partition this runs a job that counts the records of each.

        Examples
        --------
        >>> sc.parallelize("abc", 2).zipWithIndex().collect()
        [('a', 0), ('b', 1), ('c', 2)]
        """
        starts = [0]
        partitions = self.getNumPartitions()
        if partitions > 1:
            for count in self._run(count_records, range(partitions - 1)):
                starts.append(starts[-1] + count)
        return self.mapPartitionsWithIndex(partial(number_from, starts))

    def zipWithUniqueId(self) -> RDDPart[tuple[T, int]]:
        """Make an RDD of pairs of a record and a number that no other record has; runs no job.

        Partition k of n numbers its records k, n + k, 2 n + k and so on.

        Examples
        --------
        >>> sc.parallelize("abcd", 2).zipWithUniqueId().collect()
        [('a', 0), ('b', 2), ('c', 1), ('d', 3)]
        """
        numbering = partial(number_uniquely, self.getNumPartitions())
        return self.mapPartitionsWithIndex(numbering)
