"""Why an executor is gone, in words, and whether its task is to blame.

Thread  `dag-scheduler-event-loop`.
"""

from __future__ import annotations

import os
import signal

from pyspark_shell.common.record import record
from pyspark_shell.executor.process_control import signal_name
from pyspark_shell.scheduler.executor_process import Assignment, ExecutorProcess


@record
class ExecutorLoss:
    """Why an executor is gone.

    Attributes
    ----------
    caused_by_app
        Whether the task that ran is to blame: it exited or crashed the process by itself.
    kill_reason
        Set if the engine ended the process because its task was killed and did not stop.
    ended_ms
        When it ended; None if nobody has told.
    """

    reason: str
    caused_by_app: bool
    kill_reason: str | None = None
    ended_ms: int | None = None


def explain(
    executor: ExecutorProcess, task: Assignment | None, forced: str | None, stderr_tail: str
) -> ExecutorLoss:
    """Explain the end of an executor that ran `task`.

    Parameters
    ----------
    forced
        Why the engine ended it: its task was killed for this reason and did not stop.
    """
    status = executor.exit_status
    how = signal_name(status) if status is not None else "an unknown status"
    killed_by = None
    if status is not None and os.WIFSIGNALED(status):
        killed_by = os.WTERMSIG(status)
    external = not executor.misbehaved and (
        executor.end_reason is not None or killed_by in (signal.SIGKILL, signal.SIGTERM)
    )
    text = f"Executor {executor.executor_id} (pid {executor.pid}) ended with {how}"
    if task is not None:
        text += f" while running TID {task.task_id} of stage {task.task_set.name}"
    if executor.end_reason is not None:
        text += f": {executor.end_reason}"
    elif killed_by == signal.SIGKILL and forced is None:  # not by this engine
        text += (
            f". It last used {executor.rss_bytes >> 20} MiB; if nobody killed it, "
            "the system may have run out of memory"
        )
    if stderr_tail:
        text += f"\nIts last output on stderr:\n{stderr_tail}"
    return ExecutorLoss(text, not external, forced, executor.ended_ms)
