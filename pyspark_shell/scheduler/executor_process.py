"""The driver's end of one executor: its sockets, what it runs, and what it has been sent.

Thread  `dag-scheduler-event-loop`.
"""

from __future__ import annotations

import socket
from contextlib import suppress

from pyspark_shell.common.record import field, record
from pyspark_shell.common.wire import READ_BYTES, FrameReader
from pyspark_shell.executor.messages import News, decode_news
from pyspark_shell.executor.stage_settings import StageTable
from pyspark_shell.scheduler.task_needs import Addresses, Taken
from pyspark_shell.scheduler.task_set_manager import TaskSetManager


@record(frozen=False)
class Assignment:
    """The task that an executor runs, and the addresses of resources that it was given."""

    task_id: int
    task_set: TaskSetManager
    addresses: Addresses = field(default_factory=dict)

    @property
    def taken(self) -> Taken:
        """What it takes of its executor."""
        return Taken(self.task_set.needs, self.addresses)


class Channel:
    """One non-blocking socket: frames come in, bytes that did not go out yet wait."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.fd = sock.fileno()
        self._reader = FrameReader()
        self._unsent = bytearray()

    def read(self) -> tuple[list[News], bool]:
        """All news that can be read now, and whether the peer is gone."""
        news: list[News] = []
        while True:
            try:
                data = self.sock.recv(READ_BYTES)
            except (BlockingIOError, InterruptedError):
                return news, False
            except OSError:
                return news, True
            if not data:
                return news, True
            news += [decode_news(kind, body) for kind, body in self._reader.feed(data)]
            if len(data) < READ_BYTES:
                return news, False

    def send(self, data: bytes) -> bool:
        """Send or keep for later; True if something has to wait until the socket can be written."""
        if self._unsent:
            self._unsent += data
            return True
        try:
            sent = self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            return False  # the peer is gone: its end will be read
        if sent < len(data):
            self._unsent += memoryview(data)[sent:]
            return True
        return False

    def send_waiting(self) -> bool:
        """Send what waits; True if something still does."""
        try:
            sent = self.sock.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            self._unsent.clear()
            return False
        del self._unsent[:sent]
        return bool(self._unsent)

    def close(self) -> None:
        """Close the socket; harmless if it is closed."""
        with suppress(OSError):
            self.sock.close()


class ExecutorProcess:
    """One executor, from the order to fork it to its end.

    Attributes
    ----------
    group
        Which executor of Spark's sense it belongs to: slots of one group share its cores.
    registered
        Whether it has said that it is up.
    retired
        Whether it has run its last task and is ending by itself.
    running
        Its task; None if its slot is free.
    last_heard_s
        When its last message came, on the monotonic clock.
    cpu_when_silent
        When it was last looked at because it was silent, and its seconds of processor time then.
    exit_status, ended_ms
        Wait status, and the end in ms since the epoch, once the zygote has told them.
    end_reason
        Why the driver ended it, if it did.
    misbehaved
        Whether it was ended for what the task did to its channel.
    """

    def __init__(
        self,
        executor_id: str,
        group: int,
        tasks: socket.socket,
        control: socket.socket,
        now_s: float,
    ) -> None:
        self.executor_id = executor_id
        self.group = group
        self.tasks = Channel(tasks)
        self.control = Channel(control)
        self.stages: StageTable[bool] = StageTable()
        self.pid: int | None = None
        self.registered = False
        self.retired = False
        self.running: Assignment | None = None
        self.last_heard_s = now_s
        self.cpu_when_silent: tuple[float, float] | None = None
        self.rss_bytes = 0
        self.closed = False
        self.exit_status: int | None = None
        self.ended_ms: int | None = None
        self.end_reason: str | None = None
        self.misbehaved = False
        self.tasks_done = 0

    @property
    def is_free(self) -> bool:
        """Whether a task can be sent to it."""
        return self.registered and self.running is None and not self.retired and not self.closed

    def close(self) -> None:
        """Close both channels."""
        self.closed = True
        self.tasks.close()
        self.control.close()

    def __repr__(self) -> str:
        doing = f"runs TID {self.running.task_id}" if self.running else "is free"
        return f"<ExecutorProcess {self.executor_id} pid {self.pid} {doing}>"
