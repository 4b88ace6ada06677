"""Rows of the status store: what is known of each job, stage attempt, executor and cached RDD.

Written by the listener's thread, field by field; a reader may see one field newer than another.
Field names are Spark's in snake_case, times are milliseconds since the epoch. Counts of what is
active are never counted up and down: they are sizes of what runs, so no lost event can turn them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import Enum
from operator import attrgetter
from typing import Any, ClassVar, Final

from pyspark_shell.common.block_manager_id import BLOCK_MANAGER_PORT
from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.record import field, field_names, record
from pyspark_shell.listener.events import (
    RDDInfo,
    SparkListenerTaskEnd,
    SparkListenerTaskStart,
    TaskInfo,
)


class JobStatus(str, Enum):
    """How a job stands."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"

    def __str__(self) -> str:
        return self.value


class StageStatus(str, Enum):
    """How a stage attempt stands."""

    ACTIVE = "ACTIVE"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"
    PENDING = "PENDING"
    SKIPPED = "SKIPPED"

    def __str__(self) -> str:
        return self.value


class KillState(str, Enum):
    """What Spark does not tell of a cancelled job: whether its tasks have really ended."""

    KILLING = "KILLING"
    KILLED = "KILLED"

    def __str__(self) -> str:
        return self.value


@record(frozen=False, eq=False)
class JobData:
    """One job. Task counts add up all its stages.

    Attributes
    ----------
    kill_state
        For cancelled jobs, KILLING from the job's end until its last task has ended, then KILLED;
        `status` keeps Spark's FAILED.
    killed_at_ms
        When its last task had ended.
    kill_reason, kill_who
        What was given with the order, and where it came from; empty if nobody killed the job.
    live_stages
        Its stage attempts that run, wait, or still have tasks.
    is_closed
        Whether nothing of the row will change any more.
    finished_row
        Its JSON, once it is closed and somebody has asked.
    """

    kind: ClassVar[str] = "job"
    job_id: int
    name: str
    stage_ids: Sequence[int]
    submission_time_ms: int
    description: str | None = None
    job_group: str | None = None
    job_tags: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    completion_time_ms: int | None = None
    status: JobStatus = JobStatus.RUNNING
    failure_reason: str | None = None
    num_tasks: int = 0
    num_completed_tasks: int = 0
    num_skipped_tasks: int = 0
    num_failed_tasks: int = 0
    num_killed_tasks: int = 0
    num_completed_stages: int = 0
    num_skipped_stages: int = 0
    num_failed_stages: int = 0
    num_completed_indices: int = 0
    killed_tasks_summary: dict[str, int] = field(default_factory=dict)
    kill_state: KillState | None = None
    killed_at_ms: int | None = None
    kill_reason: str = ""
    kill_who: str = ""
    last_task_end_ms: int | None = None
    live_stages: tuple[StageData, ...] = field(default=(), repr=False)
    completed_indices: set[int] = field(default_factory=set, repr=False)
    is_closed: bool = False
    finished_row: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def key(self) -> str:
        """What identifies the row among its kind."""
        return str(self.job_id)

    @property
    def num_active_tasks(self) -> int:
        """Tasks that run, killed ones too."""
        return sum(len(stage.running) for stage in self.live_stages)

    @property
    def num_active_stages(self) -> int:
        """Stages that run."""
        return sum(stage.status is StageStatus.ACTIVE for stage in self.live_stages)

    @property
    def zombie_tasks(self) -> int:
        """Tasks that still run though the job has ended."""
        return 0 if self.status is JobStatus.RUNNING else self.num_active_tasks

    def describe_kill(self, now_ms: int) -> str:
        """`KILLING (2 tasks still running, 3.1 s)`, `KILLED`, or empty for jobs nobody killed."""
        if self.kill_state is not KillState.KILLING:
            return str(self.kill_state or "")
        seconds = (now_ms - (self.completion_time_ms or now_ms)) / 1000
        plural = "" if self.zombie_tasks == 1 else "s"
        return f"KILLING ({self.zombie_tasks} task{plural} still running, {seconds:.1f} s)"

    @property
    def is_finished(self) -> bool:
        """Whether the job has ended, and with it all its tasks."""
        return self.status is not JobStatus.RUNNING and not self.num_active_tasks


@record(frozen=False, eq=False)
class StageData:
    """One stage attempt.

    Attributes
    ----------
    jobs
        Those that the attempt runs for.
    running
        What runs, by task id.
    tasks
        The newest event of each task that is remembered, by task id, in order of their starts.
    durations_ms
        How many tasks succeeded in so many milliseconds.
    is_closed, finished_row
        As in `JobData`.
    """

    kind: ClassVar[str] = "stage"
    stage_id: int
    attempt_id: int
    name: str
    num_tasks: int
    details: str = ""
    status: StageStatus = StageStatus.PENDING
    description: str | None = None
    scheduling_pool: str = "default"
    submission_time_ms: int | None = None
    first_task_launched_time_ms: int | None = None
    completion_time_ms: int | None = None
    failure_reason: str | None = None
    resource_profile_id: int = 0
    rdd_ids: tuple[int, ...] = ()
    parent_ids: tuple[int, ...] = ()
    num_complete_tasks: int = 0
    num_failed_tasks: int = 0
    num_killed_tasks: int = 0
    num_completed_indices: int = 0
    killed_tasks_summary: dict[str, int] = field(default_factory=dict)
    last_task_end_ms: int | None = None
    jobs: tuple[JobData, ...] = field(default=(), repr=False)
    running: dict[int, TaskInfo] = field(default_factory=dict, repr=False)
    tasks: dict[int, SparkListenerTaskStart | SparkListenerTaskEnd] = field(
        default_factory=dict, repr=False
    )
    durations_ms: dict[int, int] = field(default_factory=lambda: defaultdict(int), repr=False)
    completed_indices: set[int] = field(default_factory=set, repr=False)
    total: TaskMetrics = field(default_factory=TaskMetrics, repr=False)
    unfolded: list[TaskMetrics] = field(default_factory=list, repr=False)
    is_closed: bool = False
    finished_row: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def key(self) -> str:
        """What identifies the row among its kind: `3.0`."""
        return f"{self.stage_id}.{self.attempt_id}"

    @property
    def job_ids(self) -> tuple[int, ...]:
        """Ids of the jobs that the attempt runs for."""
        return tuple(job.job_id for job in self.jobs)

    @property
    def num_active_tasks(self) -> int:
        """Tasks that run, killed ones too."""
        return len(self.running)

    @property
    def is_over(self) -> bool:
        """Whether nothing will be launched for it any more."""
        return self.status not in (StageStatus.ACTIVE, StageStatus.PENDING)

    @property
    def zombie_tasks(self) -> int:
        """Tasks that still run though the attempt has ended."""
        return len(self.running) if self.is_over else 0

    @property
    def is_finished(self) -> bool:
        """Whether the attempt has ended and none of its tasks still runs."""
        return self.is_over and not self.running

    def metrics(self) -> TaskMetrics:
        """Counters of all ended tasks, added up."""
        return add_up([self.total, *self.unfolded]) if self.unfolded else self.total


@record(frozen=False, eq=False)
class ExecutorSummary:
    """One executor process.

    Attributes
    ----------
    running
        What runs there, by task id.
    forced_kills
        Killed tasks that ended only with the process.
    """

    kind: ClassVar[str] = "executor"
    id: str
    host: str
    add_time_ms: int
    total_cores: int
    pid: int = 0
    is_active: bool = True
    remove_time_ms: int | None = None
    remove_reason: str | None = None
    failed_tasks: int = 0
    completed_tasks: int = 0
    total_tasks: int = 0
    total_duration_ms: int = 0
    total_gc_time_ms: int = 0
    total_input_bytes: int = 0
    total_shuffle_read_bytes: int = 0
    total_shuffle_write_bytes: int = 0
    max_memory_bytes: int = 0
    forced_kills: int = 0
    last_task_end_ms: int | None = None
    running: dict[int, TaskInfo] = field(default_factory=dict, repr=False)

    @property
    def key(self) -> str:
        """What identifies the row among its kind."""
        return self.id

    @property
    def host_port(self) -> str:
        """Where its blocks would be asked for."""
        return f"{self.host}:{BLOCK_MANAGER_PORT}"

    @property
    def active_tasks(self) -> int:
        """Tasks that run there, killed ones too."""
        return len(self.running)

    @property
    def idle_since_ms(self) -> int | None:
        """When its last task ended, or when it came; None while a task runs, or it is gone."""
        if self.running or not self.is_active:
            return None
        return self.last_task_end_ms or self.add_time_ms


@record(frozen=False)
class CachedBlock:
    """One cached partition, and the executor that used it last."""

    block_id: str
    executor_id: str
    memory_bytes: int
    disk_bytes: int


@record(frozen=False, eq=False)
class RDDStorage:
    """One persisted RDD and its blocks, by their names."""

    kind: ClassVar[str] = "rdd"
    info: RDDInfo
    job: JobData | None = field(default=None, repr=False)
    blocks: dict[str, CachedBlock] = field(default_factory=dict, repr=False)

    @property
    def key(self) -> str:
        """What identifies the row among its kind."""
        return str(self.info.rdd_id)

    @property
    def memory_bytes(self) -> int:
        """Memory that all blocks take."""
        return sum(block.memory_bytes for block in list(self.blocks.values()))

    @property
    def disk_bytes(self) -> int:
        """Disk that all blocks take."""
        return sum(block.disk_bytes for block in list(self.blocks.values()))


_SUMMED: Final = tuple(
    name for name in field_names(TaskMetrics) if name != "peak_execution_memory_bytes"
)
_PEAK: Final = attrgetter("peak_execution_memory_bytes")


def add_up(metrics: Sequence[TaskMetrics]) -> TaskMetrics:
    """One account of many: sums, and the greatest of the peaks."""
    total = TaskMetrics(**{name: sum(map(attrgetter(name), metrics)) for name in _SUMMED})
    total.peak_execution_memory_bytes = max(map(_PEAK, metrics), default=0)
    return total
