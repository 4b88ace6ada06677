"""Posts events to the status listeners as a scheduler would, one call for each."""

from __future__ import annotations

from pyspark_shell.common.task_end import Success, TaskKilled
from pyspark_shell.listener.events import (
    SparkListenerExecutorAdded,
    SparkListenerExecutorRemoved,
    SparkListenerJobEnd,
    SparkListenerJobStart,
    SparkListenerSchedulerState,
    SparkListenerStageCompleted,
    SparkListenerStageSubmitted,
    SparkListenerTaskEnd,
    SparkListenerTaskStart,
    StageInfo,
    TaskInfo,
)
from pyspark_shell.status.app_status_listener import AppStatusListener
from pyspark_shell.status.application_listener import ApplicationListener

SUCCESS = Success()


class Events:
    """Everything that happens to one store."""

    def __init__(self, store):
        self.listeners = [AppStatusListener(store), ApplicationListener(store)]
        self.task_id = 0

    def post(self, event):
        name = "on" + type(event).__name__.removeprefix("SparkListener")
        for listener in self.listeners:
            getattr(listener, name, lambda _: None)(event)

    def executor(self, name="1", pid=99):
        self.post(SparkListenerExecutorAdded(1, name, "localhost", 1, pid))

    def lose_executor(self, name="1", reason="killed"):
        self.post(SparkListenerExecutorRemoved(5, name, reason))

    def start_job(self, job_id, *stages, **properties):
        self.post(SparkListenerJobStart(job_id, 1000, stages, properties))

    def end_job(self, job_id, error=None, cancelled=False, at_ms=2000):
        self.post(SparkListenerJobEnd(job_id, at_ms, error, cancelled))

    def submit(self, info, **properties):
        info.submission_time_ms = 1100
        self.post(SparkListenerStageSubmitted(info, properties))

    def complete(self, info, reason=None):
        info.completion_time_ms, info.failure_reason = 1900, reason
        self.post(SparkListenerStageCompleted(info))

    def begin(self, job_id, info, **properties):
        """A job of one stage that runs."""
        self.start_job(job_id, info, **properties)
        self.submit(info, **properties)

    def launch(self, info, index=0, executor="1"):
        task = TaskInfo(self.task_id, index, 0, index, 1200, executor, "localhost", "PROCESS_LOCAL")
        self.task_id += 1
        self.post(SparkListenerTaskStart(info.stage_id, info.attempt_number, task))
        return task

    def finish(self, info, task, reason=SUCCESS, metrics=None, at_ms=1250):
        task.finish_time_ms = at_ms
        task.killed = isinstance(reason, TaskKilled)
        task.failed = not task.killed and reason is not SUCCESS
        self.post(
            SparkListenerTaskEnd(
                info.stage_id, info.attempt_number, "ResultTask", reason, task, metrics
            )
        )

    def tell_state(self, jobs=(), tasks=(), executors=()):
        """What the scheduler knows to run."""
        truth = frozenset(jobs), frozenset(tasks), frozenset(executors)
        self.post(SparkListenerSchedulerState(3000, *truth))


def stage(stage_id, tasks=2, attempt=0, parents=(), rdds=()):
    """A stage attempt as the scheduler describes it."""
    return StageInfo(stage_id, attempt, f"count at job.py:{stage_id}", tasks, rdds, parents)
