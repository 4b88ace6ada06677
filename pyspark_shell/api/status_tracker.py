"""Tells, while jobs run and afterwards, how far they and their stages are.

Source  PySpark's StatusTracker; None for what is unknown or no longer remembered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class SparkJobInfo(NamedTuple):
    """One job; `status` is RUNNING, SUCCEEDED, FAILED or UNKNOWN."""

    jobId: int
    stageIds: list[int]
    status: str


class SparkStageInfo(NamedTuple):
    """The last attempt of one stage."""

    stageId: int
    currentAttemptId: int
    name: str
    numTasks: int
    numActiveTasks: int
    numCompletedTasks: int
    numFailedTasks: int


class SparkExecutorInfo(NamedTuple):
    """One executor; sizes in bytes."""

    host: str
    port: int
    cacheSize: int
    numRunningTasks: int
    usedOnHeapStorageMemory: int
    usedOffHeapStorageMemory: int
    totalOnHeapStorageMemory: int
    totalOffHeapStorageMemory: int


class StatusStore(Protocol):
    """What the tracker asks of the store."""

    def catch_up(self) -> None: ...

    def job(self, job_id: int) -> Any: ...

    def last_stage_attempt(self, stage_id: int) -> Any: ...

    def job_ids_for_group(self, group: str | None) -> list[int]: ...

    def active_job_ids(self) -> list[int]: ...

    def active_stage_ids(self) -> list[int]: ...

    def cached_rdds(self) -> list[Any]: ...

    @property
    def executors(self) -> Mapping[str, Any]: ...


class Application(Protocol):
    """What the tracker asks of the driver."""

    @property
    def status_store(self) -> StatusStore: ...

    def executor_infos(self) -> Sequence[Any]: ...


class StatusTracker:
    """Small, cheap answers about jobs, stages and executors.

    Examples
    --------
    >>> sc.parallelize([1, 2], 2).count()
    2
    >>> tracker = sc.statusTracker()
    >>> tracker.getJobInfo(tracker.getJobIdsForGroup()[0]).status
    'SUCCEEDED'
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    @property
    def _store(self) -> StatusStore:
        store = self._application.status_store
        store.catch_up()
        return store

    def getJobIdsForGroup(self, jobGroup: str | None = None) -> list[int]:
        """Ids of the jobs of a group, finished ones too, newest first.

        Without one, of those in no group.

        Parameters
        ----------
        jobGroup
            As `sc.setJobGroup` was told it.

        Examples
        --------
        >>> sc.statusTracker().getJobIdsForGroup("nobody's")
        []
        """
        return self._store.job_ids_for_group(jobGroup)

    def getActiveStageIds(self) -> list[int]:
        """Ids of the stages that run.

        Examples
        --------
        >>> sc.statusTracker().getActiveStageIds()
        []
        """
        return self._store.active_stage_ids()

    def getActiveJobsIds(self) -> list[int]:
        """Ids of the jobs that run.

        Examples
        --------
        >>> sc.statusTracker().getActiveJobsIds()
        []
        """
        return self._store.active_job_ids()

    def getJobInfo(self, jobId: int) -> SparkJobInfo | None:
        """One job, None if it is not known.

        Parameters
        ----------
        jobId
            Number of the job, from 0 in each application.

        Examples
        --------
        >>> sc.parallelize([1]).count()
        1
        >>> sc.statusTracker().getJobInfo(0).status in ("SUCCEEDED", "FAILED")
        True
        >>> sc.statusTracker().getJobInfo(10**9) is None
        True
        """
        job = self._store.job(jobId)
        if job is None:
            return None
        return SparkJobInfo(job.job_id, list(job.stage_ids), str(job.status))

    def getStageInfo(self, stageId: int) -> SparkStageInfo | None:
        """The last attempt of one stage, None if it is not known.

        Parameters
        ----------
        stageId
            One of a job's `stageIds`.

        Examples
        --------
        >>> sc.parallelize([1], 1).count()
        1
        >>> last = sc.statusTracker().getJobInfo(0).stageIds[-1]
        >>> sc.statusTracker().getStageInfo(last).numTasks > 0
        True
        """
        stage = self._store.last_stage_attempt(stageId)
        if stage is None:
            return None
        return SparkStageInfo(
            stage.stage_id,
            stage.attempt_id,
            stage.name,
            stage.num_tasks,
            stage.num_active_tasks,
            stage.num_complete_tasks,
            stage.num_failed_tasks,
        )

    def getExecutorInfos(self) -> list[SparkExecutorInfo]:
        """The executors; processes that share an executor's cores are one.

        Memory is counted in bytes. Its limit is one for all executors; the blocks of processes that
        have ended count for the first of them, as any of them reads them in place.

        Examples
        --------
        >>> cached = sc.parallelize(range(1000), 2).cache()
        >>> cached.count()
        1000
        >>> [executor] = sc.statusTracker().getExecutorInfos()
        >>> 0 < executor.cacheSize == executor.usedOnHeapStorageMemory
        True
        """
        groups: dict[int, list[Any]] = {}
        for process in self._application.executor_infos():
            groups.setdefault(process.group, []).append(process)
        group_of = {
            process.executor_id: group for group, found in groups.items() for process in found
        }
        used = dict.fromkeys(groups, 0)
        store = self._store
        for rdd in store.cached_rdds():
            for block in list(rdd.blocks.values()):
                used[group_of.get(block.executor_id, min(groups))] += block.memory_bytes
        return [_info(store, found, used[group]) for group, found in groups.items()]


def _info(store: StatusStore, processes: Sequence[Any], used_bytes: int) -> SparkExecutorInfo:
    running = sum(process.running is not None for process in processes)
    driver = store.executors["driver"]  # all executors are on its machine, and share its limit
    host, _, port = driver.host_port.partition(":")
    return SparkExecutorInfo(
        host, int(port), used_bytes, running, used_bytes, 0, driver.max_memory_bytes, 0
    )
