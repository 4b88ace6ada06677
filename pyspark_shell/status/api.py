"""Rows of the status store: Spark's JobData, StageData and ExecutorSummary.

Written by the listener's thread, field by field; a reader may see one field newer than another.
Field names are Spark's in snake_case, times are milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from operator import attrgetter
from typing import Final

from pyspark_shell.common.metrics import TaskMetrics


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


@dataclass(slots=True)
class JobData:
    """One job. Task counts add up all its stages.

    Attributes
    ----------
    kill_state
        For cancelled jobs, KILLING from the job's end until its last task has ended, then KILLED;
        `status` keeps Spark's FAILED.
    killed_at_ms
        When its last task had ended.
    """

    job_id: int
    name: str
    stage_ids: Sequence[int]
    submission_time_ms: int
    description: str | None = None
    job_group: str | None = None
    job_tags: tuple[str, ...] = ()
    completion_time_ms: int | None = None
    status: JobStatus = JobStatus.RUNNING
    failure_reason: str | None = None
    num_tasks: int = 0
    num_active_tasks: int = 0
    num_completed_tasks: int = 0
    num_skipped_tasks: int = 0
    num_failed_tasks: int = 0
    num_killed_tasks: int = 0
    num_active_stages: int = 0
    num_completed_stages: int = 0
    num_skipped_stages: int = 0
    num_failed_stages: int = 0
    killed_tasks_summary: dict[str, int] = field(default_factory=dict)
    kill_state: KillState | None = None
    killed_at_ms: int | None = None
    completed_indices: set[tuple[int, int]] = field(default_factory=set, repr=False)

    @property
    def num_completed_indices(self) -> int:
        """Partitions that are done, each counted once however often it ran."""
        return len(self.completed_indices)

    @property
    def zombie_tasks(self) -> int:
        """Tasks of a cancelled job that still run."""
        return self.num_active_tasks if self.kill_state is KillState.KILLING else 0

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
        return self.status is not JobStatus.RUNNING and self.kill_state is not KillState.KILLING


@dataclass(slots=True)
class StageData:
    """One stage attempt."""

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
    job_ids: tuple[int, ...] = ()
    num_active_tasks: int = 0
    num_complete_tasks: int = 0
    num_failed_tasks: int = 0
    num_killed_tasks: int = 0
    killed_tasks_summary: dict[str, int] = field(default_factory=dict)
    completed_indices: set[int] = field(default_factory=set, repr=False)
    total: TaskMetrics = field(default_factory=TaskMetrics, repr=False)
    unfolded: list[TaskMetrics] = field(default_factory=list, repr=False)

    @property
    def num_completed_indices(self) -> int:
        """Partitions that are done, each counted once however often it ran."""
        return len(self.completed_indices)

    @property
    def is_finished(self) -> bool:
        """Whether the attempt has ended and none of its tasks still runs."""
        live = (StageStatus.ACTIVE, StageStatus.PENDING)
        return self.status not in live and not self.num_active_tasks

    def metrics(self) -> TaskMetrics:
        """Counters of all ended tasks, added up."""
        return add_up([self.total, *self.unfolded])


@dataclass(slots=True)
class ExecutorSummary:
    """One executor process."""

    id: str
    host_port: str
    add_time_ms: int
    total_cores: int
    pid: int = 0
    is_active: bool = True
    remove_time_ms: int | None = None
    remove_reason: str | None = None
    active_tasks: int = 0
    failed_tasks: int = 0
    completed_tasks: int = 0
    total_tasks: int = 0
    total_duration_ms: int = 0


_SUMMED: Final = tuple(
    f.name for f in fields(TaskMetrics) if f.name != "peak_execution_memory_bytes"
)
_PEAK: Final = attrgetter("peak_execution_memory_bytes")


def add_up(metrics: Sequence[TaskMetrics]) -> TaskMetrics:
    """One account of many: sums, and the greatest of the peaks."""
    total = TaskMetrics(**{name: sum(map(attrgetter(name), metrics)) for name in _SUMMED})
    total.peak_execution_memory_bytes = max(map(_PEAK, metrics), default=0)
    return total
