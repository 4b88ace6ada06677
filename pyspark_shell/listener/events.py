"""Everything that the scheduler tells: Spark's events, with Spark's names.

Times are milliseconds since the epoch. Field names are Spark's in snake_case; `status` and the
event log turn them into Spark's JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.record import field, record
from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.common.task_end import TaskEndReason


@record(frozen=False)
class RDDInfo:
    """What is told of an RDD."""

    rdd_id: int
    name: str
    call_site: str
    num_partitions: int
    storage_level: StorageLevel
    parent_ids: tuple[int, ...] = ()
    is_barrier: bool = False


@record(frozen=False)
class StageInfo:
    """What is told of one stage attempt."""

    stage_id: int
    attempt_number: int
    name: str
    num_tasks: int
    rdd_infos: Sequence[RDDInfo]
    parent_ids: tuple[int, ...]
    details: str = ""
    submission_time_ms: int | None = None
    completion_time_ms: int | None = None
    failure_reason: str | None = None
    resource_profile_id: int = 0
    is_shuffle_map: bool = False


@record(frozen=False)
class TaskInfo:
    """What is told of one task attempt; one object from its start to its end."""

    task_id: int
    index: int
    attempt_number: int
    partition_id: int
    launch_time_ms: int
    executor_id: str
    host: str
    locality: str
    speculative: bool = False
    finish_time_ms: int = 0
    getting_result_time_ms: int = 0
    failed: bool = False
    killed: bool = False

    @property
    def status(self) -> str:
        """RUNNING, GET RESULT, SUCCESS, FAILED or KILLED."""
        if not self.finish_time_ms:
            return "GET RESULT" if self.getting_result_time_ms else "RUNNING"
        if self.killed:
            return "KILLED"
        return "FAILED" if self.failed else "SUCCESS"


class SparkListenerEvent:
    """Base of all events."""

    __slots__ = ()


@record
class SparkListenerApplicationStart(SparkListenerEvent):
    """The context is up."""

    app_name: str
    app_id: str
    time_ms: int
    spark_user: str


@record
class SparkListenerApplicationEnd(SparkListenerEvent):
    """The context stops."""

    time_ms: int
    exit_code: int = 0


@record
class SparkListenerEnvironmentUpdate(SparkListenerEvent):
    """The configuration that the application runs with, nothing redacted yet.

    Attributes
    ----------
    runtime
        What Spark tells of its JVM: `javaVersion`, `javaHome`, `scalaVersion`.
    classpath_entries
        Where code is found, and what says so.
    """

    spark_properties: Mapping[str, str]
    runtime: Mapping[str, str] = field(default_factory=dict)
    system_properties: Mapping[str, str] = field(default_factory=dict)
    classpath_entries: Mapping[str, str] = field(default_factory=dict)


@record
class ResourceAmount:
    """How much of one resource executors must offer, and how it is found."""

    amount: int
    discovery_script: str = ""
    vendor: str = ""


@record
class SparkListenerResourceProfileAdded(SparkListenerEvent):
    """A resource profile came to use, the application's own one (0) before all others.

    Attributes
    ----------
    executor_resources, task_resources
        What executors offer and tasks take, by resource; memory in MiB.
    """

    resource_profile_id: int
    executor_resources: Mapping[str, ResourceAmount]
    task_resources: Mapping[str, float]


@record
class SparkListenerBlockManagerAdded(SparkListenerEvent):
    """A process can hold cached blocks, so many bytes of them in memory."""

    time_ms: int
    executor_id: str
    host: str
    max_memory_bytes: int


@record
class SparkListenerBlockManagerRemoved(SparkListenerEvent):
    """A process that could hold cached blocks is gone."""

    time_ms: int
    executor_id: str
    host: str


@record
class SparkListenerJobStart(SparkListenerEvent):
    """A job was accepted; lists all its stages, also those that will be skipped."""

    job_id: int
    time_ms: int
    stage_infos: Sequence[StageInfo]
    properties: Mapping[str, str]


@record
class SparkListenerJobEnd(SparkListenerEvent):
    """A job ended; `error` is None if it succeeded. If it was cancelled, killed tasks may still
    run.
    """

    job_id: int
    time_ms: int
    error: str | None
    cancelled: bool = False


@record
class SparkListenerStageSubmitted(SparkListenerEvent):
    """A stage attempt begins."""

    stage_info: StageInfo
    properties: Mapping[str, str]


@record
class SparkListenerStageCompleted(SparkListenerEvent):
    """A stage attempt ended; `stage_info.failure_reason` is None if it succeeded."""

    stage_info: StageInfo


@record(frozen=False, eq=False)  # not frozen: made once a task, and that is half as dear
class SparkListenerTaskStart(SparkListenerEvent):
    """A task attempt was sent to an executor."""

    stage_id: int
    stage_attempt_id: int
    task_info: TaskInfo


@record
class SparkListenerTaskGettingResult(SparkListenerEvent):
    """A task has ended, and its result is fetched: it was too large for a message."""

    task_info: TaskInfo


@record(frozen=False, eq=False)  # not frozen: made once a task, and that is half as dear
class SparkListenerTaskEnd(SparkListenerEvent):
    """A task attempt ended; comes for every TaskStart, also after the end of its job."""

    stage_id: int
    stage_attempt_id: int
    task_type: str
    reason: TaskEndReason
    task_info: TaskInfo
    task_metrics: TaskMetrics | None


@record
class SparkListenerSpeculativeTaskSubmitted(SparkListenerEvent):
    """A second copy of a slow task will be launched."""

    stage_id: int
    stage_attempt_id: int
    task_index: int
    partition_id: int


@record
class SparkListenerExecutorAdded(SparkListenerEvent):
    """An executor is up."""

    time_ms: int
    executor_id: str
    host: str
    total_cores: int
    pid: int


@record
class SparkListenerExecutorRemoved(SparkListenerEvent):
    """An executor is gone."""

    time_ms: int
    executor_id: str
    reason: str


@record
class SparkListenerBlockUpdated(SparkListenerEvent):
    """A cached block was written, moved or dropped."""

    block_id: str
    executor_id: str
    memory_bytes: int
    disk_bytes: int


@record
class SparkListenerUnpersistRDD(SparkListenerEvent):
    """An RDD's blocks were given up."""

    rdd_id: int


@record
class SparkListenerExecutorMetricsUpdate(SparkListenerEvent):
    """An executor's heartbeat."""

    executor_id: str
    metrics: Mapping[str, Any] = field(default_factory=dict)


@record
class SparkListenerTaskStuck(SparkListenerEvent):
    """A killed task still runs; ours.

    Attributes
    ----------
    stack
        Where it is, outermost frame first.
    """

    task_id: int
    stack: str


@record
class SparkListenerSchedulerState(SparkListenerEvent):
    """What runs at this moment, as the scheduler knows it; ours, told only when somebody looks."""

    time_ms: int
    job_ids: frozenset[int] = frozenset()
    task_ids: frozenset[int] = frozenset()
    executor_ids: frozenset[str] = frozenset()
