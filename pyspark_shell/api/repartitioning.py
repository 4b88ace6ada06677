"""The part of RDD that changes how many partitions there are, not what is in them."""

from __future__ import annotations

from operator import itemgetter

from pyspark_shell.api.rdd_base import RDDPart, T
from pyspark_shell.lineage.partitioner import Partitioner, assert_positive
from pyspark_shell.lineage.shuffle_functions import DealBatches
from pyspark_shell.lineage.shuffled import ShuffledRDD
from pyspark_shell.lineage.steps import FlatMap, MapPartitionsWithIndex
from pyspark_shell.lineage.transformed import CoalescedRDD

# PySpark deals out batches of so many records where the context has no smaller batch size.
_BATCH = 10


class Repartitioning(RDDPart[T]):
    """Fewer or more partitions."""

    def coalesce(self, numPartitions: int, shuffle: bool = False) -> RDDPart[T]:
        """Make an RDD with fewer partitions.

        Parameters
        ----------
        numPartitions
            At most so many where there is no shuffle; exactly so many with one.
        shuffle
            Whether to deal the records out anew, in batches of up to 10, instead of joining
            neighbours. Then what comes before runs with its own number of tasks.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> sc.parallelize(range(6), 5).coalesce(2).glom().collect()
        [[0, 1], [2, 3, 4, 5]]
        >>> sc.parallelize(range(6), 5).coalesce(9).getNumPartitions()
        5
        """
        assert_positive(numPartitions)
        call_site = self.ctx._call_site()
        if not shuffle:
            groups = neighbours(self.getNumPartitions(), numPartitions)
            return self._derive(CoalescedRDD(self._node, groups, call_site))
        batch = min(_BATCH, self.ctx._batchSize or _BATCH)
        dealt = self._pipe(MapPartitionsWithIndex(DealBatches(numPartitions, batch)))
        shuffled = ShuffledRDD(dealt._node, Partitioner(numPartitions, int), call_site)
        return dealt._derive(shuffled)._pipe(FlatMap(itemgetter(1)))

    def repartition(self, numPartitions: int) -> RDDPart[T]:
        """Make an RDD with exactly so many partitions of about equal size, by a shuffle.

        Which records come together depends on nothing but the RDD: the same one is dealt out alike
        each time.

        Parameters
        ----------
        numPartitions
            May be more than before, or fewer; `coalesce` makes fewer without a shuffle.

        Raises
        ------
        ValueError
            `numPartitions` is not positive.

        Examples
        --------
        >>> sorted(sc.parallelize(range(40), 4).repartition(2).collect()) == list(range(40))
        True
        """
        return self.coalesce(numPartitions, shuffle=True)


def neighbours(partitions: int, wanted: int) -> list[range]:
    """Group partitions with their neighbours into at most `wanted` groups.

    Source  Spark's DefaultPartitionCoalescer for partitions that no machine prefers.

    Examples
    --------
    >>> neighbours(5, 2)
    [range(0, 2), range(2, 5)]
    """
    groups = min(partitions, wanted)
    return [range(i * partitions // groups, (i + 1) * partitions // groups) for i in range(groups)]
