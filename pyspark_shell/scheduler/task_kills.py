"""Kills of tasks, stages and executors, by this driver or by another process on its behalf.

Thread  `dag-scheduler-event-loop`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Final

from pyspark_shell.scheduler.scheduler_backend import SchedulerBackend
from pyspark_shell.scheduler.task_scheduler import TaskScheduler
from pyspark_shell.scheduler.task_set_manager import RunningTask, TaskSetManager

log: Final = logging.getLogger("pyspark_shell.TaskSchedulerImpl")
# Spark's executors say what becomes of a kill; here they have no log of their own.
executor_log: Final = logging.getLogger("pyspark_shell.Executor")


class TaskKills:
    """Begins kills; the reaper sees that they end.

    Parameters
    ----------
    finish
        Drops a task set that has nothing running.
    """

    def __init__(
        self,
        tasks: TaskScheduler,
        backend: SchedulerBackend,
        finish: Callable[[TaskSetManager], None],
    ) -> None:
        self._tasks = tasks
        self._backend = backend
        self._finish = finish

    def kill_stage(self, stage_id: int, interrupt: bool, reason: str) -> None:
        """End all tasks of a stage, which launches no more."""
        log.info("Canceling stage %d", stage_id)
        log.info("Killing all running tasks in stage %d: %s", stage_id, reason)
        for task_set in self._tasks.task_sets_of(stage_id):
            task_set.suspend()
            for task in list(task_set.running.values()):
                self.kill(task_set, task, interrupt, reason)
            log.info("Stage %s was cancelled", task_set.name)
            self._finish(task_set)

    def kill(
        self, task_set: TaskSetManager, task: RunningTask, interrupt: bool, reason: str
    ) -> None:
        """End one attempt."""
        task.kill_reason = task.kill_reason or reason
        executor_log.info(
            "Executor is trying to kill %s, interruptThread: %s, reason: %s",
            task_set.name_of(task.info), str(interrupt).lower(), reason,
        )  # fmt: skip
        self._backend.kill_task(task.info.executor_id, task.info.task_id, interrupt, reason)

    def kill_attempt(self, task_id: int, interrupt: bool, reason: str) -> bool:
        """End one attempt, which is run again; False if no such task runs."""
        task_set = self._tasks.find_task(task_id)
        if task_set is None:
            log.warning("Could not kill task %d because no task with that ID was found.", task_id)
            return False
        self.kill(task_set, task_set.running[task_id], interrupt, reason)
        return True

    def kill_executor(self, executor_id: str, reason: str) -> bool:
        """End an executor's processes; False if there is no such executor."""
        executor = self._backend.executors.get(executor_id)
        if executor is None:
            return False
        if executor.running is not None:
            task = executor.running.task_set.running.get(executor.running.task_id)
            if task is not None:
                task.kill_reason = task.kill_reason or reason
        executor.end_reason = f"it was killed: {reason}"
        self._backend.kill_executor(executor)
        return True

    def force(self, job_ids: Collection[int]) -> None:
        """Do not wait any longer for killed tasks of these jobs."""
        for task_set in self._tasks.pools.all():
            if not task_set.owners.isdisjoint(job_ids):
                self._backend.reaper.force_now(list(task_set.running))
