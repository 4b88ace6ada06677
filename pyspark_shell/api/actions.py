"""The part of RDD that runs jobs and brings their results to the driver.

An action is one function over the records of a partition, and what is made of its results.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from math import ceil, pow
from typing import Any, TypeVar

from pyspark_shell.api.pair_rdd_functions import sum_of_counts
from pyspark_shell.api.rdd_base import RDDPart, T, U
from pyspark_shell.lineage import partition_functions as tasks
from pyspark_shell.lineage.known_functions import known_function, known_key
from pyspark_shell.lineage.partition_functions import ZeroValue
from pyspark_shell.lineage.steps import Map, MapPartitionsWithIndex

K = TypeVar("K")

_EMPTY_REDUCE = "Can not reduce() empty RDD"
_GROUP_PROPERTIES = (
    "spark.jobGroup.id",
    "spark.job.description",
    "spark.job.interruptOnCancel",
)


class Actions(RDDPart[T]):
    """Results in the driver."""

    # Records ----------------------------------------------------------------------

    def collect(self) -> list[T]:
        """Bring all records to the driver, in order.

        Examples
        --------
        >>> sc.parallelize(range(3), 2).collect()
        [0, 1, 2]
        """
        return _joined(self._run(list))

    def collectWithJobGroup(
        self, groupId: str, description: str, interruptOnCancel: bool = False
    ) -> list[T]:
        """Collect in a job group of its own; deprecated, use `setJobGroup` in a thread.

        Parameters
        ----------
        groupId, description, interruptOnCancel
            As in `SparkContext.setJobGroup`; afterwards this thread has again what it had before.

        Examples
        --------
        >>> import warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     sc.parallelize([1, 2]).collectWithJobGroup("mine", "an example")
        [1, 2]
        """
        warnings.warn(
            "Deprecated in 3.1, Use pyspark.InheritableThread with the pinned thread mode enabled.",
            FutureWarning,
            stacklevel=2,
        )
        before = {key: self.ctx.getLocalProperty(key) for key in _GROUP_PROPERTIES}
        self.ctx.setJobGroup(groupId, description, interruptOnCancel)
        try:
            records: list[T] = self.collect()
            return records
        finally:
            for key, value in before.items():
                self.ctx.setLocalProperty(key, value)

    def take(self, num: int) -> list[T]:
        """Bring the first `num` records to the driver.

        Looks into one partition first, and into more only where that had too few: four times as
        many if nothing was found, else as many as seem to be needed and half as many again.

        Parameters
        ----------
        num
            At most so many; none, without a job, if it is not positive.

        Examples
        --------
        >>> sc.parallelize(range(100), 10).take(3)
        [0, 1, 2]
        """
        records: list[T] = []
        partitions = self.getNumPartitions()
        scanned = 0
        while len(records) < num and scanned < partitions:
            count = _partitions_to_try(num, len(records), scanned)
            wanted = partial(tasks.take_up_to, num - len(records))
            some = range(scanned, min(scanned + count, partitions))
            records.extend(chain.from_iterable(self._run(wanted, some)))
            scanned += count
        return records[: max(num, 0)]

    def first(self) -> T:
        """Bring the first record to the driver.

        Raises
        ------
        ValueError
            There is none.

        Examples
        --------
        >>> sc.parallelize([2, 3, 4]).first()
        2
        """
        records = self.take(1)
        if records:
            return records[0]
        raise ValueError("RDD is empty")

    def isEmpty(self) -> bool:
        """Tell whether there is no record at all; partitions may be there.

        Examples
        --------
        >>> sc.parallelize([]).isEmpty(), sc.parallelize([None]).isEmpty()
        (True, False)
        """
        return self.getNumPartitions() == 0 or not self.take(1)

    def top(self, num: int, key: Callable[[T], Any] | None = None) -> list[T]:
        """Bring the `num` largest records to the driver, largest first.

        Parameters
        ----------
        num
            At most so many.
        key
            Called with a record, gives what to compare; None: the records themselves.

        Raises
        ------
        ValueError
            The RDD has no partitions.

        Examples
        --------
        >>> sc.parallelize([10, 4, 2, 12, 3]).top(2)
        [12, 10]
        """
        key = known_key(key)
        largest = self._run(partial(tasks.largest, num, key))
        if not largest:
            raise ValueError(_EMPTY_REDUCE)
        return tasks.largest(num, key, chain.from_iterable(largest))

    def takeOrdered(self, num: int, key: Callable[[T], Any] | None = None) -> list[T]:
        """Bring the `num` smallest records to the driver, smallest first.

        Parameters
        ----------
        num
            At most so many.
        key
            As in `top`.

        Raises
        ------
        ValueError
            `num` is negative.

        Examples
        --------
        >>> sc.parallelize([10, 4, 2, 12, 3]).takeOrdered(2)
        [2, 3]
        """
        if num < 0:
            raise ValueError("top N cannot be negative.")
        if num == 0 or self.getNumPartitions() == 0:
            return []
        key = known_key(key)
        smallest = self._run(partial(tasks.smallest, num, key))
        return tasks.smallest(num, key, chain.from_iterable(smallest))

    # Counting ---------------------------------------------------------------------

    def count(self) -> int:
        """Count the records.

        Examples
        --------
        >>> sc.parallelize("abc").count()
        3
        """
        return sum(self._run(tasks.count_records))

    def countByValue(self: RDDPart[K]) -> dict[K, int]:
        """Count how often each record occurs.

        Raises
        ------
        ValueError
            The RDD has no partitions.

        Examples
        --------
        >>> sorted(sc.parallelize([1, 2, 1, 2, 2], 2).countByValue().items())
        [(1, 2), (2, 3)]
        """
        return sum_of_counts(self._run(tasks.count_by_value))

    # For effects --------------------------------------------------------------------

    def foreach(self, f: Callable[[T], None]) -> None:
        """Call `f` with each record, in the executors, for what it does there.

        Parameters
        ----------
        f
            What it gives is dropped; what it changes stays in the executor, but for accumulators.

        Examples
        --------
        >>> seen = sc.accumulator(0)
        >>> sc.parallelize([1, 2, 3]).foreach(seen.add)
        >>> seen.value
        6
        """
        self._pipe(Map(f))._run(tasks.exhaust)

    def foreachPartition(self, f: Callable[[Iterable[T]], None]) -> None:
        """Call `f` with an iterator over the records of each partition.

        Parameters
        ----------
        f
            May give an iterable, which is then walked through.

        Examples
        --------
        >>> seen = sc.accumulator(0)
        >>> sc.parallelize([1, 2, 3], 2).foreachPartition(lambda records: seen.add(sum(records)))
        >>> seen.value
        6
        """
        self._run(partial(tasks.call_with_iterator, f))

    # Folding ------------------------------------------------------------------------

    def reduce(self, f: Callable[[T, T], T]) -> T:
        """Join all records by a function that is associative and commutative.

        Parameters
        ----------
        f
            Called with two records, or with what it made of some, the earlier one first; gives one.

        Raises
        ------
        ValueError
            There is no record.

        Examples
        --------
        >>> from operator import mul
        >>> sc.parallelize([2, 3, 7]).reduce(mul)
        42
        """
        f = known_function(f)
        reduced: list[T] = _joined(self._run(partial(tasks.reduce_records, f)))
        if not reduced:
            raise ValueError(_EMPTY_REDUCE)
        return tasks.reduce_in_driver(f, reduced)

    def treeReduce(self, f: Callable[[T, T], T], depth: int = 2) -> T:
        """Join all records as `reduce` does, in levels of tasks, so that the driver has less to do.

        Parameters
        ----------
        f
            As in `reduce`, but partitions are not joined in their order.
        depth
            As in `treeAggregate`.

        Raises
        ------
        ValueError
            There is no record, or `depth` is less than 1.

        Examples
        --------
        >>> from operator import add
        >>> sc.parallelize(range(10), 10).treeReduce(add, 3)
        45
        """
        _check_depth(depth)
        f = known_function(f)
        join = partial(tasks.join_optional, f)
        optional = self._pipe_partitions(partial(tasks.reduce_to_optional, f))
        reduced: tuple[T, ...] = optional.treeAggregate((), join, join, depth)
        if not reduced:
            raise ValueError("Cannot reduce empty RDD.")
        return reduced[0]

    def fold(self, zeroValue: T, op: Callable[[T, T], T]) -> T:
        """Join all records and a neutral value.

        Parameters
        ----------
        zeroValue
            Comes in once for each partition and once more in the driver; each time a copy, so `op`
            may change and return its first argument.
        op
            Called with the result so far and a record, or with the results of two partitions in
            their order; gives one.

        Examples
        --------
        >>> from operator import add
        >>> sc.parallelize([1, 2, 3, 4, 5], 2).fold(0, add)
        15
        """
        return self.aggregate(zeroValue, op, op)

    def aggregate(self, zeroValue: U, seqOp: Callable[[U, T], U], combOp: Callable[[U, U], U]) -> U:
        """Take the records of each partition into a neutral value, then join these.

        Parameters
        ----------
        zeroValue
            As in `fold`.
        seqOp
            Takes one more record in.
        combOp
            Joins the results of two partitions.

        Examples
        --------
        >>> sc.parallelize([1, 2, 3, 4]).aggregate(
        ...     (0, 0),
        ...     lambda total, n: (total[0] + n, total[1] + 1),
        ...     lambda left, right: (left[0] + right[0], left[1] + right[1]),
        ... )
        (10, 4)
        """
        seqOp, combOp = known_function(seqOp), known_function(combOp)
        zero = ZeroValue(zeroValue)
        folded = self._run(partial(tasks.fold_records, seqOp, zero))
        return tasks.reduce_in_driver(combOp, [zero.fresh(), *folded])

    def treeAggregate(
        self,
        zeroValue: U,
        seqOp: Callable[[U, T], U],
        combOp: Callable[[U, U], U],
        depth: int = 2,
    ) -> U:
        """Aggregate as `aggregate` does, in `depth` levels of tasks.

        Parameters
        ----------
        zeroValue
            Comes in once for each partition, each time a copy; it is the result where there are no
            partitions.
        seqOp
            As in `aggregate`.
        combOp
            As in `aggregate`, but partitions are not joined in their order.
        depth
            How many levels are wished for; each but the last is a shuffle to fewer partitions.

        Raises
        ------
        ValueError
            `depth` is less than 1.

        Examples
        --------
        >>> from operator import add
        >>> sc.parallelize([-5, -4, 6, 7], 4).treeAggregate(0, add, add, 2)
        4
        """
        _check_depth(depth)
        if self.getNumPartitions() == 0:
            return zeroValue
        fold = partial(tasks.fold_to_one_record, known_function(seqOp), ZeroValue(zeroValue))
        level = self._pipe_partitions(fold)
        partitions: float = level.getNumPartitions()
        scale = max(ceil(pow(partitions, 1.0 / depth)), 2)
        # A level more pays only while it leaves fewer results than it costs tasks.
        while partitions > scale + partitions / scale:
            partitions /= scale
            fewer = int(partitions)
            keyed = level._pipe(MapPartitionsWithIndex(partial(tasks.key_by_partition, fewer)))
            level = keyed.reduceByKey(combOp, fewer).values()
        return level.reduce(combOp)  # type: ignore[no-any-return]

    def max(self, key: Callable[[T], Any] | None = None) -> T:
        """Find the largest record.

        Parameters
        ----------
        key
            Called with a record, gives what to compare; None: the records themselves.

        Raises
        ------
        ValueError
            There is no record.

        Examples
        --------
        >>> sc.parallelize([1.0, 5.0, 43.0, 10.0]).max(), sc.parallelize([3, -8]).max(key=abs)
        (43.0, -8)
        """
        return self._extreme(max, key)

    def min(self, key: Callable[[T], Any] | None = None) -> T:
        """Find the smallest record.

        Parameters
        ----------
        key
            As in `max`.

        Raises
        ------
        ValueError
            There is no record.

        Examples
        --------
        >>> sc.parallelize([2.0, 5.0, 43.0]).min(), sc.parallelize([3, -8]).min(key=abs)
        (2.0, 3)
        """
        return self._extreme(min, key)

    def _extreme(self, choose: Callable[..., T], key: Callable[[T], Any] | None) -> T:
        key = known_key(key)
        found = _joined(self._run(partial(tasks.extreme_record, choose, key)))
        if not found:
            raise ValueError(_EMPTY_REDUCE)
        return choose(found, key=key)


def _partitions_to_try(num: int, found: int, scanned: int) -> int:
    if scanned == 0:
        return 1
    if found == 0:
        return scanned * 4
    return min(max(int(1.5 * num * scanned / found) - scanned, 1), scanned * 4)


def _joined(parts: list[Any]) -> list[Any]:
    if len(parts) == 1:
        return parts[0] if type(parts[0]) is list else list(parts[0])
    return list(chain.from_iterable(parts))


def _check_depth(depth: int) -> None:
    if depth < 1:
        raise ValueError(f"Depth cannot be smaller than 1 but got {depth}.")
