"""What every part of RDD stands on: the node it is a handle of, and what it may ask of its context.

Thread  any of the user's.

The parts beside this file (transformations, actions, ...) make RDDs and take them, but stand below
the class that joins them. They write `RDDPart[T]` for it; `rdd.pyi` says the same with `RDD[T]` to
users' type checkers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, Protocol, TypeVar

from pyspark_shell.common.config import PYTHON_WORKER_MEMORY
from pyspark_shell.common.errors import PySparkRuntimeError
from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.lineage.handle import NodeHandle
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.lineage.partitioner import Partitioner
from pyspark_shell.lineage.resource_profile import ResourceProfile
from pyspark_shell.lineage.steps import MapPartitions, Step

T = TypeVar("T")
U = TypeVar("U")
U_co = TypeVar("U_co", covariant=True)


# Of an executor's memory: beside what a task groups or sorts there are Python itself, the records
# that come in and go out, and the batches that are being pickled.
_TASK_SHARE: Final = 0.8


class JobWaiter(Protocol[U_co]):
    """A job that was submitted and may still run."""

    @property
    def done(self) -> bool:
        """Whether the job has ended, however it did."""

    def result(self, timeout_s: float | None = None) -> Sequence[U_co]:
        """One value for each partition; raises the job's error, or TimeoutError in time."""

    def partial(self) -> Mapping[int, U_co]:
        """Values of the tasks that have ended, by position in the job."""

    def cancel(self, reason: str) -> None:
        """Ask for the end of the job; returns at once."""


class RDDStorageInfo(Protocol):
    """How much of an RDD is cached."""

    @property
    def cached_partitions(self) -> int: ...

    @property
    def memory_size_bytes(self) -> int: ...

    @property
    def disk_size_bytes(self) -> int: ...


class RDDContext(Protocol):
    """What RDDs ask of their SparkContext."""

    _conf: SparkConf
    _open_iterators: set[object]
    _batchSize: int
    _executor_memory_bytes: int

    @property
    def defaultParallelism(self) -> int: ...

    def parallelize(self, c: Iterable[Any], numSlices: int | None = None) -> Any: ...

    def runJob(
        self,
        rdd: Any,
        partitionFunc: Callable[[Iterable[Any]], Iterable[Any]],
        partitions: Sequence[int] | None = None,
        allowLocal: bool = False,
    ) -> list[Any]: ...

    def setJobGroup(
        self, groupId: str, description: str, interruptOnCancel: bool = False
    ) -> None: ...

    def getLocalProperty(self, key: str) -> str | None: ...

    def setLocalProperty(self, key: str, value: str | None) -> None: ...

    def _run_on_partitions(
        self,
        rdd: Any,
        func: Callable[[Iterator[Any]], U],
        partitions: Sequence[int] | None = None,
    ) -> list[U]:
        """Run a job; one value for each partition, in the order of `partitions`."""

    def _submit_on_partitions(
        self,
        rdd: Any,
        func: Callable[[Iterator[Any]], U],
        partitions: Sequence[int] | None = None,
    ) -> JobWaiter[U]:
        """Start a job and return at once."""

    def _assert_running(self) -> None:
        """Raise `SparkContextStopped` unless the application runs."""

    def _call_site(self) -> str:
        """The user's call, as `reduceByKey at /path/file.py:7`."""

    def _persist(self, node: LineageNode, level: StorageLevel) -> None: ...

    def _unpersist(self, node: LineageNode, blocking: bool) -> None: ...

    def _checkpoint(self, node: LineageNode) -> None: ...

    def _local_checkpoint(self, node: LineageNode) -> None: ...

    def _clean_shuffle_dependencies(self, node: LineageNode, blocking: bool) -> None: ...

    def _use_profile(self, profile: ResourceProfile) -> None:
        """Make a resource profile known to the listeners."""

    def _rdd_storage_info(self, node: LineageNode) -> RDDStorageInfo | None:
        """What is cached of an RDD now, None if nothing is."""


class RDDBase(NodeHandle, ABC, Generic[T]):
    """A handle of a lineage node, bound to the context that runs its jobs."""

    def __init__(self, node: LineageNode, context: RDDContext) -> None:
        self._node = node
        self.ctx = context
        self.is_cached = False
        self.is_checkpointed = False
        self.has_resource_profile = False
        self._is_locally_checkpointed = False

    @abstractmethod
    def _derive(self, node: LineageNode) -> RDDPart[Any]:
        """A handle of `node`, which was made from this RDD's."""

    @abstractmethod
    def _pipe(self, step: Step, preservesPartitioning: bool = False) -> RDDPart[Any]:
        """This RDD passed through one more step, in the same task."""

    def _pipe_partitions(
        self, function: Callable[[Any], Iterable[Any]], preservesPartitioning: bool = False
    ) -> RDDPart[Any]:
        """This RDD with `function` called on the records of each partition."""
        return self._pipe(MapPartitions(function), preservesPartitioning)

    def _run(
        self, function: Callable[[Iterator[Any]], U], partitions: Sequence[int] | None = None
    ) -> list[U]:
        """Run a job with one value for each partition."""
        return self.ctx._run_on_partitions(self, function, partitions)

    @property
    def context(self) -> RDDContext:
        """The SparkContext that the RDD was made by.

        Examples
        --------
        >>> sc.parallelize([1]).context is sc
        True
        """
        return self.ctx

    @property
    def partitioner(self) -> Partitioner | None:
        """What decides the partition of a key; None unless the RDD was dealt out by key.

        Examples
        --------
        >>> sc.parallelize([(1, 2)]).partitionBy(3).partitioner.numPartitions
        3
        """
        return self._node.partitioner

    def getNumPartitions(self) -> int:
        """Count the partitions.

        Examples
        --------
        >>> sc.parallelize(range(10), 4).getNumPartitions()
        4
        """
        return len(self._node.partitions())

    def _defaultReducePartitions(self) -> int:
        """`spark.default.parallelism` if it is set, else as many partitions as this RDD has."""
        if self.ctx._conf.contains("spark.default.parallelism"):
            return self.ctx.defaultParallelism
        return self.getNumPartitions()

    def _memory_limit(self) -> int:
        """Memory in MiB that a group or sort of one task may take before it goes on on disk.

        `spark.python.worker.memory`, but no more than its share of a small executor.
        """
        share = int(self.ctx._executor_memory_bytes * _TASK_SHARE)
        return max(1, min(PYTHON_WORKER_MEMORY.read(self.ctx._conf), share) >> 20)

    def _reserialize(self, serializer: Any = None) -> RDDBase[T]:
        """This RDD: the engine pickles records its own way, whatever serializer is asked for."""
        return self

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: an RDD cannot be used inside of tasks.

        Raises
        ------
        PySparkRuntimeError
            RDD_TRANSFORM_ONLY_VALID_ON_DRIVER. Collect or broadcast the data instead.
        """
        raise PySparkRuntimeError(
            errorClass="RDD_TRANSFORM_ONLY_VALID_ON_DRIVER", messageParameters={}
        )

    def __getnewargs__(self) -> NoReturn:
        """As `__reduce__`."""
        self.__reduce__()


class RDDPart(RDDBase[T]):
    """Base of the parts. To a type checker each of them has the methods of all."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
