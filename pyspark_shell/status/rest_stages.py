"""Spark's StageData as JSON, with what we know beside it: jobs, what it waits for, slow tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.task_end import Success, TaskCommitDenied, TaskKilled
from pyspark_shell.listener.events import SparkListenerTaskEnd
from pyspark_shell.status.api import StageData, StageStatus
from pyspark_shell.status.app_status_store import AppStatusStore
from pyspark_shell.status.rest_format import FinishedRow, Json, now_ms, optional_date, present
from pyspark_shell.status.rest_metrics import peaks, stage_metrics
from pyspark_shell.status.rest_summaries import executor_distributions
from pyspark_shell.status.rest_tasks import TaskEvent, status_of, task_rows, task_summary

_UNFINISHED: Final = (StageStatus.ACTIVE, StageStatus.FAILED)


def stage_row(
    stage: StageData,
    store: AppStatusStore,
    details: bool = False,
    quantiles: Sequence[float] | None = None,
) -> Json:
    """One stage attempt; with `details` its tasks and what each executor did, with `quantiles` how
    its tasks and its executors differ.
    """
    if quantiles is not None:
        return {**_stage_row(stage, store, details), **_distributions(stage, store, quantiles)}
    if details or not stage.is_closed:
        return _stage_row(stage, store, details)
    row = stage.finished_row
    if row is None:
        row = stage.finished_row = FinishedRow(_stage_row(stage, store, details))
    return row


def _stage_row(stage: StageData, store: AppStatusStore, details: bool) -> Json:
    events = list(stage.tasks.values()) if details else []
    was_skipped = stage.status is StageStatus.SKIPPED
    return present(
        {
            "status": stage.status.value,
            "stageId": stage.stage_id,
            "attemptId": stage.attempt_id,
            "numTasks": stage.num_tasks,
            "numActiveTasks": stage.num_active_tasks,
            "numCompleteTasks": stage.num_complete_tasks,
            "numFailedTasks": stage.num_failed_tasks,
            "numKilledTasks": stage.num_killed_tasks,
            "numCompletedIndices": stage.num_completed_indices,
            "submissionTime": optional_date(stage.submission_time_ms),
            "firstTaskLaunchedTime": optional_date(stage.first_task_launched_time_ms),
            "completionTime": optional_date(stage.completion_time_ms),
            "failureReason": stage.failure_reason,
            **stage_metrics(stage.metrics()),
            "name": stage.name,
            "description": stage.description,
            "details": stage.details,
            "schedulingPool": stage.scheduling_pool,
            "rddIds": list(stage.rdd_ids),
            "accumulatorUpdates": [],
            "tasks": {str(row["taskId"]): row for row in task_rows(events, stage, store)}
            if details
            else None,
            "executorSummary": _executor_summaries(stage, store) if details else None,
            "speculationSummary": _speculation_summary(stage, events),
            "killedTasksSummary": dict(stage.killed_tasks_summary),
            "resourceProfileId": stage.resource_profile_id,
            "peakExecutorMetrics": peaks() if not was_skipped else None,
            "isShufflePushEnabled": False,
            "shuffleMergersCount": 0,
            **_more(stage, store),
        }
    )


def _distributions(stage: StageData, store: AppStatusStore, quantiles: Sequence[float]) -> Json:
    summaries = _executor_summaries(stage, store).values()
    return present(
        {
            "taskMetricsDistributions": task_summary(stage, quantiles),
            "executorMetricsDistributions": executor_distributions(summaries, quantiles),
        }
    )


def _more(stage: StageData, store: AppStatusStore) -> Json:
    """What Spark does not tell."""
    return {
        "jobIds": list(stage.job_ids),
        "waitsFor": _waits_for(stage, store),
        "lastTaskEndAt": stage.last_task_end_ms,
        "medianTaskMs": median_ms(stage),
        "slowestTaskMs": _slowest_ms(stage),
        "zombieTasks": stage.zombie_tasks,
        "submittedAt": stage.submission_time_ms,
        "completedAt": stage.completion_time_ms,
    }


def median_ms(stage: StageData) -> int | None:
    """The middle one of the durations of the tasks that succeeded."""
    counts = sorted(stage.durations_ms.copy().items())
    before, half = 0, sum(number for _, number in counts) // 2
    for duration_ms, number in counts:
        before += number
        if before > half:
            return duration_ms
    return None


def _slowest_ms(stage: StageData) -> int | None:
    """The longest of the tasks that succeeded or run."""
    now = now_ms()
    running = [now - task.launch_time_ms for task in list(stage.running.values())]
    return max([*running, *list(stage.durations_ms)], default=None)


def _waits_for(stage: StageData, store: AppStatusStore) -> list[int]:
    """Parents that have to end before a waiting stage can begin."""
    if stage.status is not StageStatus.PENDING:
        return []
    return [parent for parent in stage.parent_ids if _is_unfinished(parent, store)]


def _is_unfinished(stage_id: int, store: AppStatusStore) -> bool:
    """Whether a stage runs, or waits for one that does; one that only waits will be skipped."""
    seen, queue = {stage_id}, [stage_id]
    while queue:
        stage = newest_attempt(queue.pop(), store)
        if stage is None:
            continue
        if stage.status in _UNFINISHED:
            return True
        if stage.status is StageStatus.PENDING:
            queue += [parent for parent in stage.parent_ids if parent not in seen]
            seen.update(stage.parent_ids)
    return False


def newest_attempt(stage_id: int, store: AppStatusStore) -> StageData | None:
    """The last attempt of a stage, found by counting up: attempts are few."""
    attempt, newest = 0, None
    while (stage := store.stage(stage_id, attempt)) is not None:
        newest = stage
        attempt += 1
    return newest


def _speculation_summary(stage: StageData, events: Sequence[TaskEvent]) -> Json | None:
    """What became of second copies of slow tasks; None if there were none."""
    statuses = [status_of(event, stage) for event in events if event.task_info.speculative]
    if not statuses:
        return None
    return {
        "numTasks": len(statuses),
        "numActiveTasks": statuses.count("RUNNING"),
        "numCompletedTasks": statuses.count("SUCCESS"),
        "numFailedTasks": statuses.count("FAILED"),
        "numKilledTasks": statuses.count("KILLED"),
    }


def _executor_summaries(stage: StageData, store: AppStatusStore) -> Json:
    """What each executor did for a stage attempt, as far as its tasks are remembered."""
    ended: dict[str, list[SparkListenerTaskEnd]] = {}
    for event in list(stage.tasks.values()):
        ends = ended.setdefault(event.task_info.executor_id, [])
        if isinstance(event, SparkListenerTaskEnd):
            ends.append(event)
    return {executor_id: _executor_summary(ends) for executor_id, ends in ended.items()}


def _executor_summary(ends: list[SparkListenerTaskEnd]) -> Json:
    infos = [event.task_info for event in ends]
    succeeded = sum(type(event.reason) is Success for event in ends)
    killed = sum(isinstance(event.reason, (TaskKilled, TaskCommitDenied)) for event in ends)
    metrics: list[TaskMetrics] = [e.task_metrics for e in ends if e.task_metrics is not None]
    return {
        "taskTime": sum(info.finish_time_ms - info.launch_time_ms for info in infos),
        "failedTasks": len(ends) - succeeded - killed,
        "succeededTasks": succeeded,
        "killedTasks": killed,
        "inputBytes": sum(m.input_bytes for m in metrics),
        "inputRecords": sum(m.input_records for m in metrics),
        "outputBytes": sum(m.output_bytes for m in metrics),
        "outputRecords": sum(m.output_records for m in metrics),
        "shuffleRead": sum(m.shuffle_read_bytes for m in metrics),
        "shuffleReadRecords": sum(m.shuffle_read_records for m in metrics),
        "shuffleWrite": sum(m.shuffle_write_bytes for m in metrics),
        "shuffleWriteRecords": sum(m.shuffle_write_records for m in metrics),
        "memoryBytesSpilled": sum(m.memory_bytes_spilled for m in metrics),
        "diskBytesSpilled": sum(m.disk_bytes_spilled for m in metrics),
        "isBlacklistedForStage": False,
        "peakMemoryMetrics": peaks(),
        "isExcludedForStage": False,
    }
