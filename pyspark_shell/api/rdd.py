"""The RDD: all its parts in one class.

Thread  any of the user's; an RDD is immutable but for its name, its storage level and its
        checkpoint.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any, Generic

from pyspark_shell.api.actions import Actions
from pyspark_shell.api.approximate_actions import ApproximateActions
from pyspark_shell.api.debug_string import number_in_order
from pyspark_shell.api.double_rdd_functions import DoubleRDDFunctions
from pyspark_shell.api.grouping import Grouping
from pyspark_shell.api.local_iterator import LocalIterator
from pyspark_shell.api.ordered_rdd_functions import OrderedRDDFunctions
from pyspark_shell.api.output import Output
from pyspark_shell.api.pair_rdd_functions import PairRDDFunctions
from pyspark_shell.api.persistence import Persistence
from pyspark_shell.api.rdd_base import RDDBase, RDDContext, T, U
from pyspark_shell.api.repartitioning import Repartitioning
from pyspark_shell.api.sampling import Sampling
from pyspark_shell.api.transformations import Transformations
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.lineage.steps import MapPartitions, MapPartitionsWithIndex, Step
from pyspark_shell.lineage.transformed import MapPartitionsRDD


class RDD(
    Transformations[T],
    Repartitioning[T],
    Sampling[T],
    PairRDDFunctions[T],
    Grouping[T],
    OrderedRDDFunctions[T],
    Actions[T],
    ApproximateActions[T],
    LocalIterator[T],
    DoubleRDDFunctions[T],
    Output[T],
    Persistence[T],
):
    """A dataset in partitions, and how to compute it.

    Made by a `SparkContext` or from another RDD, never directly. Transformations describe new RDDs
    and compute nothing; actions run a job and bring a result to the driver.

    Examples
    --------
    >>> lengths = sc.parallelize(["a", "bcd"], 2).map(len)
    >>> lengths.sum()
    4
    """

    def __init__(self, node: LineageNode, context: RDDContext) -> None:
        super().__init__(node, context)
        number_in_order(node)

    def _derive(self, node: LineageNode) -> RDD[Any]:
        return RDD(node, self.ctx)

    def _pipe(self, step: Step, preservesPartitioning: bool = False) -> PipelinedRDD[Any]:
        return PipelinedRDD(self, step, preservesPartitioning)

    def _is_pipelinable(self) -> bool:
        """Whether a step after this RDD may become part of it."""
        return False

    def _is_barrier(self) -> bool:
        return self._node.is_barrier

    def barrier(self) -> RDDBarrier[T]:
        """Mark the next step: its tasks start all at once, and all start again if one fails.

        Examples
        --------
        >>> sc.parallelize([1, 2], 2).barrier().mapPartitions(lambda records: records).collect()
        [1, 2]
        """
        return RDDBarrier(self)


class PipelinedRDD(RDD[T]):
    """An RDD made by steps that run one after another in the same task.

    Parameters
    ----------
    prev
        What the step is added to. Its own steps and this one become one node, unless it is cached,
        checkpointed or has a resource profile.
    func
        A step, or a function of partition index and records.
    preservesPartitioning
        Whether keys stay in their partition.
    isFromBarrier
        Whether all tasks have to run at once.
    """

    def __init__(
        self,
        prev: RDD[Any],
        func: Step | Callable[[int, Iterable[Any]], Iterable[T]],
        preservesPartitioning: bool = False,
        isFromBarrier: bool = False,
    ) -> None:
        step = func if isinstance(func, Step) else MapPartitionsWithIndex(func)
        before = prev._node
        if prev._is_pipelinable() and isinstance(before, MapPartitionsRDD):
            preservesPartitioning = preservesPartitioning and before.preserves_partitioning
            isFromBarrier = isFromBarrier or before.is_barrier
            parent, steps = before.parents[0], (*before.steps, step)
        else:
            parent, steps = before, (step,)
        node = MapPartitionsRDD(
            parent, steps, preservesPartitioning, isFromBarrier, prev.ctx._call_site()
        )
        # Not RDD's: the id is taken only when somebody asks, so that a pipeline takes one.
        RDDBase.__init__(self, node, prev.ctx)
        self._prev = weakref.ref(prev)
        self.preservesPartitioning = preservesPartitioning

    @property
    def prev(self) -> RDD[Any] | None:
        """The RDD that this one was made from, None if nobody holds it any more."""
        return self._prev()

    def _is_pipelinable(self) -> bool:
        return not (
            self.is_cached
            or self.is_checkpointed
            or self.has_resource_profile
            or self._is_locally_checkpointed
        )

    def id(self) -> int:
        number_in_order(self._node)
        return super().id()


class RDDBarrier(Generic[T]):
    """An RDD whose next step has its tasks run all at once; made by `RDD.barrier`.

    A job with such a step fails where there are fewer slots than partitions.

    Examples
    --------
    >>> sc.parallelize([1, 2], 2).barrier().mapPartitions(lambda records: records).count()
    2
    """

    # Where PySpark has it; its repr says so.
    __module__ = "pyspark_shell.core.rdd"

    def __init__(self, rdd: RDD[T]) -> None:
        self.rdd = rdd

    def mapPartitions(
        self, f: Callable[[Iterable[T]], Iterable[U]], preservesPartitioning: bool = False
    ) -> RDD[U]:
        """Make an RDD as `RDD.mapPartitions` does, in a barrier stage.

        Parameters
        ----------
        f, preservesPartitioning
            As in `RDD.mapPartitions`.

        Examples
        --------
        >>> from pyspark_shell import BarrierTaskContext
        >>> def meet(records):
        ...     BarrierTaskContext.get().barrier()
        ...     yield sum(records)
        >>> sc.parallelize(range(4), 2).barrier().mapPartitions(meet).collect()
        [1, 5]
        """
        return PipelinedRDD(self.rdd, MapPartitions(f), preservesPartitioning, True)

    def mapPartitionsWithIndex(
        self, f: Callable[[int, Iterable[T]], Iterable[U]], preservesPartitioning: bool = False
    ) -> RDD[U]:
        """Make an RDD as `RDD.mapPartitionsWithIndex` does, in a barrier stage.

        Parameters
        ----------
        f, preservesPartitioning
            As in `RDD.mapPartitionsWithIndex`.

        Examples
        --------
        >>> barrier = sc.parallelize([5, 6], 2).barrier()
        >>> barrier.mapPartitionsWithIndex(lambda i, records: [(i, *records)]).collect()
        [(0, 5), (1, 6)]
        """
        return PipelinedRDD(self.rdd, f, preservesPartitioning, True)
