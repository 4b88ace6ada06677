"""The part of SparkContext that makes RDDs of the driver's own data, and of other RDDs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pyspark_shell.api.kill_helpers import KillHelpers
from pyspark_shell.api.rdd import RDD, PipelinedRDD
from pyspark_shell.api.rdd_jobs import RDDJobs
from pyspark_shell.api.slices import slice_collection
from pyspark_shell.lineage.checkpoint_rdd import ReliableCheckpointRDD, saved_partitions
from pyspark_shell.lineage.sources import EmptyRDD, ParallelCollectionRDD
from pyspark_shell.lineage.steps import MapPartitions
from pyspark_shell.lineage.transformed import (
    PartitionerAwareUnionRDD,
    UnionRDD,
)


class RDDSources(RDDJobs, KillHelpers):
    """parallelize, range, emptyRDD, union."""

    _batchSize: int
    _executor_memory_bytes: int
    _open_iterators: set[object]
    _default_parallelism: int

    @property
    def defaultParallelism(self) -> int:
        """Partitions where nothing else decides: `spark.default.parallelism`, else the slots.

        Examples
        --------
        >>> sc.parallelize([1]).getNumPartitions() == sc.defaultParallelism
        True
        """
        self._assert_running()
        return self._default_parallelism

    @property
    def defaultMinPartitions(self) -> int:
        """Least partitions of input files: 2, or fewer if there are fewer slots.

        Examples
        --------
        >>> sc.defaultMinPartitions in (1, 2)
        True
        """
        return min(self.defaultParallelism, 2)

    def emptyRDD(self) -> RDD[Any]:
        """An RDD of no partitions.

        Examples
        --------
        >>> sc.emptyRDD().getNumPartitions(), sc.emptyRDD().collect()
        (0, [])
        """
        return RDD(EmptyRDD(self._engine.registry, call_site=self._call_site()), self)

    def range(
        self, start: int, end: int | None = None, step: int = 1, numSlices: int | None = None
    ) -> RDD[int]:
        """The numbers of Python's `range`; with one argument it is the end.

        Parameters
        ----------
        start
            The first number; if `end` is not given, the end, and 0 is the first.
        end
            The first number that is left out.
        step
            From one number to the next; may be negative.
        numSlices
            Partitions; `defaultParallelism` if not given.

        Examples
        --------
        >>> sc.range(5).collect()
        [0, 1, 2, 3, 4]
        >>> sc.range(1, 7, 2, numSlices=2).glom().collect()
        [[1], [3, 5]]
        """
        numbers = range(start) if end is None else range(start, end, step)
        return self.parallelize(numbers, numSlices)

    def parallelize(self, c: Iterable[Any], numSlices: int | None = None) -> RDD[Any]:
        """Make an RDD of the driver's own data, cut into `numSlices` partitions.

        Iterators are read at once, and the records are pickled at once. A `range` is not: it
        travels as its bounds.

        Parameters
        ----------
        c
            The records.
        numSlices
            Partitions; `defaultParallelism` if not given.

        Raises
        ------
        IllegalArgumentException, ZeroDivisionError
            `numSlices` is negative, or 0.

        Examples
        --------
        >>> sc.parallelize([0, 2, 3, 4, 6], 5).glom().collect()
        [[0], [2], [3], [4], [6]]
        >>> sc.parallelize(range(0, 6, 2), 5).glom().collect()
        [[], [0], [], [2], [4]]
        """
        engine = self._engine
        count = self.defaultParallelism if numSlices is None else int(numSlices)
        slices = slice_collection(c, count, self._batchSize)
        directory = engine.local_dirs.path("parallelize")
        node = ParallelCollectionRDD(engine.registry, slices, directory, self._call_site())
        rdd: RDD[Any] = RDD(node, self)
        if isinstance(c, range) and len(c):
            # PySpark makes two RDDs here; ids and debug strings stay in step with its own.
            return PipelinedRDD(rdd, MapPartitions(iter))
        return rdd

    def _checkpointFile(self, name: str, input_deserializer: object = None) -> RDD[Any]:
        """The records that an earlier checkpoint holds; `name` is what `getCheckpointFile` gave."""
        directory = name.removeprefix("file:")
        node = ReliableCheckpointRDD(
            self._engine.registry, directory, saved_partitions(directory), self._call_site()
        )
        return RDD(node, self)

    def union(self, rdds: Sequence[RDD[Any]]) -> RDD[Any]:
        """The records of all `rdds`, which may not be empty: all partitions one after another.

        RDDs with one and the same partitioner keep it, and their number of partitions.

        Parameters
        ----------
        rdds
            In the order in which their records shall come.

        Raises
        ------
        IndexError
            There are none.

        Examples
        --------
        >>> sc.union([sc.parallelize([3, 1], 2), sc.parallelize([2], 1)]).glom().collect()
        [[3], [1], [2]]
        """
        nodes = [rdd._node for rdd in rdds]
        first = nodes[0].partitioner
        together = first is not None and all(node.partitioner == first for node in nodes)
        kind = PartitionerAwareUnionRDD if together else UnionRDD
        return RDD(kind(nodes, self._call_site()), self)
