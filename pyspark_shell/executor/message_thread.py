"""The executor's second thread: obeys orders that cannot wait for the running task to end.

Owns    the control channel, pending interrupts, kill marks.
Thread  `executor-messages`.
"""

from __future__ import annotations

import os
import select
import socket
import threading
from queue import SimpleQueue
from typing import Final

from pyspark_shell.common.clock import Clock, SystemClock
from pyspark_shell.common.record import record
from pyspark_shell.common.wire import FrameReader
from pyspark_shell.executor.interrupt import TaskInterrupt
from pyspark_shell.executor.messages import (
    BarrierRelease,
    BlocksRemoved,
    CommitAnswer,
    DumpThreads,
    Heartbeat,
    KillTask,
    News,
    Order,
    RemoveBlocks,
    ThreadDump,
    decode_order,
)
from pyspark_shell.executor.thread_states import describe_threads, note_main_line
from pyspark_shell.lineage.task_context import TaskContext
from pyspark_shell.shared_variables.broadcast import BroadcastManager
from pyspark_shell.storage.block_manager import BlockManager

# A deferred interrupt (an import, a critical section) is tried again after this long.
_RETRY_S: Final = 0.01
# A task that swallowed its interrupt is interrupted again after this long.
_AGAIN_S: Final = 1.0
# Spark keeps the marks of kills that overtook their task for 10 s.
_KILL_MARK_S: Final = 10.0


@record(frozen=False)
class _Kill:
    task_id: int
    reason: str
    next_interrupt_s: float
    is_repeated: bool = False


class MessageThread(threading.Thread):
    """Reads the control channel.

    Parameters
    ----------
    kill_marks
        Where kills of tasks that are not running are noted; the task runner looks there.
    """

    def __init__(
        self,
        control: socket.socket,
        interrupt: TaskInterrupt,
        kill_marks: dict[int, str],
        heartbeat_interval_s: float,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(name="executor-messages", daemon=True)
        self._control = control
        self._interrupt = interrupt
        self._kill_marks = kill_marks
        self._mark_ends: dict[int, float] = {}
        self._heartbeat_interval_s = heartbeat_interval_s
        self._clock = clock or SystemClock()
        self._kill: _Kill | None = None
        self.barrier_releases: SimpleQueue[BarrierRelease] = SimpleQueue()
        self.commit_answers: SimpleQueue[CommitAnswer] = SimpleQueue()

    def run(self) -> None:
        """Serve until the driver is gone, then end the process, whatever the task does."""
        try:
            self._serve()
        finally:
            os._exit(1)

    def _serve(self) -> None:
        reader = FrameReader()
        next_heartbeat_s = self._clock.monotonic_s() + self._heartbeat_interval_s
        while True:
            now = self._clock.monotonic_s()
            if now >= next_heartbeat_s:
                self._send_heartbeat()
                next_heartbeat_s = now + self._heartbeat_interval_s
            self._interrupt_if_due(now)
            self._forget_old_marks(now)
            wake_s = next_heartbeat_s
            if self._kill is not None:
                wake_s = min(wake_s, self._kill.next_interrupt_s)
            readable, _, _ = select.select([self._control], [], [], max(0.0, wake_s - now))
            if readable:
                data = self._control.recv(1 << 16)
                if not data:
                    return
                for kind, body in reader.feed(data):
                    self._obey(decode_order(kind, body))

    def _send_heartbeat(self) -> None:
        task_id = self._interrupt.running_task_id
        note_main_line(task_id)
        context = TaskContext.get()
        of_this_task = context is not None and context.taskAttemptId() == task_id
        records = context.metrics.records_read if context is not None and of_this_task else 0
        self._send(Heartbeat(_rss_bytes(), task_id, records))

    def _obey(self, order: Order) -> None:
        match order:
            case KillTask():
                self._begin_kill(order)
            case RemoveBlocks(request_id, prefix):
                BlockManager.current().drop_hot(prefix)
                broadcasts = BroadcastManager.current()
                if broadcasts is not None:
                    broadcasts.drop(prefix)
                self._send(BlocksRemoved(request_id))
            case DumpThreads(request_id):
                self._send(
                    ThreadDump(request_id, describe_threads(self._interrupt.running_task_id))
                )
            case BarrierRelease():
                self.barrier_releases.put(order)
            case CommitAnswer():
                self.commit_answers.put(order)
            case _:
                raise RuntimeError(f"{order!r} does not belong on the control channel")

    def _begin_kill(self, order: KillTask) -> None:
        now = self._clock.monotonic_s()
        self._kill_marks[order.task_id] = order.reason
        if not self._interrupt.mark_killed(order.task_id, order.reason):
            self._mark_ends[order.task_id] = now + _KILL_MARK_S
            return
        self._kill_marks.pop(order.task_id, None)
        if order.interrupt_after_s >= 0:
            due_s, is_repeated = now + order.interrupt_after_s, False
            if self._kill is not None and self._kill.task_id == order.task_id:
                due_s = min(due_s, self._kill.next_interrupt_s)
                is_repeated = self._interrupt.delivered
            self._kill = _Kill(order.task_id, order.reason, due_s, is_repeated)
            self._interrupt.expect(order.task_id)

    def _interrupt_if_due(self, now: float) -> None:
        kill = self._kill
        if kill is None:
            return
        if self._interrupt.running_task_id != kill.task_id:
            self._kill = None
        elif now >= kill.next_interrupt_s:
            if kill.is_repeated or not self._interrupt.delivered:  # else the driver's came first
                self._interrupt.request(kill.task_id)
            kill.is_repeated = True
            again_s = _AGAIN_S if self._interrupt.delivered else _RETRY_S
            kill.next_interrupt_s = now + again_s

    def _forget_old_marks(self, now: float) -> None:
        for task_id in [t for t, end_s in self._mark_ends.items() if now >= end_s]:
            del self._mark_ends[task_id]
            self._kill_marks.pop(task_id, None)

    def _send(self, news: News) -> None:
        self._control.sendall(news.encode())


def _rss_bytes() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
