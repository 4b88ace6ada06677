"""Kill cards as JSON."""

from __future__ import annotations

from pyspark_shell.status.kill_log import KillCard, KilledTask, LeftThread
from pyspark_shell.status.rest_format import Json, present


def kill_row(card: KillCard) -> Json:
    """One kill and what became of it."""
    return present(
        {
            "id": card.card_id,
            "scope": card.scope,
            "target": card.target,
            "who": card.who,
            "reason": card.reason,
            "at": card.at_ms,
            "jobs": list(card.job_ids),
            "tasks": [_task_row(task) for task in list(card.tasks.values())],
            "state": "killing" if card.took_ms is None else "killed",
            "tookMs": card.took_ms,
            "threads": [_thread_row(each) for each in card.threads] or None,
        }
    )


def _thread_row(thread: LeftThread) -> Json:
    return {"name": thread.name, "isDaemon": thread.is_daemon}


def _task_row(task: KilledTask) -> Json:
    return present(
        {
            "taskId": task.task_id,
            "executorId": task.executor_id,
            "pid": task.pid,
            "endedAfterMs": task.ended_after_ms,
            "forced": task.forced,
            "lastStack": list(task.last_stack),
        }
    )
