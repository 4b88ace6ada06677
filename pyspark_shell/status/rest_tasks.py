"""Spark's TaskData as JSON, made from a task's newest event when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.task_end import Success, TaskKilled
from pyspark_shell.listener.events import SparkListenerTaskEnd, SparkListenerTaskStart, TaskInfo
from pyspark_shell.status.api import StageData
from pyspark_shell.status.app_status_store import AppStatusStore
from pyspark_shell.status.rest_executors import log_links
from pyspark_shell.status.rest_format import Json, date, now_ms, present
from pyspark_shell.status.rest_metrics import distributions, task_metrics

TaskEvent = SparkListenerTaskStart | SparkListenerTaskEnd

# A traceback may hold a whole data set; nobody reads more than this of one.
_ERROR_CHARACTERS: Final = 64 * 1024


def task_row(event: TaskEvent, stage: StageData, store: AppStatusStore) -> Json:
    """One task."""
    info = event.task_info
    ended = event if isinstance(event, SparkListenerTaskEnd) else None
    metrics = ended.task_metrics if ended is not None else None
    duration_ms = duration_of(event, stage)
    fetched_ms, getting_ms = info.getting_result_time_ms, _getting_result_ms(info)
    executor = store.executors.get(info.executor_id)
    cards = store.kills.dying.get(info.task_id, ())
    return present(
        {
            "taskId": info.task_id,
            "index": info.index,
            "attempt": info.attempt_number,
            "partitionId": info.partition_id,
            "launchTime": date(info.launch_time_ms),
            "resultFetchStart": date(fetched_ms) if fetched_ms else None,
            "duration": duration_ms,
            "executorId": info.executor_id,
            "host": info.host,
            "status": status_of(event, stage),
            "taskLocality": info.locality,
            "speculative": info.speculative,
            "accumulatorUpdates": [],
            "errorMessage": _error(ended) if ended is not None else None,
            "taskMetrics": task_metrics(metrics) if metrics is not None else None,
            "executorLogs": log_links(info.executor_id, store),
            "schedulerDelay": _scheduler_delay_ms(duration_ms or 0, metrics, getting_ms),
            "gettingResultTime": getting_ms,
            "stageId": stage.stage_id,
            "stageAttempt": stage.attempt_id,
            "jobIds": list(stage.job_ids),
            "pid": executor.pid if executor is not None else 0,
            "killing": bool(cards),
            "killReason": cards[0].reason if cards else _kill_reason(ended),
        }
    )


def task_rows(events: Sequence[TaskEvent], stage: StageData, store: AppStatusStore) -> list[Json]:
    """Several tasks of one stage attempt."""
    return [task_row(event, stage, store) for event in events]


def task_list(stage: StageData, sort_by: str, statuses: Sequence[str]) -> list[TaskEvent]:
    """A stage attempt's remembered tasks in an order: `ID`, `runtime`; with `-` the other way."""
    events = list(stage.tasks.values())
    if statuses:
        events = [event for event in events if status_of(event, stage) in statuses]
    by: Callable[[TaskEvent], Any] = (
        _id if sort_by.endswith("ID") else lambda e: _run_time_ms(e, stage)
    )
    events.sort(key=by, reverse=sort_by.startswith("-"))
    return events


def task_summary(stage: StageData, quantiles: Sequence[float]) -> Json | None:
    """How the counters of the tasks that succeeded spread; None if there are none."""
    rows = []
    for event in list(stage.tasks.values()):
        if isinstance(event, SparkListenerTaskEnd) and type(event.reason) is Success:
            metrics, info = event.task_metrics, event.task_info
            if metrics is not None:
                duration_ms = info.finish_time_ms - info.launch_time_ms
                getting_ms = _getting_result_ms(info)
                delay_ms = _scheduler_delay_ms(duration_ms, metrics, getting_ms)
                rows.append((metrics, duration_ms, delay_ms, getting_ms))
    return distributions(rows, quantiles) if rows else None


def status_of(event: TaskEvent, stage: StageData) -> str:
    """Spark's word for how a task stands."""
    if isinstance(event, SparkListenerTaskEnd):
        return event.task_info.status
    return "RUNNING" if event.task_info.task_id in stage.running else "UNKNOWN"


def duration_of(event: TaskEvent, stage: StageData) -> int | None:
    """Milliseconds that a task took, or has run so far."""
    info: TaskInfo = event.task_info
    if isinstance(event, SparkListenerTaskEnd):
        return info.finish_time_ms - info.launch_time_ms
    return max(0, now_ms() - info.launch_time_ms) if info.task_id in stage.running else None


def _id(event: TaskEvent) -> int:
    return event.task_info.task_id


def _run_time_ms(event: TaskEvent, stage: StageData) -> int:
    if isinstance(event, SparkListenerTaskEnd):
        return event.task_metrics.executor_run_time_ms if event.task_metrics is not None else 0
    return duration_of(event, stage) or 0


def _getting_result_ms(info: TaskInfo) -> int:
    """How long the result of a task that has ended was fetched."""
    began_ms = info.getting_result_time_ms
    return info.finish_time_ms - began_ms if began_ms and info.finish_time_ms else 0


def _scheduler_delay_ms(duration_ms: int, metrics: TaskMetrics | None, getting_ms: int) -> int:
    """What is left of a task's time when its own is taken away."""
    if metrics is None:
        return 0
    own_ms = (
        metrics.executor_run_time_ms
        + metrics.executor_deserialize_time_ms
        + metrics.result_serialization_time_ms
    )
    return max(0, duration_ms - own_ms - getting_ms)


def _error(event: SparkListenerTaskEnd) -> str | None:
    reason = event.reason
    if isinstance(reason, Success):
        return None
    text = reason.reason if isinstance(reason, TaskKilled) else str(reason)
    return text[:_ERROR_CHARACTERS]


def _kill_reason(event: SparkListenerTaskEnd | None) -> str | None:
    return event.reason.reason if event and isinstance(event.reason, TaskKilled) else None
