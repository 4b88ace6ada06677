"""Turns events into rows of the status store.

Owns    nothing; it is the store's only writer.
Thread  the bus's `spark-listener-group-appStatus`. A task's two events must cost microseconds: they
        only count, and metrics are added up later, many at once.
Source  Spark's AppStatusListener.
"""

from __future__ import annotations

from typing import Final

from pyspark_shell.common.task_end import Success, TaskCommitDenied, TaskEndReason, TaskKilled
from pyspark_shell.listener.events import (
    SparkListenerExecutorAdded,
    SparkListenerExecutorRemoved,
    SparkListenerJobEnd,
    SparkListenerJobStart,
    SparkListenerStageCompleted,
    SparkListenerStageSubmitted,
    SparkListenerTaskEnd,
    SparkListenerTaskStart,
    StageInfo,
)
from pyspark_shell.status.api import (
    ExecutorSummary,
    JobData,
    JobStatus,
    KillState,
    StageData,
    StageStatus,
    add_up,
)
from pyspark_shell.status.app_status_store import AppStatusStore

# Metrics of so many tasks wait before they are added up: bounds memory, and costs little per task.
_FOLD_AT: Final = 512


class AppStatusListener:
    """Counts jobs, stages, tasks and executors into `store`."""

    def __init__(self, store: AppStatusStore) -> None:
        self._store = store
        # Jobs that run: a look through the retained ones for every stage would cost each job a
        # millisecond.
        self._active: dict[int, JobData] = {}

    # Jobs -------------------------------------------------------------------------

    def onJobStart(self, event: SparkListenerJobStart) -> None:
        """A new job, and rows for the stages it may need."""
        properties = event.properties
        infos = sorted(event.stage_infos, key=lambda info: info.stage_id)
        tags = properties.get("spark.job.tags", "")
        job = JobData(
            event.job_id,
            infos[-1].name if infos else "",
            [info.stage_id for info in event.stage_infos],
            event.time_ms,
            description=properties.get("spark.job.description"),
            job_group=properties.get("spark.jobGroup.id"),
            job_tags=tuple(sorted(filter(None, tags.split(",")))),
            num_tasks=sum(info.num_tasks for info in infos if info.completion_time_ms is None),
        )
        self._store.jobs[job.job_id] = self._active[job.job_id] = job
        for info in infos:
            if info.completion_time_ms is None:
                stage = self._stage(info)
                stage.job_ids = (*stage.job_ids, job.job_id)
        self._store.trim()

    def onJobEnd(self, event: SparkListenerJobEnd) -> None:
        """The job's end; what was never submitted was skipped."""
        job = self._active.pop(event.job_id, None)
        if job is None:
            return
        for stage in self._first_attempts_of(job):
            if stage.status is StageStatus.PENDING and self._is_last_job(stage, job.job_id):
                stage.status = StageStatus.SKIPPED
                job.num_skipped_stages += 1
                job.num_skipped_tasks += stage.num_tasks
        job.completion_time_ms = event.time_ms
        job.failure_reason = event.error
        job.status = JobStatus.SUCCEEDED if event.error is None else JobStatus.FAILED
        if event.cancelled:
            self._begin_kill(job, event.time_ms)

    def _begin_kill(self, job: JobData, now_ms: int) -> None:
        """The job counts as KILLING while tasks of it run; shared stages are the other jobs'."""
        for stage in self._store.stages.values():
            if job.job_id in stage.job_ids and not self._is_last_job(stage, job.job_id):
                stage.job_ids = tuple(i for i in stage.job_ids if i != job.job_id)
                job.num_active_tasks -= stage.num_active_tasks
        job.kill_state = KillState.KILLING
        self._end_kill_if_done(job, now_ms)

    @staticmethod
    def _end_kill_if_done(job: JobData, now_ms: int) -> None:
        if job.kill_state is KillState.KILLING and job.num_active_tasks <= 0:
            job.kill_state = KillState.KILLED
            job.killed_at_ms = now_ms

    def _first_attempts_of(self, job: JobData) -> list[StageData]:
        stages = self._store.stages
        attempts = ((stage_id, 0) for stage_id in job.stage_ids)
        return [stages[key] for key in attempts if key in stages]

    def _is_last_job(self, stage: StageData, job_id: int) -> bool:
        jobs = self._store.jobs
        others = (jobs[other] for other in stage.job_ids if other != job_id and other in jobs)
        return all(other.is_finished for other in others)

    # Stages -----------------------------------------------------------------------

    def onStageSubmitted(self, event: SparkListenerStageSubmitted) -> None:
        """A stage attempt begins."""
        info = event.stage_info
        stage = self._stage(info)
        stage.status = StageStatus.ACTIVE
        stage.submission_time_ms = info.submission_time_ms
        stage.num_tasks = info.num_tasks
        stage.description = event.properties.get("spark.job.description")
        stage.scheduling_pool = event.properties.get("spark.scheduler.pool", "default")
        stage.job_ids = self._running_jobs_with(info.stage_id)
        for job in self._jobs_of(stage):
            job.num_active_stages += 1
        self._store.trim()

    def onStageCompleted(self, event: SparkListenerStageCompleted) -> None:
        """A stage attempt ended; killed tasks of it may still run."""
        info = event.stage_info
        stage = self._stage(info)
        was_active = stage.status is StageStatus.ACTIVE
        stage.completion_time_ms = info.completion_time_ms
        stage.failure_reason = info.failure_reason
        failed = info.failure_reason is not None
        stage.status = StageStatus.FAILED if failed else StageStatus.COMPLETE
        for job in self._jobs_of(stage):
            job.num_active_stages -= was_active
            job.num_failed_stages += failed
            job.num_completed_stages += not failed

    def _stage(self, info: StageInfo) -> StageData:
        key = (info.stage_id, info.attempt_number)
        stage = self._store.stages.get(key)
        if stage is None:
            stage = self._store.stages[key] = StageData(
                info.stage_id,
                info.attempt_number,
                info.name,
                info.num_tasks,
                details=info.details,
                resource_profile_id=info.resource_profile_id,
                rdd_ids=tuple(rdd.rdd_id for rdd in info.rdd_infos),
            )
        return stage

    def _running_jobs_with(self, stage_id: int) -> tuple[int, ...]:
        return tuple(job.job_id for job in self._active.values() if stage_id in job.stage_ids)

    def _jobs_of(self, stage: StageData) -> list[JobData]:
        jobs = self._store.jobs
        return [jobs[job_id] for job_id in stage.job_ids if job_id in jobs]

    # Tasks ------------------------------------------------------------------------

    def onTaskStart(self, event: SparkListenerTaskStart) -> None:
        """One more task runs."""
        store, info = self._store, event.task_info
        stage = store.stages.get((event.stage_id, event.stage_attempt_id))
        if stage is not None:
            stage.num_active_tasks += 1
            if stage.first_task_launched_time_ms is None:
                stage.first_task_launched_time_ms = info.launch_time_ms
            for job_id in stage.job_ids:
                job = store.jobs.get(job_id)
                if job is not None:
                    job.num_active_tasks += 1
        executor = store.executors.get(info.executor_id)
        if executor is not None:
            executor.active_tasks += 1
            executor.total_tasks += 1

    def onTaskEnd(self, event: SparkListenerTaskEnd) -> None:
        """One task less runs; it is done, failed, or killed."""
        store, info, reason = self._store, event.task_info, event.reason
        executor = store.executors.get(info.executor_id)
        if executor is not None:
            executor.active_tasks -= 1
            executor.total_duration_ms += info.finish_time_ms - info.launch_time_ms
            executor.completed_tasks += type(reason) is Success
            executor.failed_tasks += _has_failed(reason)
        stage = store.stages.get((event.stage_id, event.stage_attempt_id))
        if stage is None:
            return
        jobs = [job for job_id in stage.job_ids if (job := store.jobs.get(job_id)) is not None]
        stage.num_active_tasks -= 1
        for job in jobs:
            job.num_active_tasks -= 1
            if job.kill_state is not None:
                self._end_kill_if_done(job, info.finish_time_ms)
        if event.task_metrics is not None:
            stage.unfolded.append(event.task_metrics)
            if len(stage.unfolded) >= _FOLD_AT:
                stage.total, stage.unfolded = add_up([stage.total, *stage.unfolded]), []
        if type(reason) is Success:
            stage.num_complete_tasks += 1
            stage.completed_indices.add(info.index)
            for job in jobs:
                job.num_completed_tasks += 1
                job.completed_indices.add((event.stage_id, info.index))
        elif _has_failed(reason):
            stage.num_failed_tasks += 1
            for job in jobs:
                job.num_failed_tasks += 1
        else:
            _count_kill(stage, jobs, reason)

    # Executors --------------------------------------------------------------------

    def onExecutorAdded(self, event: SparkListenerExecutorAdded) -> None:
        """An executor is up."""
        self._store.executors[event.executor_id] = ExecutorSummary(
            event.executor_id, event.host, event.time_ms, event.total_cores, event.pid
        )

    def onExecutorRemoved(self, event: SparkListenerExecutorRemoved) -> None:
        """An executor is gone."""
        executor = self._store.executors.get(event.executor_id)
        if executor is not None:
            executor.is_active = False
            executor.remove_time_ms = event.time_ms
            executor.remove_reason = event.reason
        self._store.trim()


def _has_failed(reason: TaskEndReason) -> bool:
    return not isinstance(reason, (Success, TaskKilled, TaskCommitDenied))


def _count_kill(stage: StageData, jobs: list[JobData], reason: TaskEndReason) -> None:
    text = reason.reason if isinstance(reason, TaskKilled) else str(reason)
    rows: list[StageData | JobData] = [stage, *jobs]
    for row in rows:
        row.num_killed_tasks += 1
        row.killed_tasks_summary[text] = row.killed_tasks_summary.get(text, 0) + 1
