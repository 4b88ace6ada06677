"""Starts, watches and ends the executors, and carries messages to and from them.

Owns    the zygote, every `ExecutorProcess`, the reaper.
Thread  `dag-scheduler-event-loop`, but for `start` and `join`.
Source  Spark's CoarseGrainedSchedulerBackend; differs in that an executor is one process with one
        slot, forked by a zygote, and that a dead one is replaced at once.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol

from pyspark_shell.common.record import record
from pyspark_shell.common.wire import ProtocolError
from pyspark_shell.executor.interrupt import INTERRUPT_SIGNAL
from pyspark_shell.executor.messages import (
    BarrierRelease,
    BarrierSync,
    BlocksRemoved,
    BlockUpdated,
    CommitAnswer,
    CommitRequest,
    DumpThreads,
    Heartbeat,
    KillTask,
    LaunchTask,
    News,
    RegisterExecutor,
    RemoveBlocks,
    StatusUpdate,
    StopExecutor,
    TaskState,
    ThreadDump,
)
from pyspark_shell.executor.process_control import (
    STACK_DUMP_SIGNAL,
    is_running,
    kill_group,
    kill_with_group,
)
from pyspark_shell.scheduler.block_removal import BlockRemoval, BlockRemovals
from pyspark_shell.scheduler.executor_health import CHECK_S, ExecutorHealth
from pyspark_shell.scheduler.executor_logs import ExecutorLogs
from pyspark_shell.scheduler.executor_loss import ExecutorLoss, explain
from pyspark_shell.scheduler.executor_process import Assignment, Channel, ExecutorProcess
from pyspark_shell.scheduler.process_table import ProcessTableWriter
from pyspark_shell.scheduler.selector_loop import SelectorLoop
from pyspark_shell.scheduler.task_needs import TaskNeeds, fitting
from pyspark_shell.scheduler.task_reaper import ReaperLimits, TaskReaper
from pyspark_shell.scheduler.task_set_manager import TaskSetManager
from pyspark_shell.scheduler.zygote_handle import ZygoteHandle

log: Final = logging.getLogger("pyspark_shell.SchedulerBackend")

# After the channel's end of file, how long to wait for the zygote to tell the exit status.
_STATUS_WAIT_S: Final = 1.0
# How long the first job waits for all executors after the first one is up. They come within
# milliseconds of one another; without it, tasks that are short would all run on the first.
_START_WAIT_S: Final = 0.5
# Executors that died in a row before they were up; then starting more is pointless.
_MAX_FAILED_STARTS: Final = 8

DumpAnswer = Callable[[list[dict[str, Any]]], None]


@record
class BackendLimits:
    """How many slots there are, and how long an executor may be silent, in seconds.

    Attributes
    ----------
    reuses_processes
        Whether an executor's process serves more than one task.
    """

    slots: int
    cores_per_executor: int
    network_timeout_s: float
    reaper: ReaperLimits
    reuses_processes: bool = True

    def slots_for(self, needs: TaskNeeds) -> int:
        """How many tasks with such needs can run at once."""
        executors = self.slots // self.cores_per_executor
        return executors * fitting(needs, self.cores_per_executor)


class BackendEvents(Protocol):
    """What the scheduler wants to hear."""

    def executor_registered(self, executor: ExecutorProcess) -> None: ...
    def executor_lost(
        self, executor: ExecutorProcess, task: Assignment | None, loss: ExecutorLoss
    ) -> None: ...
    def status_update(
        self, executor: ExecutorProcess, task: Assignment, status: StatusUpdate
    ) -> None: ...
    def task_progressed(self, task: Assignment, records_read: int) -> None: ...
    def block_updated(self, executor: ExecutorProcess, news: BlockUpdated) -> None: ...
    def barrier_sync(self, executor: ExecutorProcess, news: BarrierSync) -> None: ...
    def may_commit(self, task: Assignment) -> bool: ...
    def task_stuck(self, task_id: int, stack: str) -> None: ...
    def no_executors(self, reason: str) -> None: ...


class SchedulerBackend:
    """The processes of one application."""

    def __init__(
        self,
        loop: SelectorLoop,
        limits: BackendLimits,
        zygote: ZygoteHandle,
        log_directory: str,
        table: ProcessTableWriter,
    ) -> None:
        self._loop = loop
        self._logs = ExecutorLogs(log_directory)
        self._limits = limits
        self._zygote = zygote
        self.table = table
        self._events: BackendEvents | None = None
        self.executors: dict[str, ExecutorProcess] = {}
        self._by_pid: dict[int, ExecutorProcess] = {}
        self.executors_started = 0
        self._failed_starts = 0
        self.is_up = False
        self.reaper = TaskReaper(limits.reaper, self, loop.call_later)
        self._removals = BlockRemovals()
        # By number: which executor was asked, and who waits.
        self._dump_requests: dict[int, tuple[str, DumpAnswer]] = {}
        self._next_request = 0
        self._stopping = False
        self._health = ExecutorHealth(limits.network_timeout_s, self.kill_executor)
        self._start_errors = ""

    def start(self, events: BackendEvents) -> None:
        """Ask for all executors; they register by and by. Called before the loop runs."""
        self._events = events
        self._watch_zygote()
        for slot in range(self._limits.slots):
            self._fork(slot // self._limits.cores_per_executor)
        self._loop.call_later(CHECK_S, self._check_health)

    # Processes -----------------------------------------------------------------------

    def _watch_zygote(self) -> None:
        self.table.zygote_started(self._zygote.pid)
        self._zygote.channel.setblocking(True)
        self._loop.watch(self._zygote.channel.fileno(), self._read_zygote)

    def _fork(self, group: int) -> None:
        executor_id = str(self.executors_started)
        self.executors_started += 1
        tasks, their_tasks = socket.socketpair()
        control, their_control = socket.socketpair()
        with their_tasks, their_control:
            self._zygote.fork(executor_id, their_tasks, their_control)
        executor = ExecutorProcess(executor_id, group, tasks, control, time.monotonic())
        self.executors[executor_id] = executor
        self._loop.watch(executor.tasks.fd, partial(self._read, executor, executor.tasks))
        self._loop.watch(executor.control.fd, partial(self._read, executor, executor.control))

    def _wait_for_all(self) -> None:
        """Be up at the start once all executors are, or a while after the first."""
        registered = sum(executor.registered for executor in self.executors.values())
        if registered == self._limits.slots:
            self.is_up = True
        elif registered == 1 and not self.is_up:
            self._loop.call_later(_START_WAIT_S, self._wait_no_longer)

    def _wait_no_longer(self) -> None:
        self.is_up = True

    def _read_zygote(self) -> None:
        news, gone = self._zygote.read()
        for item in news:
            if "forked" in item:
                executor = self.executors.get(item["forked"])
                if executor is not None:
                    self._has_pid(executor, item["pid"])
            elif "exited" in item:
                executor = self._by_pid.pop(item["exited"], None)
                if executor is not None:
                    executor.exit_status, executor.ended_ms = item["status"], item["at"]
                    self._drain(executor)
                    self._lose(executor)
        if gone:
            self._replace_zygote()

    def _has_pid(self, executor: ExecutorProcess, pid: int) -> None:
        executor.pid = pid
        self._by_pid[pid] = executor
        self.table.executor_started(executor.executor_id, pid)

    def _replace_zygote(self) -> None:
        """The zygote was killed, and its executors with it, by the kernel."""
        self._loop.forget(self._zygote.channel.fileno())
        self._zygote.close(0.5)
        if self._stopping:
            return
        log.warning("the zygote (pid %d) is gone, another one is started", self._zygote.pid)
        for executor in list(self.executors.values()):
            if executor.pid is not None:
                kill_group(executor.pid)
        if self._failed_starts < _MAX_FAILED_STARTS:
            self._zygote = self._zygote.start_another()
            self._watch_zygote()
        for executor in list(self.executors.values()):
            executor.exit_status = signal.SIGKILL
            self._drain(executor)
            self._lose(executor)

    def _drain(self, executor: ExecutorProcess) -> None:
        """Take in what a dead executor said before it died."""
        for channel in (executor.tasks, executor.control):
            if not executor.closed:
                self._read(executor, channel)

    def _read(self, executor: ExecutorProcess, channel: Channel) -> None:
        if executor.closed:
            return
        try:
            news, gone = channel.read()
            executor.last_heard_s = time.monotonic()
            for item in news:
                self._take(executor, item)
        except ProtocolError as error:
            executor.end_reason = f"it sent something that is no message ({error})"
            executor.misbehaved = True
            self.kill_executor(executor)
            gone = True
        if gone and not executor.closed:
            self._loop.forget(channel.fd)
            if executor.exit_status is None:
                self._loop.call_later(_STATUS_WAIT_S, partial(self._lose_without_status, executor))

    def _lose_without_status(self, executor: ExecutorProcess) -> None:
        """Its channel closed, but nobody told of its end: user code may have closed the
        descriptor.
        """
        if executor.executor_id in self.executors:
            if (
                executor.end_reason is None
                and executor.pid is not None
                and is_running(executor.pid)
            ):
                executor.end_reason = "its channel to the driver was closed"
                executor.misbehaved = True
            elif executor.end_reason is None:
                executor.end_reason = "the zygote did not tell how"
            self.kill_executor(executor)
            self._lose(executor)

    def _lose(self, executor: ExecutorProcess) -> None:
        """Forget a dead executor, tell the scheduler, start another."""
        if self.executors.pop(executor.executor_id, None) is None:
            return
        self._removals.executor_lost(executor.executor_id)
        self._forget_dumps_of(executor.executor_id)
        self.table.executor_ended(executor.executor_id)
        for channel in (executor.tasks, executor.control):
            self._loop.forget(channel.fd)
        task, executor.running = executor.running, None
        executor.close()
        if executor.pid is not None:
            kill_group(executor.pid)
            self._by_pid.pop(executor.pid, None)
            self._zygote.sweep(executor.pid, task.task_id if task is not None else None)
        if task is not None:
            self.reaper.ended(task.task_id)
        if self._events is None:
            return
        forced = self.reaper.forced_reason(task.task_id) if task is not None else None
        tail = self._logs.stderr_tail(f"executor-{executor.executor_id}")
        loss = explain(executor, task, forced, tail)
        if not self._stopping:
            self._replace(executor)
        elif task is None:
            return  # all executors go, which is no news
        self._events.executor_lost(executor, task, loss)

    def _forget_dumps_of(self, executor_id: str) -> None:
        """A dead executor's threads will not be told any more; who asked does not wait for ever."""
        for request_id, (asked, _) in list(self._dump_requests.items()):
            if asked == executor_id:
                del self._dump_requests[request_id]

    def _replace(self, executor: ExecutorProcess) -> None:
        if executor.registered:
            self._failed_starts = 0
        else:
            self._failed_starts += 1
            self._start_errors = self._logs.stderr_tail(f"executor-{executor.executor_id}")
            self._start_errors = self._start_errors or self._logs.stderr_tail("zygote")
        if self._failed_starts < _MAX_FAILED_STARTS:
            self._fork(executor.group)
        elif not self.executors and self._events is not None:
            self._events.no_executors(
                f"{self._failed_starts} executors in a row ended before they were up. "
                f"The last one said:\n{self._start_errors}"
            )

    def _retire(self, executor: ExecutorProcess) -> None:
        """Have an executor that is free end by itself; another takes its place."""
        self._note_last_task(executor)
        self._send(executor, executor.tasks, StopExecutor().encode())

    def _note_last_task(self, executor: ExecutorProcess) -> None:
        executor.retired = True
        executor.end_reason = "it had run its last task"

    def guard_files(self, paths: Sequence[str]) -> None:
        """Have the zygote remove files when the driver is gone."""
        self._zygote.guard(paths)

    def kill_executor(self, executor: ExecutorProcess) -> None:
        """SIGKILL an executor's process group."""
        if executor.pid is not None and executor.exit_status is None:
            kill_with_group(executor.pid)

    # News ------------------------------------------------------------------------------

    def _take(self, executor: ExecutorProcess, news: News) -> None:
        events = self._events
        if events is None:
            return
        match news:
            case StatusUpdate():
                task = executor.running
                if task is None or task.task_id != news.task_id:
                    return
                executor.running = None
                executor.tasks_done += 1
                self.table.task_ended(executor.executor_id)
                if news.state is TaskState.KILLED:
                    self._note_last_task(executor)  # after that it ends by itself
                elif not self._limits.reuses_processes:
                    self._retire(executor)
                self.reaper.ended(task.task_id)
                events.status_update(executor, task, news)
            case Heartbeat():
                executor.rss_bytes = news.rss_bytes
                if executor.running is not None and executor.running.task_id == news.task_id:
                    events.task_progressed(executor.running, news.records_read)
            case BlockUpdated():
                events.block_updated(executor, news)
            case BlocksRemoved():
                self._removals.confirmed(news.request_id, executor.executor_id)
            case RegisterExecutor():
                self._has_pid(executor, news.pid)
                executor.registered = True
                self._failed_starts = 0
                self._wait_for_all()
                events.executor_registered(executor)
            case BarrierSync():
                events.barrier_sync(executor, news)
            case CommitRequest():
                self._answer(executor, news, events)
            case ThreadDump():
                asked = self._dump_requests.pop(news.request_id, None)
                if asked is not None:
                    asked[1](news.threads)

    def _answer(
        self, executor: ExecutorProcess, request: CommitRequest, events: BackendEvents
    ) -> None:
        task = executor.running
        is_its = task is not None and task.task_id == request.task_id
        granted = task is not None and is_its and events.may_commit(task)
        self._send(executor, executor.control, CommitAnswer(request.request_id, granted).encode())

    # Orders ----------------------------------------------------------------------------

    def launch(
        self, executor: ExecutorProcess, task_set: TaskSetManager, order: LaunchTask
    ) -> None:
        """Send a task, and before it what its stage needs if the executor has it no longer."""
        executor.running = Assignment(order.task_id, task_set, order.resources)
        self.table.task_started(
            executor.executor_id, order.task_id, order.stage_id, task_set.stage.job_ids
        )
        data = order.encode()
        if executor.stages.use(order.stage_id, order.stage_attempt) is None:
            executor.stages.put(order.stage_id, order.stage_attempt, True)
            data = task_set.binary + data
        self._send(executor, executor.tasks, data)

    def _send(self, executor: ExecutorProcess, channel: Channel, data: bytes) -> None:
        if not executor.closed and channel.send(data):
            readable = partial(self._read, executor, channel)
            writable = partial(self._send_waiting, executor, channel, readable)
            self._loop.watch_writes(channel.fd, readable, writable)

    def _send_waiting(
        self, executor: ExecutorProcess, channel: Channel, readable: Callable[[], None]
    ) -> None:
        if executor.closed or not channel.send_waiting():
            with suppress(KeyError):
                self._loop.watch_writes(channel.fd, readable, None)

    def kill_task(self, executor_id: str, task_id: int, interrupt: bool, reason: str) -> None:
        """Begin the ladder that ends a task: flag, exception, and past the deadline its process."""
        executor = self.executors.get(executor_id)
        if executor is None or executor.running is None or executor.running.task_id != task_id:
            log.warning("Attempted to kill task %d for unknown executor %s.", task_id, executor_id)
            return
        self.reaper.kill(executor, task_id, interrupt, reason)

    # The reaper's hands ----------------------------------------------------------------

    def send_kill(self, executor: ExecutorProcess, order: KillTask) -> None:
        """Send the order that ends a task."""
        self._send(executor, executor.control, order.encode())

    def interrupt(self, executor: ExecutorProcess) -> None:
        """Signal an executor that the time of its kill order has come."""
        if executor.pid is not None and executor.exit_status is None:
            with suppress(ProcessLookupError):
                os.kill(executor.pid, INTERRUPT_SIGNAL)

    def end_process(self, executor: ExecutorProcess) -> None:
        """SIGKILL an executor's process group."""
        self.kill_executor(executor)

    def task_stuck(self, task_id: int, stack: str) -> None:
        """Tell where a killed task is that does not end."""
        if self._events is not None:
            self._events.task_stuck(task_id, stack)

    def dump_by_signal(self, executor: ExecutorProcess) -> Callable[[], str]:
        """Have faulthandler write the executor's stacks, for when its interpreter is held by C
        code.

        Returns what reads them, a moment later.
        """
        stacks = self._logs.stacks_from_now(f"executor-{executor.executor_id}")
        if executor.pid is not None and executor.exit_status is None:
            with suppress(ProcessLookupError):
                os.kill(executor.pid, STACK_DUMP_SIGNAL)
        return stacks

    def release_barrier(self, executor_id: str, release: BarrierRelease) -> None:
        """Let a barrier task go on."""
        executor = self.executors.get(executor_id)
        if executor is not None:
            self._send(executor, executor.control, release.encode())

    def remove_blocks(self, removal: BlockRemoval) -> None:
        """Have all executors forget hot blocks and broadcast values, and say so."""
        executors = [e for e in self.executors.values() if e.registered and not e.closed]
        request_id = self._removals.open(removal, (e.executor_id for e in executors))
        data = RemoveBlocks(request_id, removal.prefix).encode()
        for executor in executors:
            self._send(executor, executor.control, data)

    def dump_threads(self, executor_id: str, answer: DumpAnswer) -> bool:
        """Ask an executor for its threads; False if there is no such executor."""
        executor = self.executors.get(executor_id)
        if executor is None or not executor.registered:
            return False
        self._next_request += 1
        self._dump_requests[self._next_request] = executor_id, answer
        self._send(executor, executor.control, DumpThreads(self._next_request).encode())
        return True

    def assert_empty(self) -> None:
        """Raise if an executor runs a task, is being killed for one, or has not answered."""
        self.reaper.assert_empty()
        running = [e for e in self.executors.values() if e.running is not None]
        assert not running, f"tasks are left in {running}"
        assert not self._dump_requests, f"thread dumps {self._dump_requests} are not answered"
        assert not self._removals, f"{len(self._removals)} removals are not confirmed"

    def _check_health(self) -> None:
        if self._stopping:
            return
        if not self._health.check(self.executors.values()):
            log.warning("the zygote (pid %d) does not fork, it is ended", self._zygote.pid)
            self._zygote.process.kill()
        self._loop.call_later(CHECK_S, self._check_health)

    # The end ---------------------------------------------------------------------------

    def stop_idle(self) -> None:
        """Start no more executors, and have those end that are free; the others may go on."""
        self._stopping = True
        for executor in self.executors.values():
            if executor.is_free:
                self._retire(executor)

    def stop(self) -> None:
        """End all executors: those that do not end by themselves, by force."""
        self._stopping = True
        for executor in list(self.executors.values()):
            if not executor.retired:
                self.kill_executor(executor)

    def close_in_forked_child(self) -> None:
        """Close the copies of all descriptors that a fork of this process got.

        Else executors and zygote would not see the end of the driver while such a child lives.
        """
        self._zygote.channel.close()
        for executor in self.executors.values():
            executor.close()

    def join(self, timeout_s: float) -> None:
        """Wait until the zygote has reaped everything and is gone itself. Called after the loop
        has ended.
        """
        self._zygote.close(timeout_s)
        for executor in self.executors.values():
            executor.close()
        self.table.close()
