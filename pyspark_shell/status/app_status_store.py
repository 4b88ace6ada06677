"""Rows about jobs, stages, tasks, executors and cached RDDs, of which only so many are remembered.

Thread  one writer, the status listeners; any thread reads. Readers copy a table in one step of the
        interpreter, so the writer needs no lock.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import Any, Final, Protocol, TypeVar

from pyspark_shell.common.record import field, record
from pyspark_shell.listener.events import (
    SparkListenerApplicationStart,
    SparkListenerEnvironmentUpdate,
    SparkListenerResourceProfileAdded,
)
from pyspark_shell.status.api import (
    ExecutorSummary,
    JobData,
    JobStatus,
    RDDStorage,
    StageData,
    StageStatus,
)
from pyspark_shell.status.kill_log import KillCard, KillLog

K = TypeVar("K")
R = TypeVar("R", bound="Finishing")

RETAINED_JOBS: Final = 1000
RETAINED_STAGES: Final = 1000
RETAINED_TASKS: Final = 100_000
# Tasks remembered of all stages, by what one may have.
_ALL_STAGES: Final = 2
RETAINED_DEAD_EXECUTORS: Final = 100
# Forgotten rows that a view may still have to be told of.
_REMEMBERED_FORGOTTEN: Final = 5000
# Nobody has asked for changes for so long: nobody looks.
_NOBODY_LOOKS_S: Final = 30.0
# Who wants to see what he has just done waits for it so long at most.
CATCH_UP_S: Final = 10.0
# Rows of a kind that a view draws first, beside those that run.
SHOWN: Final = 200

Row = JobData | StageData | ExecutorSummary | RDDStorage | KillCard


class Finishing(Protocol):
    """What retention asks of a row."""

    @property
    def is_finished(self) -> bool: ...


@record(frozen=False)
class Application:
    """What the application told of itself."""

    start: SparkListenerApplicationStart | None = None
    end_time_ms: int | None = None
    environment: SparkListenerEnvironmentUpdate | None = None
    profiles: dict[int, SparkListenerResourceProfileAdded] = field(default_factory=dict)


@record
class Forgotten:
    """A row that is gone."""

    kind: str
    key: str


class AppStatusStore:
    """What an application has done and does.

    Parameters
    ----------
    retained_jobs, retained_stages
        Rows kept; when there are a tenth more, the oldest finished ones go, running ones never.
    catch_up
        Waits so many seconds until the listener has seen all that was posted before; called by
        those who want to read what they have just done.
    when_caught_up
        The same for those who cannot wait: calls back then; True if there is nothing to wait for.
    retained_tasks
        Task rows kept of one stage attempt, as in Spark, and twice as many of all together, which
        Spark does not limit; running ones go last.
    """

    def __init__(
        self,
        retained_jobs: int = RETAINED_JOBS,
        retained_stages: int = RETAINED_STAGES,
        retained_dead_executors: int = RETAINED_DEAD_EXECUTORS,
        catch_up: Callable[[float], object] | None = None,
        retained_tasks: int = RETAINED_TASKS,
        when_caught_up: Callable[[Callable[[], object]], bool] | None = None,
    ) -> None:
        self._retained_jobs = retained_jobs
        self._retained_stages = retained_stages
        self._retained_dead_executors = retained_dead_executors
        self._retained_tasks = retained_tasks
        self._catch_up = catch_up
        self._when_caught_up = when_caught_up
        self.application = Application()
        self.jobs: dict[int, JobData] = {}
        self.stages: dict[tuple[int, int], StageData] = {}
        self.executors: dict[str, ExecutorSummary] = {}
        self.rdds: dict[int, RDDStorage] = {}
        self.kills = KillLog()
        self._num_tasks = 0
        self._changed: set[Row] = set()
        self._forgotten: deque[Forgotten] = deque(maxlen=_REMEMBERED_FORGOTTEN)
        self._looked_at_s = float("-inf")
        self._marks_are_lost = True

    # From any thread ------------------------------------------------------------

    def catch_up(self, timeout_s: float = CATCH_UP_S) -> None:
        """Wait for the events posted before."""
        if self._catch_up is not None:
            self._catch_up(timeout_s)

    def when_caught_up(self, tell: Callable[[], object]) -> bool:
        """Have `tell` called, in any thread, once the events posted before are in the rows; True if
        they are already, and then it is not called.
        """
        return self._when_caught_up is None or self._when_caught_up(tell)

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
        """The driver and the executors, oldest first; they come up in any order."""
        rows = sorted(list(self.executors.values()), key=_number)
        return [row for row in rows if row.is_active or not active_only]

    def cached_rdds(self) -> list[RDDStorage]:
        """Persisted RDDs of which at least one block is cached."""
        return [row for row in list(self.rdds.values()) if row.blocks]

    def take_changes(self) -> tuple[list[Row], list[Forgotten]]:
        """Rows that changed since the last call, and those that went; one caller only.

        At the first call and after a long silence these are the rows that a view shows.
        """
        changed = self._changed
        self._looked_at_s = time.monotonic()
        if self._marks_are_lost:
            self._marks_are_lost = False
            changed.update(shown(self.job_list()), shown(self.stage_list()))
            changed.update(self.executor_list(), self.cached_rdds(), self.kills.newest())
        marked = _pop_all(changed)
        gone = [self._forgotten.popleft() for _ in range(len(self._forgotten))]
        # Only now: a row that is there after those that went were taken goes, if at all, next time.
        return [row for row in marked if self._holds(row)], gone

    def _holds(self, row: Row) -> bool:
        match row:
            case JobData():
                return self.jobs.get(row.job_id) is row
            case StageData():
                return self.stages.get((row.stage_id, row.attempt_id)) is row
            case ExecutorSummary():
                return self.executors.get(row.id) is row
            case RDDStorage():
                return self.rdds.get(row.info.rdd_id) is row
            case KillCard():
                return True

    # For the writers only ---------------------------------------------------------

    def touch(self, *rows: Row) -> None:
        """Mark rows as changed; to be called after the change."""
        self._changed.update(rows)

    def forget(self, row: Row) -> None:
        """Have viewers drop a row that is gone."""
        self._changed.discard(row)
        self._forgotten.append(Forgotten(row.kind, row.key))

    def trim(self) -> None:
        """Forget what is beyond the limits, and the marks that nobody will ask for."""
        if self._changed and time.monotonic() - self._looked_at_s > _NOBODY_LOOKS_S:
            self._marks_are_lost = True
            self._changed.clear()
        self._trim(self.jobs, self._retained_jobs)
        for stage in self._trim(self.stages, self._retained_stages):
            self._num_tasks -= len(stage.tasks)
        dead = [row for row in self.executors.values() if not row.is_active]
        for executor in dead[: max(0, len(dead) - self._retained_dead_executors)]:
            del self.executors[executor.id]
            self.forget(executor)

    def _trim(self, rows: dict[K, Any], limit: int) -> list[Any]:
        excess = len(rows) - limit
        if excess <= limit // 10:
            return []
        finished = islice((key for key, row in rows.items() if row.is_finished), excess)
        gone = [rows.pop(key) for key in list(finished)]
        for row in gone:
            self.forget(row)
        return gone

    def add_task(self, stage: StageData) -> None:
        """Count one more task row of a stage; the oldest go when there are too many."""
        self._num_tasks += 1
        limit = self._retained_tasks
        if len(stage.tasks) > limit:
            self._trim_tasks(stage, max(limit // 10, 1))
        if self._num_tasks > _ALL_STAGES * limit:
            excess = max(limit // 10, 1)
            for each in list(self.stages.values()):
                excess -= self._trim_tasks(each, excess)
                if excess <= 0:
                    return

    def _trim_tasks(self, stage: StageData, excess: int) -> int:
        """Forget so many ended tasks of a stage, oldest first; how many there were."""
        running = stage.running
        gone = list(islice((task_id for task_id in stage.tasks if task_id not in running), excess))
        for task_id in gone:
            del stage.tasks[task_id]
        self._num_tasks -= len(gone)
        return len(gone)


def _number(executor: ExecutorSummary) -> int:
    """Executors are numbered as they are started; the driver was there before."""
    return int(executor.id) if executor.id.isdecimal() else -1


def _pop_all(marked: set[Row]) -> list[Row]:
    """Take all marks, though the writer takes some back meanwhile."""
    popped = []
    with suppress(KeyError):
        for _ in range(len(marked)):
            popped.append(marked.pop())
    return popped


def shown(rows: Iterable[R]) -> list[R]:
    """Of rows, newest first, all that are not finished and the newest of the others."""
    chosen, room = [], SHOWN
    for row in rows:
        if not row.is_finished:
            chosen.append(row)
        elif room:
            room -= 1
            chosen.append(row)
    return chosen
