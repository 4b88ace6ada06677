"""The part of SparkContext that RDDs speak to: jobs, their profiles, storage, checkpoints.

What begins with `_` is not for users; `rdd_base.RDDContext` says the same as a Protocol.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, TypeVar

from pyspark_shell.api.cleaner import Cleaner
from pyspark_shell.api.context_shared_variables import SharedVariables
from pyspark_shell.api.job_control import JOB_DESCRIPTION, JOB_GROUP_ID
from pyspark_shell.api.profiler import Profiler, ProfilerCollector
from pyspark_shell.api.rdd_base import JobWaiter, RDDBase, RDDStorageInfo
from pyspark_shell.common.call_site import first_spark_call
from pyspark_shell.common.cell import current_cell
from pyspark_shell.common.config import DEFAULT_PARALLELISM
from pyspark_shell.common.errors import (
    JobFailed,
    PySparkRuntimeError,
    SparkException,
    SparkUnsupportedOperationException,
)
from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.hadoop.paths import local_path
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.lineage.resource_profile import ResourceProfile
from pyspark_shell.lineage.result_functions import ApplyToIterator, ListOf

U = TypeVar("U")

# Executors run the driver's own Python.
PYTHON_VERSION: Final = f"{sys.version_info.major}.{sys.version_info.minor}"


class RDDJobs(SharedVariables):
    """What an RDD may ask of its context."""

    profiler_collector: ProfilerCollector | None
    pythonVer: str

    # Jobs -------------------------------------------------------------------------

    def runJob(
        self,
        rdd: RDDBase[Any],
        partitionFunc: Callable[[Iterable[Any]], Iterable[Any]],
        partitions: Sequence[int] | None = None,
        allowLocal: bool = False,
    ) -> list[Any]:
        """Run `partitionFunc` on the given partitions or on all; their results in one list.

        Parameters
        ----------
        rdd
            Whose partitions.
        partitionFunc
            Called in a task with an iterator of the partition's records; gives an iterable.
        partitions
            Indices, in the order in which the results are wanted.
        allowLocal
            Kept for PySpark's sake.

        Raises
        ------
        JobFailed
            A task failed too often; `SparkJobCancelled` if the job was cancelled.

        Examples
        --------
        >>> numbers = sc.parallelize(range(6), 3)
        >>> sc.runJob(numbers, lambda part: [sum(part)], [2, 0])
        [9, 1]
        """
        results = self._run_on_partitions(rdd, ListOf(partitionFunc), partitions)
        return list(chain.from_iterable(results))

    def _run_on_partitions(
        self,
        rdd: RDDBase[Any],
        func: Callable[[Iterator[Any]], U],
        partitions: Sequence[int] | None = None,
    ) -> list[U]:
        """Run a job; one value for each partition, in the order of `partitions`."""
        node = rdd._node
        try:
            values: list[U] = self._engine.jobs.run(
                node,
                ApplyToIterator(func),
                _all_or(partitions, node),
                self._job_properties(),
                self._call_site(),
            )
        except JobFailed as error:
            # The frames below tell how the engine ran the job, not what is wrong with it.
            raise error.with_traceback(None) from error.__cause__
        return values

    def _submit_on_partitions(
        self,
        rdd: RDDBase[Any],
        func: Callable[[Iterator[Any]], U],
        partitions: Sequence[int] | None = None,
    ) -> JobWaiter[U]:
        """Start a job and return at once."""
        node = rdd._node
        waiter: JobWaiter[U] = self._engine.jobs.submit(
            node,
            ApplyToIterator(func),
            _all_or(partitions, node),
            self._job_properties(),
            self._call_site(),
        )
        return waiter

    def _job_properties(self) -> dict[str, str]:
        """The calling thread's local properties, and those of the cell that it works for.

        Raises
        ------
        SparkException
            PYTHON_VERSION_MISMATCH: `pythonVer` was set to another version than the executors'.
        """
        if self.pythonVer != PYTHON_VERSION:
            raise SparkException(
                errorClass="PYTHON_VERSION_MISMATCH",
                messageParameters={
                    "worker_version": PYTHON_VERSION,
                    "driver_version": self.pythonVer,
                },
            )
        properties = dict(self._local_properties())
        cell = current_cell()
        if cell is None:
            return properties
        # In a cell, jobs without a group or description of the user's have the cell's.
        defaults = {JOB_GROUP_ID: cell.name, JOB_DESCRIPTION: first_spark_call().source_line}
        return {**defaults, **properties, **cell.properties()}

    def _next_rdd_id(self) -> int:
        """The next RDD id of the application."""
        return self._engine.registry.new_rdd_id()

    def _default_reduce_partitions(self, rdd: RDDBase[Any]) -> int:
        """`spark.default.parallelism` if it is set, else as many as `rdd` has."""
        return DEFAULT_PARALLELISM.read(self._conf) or rdd.getNumPartitions()

    # Profiles ---------------------------------------------------------------------

    def show_profiles(self) -> None:
        """Print the profiles that were not printed yet.

        Raises
        ------
        PySparkRuntimeError
            INCORRECT_CONF_FOR_PROFILE: `spark.python.profile` is not true.

        Examples
        --------
        >>> sc.show_profiles()
        Traceback (most recent call last):
        pyspark_shell.errors.exceptions.base.PySparkRuntimeError: [INCORRECT_CONF_FOR_PROFILE] ...
        """
        self._profiles().show_profiles()

    def dump_profiles(self, path: str) -> None:
        """Write each profile as `rdd_<id>.pstats` into the directory `path`, and forget it.

        Parameters
        ----------
        path
            Made if need be.

        Raises
        ------
        PySparkRuntimeError
            INCORRECT_CONF_FOR_PROFILE: `spark.python.profile` is not true.

        Examples
        --------
        >>> sc.dump_profiles("profiles")
        Traceback (most recent call last):
        pyspark_shell.errors.exceptions.base.PySparkRuntimeError: [INCORRECT_CONF_FOR_PROFILE] ...
        """
        self._profiles().dump_profiles(path)

    def _profiles(self) -> ProfilerCollector:
        if self.profiler_collector is None:
            raise PySparkRuntimeError(errorClass="INCORRECT_CONF_FOR_PROFILE", messageParameters={})
        return self.profiler_collector

    def _profiler_for(self, node: LineageNode) -> Profiler:
        """A new profiler for a stage that ends in `node`; called only if profiling is on."""
        collector = self.profiler_collector
        assert collector is not None
        profiler = collector.new_profiler(self)
        seen = {rdd_id for rdd_id, _, _ in collector.profilers}
        collector.add_profiler(self._next_rdd_id() if node.id in seen else node.id, profiler)
        return profiler

    # Storage ----------------------------------------------------------------------

    def _persist(self, node: LineageNode, level: StorageLevel) -> None:
        """Keep the partitions of `node` from its next job on.

        Raises
        ------
        SparkUnsupportedOperationException
            It has another level already.
        """
        if node.storage_level.is_valid and node.storage_level != level:
            raise SparkUnsupportedOperationException(
                "Cannot change storage level of an RDD after it was already assigned a level"
            )
        self._engine.persisted.persist(node, level)

    def _unpersist(self, node: LineageNode, blocking: bool) -> None:
        """Drop the kept partitions; `blocking` waits until they are gone."""
        self._engine.persisted.unpersist(node, blocking)

    def _rdd_storage_info(self, node: LineageNode) -> RDDStorageInfo | None:
        """What is cached of `node` now, None if nothing is."""
        return self._engine.persisted.storage_info(node.id)

    @property
    def cleaner(self) -> Cleaner | None:
        """What removes the data of RDDs, shuffles and broadcasts that nobody refers to any more.

        None if `spark.cleaner.referenceTracking` is off.

        Examples
        --------
        >>> sc.cleaner
        <Cleaner waiting, ... tracked, ... queued>
        """
        driver = self._engine
        return None if driver.cleaner is None else Cleaner(driver.cleanup, driver.cleaner)

    # Checkpoints ------------------------------------------------------------------

    def setCheckpointDir(self, dirName: str) -> None:
        """Choose where `RDD.checkpoint` writes.

        Parameters
        ----------
        dirName
            A path or `file:` URI; a fresh directory is made below it.

        Raises
        ------
        SparkUnsupportedOperationException
            It has another scheme: the engine writes local files only.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sc.setCheckpointDir(folder)
        >>> sc.setCheckpointDir("hdfs://node/checkpoints")
        Traceback (most recent call last):
        pyspark_shell.common.errors.SparkUnsupportedOperationException: No FileSystem for scheme ...
        """
        directory = os.path.join(local_path(dirName), str(uuid.uuid4()))
        os.makedirs(directory)
        self._engine.persisted.checkpoint_dir = directory

    def getCheckpointDir(self) -> str | None:
        """URI of the checkpoint directory, None before one was set.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sc.setCheckpointDir(folder)
        ...     sc.getCheckpointDir().startswith(f"file:{folder}/")
        True
        """
        directory = self._engine.persisted.checkpoint_dir
        return None if directory is None else f"file:{directory}"

    def _checkpoint(self, node: LineageNode) -> None:
        """Have the next job of `node` write it to the checkpoint directory and cut its lineage."""
        if self._engine.persisted.checkpoint_dir is None:
            raise SparkException("Checkpoint directory has not been set in the SparkContext")
        self._engine.persisted.checkpoint(node)

    def _local_checkpoint(self, node: LineageNode) -> None:
        """Have the next job of `node` keep it in the cache, on disk too, and cut its lineage."""
        level = node.storage_level
        if level.is_valid:
            node.storage_level = StorageLevel(
                True, level.useMemory, level.useOffHeap, level.deserialized, level.replication
            )
        else:
            self._engine.persisted.persist(node, StorageLevel.MEMORY_AND_DISK_DESER)
        self._engine.persisted.local_checkpoint(node)

    def _clean_shuffle_dependencies(self, node: LineageNode, blocking: bool) -> None:
        """Remove the shuffle files that `node` and its parents read, up to kept parents."""
        seen: set[int] = set()
        stack = [node]
        while stack:
            current = stack.pop()
            if id(current) in seen:
                continue
            seen.add(id(current))
            parents = list(current.live_parents())
            shuffle = current.live_shuffle()
            if shuffle is not None:
                self._engine.cleanup.clean_shuffle(shuffle.shuffle_id, blocking)
                parents.append(shuffle.parent)
            stack += (parent for parent in parents if not parent.storage_level.is_valid)

    def _use_profile(self, profile: ResourceProfile) -> None:
        """Make a resource profile known to the listeners."""
        self._engine.use_profile(profile)


def _all_or(partitions: Sequence[int] | None, node: LineageNode) -> Sequence[int]:
    return range(len(node.partitions())) if partitions is None else partitions
