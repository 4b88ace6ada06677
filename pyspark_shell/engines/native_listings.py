"""The part of the engine that lists what there is: Spark's REST answers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from pyspark_shell.common.config import DEFAULT_PARALLELISM
from pyspark_shell.common.planned_master import planned_master
from pyspark_shell.common.process_kind import process_kind
from pyspark_shell.common.ui_config import REDACTION_REGEX
from pyspark_shell.engines.native_base import NativeBase, checked_words
from pyspark_shell.rest.port import Json, Refusal
from pyspark_shell.status.api import ExecutorSummary, JobStatus, StageStatus
from pyspark_shell.status.rest_application import application_info, environment_info
from pyspark_shell.status.rest_executors import DRIVER, Usage, executor_row
from pyspark_shell.status.rest_jobs import job_row
from pyspark_shell.status.rest_kills import kill_row
from pyspark_shell.status.rest_stages import stage_row
from pyspark_shell.status.rest_storage import rdd_row
from pyspark_shell.status.rest_stories import task_story
from pyspark_shell.status.rest_tasks import task_list, task_rows, task_summary
from pyspark_shell.version import SPARK_VERSION

_JOB_WORDS: Final = tuple(status.value for status in JobStatus)
_STAGE_WORDS: Final = tuple(status.value for status in StageStatus)
_TASK_WORDS: Final = ("RUNNING", "SUCCESS", "FAILED", "KILLED", "PENDING", "UNKNOWN")
_SORTINGS: Final = ("ID", "-ID", "runtime", "+runtime", "-runtime")


class NativeListings(NativeBase):
    """Application, jobs, stages, tasks, executors, storage, environment."""

    def application(self) -> Json:
        """ApplicationInfo."""
        driver, store = self._driver, self._store
        info = application_info(self.application_id, store.application, SPARK_VERSION)
        killed = driver.life.killed
        has_ended = store.application.end_time_ms is not None
        master = driver.conf.get("spark.master") or ""
        return {
            **info,
            "master": master,
            "sparkUser": info["attempts"][0]["sparkUser"],
            "version": SPARK_VERSION,
            "startedAt": info["attempts"][0]["startTimeEpoch"],
            "kind": process_kind().name,
            "pid": os.getpid(),
            "state": "stopped" if has_ended else "killing" if killed else "running",
            "stoppedReason": driver.why_stopped() if has_ended else "",
            "killReason": killed.reason if killed else "",
            "killWho": killed.who if killed else "",
            "defaultParallelism": DEFAULT_PARALLELISM.read(driver.conf)
            or planned_master(driver.conf, master).total_cores,
            "uiWebUrl": self.web_url or "",
            **({} if driver.idle_close_at_ms is None else {"idleCloseAt": driver.idle_close_at_ms}),
            "droppedEvents": {name: n for name, n in driver.bus.dropped().items() if n},
        }

    # Jobs and stages ------------------------------------------------------------------

    def jobs(self, statuses: Sequence[str] = ()) -> list[Json]:
        """JobData of all jobs, newest first."""
        wanted = checked_words(statuses, _JOB_WORDS)
        jobs = self._look().job_list()
        return [job_row(job) for job in jobs if not wanted or job.status.value in wanted]

    def job(self, job_id: int) -> Json:
        """JobData of one."""
        return job_row(self._job(job_id))

    def stages(
        self,
        statuses: Sequence[str] = (),
        details: bool = False,
        quantiles: Sequence[float] | None = None,
    ) -> list[Json]:
        """StageData of all attempts, newest first."""
        wanted = checked_words(statuses, _STAGE_WORDS)
        store = self._look()
        stages = [s for s in store.stage_list() if not wanted or s.status.value in wanted]
        return [stage_row(stage, store, details, quantiles) for stage in stages]

    def stage(
        self, stage_id: int, details: bool = True, quantiles: Sequence[float] | None = None
    ) -> list[Json]:
        """StageData of all attempts of one stage, with its tasks if `details`."""
        attempts = self._attempts(stage_id)
        return [stage_row(stage, self._store, details, quantiles) for stage in attempts]

    def stage_attempt(
        self,
        stage_id: int,
        attempt: int,
        details: bool = True,
        quantiles: Sequence[float] | None = None,
    ) -> Json:
        """StageData of one attempt."""
        return stage_row(self._attempt(stage_id, attempt), self._store, details, quantiles)

    def task_story(self, stage_id: int, index: int) -> list[Json]:
        """All attempts of one task: where each ran, and how it ended."""
        story = task_story(self._attempts(stage_id), index, self._store)
        if not story:
            raise Refusal(404, f"stage {stage_id} has no task {index}, or it is forgotten")
        return story

    def task_summary(self, stage_id: int, attempt: int, quantiles: Sequence[float]) -> Json:
        """TaskMetricDistributions."""
        if any(not 0 <= quantile <= 1 for quantile in quantiles):
            raise Refusal(400, "quantiles must be numbers from 0 to 1")
        summary = task_summary(self._attempt(stage_id, attempt), quantiles)
        if summary is None:
            raise Refusal(404, f"No tasks reported metrics for {stage_id} / {attempt} yet.")
        return summary

    def task_list(
        self,
        stage_id: int,
        attempt: int,
        offset: int = 0,
        length: int = 20,
        sort_by: str = "ID",
        statuses: Sequence[str] = (),
    ) -> list[Json]:
        """TaskData; `sort_by` is `ID`, `runtime` (slowest last) or `-runtime`."""
        if sort_by not in _SORTINGS:
            raise Refusal(404, f"unknown sorting: {sort_by}")
        wanted = checked_words(statuses, _TASK_WORDS)
        stage = self._attempt(stage_id, attempt)
        events = task_list(stage, sort_by, wanted)
        offset = max(0, offset)
        return task_rows(events[offset : offset + max(0, length)], stage, self._store)

    # Executors and storage ------------------------------------------------------------

    def executors(self, active_only: bool = True) -> list[Json]:
        """ExecutorSummary of the driver and all executors."""
        rows = self._look().executor_list(active_only)
        self._usage.forget_all_but([os.getpid(), *(row.pid for row in rows if row.is_active)])
        return [self._executor_row(row) for row in rows]

    def _executor_row(self, executor: ExecutorSummary) -> Json:
        if executor.id == DRIVER:
            executor.pid = os.getpid()
        usage = self._usage_of(executor)
        return executor_row(executor, self._store, usage, self._max_memory_bytes)

    def _usage_of(self, executor: ExecutorSummary) -> Usage:
        is_known = executor.is_active and executor.pid
        return self._usage.of(executor.pid) if is_known else Usage()

    def storage(self) -> list[Json]:
        """RDDStorageInfo of what is cached."""
        store = self._look()
        memory_bytes = self._max_memory_bytes
        return [rdd_row(rdd, store, memory_bytes) for rdd in store.cached_rdds()]

    def storage_rdd(self, rdd_id: int) -> Json:
        """RDDStorageInfo of one, with its blocks."""
        rdd = self._look().rdds.get(rdd_id)
        if rdd is None or not rdd.blocks:
            raise Refusal(404, f"no rdd found w/ id {rdd_id}")
        return rdd_row(rdd, self._store, self._max_memory_bytes)

    def kills(self) -> list[Json]:
        """The newest kills and what became of them, newest first."""
        return [kill_row(card) for card in self._look().kills.newest()]

    def listener_bus(self) -> list[Json]:
        """Each queue of events: how many wait, how many may, how many were dropped."""
        return [
            {
                "name": queue.name,
                "depth": queue.depth,
                "capacity": queue.capacity,
                "dropped": queue.dropped,
            }
            for queue in self._driver.bus.queues()
        ]

    def event_log(self) -> str | None:
        """The event log's file or folder as it is called now; None if none is written."""
        return self._driver.event_log_path

    def environment(self) -> Json:
        """ApplicationEnvironmentInfo, secrets redacted."""
        conf, application = self._driver.conf, self._look().application
        return environment_info(application, dict(conf.getAll()), REDACTION_REGEX.read(conf))
