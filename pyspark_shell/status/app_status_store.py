"""Rows about jobs, stages and executors, of which only so many are remembered.

Thread  one writer, `AppStatusListener`; any thread reads. Readers copy a table in one step of the
        interpreter, so the writer needs no lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

from pyspark_shell.status.api import ExecutorSummary, JobData, JobStatus, StageData, StageStatus

K = TypeVar("K")

RETAINED_JOBS: Final = 1000
RETAINED_STAGES: Final = 1000
RETAINED_DEAD_EXECUTORS: Final = 100


class Row(Protocol):
    """What retention asks of a row."""

    @property
    def is_finished(self) -> bool: ...


class AppStatusStore:
    """What an application has done and does.

    Parameters
    ----------
    retained_jobs, retained_stages
        Rows kept; beyond it the oldest finished ones go, a tenth at a time, running ones never.
    catch_up
        Waits until the listener has seen all that was posted before; called by those who want to
        read what they have just done.
    """

    def __init__(
        self,
        retained_jobs: int = RETAINED_JOBS,
        retained_stages: int = RETAINED_STAGES,
        retained_dead_executors: int = RETAINED_DEAD_EXECUTORS,
        catch_up: Callable[[], object] | None = None,
    ) -> None:
        self._retained_jobs = retained_jobs
        self._retained_stages = retained_stages
        self._retained_dead_executors = retained_dead_executors
        self._catch_up = catch_up
        self.jobs: dict[int, JobData] = {}
        self.stages: dict[tuple[int, int], StageData] = {}
        self.executors: dict[str, ExecutorSummary] = {}

    # From any thread ------------------------------------------------------------

    def catch_up(self) -> None:
        """Wait for the events posted before."""
        if self._catch_up is not None:
            self._catch_up()

    def job(self, job_id: int) -> JobData | None:
        """One job, None if it is unknown or forgotten."""
        return self.jobs.get(job_id)

    def job_list(self) -> list[JobData]:
        """All jobs, newest first."""
        return list(self.jobs.values())[::-1]

    def active_job_ids(self) -> list[int]:
        """Ids of the jobs that run."""
        return [job.job_id for job in self.job_list() if job.status is JobStatus.RUNNING]

    def job_ids_for_group(self, group: str | None) -> list[int]:
        """Ids of a group's jobs, newest first; None: of those without a group."""
        return [job.job_id for job in self.job_list() if job.job_group == group]

    def stage(self, stage_id: int, attempt_id: int) -> StageData | None:
        """One stage attempt, None if it is unknown or forgotten."""
        return self.stages.get((stage_id, attempt_id))

    def stage_attempts(self, stage_id: int) -> list[StageData]:
        """All attempts of a stage, first to last."""
        return [stage for stage in list(self.stages.values()) if stage.stage_id == stage_id]

    def last_stage_attempt(self, stage_id: int) -> StageData | None:
        """The newest attempt of a stage, None if it is unknown."""
        attempts = self.stage_attempts(stage_id)
        return max(attempts, key=lambda stage: stage.attempt_id, default=None)

    def stage_list(self) -> list[StageData]:
        """All stage attempts, newest first."""
        return list(self.stages.values())[::-1]

    def active_stage_ids(self) -> list[int]:
        """Ids of the stages that run."""
        active = (s.stage_id for s in self.stage_list() if s.status is StageStatus.ACTIVE)
        return list(dict.fromkeys(active))

    def executor_list(self, active_only: bool = True) -> list[ExecutorSummary]:
        """Executors, oldest first."""
        rows = list(self.executors.values())
        return [row for row in rows if row.is_active or not active_only]

    # For the writer only ----------------------------------------------------------

    def trim(self) -> None:
        """Forget what is beyond the limits."""
        _trim(self.jobs, self._retained_jobs)
        _trim(self.stages, self._retained_stages)
        dead = [row.id for row in self.executors.values() if not row.is_active]
        for executor_id in dead[: max(0, len(dead) - self._retained_dead_executors)]:
            del self.executors[executor_id]


def _trim(rows: dict[K, Any], limit: int) -> None:
    excess = len(rows) - limit
    if excess <= 0:
        return
    wanted = max(excess, limit // 10)
    finished = (key for key, row in list(rows.items()) if row.is_finished)
    for _, key in zip(range(wanted), finished, strict=False):
        del rows[key]
