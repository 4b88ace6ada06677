"""What became of one task in all its attempts: which executor, how it ended, where it last was."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark_shell.common.kill_text import is_forced
from pyspark_shell.common.task_end import Success, TaskKilled
from pyspark_shell.listener.events import SparkListenerTaskEnd
from pyspark_shell.status.api import StageData
from pyspark_shell.status.app_status_store import AppStatusStore
from pyspark_shell.status.rest_format import Json, present
from pyspark_shell.status.rest_tasks import TaskEvent, duration_of, status_of

# A story is read by people: of an error the end, which says what it was.
_REASON_CHARACTERS = 4000


def task_story(attempts: Sequence[StageData], index: int, store: AppStatusStore) -> list[Json]:
    """All attempts of a task, in all attempts of its stage, in the order of their starts."""
    found = [
        (event, stage)
        for stage in attempts
        for event in list(stage.tasks.values())
        if event.task_info.index == index
    ]
    found.sort(key=lambda pair: pair[0].task_info.task_id)
    return [_chapter(event, stage, store) for event, stage in found]


def _chapter(event: TaskEvent, stage: StageData, store: AppStatusStore) -> Json:
    info = event.task_info
    ended = isinstance(event, SparkListenerTaskEnd)
    executor = store.executors.get(info.executor_id)
    reason = _reason(event)
    return present(
        {
            "taskId": info.task_id,
            "index": info.index,
            "attempt": info.attempt_number,
            "stageAttempt": stage.attempt_id,
            "executorId": info.executor_id,
            "pid": executor.pid if executor is not None else None,
            "speculative": info.speculative,
            "startedAt": info.launch_time_ms,
            "endedAt": info.finish_time_ms if ended else None,
            "duration": duration_of(event, stage),
            "status": status_of(event, stage),
            "reason": reason,
            "forced": is_forced(reason),
            "lastStack": _last_stack(info.task_id, store),
        }
    )


def _reason(event: TaskEvent) -> str:
    if not isinstance(event, SparkListenerTaskEnd) or isinstance(event.reason, Success):
        return ""
    reason = event.reason
    text = reason.reason if isinstance(reason, TaskKilled) else str(reason)
    return text[-_REASON_CHARACTERS:]


def _last_stack(task_id: int, store: AppStatusStore) -> list[str]:
    """Where a killed task was when it was last looked at; empty if nobody had to look."""
    for card in store.kills.newest():
        task = card.tasks.get(task_id)
        if task is not None and task.last_stack:
            return list(task.last_stack)
    return []
