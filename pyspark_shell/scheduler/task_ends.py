"""What follows from the end of a task: for its set, its job, its copies, and those who listen.

Thread  `dag-scheduler-event-loop`.
"""

from __future__ import annotations

import logging
from typing import Final

from pyspark_shell.common.clock import Clock
from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.task_end import (
    ExceptionFailure,
    ExecutorLostFailure,
    FetchFailed,
    Success,
    TaskEndReason,
    TaskKilled,
)
from pyspark_shell.executor.messages import StatusUpdate, TaskState
from pyspark_shell.executor.task_outcome import (
    Failure,
    FetchFailure,
    Killed,
    MapOutput,
    ResultFile,
)
from pyspark_shell.listener.events import (
    SparkListenerTaskEnd,
    SparkListenerTaskGettingResult,
    TaskInfo,
)
from pyspark_shell.listener.live_listener_bus import LiveListenerBus
from pyspark_shell.scheduler.barrier_coordinator import BarrierCoordinator
from pyspark_shell.scheduler.dag_scheduler import DAGScheduler
from pyspark_shell.scheduler.executor_loss import ExecutorLoss
from pyspark_shell.scheduler.executor_process import Assignment, ExecutorProcess
from pyspark_shell.scheduler.job_waiter import discard
from pyspark_shell.scheduler.task_kills import TaskKills, executor_log
from pyspark_shell.scheduler.task_scheduler import TaskScheduler
from pyspark_shell.scheduler.task_set_manager import TaskSetManager

log: Final = logging.getLogger("pyspark_shell.TaskSchedulerImpl")


class TaskEnds:
    """Tells of every end of a task exactly once, and has done what it leads to."""

    def __init__(
        self,
        tasks: TaskScheduler,
        dag: DAGScheduler,
        kills: TaskKills,
        barriers: BarrierCoordinator,
        bus: LiveListenerBus,
        clock: Clock,
    ) -> None:
        self._tasks = tasks
        self._dag = dag
        self._kills = kills
        self._barriers = barriers
        self._bus = bus
        self._clock = clock

    def ended(self, task: Assignment, status: StatusUpdate) -> None:
        """A task has ended by itself."""
        if task.task_id not in task.task_set.running:
            return  # the stop has told of its end already
        if status.state is TaskState.FINISHED:
            self._succeeded(task, status)
            return
        if status.state is TaskState.KILLED:
            _log_killed(task, Killed.decode(status.result))
        self._failed(task, self._reason_of(task, status), status)

    def lost(self, executor: ExecutorProcess, task: Assignment, loss: ExecutorLoss) -> None:
        """A task has gone with its executor."""
        running = task.task_set.running.get(task.task_id)
        reason: TaskEndReason
        if loss.kill_reason is not None:
            reason = TaskKilled(loss.kill_reason)
        elif running is not None and running.kill_reason is not None:
            reason = TaskKilled(running.kill_reason)
        else:
            reason = ExecutorLostFailure(executor.executor_id, loss.caused_by_app, loss.reason)
        self._failed(task, reason, None, loss.ended_ms)

    def stopped(self, reason: str) -> None:
        """The application is over, and with it all that still runs."""
        for task_set in self._tasks.pools.all():
            for task_id in list(task_set.running):
                killed = TaskKilled(reason)
                info = task_set.failed(task_id, killed, self._clock.time_ms())
                self._tell(Assignment(task_id, task_set), info, killed, None)
            self._tasks.finished(task_set)

    def finish(self, task_set: TaskSetManager) -> None:
        """Drop a task set that has nothing running and will launch nothing more."""
        if task_set.is_finished:
            self._tasks.finished(task_set)
            if task_set.is_barrier:
                self._barriers.forget(task_set)

    def _succeeded(self, task: Assignment, status: StatusUpdate) -> None:
        task_set = task.task_set
        payload: bytes | ResultFile | MapOutput = status.result
        is_map = task_set.stage.shuffle is not None
        if is_map:
            payload = MapOutput.decode(status.result)
        elif status.in_file:
            payload = ResultFile.decode(status.result)
        too_large = None
        if not is_map:
            size = payload.size_bytes if isinstance(payload, ResultFile) else len(status.result)
            too_large = task_set.add_result_bytes(size)
        if too_large is not None:
            reason = TaskKilled("Tasks result size has exceeded maxResultSize")
            self._tell(
                task, task_set.failed(task.task_id, reason, self._clock.time_ms()), reason, status
            )
            if not isinstance(payload, MapOutput):
                discard(payload)
            self._dag.task_set_aborted(task_set, too_large, None)
            self._tasks.finished(task_set)
            return
        if isinstance(payload, ResultFile):
            info = task_set.getting_result(task.task_id, self._clock.time_ms())
            self._bus.post(SparkListenerTaskGettingResult(info))
        info, first, copies = task_set.succeeded(
            task.task_id, self._clock.time_ms(), self._clock.monotonic_s(), status.task_metrics
        )
        self._tell(
            task, info, Success() if first else TaskKilled("another attempt succeeded"), status
        )
        for copy in copies:
            self._kills.kill(task_set, copy, True, "another attempt succeeded")
        if first and isinstance(payload, MapOutput):
            self._dag.map_task_succeeded(task_set, info, payload, status.accumulators)
        elif isinstance(payload, MapOutput):
            pass
        elif not first or not self._dag.result_task_succeeded(
            task_set, info, payload, status.accumulators
        ):
            discard(payload)
        self.finish(task_set)

    def _failed(
        self,
        task: Assignment,
        reason: TaskEndReason,
        status: StatusUpdate | None,
        ended_ms: int | None = None,
    ) -> None:
        task_set = task.task_set
        running = task_set.running.get(task.task_id)
        if running is None:
            return
        now_ms = self._clock.time_ms()
        if ended_ms is not None:  # a driver that was held hears of it late
            now_ms = min(now_ms, max(ended_ms, running.info.launch_time_ms))
        info = task_set.failed(task.task_id, reason, now_ms)
        self._dag.task_failed(task_set, info)
        # The error of the job tells of its last failure; a warning is for what goes on after it.
        level = logging.INFO if task_set.is_zombie else logging.WARNING
        repeats = task_set.repeats(reason, self._clock.monotonic_s())
        log.log(level, "%s", task_set.lost_task(info, _in_short(reason, repeats)))
        self._tell(task, info, reason, status)
        if isinstance(reason, FetchFailed) and status is not None:
            self._dag.fetch_failed(task_set, FetchFailure.decode(status.result), reason)
        elif task_set.is_barrier:
            if not isinstance(reason, TaskKilled):  # those that are killed follow one that failed
                task_set.suspend()
                self._dag.barrier_task_failed(task_set, info, reason)
        elif task_set.abort_reason is not None:
            failure = reason if isinstance(reason, ExceptionFailure) else None
            self._dag.task_set_aborted(task_set, task_set.abort_reason, failure)
        self.finish(task_set)

    def _reason_of(self, task: Assignment, status: StatusUpdate) -> TaskEndReason:
        match status.state:
            case TaskState.COMMIT_DENIED:
                return task.task_set.commit_denied(task.task_id)
            case TaskState.KILLED:
                killed = Killed.decode(status.result)
                return TaskKilled(killed.reason, killed.stack)
            case TaskState.FETCH_FAILED:
                fetch = FetchFailure.decode(status.result)
                return FetchFailed(
                    fetch.shuffle_id,
                    fetch.map_index,
                    fetch.reduce_id,
                    fetch.message,
                    self._dag.tracker.writer(fetch.shuffle_id, fetch.map_index),
                )
            case _:
                failure = Failure.decode(status.result)
                return ExceptionFailure(
                    failure.class_name,
                    failure.description,
                    failure.traceback,
                    failure.pickled,
                    failure.retriable,
                )

    def _tell(
        self, task: Assignment, info: TaskInfo, reason: TaskEndReason, status: StatusUpdate | None
    ) -> None:
        task_set = task.task_set
        kind = "ShuffleMapTask" if task_set.stage.shuffle is not None else "ResultTask"
        metrics: TaskMetrics | None = status.task_metrics() if status is not None else None
        self._bus.post(
            SparkListenerTaskEnd(
                task_set.stage.stage_id, task_set.attempt, kind, reason, info, metrics
            )
        )


def _log_killed(task: Assignment, killed: Killed) -> None:
    info = task.task_set.running[task.task_id].info
    how = "interrupted and killed" if killed.stack else "killed"
    name = task.task_set.name_of(info)
    executor_log.info("Executor %s %s, reason: %s", how, name, killed.reason)


def _in_short(reason: TaskEndReason, repeats: int) -> object:
    """A failure for the log, where those that are alike are counted."""
    if not isinstance(reason, ExceptionFailure):
        return reason
    if repeats:
        return f"{reason.class_name} ({reason.description}) [duplicate {repeats}]"
    return f"{reason.class_name}: {reason.description}"
