"""Turns what happens to jobs, stages, tasks and executors into rows of the status store.

Owns    the jobs that run; it and its sisters are the store's only writers.
Thread  the bus's `spark-listener-group-appStatus`. A task's two events must cost microseconds: they
        only count and keep the event itself; metrics are added up later, many at once, and rows of
        tasks are made when somebody asks for them.
Source  Spark's AppStatusListener; differs in that counts of what runs cannot go wrong, and in what
        it tells of kills.
"""

from __future__ import annotations

from typing import Final

from pyspark_shell.common.kill_text import is_forced
from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.task_end import Success, TaskCommitDenied, TaskEndReason, TaskKilled
from pyspark_shell.listener.events import (
    SparkListenerApplicationEnd,
    SparkListenerExecutorAdded,
    SparkListenerExecutorRemoved,
    SparkListenerJobEnd,
    SparkListenerJobStart,
    SparkListenerSchedulerState,
    SparkListenerStageCompleted,
    SparkListenerStageSubmitted,
    SparkListenerTaskEnd,
    SparkListenerTaskStart,
    SparkListenerTaskStuck,
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
from pyspark_shell.status.kill_targets import killed_task

# Metrics of so many tasks wait before they are added up: bounds memory, and costs little per task.
_FOLD_AT: Final = 512
_STAGE_SHIFT: Final = 32
# Otherwise the time between a task's end and the driver's hearing of it is no time at all.
_HEARD_LATE_MS: Final = 500


class AppStatusListener:
    """Keeps the rows of `store` about jobs, stages, tasks and executors."""

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
        needed = [info for info in infos if info.completion_time_ms is None]
        tags = properties.get("spark.job.tags", "")
        job = JobData(
            event.job_id,
            infos[-1].name if infos else "",
            [info.stage_id for info in event.stage_infos],
            event.time_ms,
            description=properties.get("spark.job.description"),
            job_group=properties.get("spark.jobGroup.id"),
            job_tags=tuple(sorted(filter(None, tags.split(",")))),
            properties=properties,
            num_tasks=sum(info.num_tasks for info in needed),
        )
        stages = tuple(self._stage(info) for info in needed)
        for stage in stages:
            stage.jobs = (*stage.jobs, job)
        job.live_stages = stages
        self._store.jobs[job.job_id] = self._active[job.job_id] = job
        self._store.touch(job, *stages)
        self._store.trim()

    def onJobEnd(self, event: SparkListenerJobEnd) -> None:
        """The job's end; what was never submitted was skipped."""
        job = self._active.pop(event.job_id, None)
        if job is None:
            return
        for stage in job.live_stages:
            if _serves_others(stage, job):
                stage.jobs = tuple(other for other in stage.jobs if other is not job)
                stage.finished_row = None
            elif stage.status is StageStatus.PENDING:
                stage.status = StageStatus.SKIPPED
                stage.is_closed = True
                job.num_skipped_stages += 1
                job.num_skipped_tasks += stage.num_tasks
        self._store.touch(*job.live_stages)
        job.completion_time_ms = event.time_ms
        job.failure_reason = event.error
        job.status = JobStatus.SUCCEEDED if event.error is None else JobStatus.FAILED
        job.live_stages = tuple(s for s in job.live_stages if s.running and job in s.jobs)
        if event.cancelled:
            self._begin_kill(job, event)
        else:
            self._store.touch(*self._store.kills.job_was_faster(job.job_id, event.time_ms))
        self._settle(job, event.time_ms)
        self._store.touch(job)

    def _begin_kill(self, job: JobData, event: SparkListenerJobEnd) -> None:
        """The job counts as KILLING while tasks of it run; shared stages are the other jobs'."""
        job.kill_state = KillState.KILLING
        running = [task for stage in job.live_stages for task in stage.running.values()]
        tasks = [killed_task(self._store, task) for task in running]
        cards = self._store.kills.job_ended(job.job_id, event.error or "", event.time_ms, tasks)
        job.kill_reason, job.kill_who = cards[0].reason, cards[0].who
        self._store.touch(*cards)

    @staticmethod
    def _settle(job: JobData, now_ms: int) -> None:
        """Let go of what an ended job is counted by, once its last task has ended."""
        if job.status is JobStatus.RUNNING or job.num_active_tasks:
            return
        job.live_stages = ()
        job.completed_indices = set()
        if job.kill_state is KillState.KILLING:
            job.kill_state = KillState.KILLED
            job.killed_at_ms = now_ms
        job.is_closed = True

    # Stages -----------------------------------------------------------------------

    def onStageSubmitted(self, event: SparkListenerStageSubmitted) -> None:
        """A stage attempt begins."""
        info = event.stage_info
        stage = self._stage(info)
        stage.status = StageStatus.ACTIVE
        stage.is_closed, stage.finished_row = False, None
        stage.submission_time_ms = info.submission_time_ms
        stage.num_tasks = info.num_tasks
        stage.description = event.properties.get("spark.job.description")
        stage.scheduling_pool = event.properties.get("spark.scheduler.pool", "default")
        jobs = (job for job in self._active.values() if info.stage_id in job.stage_ids)
        stage.jobs = tuple(jobs)
        for job in stage.jobs:
            if stage not in job.live_stages:
                job.live_stages = (*job.live_stages, stage)
        self._store.touch(stage, *stage.jobs)
        self._store.trim()

    def onStageCompleted(self, event: SparkListenerStageCompleted) -> None:
        """A stage attempt ended; killed tasks of it may still run."""
        info = event.stage_info
        stage = self._stage(info)
        stage.completion_time_ms = info.completion_time_ms
        stage.failure_reason = info.failure_reason
        failed = info.failure_reason is not None
        stage.status = StageStatus.FAILED if failed else StageStatus.COMPLETE
        for job in stage.jobs:
            job.num_failed_stages += failed
            job.num_completed_stages += not failed
        _close_if_done(stage)
        self._store.touch(stage, *stage.jobs)

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
                parent_ids=info.parent_ids,
            )
        return stage

    # Tasks ------------------------------------------------------------------------

    def onTaskStart(self, event: SparkListenerTaskStart) -> None:
        """One more task runs."""
        store, info = self._store, event.task_info
        executor = store.executors.get(info.executor_id)
        if executor is not None:
            executor.running[info.task_id] = info
            executor.total_tasks += 1
            store.touch(executor)
        stage = store.stages.get((event.stage_id, event.stage_attempt_id))
        if stage is None:
            return
        if stage.first_task_launched_time_ms is None:
            stage.first_task_launched_time_ms = info.launch_time_ms
        if stage.is_closed:  # its start is told after its stage's end
            stage.is_closed, stage.finished_row = False, None
        stage.running[info.task_id] = info
        stage.tasks[info.task_id] = event
        store.add_task(stage)
        store.touch(stage, *stage.jobs)

    def onTaskEnd(self, event: SparkListenerTaskEnd) -> None:
        """One task less runs; it is done, failed, or killed."""
        store, info = self._store, event.task_info
        executor = store.executors.get(info.executor_id)
        if executor is not None:
            _count_on_executor(executor, event)
            store.touch(executor)
        if store.kills.dying:
            stack = event.reason.stack if isinstance(event.reason, TaskKilled) else ""
            text, ended_ms = _kill_text(event.reason), _ended_ms(event)
            store.touch(*store.kills.task_ended(info.task_id, ended_ms, text, stack))
        stage = store.stages.get((event.stage_id, event.stage_attempt_id))
        if stage is None:
            return
        stage.running.pop(info.task_id, None)
        stage.last_task_end_ms = info.finish_time_ms
        if info.task_id in stage.tasks:
            stage.tasks[info.task_id] = event
        if event.task_metrics is not None:
            stage.unfolded.append(event.task_metrics)
            if len(stage.unfolded) >= _FOLD_AT:
                _fold(stage)
        _count_on_stage(stage, event.reason, info.index, info.finish_time_ms - info.launch_time_ms)
        if stage.completion_time_ms is not None:
            _close_if_done(stage)
        for job in stage.jobs:
            _count_on_job(job, event)
            if job.status is not JobStatus.RUNNING:
                self._settle(job, info.finish_time_ms)
        store.touch(stage, *stage.jobs)

    def onTaskStuck(self, event: SparkListenerTaskStuck) -> None:
        """A killed task still runs, and somebody looked where."""
        self._store.touch(*self._store.kills.task_is_stuck(event.task_id, event.stack))

    # Executors --------------------------------------------------------------------

    def onExecutorAdded(self, event: SparkListenerExecutorAdded) -> None:
        """An executor is up."""
        executor = self._store.executors[event.executor_id] = ExecutorSummary(
            event.executor_id, event.host, event.time_ms, event.total_cores, event.pid
        )
        self._store.touch(executor)

    def onExecutorRemoved(self, event: SparkListenerExecutorRemoved) -> None:
        """An executor is gone."""
        executor = self._store.executors.get(event.executor_id)
        if executor is not None:
            executor.is_active = False
            executor.remove_time_ms = event.time_ms
            executor.remove_reason = event.reason
            cards = self._store.kills.executor_ended(executor.id, event.time_ms)
            self._store.touch(executor, *cards)
        self._store.trim()

    # The truth ----------------------------------------------------------------------

    def onSchedulerState(self, event: SparkListenerSchedulerState) -> None:
        """Rows that the scheduler does not know to run do not run, whatever was missed."""
        store = self._store
        for executor in store.executor_list():
            for task_id in executor.running.keys() - event.task_ids:
                del executor.running[task_id]
                store.touch(executor)
            if executor.id != "driver" and executor.id not in event.executor_ids:
                executor.is_active = False
                store.touch(executor)
        for stage in list(store.stages.values()):
            if not stage.is_finished:
                self._correct(stage, event)
        for job in list(self._active.values()):
            if job.job_id not in event.job_ids:
                del self._active[job.job_id]
                job.status = JobStatus.UNKNOWN
                job.completion_time_ms = event.time_ms
                self._settle(job, event.time_ms)
                store.touch(job)
        store.touch(*store.kills.correct(event))
        for job in list(store.jobs.values()):
            if job.live_stages and job.status is not JobStatus.RUNNING:
                self._settle(job, event.time_ms)
                store.touch(job)

    def _correct(self, stage: StageData, event: SparkListenerSchedulerState) -> None:
        for task_id in stage.running.keys() - event.task_ids:
            del stage.running[task_id]
            stage.finished_row = None
            if stage.completion_time_ms is not None:
                _close_if_done(stage)
            self._store.touch(stage, *stage.jobs)
        if not any(job.job_id in event.job_ids for job in stage.jobs) and not stage.is_over:
            skipped = stage.status is StageStatus.PENDING
            stage.status = StageStatus.SKIPPED if skipped else StageStatus.FAILED
            self._store.touch(stage)

    def onApplicationEnd(self, event: SparkListenerApplicationEnd) -> None:
        """Nothing runs any more."""
        self.onSchedulerState(SparkListenerSchedulerState(event.time_ms))


def _serves_others(stage: StageData, job: JobData) -> bool:
    return any(other is not job and other.status is JobStatus.RUNNING for other in stage.jobs)


def _has_failed(reason: TaskEndReason) -> bool:
    return not isinstance(reason, (Success, TaskKilled, TaskCommitDenied))


def _kill_text(reason: TaskEndReason) -> str:
    return reason.reason if isinstance(reason, TaskKilled) else str(reason)


def _ended_ms(event: SparkListenerTaskEnd) -> int:
    """When a task ended; by its own count, if a driver that was held has heard of it late."""
    info, metrics = event.task_info, event.task_metrics
    if metrics is None:
        return info.finish_time_ms
    took_ms = (
        metrics.executor_deserialize_time_ms
        + metrics.executor_run_time_ms
        + metrics.result_serialization_time_ms
    )
    own_ms = info.launch_time_ms + took_ms
    return own_ms if info.finish_time_ms - own_ms > _HEARD_LATE_MS else info.finish_time_ms


def _fold(stage: StageData) -> None:
    if stage.unfolded:
        stage.total, stage.unfolded = add_up([stage.total, *stage.unfolded]), []


def _close_if_done(stage: StageData) -> None:
    """Let go of what an ended attempt is counted by."""
    if not stage.running:
        _fold(stage)
        stage.completed_indices = set()
        stage.is_closed = True


def _count_on_executor(executor: ExecutorSummary, event: SparkListenerTaskEnd) -> None:
    info, reason = event.task_info, event.reason
    executor.running.pop(info.task_id, None)
    executor.last_task_end_ms = info.finish_time_ms
    executor.total_duration_ms += info.finish_time_ms - info.launch_time_ms
    if type(reason) is Success:
        executor.completed_tasks += 1
    elif _has_failed(reason):
        executor.failed_tasks += 1
    elif is_forced(_kill_text(reason)):
        executor.forced_kills += 1
    metrics: TaskMetrics | None = event.task_metrics
    if metrics is not None:
        executor.total_gc_time_ms += metrics.gc_time_ms
        executor.total_input_bytes += metrics.input_bytes
        executor.total_shuffle_read_bytes += metrics.shuffle_read_bytes
        executor.total_shuffle_write_bytes += metrics.shuffle_write_bytes


def _count_on_stage(stage: StageData, reason: TaskEndReason, index: int, duration_ms: int) -> None:
    if type(reason) is Success:
        stage.num_complete_tasks += 1
        stage.durations_ms[duration_ms] += 1
        if index not in stage.completed_indices:
            stage.completed_indices.add(index)
            stage.num_completed_indices += 1
    elif _has_failed(reason):
        stage.num_failed_tasks += 1
    else:
        stage.num_killed_tasks += 1
        _add_kill(stage.killed_tasks_summary, reason)


def _count_on_job(job: JobData, event: SparkListenerTaskEnd) -> None:
    info, reason = event.task_info, event.reason
    job.last_task_end_ms = info.finish_time_ms
    if type(reason) is Success:
        job.num_completed_tasks += 1
        index = event.stage_id << _STAGE_SHIFT | info.index
        if index not in job.completed_indices:
            job.completed_indices.add(index)
            job.num_completed_indices += 1
    elif _has_failed(reason):
        job.num_failed_tasks += 1
    else:
        job.num_killed_tasks += 1
        _add_kill(job.killed_tasks_summary, reason)


def _add_kill(summary: dict[str, int], reason: TaskEndReason) -> None:
    text = _kill_text(reason)
    summary[text] = summary.get(text, 0) + 1
