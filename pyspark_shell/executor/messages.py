"""Everything that crosses the border between the driver and an executor.

Orders go from the driver to an executor, news the other way. All are one-way. `LaunchTask`,
`StageBinary` and `StopExecutor` travel on the tasks channel and are read by the executor's main
thread between tasks, the other orders on the control channel, read by its message thread at any
time.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, ClassVar, Final

from pyspark_shell.common.metrics import METRICS_BYTES, TaskMetrics
from pyspark_shell.common.record import field, record
from pyspark_shell.common.wire import ProtocolError, pack_frame


class TaskState(IntEnum):
    """How an attempt ended."""

    FINISHED = 0
    FAILED = 1
    KILLED = 2
    FETCH_FAILED = 3
    COMMIT_DENIED = 4


# Orders, driver -> executor ------------------------------------------------------


@record
class StageBinary:
    """What all tasks of a stage attempt need; sent once per executor, before its first task of the
    stage.

    Attributes
    ----------
    closure
        A pickled `StageClosure`.
    settings
        A pickled `StageSettings`.
    """

    kind: ClassVar[int] = 1
    stage_id: int
    stage_attempt: int
    closure: bytes
    settings: bytes

    _HEAD: ClassVar[struct.Struct] = struct.Struct("<QII")

    def encode(self) -> bytes:
        head = self._HEAD.pack(self.stage_id, self.stage_attempt, len(self.settings))
        return pack_frame(self.kind, head + self.settings + self.closure)

    @classmethod
    def decode(cls, body: bytes) -> StageBinary:
        stage_id, attempt, settings_bytes = cls._HEAD.unpack_from(body)
        cut = cls._HEAD.size + settings_bytes
        return cls(stage_id, attempt, body[cut:], body[cls._HEAD.size : cut])


@record(frozen=False, eq=False)  # not frozen: made once a task, and that is half as dear
class LaunchTask:
    """Run one attempt of one task. Answered by `StatusUpdate`.

    Attributes
    ----------
    split
        The pickled `Partition`.
    resources
        Addresses given to the task, by resource.
    """

    kind: ClassVar[int] = 2
    task_id: int
    stage_id: int
    stage_attempt: int
    partition: int
    attempt_number: int
    split: bytes
    resources: Mapping[str, Sequence[str]] = field(default_factory=dict)

    _HEAD: ClassVar[struct.Struct] = struct.Struct("<QQIIII")

    def encode(self) -> bytes:
        resources = _to_json(self.resources) if self.resources else b""
        head = self._HEAD.pack(
            self.task_id,
            self.stage_id,
            self.stage_attempt,
            self.partition,
            self.attempt_number,
            len(resources),
        )
        return pack_frame(self.kind, head + resources + self.split)

    @classmethod
    def decode(cls, body: bytes) -> LaunchTask:
        head: tuple[int, int, int, int, int, int] = cls._HEAD.unpack_from(body)
        task_id, stage_id, stage_attempt, partition, attempt_number, resource_bytes = head
        split_at = cls._HEAD.size + resource_bytes
        return cls(
            task_id,
            stage_id,
            stage_attempt,
            partition,
            attempt_number,
            body[split_at:],
            json.loads(body[cls._HEAD.size : split_at]) if resource_bytes else {},
        )


@record
class StopExecutor:
    """End the process when the task that runs, if any, has ended."""

    kind: ClassVar[int] = 3

    def encode(self) -> bytes:
        return pack_frame(self.kind, b"")

    @classmethod
    def decode(cls, body: bytes) -> StopExecutor:
        return cls()


@record
class KillTask:
    """Stop one attempt. Answered by its `StatusUpdate`; silence past the driver's deadline ends
    the process.

    Attributes
    ----------
    interrupt_after_s
        When to raise in the task's main thread; 0 at once, negative never.
    """

    kind: ClassVar[int] = 4
    task_id: int
    interrupt_after_s: float
    reason: str

    _HEAD: ClassVar[struct.Struct] = struct.Struct("<Qd")

    def encode(self) -> bytes:
        head = self._HEAD.pack(self.task_id, self.interrupt_after_s)
        return pack_frame(self.kind, head + self.reason.encode(errors="surrogatepass"))

    @classmethod
    def decode(cls, body: bytes) -> KillTask:
        task_id, after = cls._HEAD.unpack_from(body)
        return cls(task_id, after, body[cls._HEAD.size :].decode(errors="surrogatepass"))


@record
class RemoveBlocks:
    """Forget hot blocks whose names begin with `prefix`; the driver removes the files.

    Answered by `BlocksRemoved`.
    """

    kind: ClassVar[int] = 5
    request_id: int
    prefix: str

    def encode(self) -> bytes:
        return pack_frame(self.kind, struct.pack("<Q", self.request_id) + self.prefix.encode())

    @classmethod
    def decode(cls, body: bytes) -> RemoveBlocks:
        return cls(struct.unpack_from("<Q", body)[0], body[8:].decode())


@record
class DumpThreads:
    """Describe all threads of the executor. Answered by `ThreadDump`."""

    kind: ClassVar[int] = 6
    request_id: int

    def encode(self) -> bytes:
        return pack_frame(self.kind, struct.pack("<Q", self.request_id))

    @classmethod
    def decode(cls, body: bytes) -> DumpThreads:
        return cls(struct.unpack("<Q", body)[0])


@record
class BarrierRelease:
    """All tasks of the barrier stage have arrived; goes to each of them.

    Attributes
    ----------
    messages
        What the tasks sent along, in partition order.
    error
        Why the barrier failed, empty if it did not.
    """

    kind: ClassVar[int] = 7
    task_id: int
    messages: tuple[str, ...]
    error: str = ""

    def encode(self) -> bytes:
        return pack_frame(self.kind, _to_json([self.task_id, self.messages, self.error]))

    @classmethod
    def decode(cls, body: bytes) -> BarrierRelease:
        task_id, messages, error = json.loads(body)
        return cls(task_id, tuple(messages), error)


@record
class CommitAnswer:
    """Whether a task may publish its output; answers its `CommitRequest` of that number."""

    kind: ClassVar[int] = 8
    request_id: int
    granted: bool

    _BODY: ClassVar[struct.Struct] = struct.Struct("<Q?")

    def encode(self) -> bytes:
        return pack_frame(self.kind, self._BODY.pack(self.request_id, self.granted))

    @classmethod
    def decode(cls, body: bytes) -> CommitAnswer:
        return cls(*cls._BODY.unpack(body))


# News, executor -> driver ----------------------------------------------------------


@record
class RegisterExecutor:
    """The executor is up and waits for tasks."""

    kind: ClassVar[int] = 33
    executor_id: str
    pid: int

    def encode(self) -> bytes:
        return pack_frame(self.kind, _to_json([self.executor_id, self.pid]))

    @classmethod
    def decode(cls, body: bytes) -> RegisterExecutor:
        return cls(*json.loads(body))


@record(frozen=False, eq=False)  # not frozen: made once a task, and that is half as dear
class StatusUpdate:
    """An attempt has ended.

    Attributes
    ----------
    metrics
        `TaskMetrics.pack()`.
    accumulators
        Pickled accumulator updates, opaque to the scheduler.
    result
        For FINISHED the pickled value of a result task, or the JSON of a `TaskOutcome` where
        `in_file` is set; for all other states the JSON of a `TaskOutcome`.
    in_file
        Whether the value of a result task lies in a file.
    """

    kind: ClassVar[int] = 34
    task_id: int
    state: TaskState
    in_file: bool
    metrics: bytes
    accumulators: bytes
    result: bytes

    _HEAD: ClassVar[struct.Struct] = struct.Struct("<QB?xxI")

    def encode(self) -> bytes:
        head = self._HEAD.pack(self.task_id, self.state, self.in_file, len(self.accumulators))
        return pack_frame(self.kind, b"".join((head, self.metrics, self.accumulators, self.result)))

    @classmethod
    def decode(cls, body: bytes) -> StatusUpdate:
        task_id, state, in_file, accumulator_bytes = cls._HEAD.unpack_from(body)
        metrics_end = cls._HEAD.size + METRICS_BYTES
        result_at = metrics_end + accumulator_bytes
        return cls(
            task_id,
            _STATES[state],
            in_file,
            body[cls._HEAD.size : metrics_end],
            body[metrics_end:result_at],
            body[result_at:],
        )

    def task_metrics(self) -> TaskMetrics:
        """The attempt's counters."""
        return TaskMetrics.unpack(self.metrics)


_STATES: Final = tuple(TaskState)


@record
class BlockUpdated:
    """A cached block was written, moved or dropped; both sizes 0 when it is gone."""

    kind: ClassVar[int] = 35
    block_id: str
    memory_bytes: int
    disk_bytes: int

    def encode(self) -> bytes:
        return pack_frame(self.kind, _to_json([self.block_id, self.memory_bytes, self.disk_bytes]))

    @classmethod
    def decode(cls, body: bytes) -> BlockUpdated:
        return cls(*json.loads(body))


@record
class ThreadDump:
    """Threads of the executor, as JSON-ready dictionaries."""

    kind: ClassVar[int] = 36
    request_id: int
    threads: list[dict[str, Any]]

    def encode(self) -> bytes:
        return pack_frame(self.kind, _to_json([self.request_id, self.threads]))

    @classmethod
    def decode(cls, body: bytes) -> ThreadDump:
        return cls(*json.loads(body))


@record
class BlocksRemoved:
    """The executor has forgotten the blocks."""

    kind: ClassVar[int] = 39
    request_id: int

    def encode(self) -> bytes:
        return pack_frame(self.kind, struct.pack("<Q", self.request_id))

    @classmethod
    def decode(cls, body: bytes) -> BlocksRemoved:
        return cls(struct.unpack("<Q", body)[0])


@record
class Heartbeat:
    """The executor's message thread is alive.

    Attributes
    ----------
    rss_bytes
        Memory of the process.
    task_id
        The running task, -1 when idle.
    records_read
        By that task so far.
    """

    kind: ClassVar[int] = 37
    rss_bytes: int
    task_id: int
    records_read: int = 0

    def encode(self) -> bytes:
        body = struct.pack("<QqQ", self.rss_bytes, self.task_id, self.records_read)
        return pack_frame(self.kind, body)

    @classmethod
    def decode(cls, body: bytes) -> Heartbeat:
        return cls(*struct.unpack("<QqQ", body))


@record
class BarrierSync:
    """A task of a barrier stage waits for the others. Answered by `BarrierRelease`.

    Attributes
    ----------
    epoch
        How many barriers the task has passed before.
    """

    kind: ClassVar[int] = 38
    task_id: int
    epoch: int
    message: str

    def encode(self) -> bytes:
        return pack_frame(self.kind, _to_json([self.task_id, self.epoch, self.message]))

    @classmethod
    def decode(cls, body: bytes) -> BarrierSync:
        return cls(*json.loads(body))


@record
class CommitRequest:
    """A task wants to publish its output. Answered by `CommitAnswer`.

    Attributes
    ----------
    request_id
        Counts the requests of the process.
    """

    kind: ClassVar[int] = 40
    request_id: int
    task_id: int

    def encode(self) -> bytes:
        return pack_frame(self.kind, struct.pack("<QQ", self.request_id, self.task_id))

    @classmethod
    def decode(cls, body: bytes) -> CommitRequest:
        return cls(*struct.unpack("<QQ", body))


Order = (
    StageBinary
    | LaunchTask
    | StopExecutor
    | KillTask
    | RemoveBlocks
    | DumpThreads
    | BarrierRelease
    | CommitAnswer
)
News = (
    RegisterExecutor
    | StatusUpdate
    | BlockUpdated
    | BlocksRemoved
    | ThreadDump
    | Heartbeat
    | BarrierSync
    | CommitRequest
)

_ORDERS: Final[dict[int, type[Order]]] = {
    cls.kind: cls
    for cls in (
        StageBinary, LaunchTask, StopExecutor, KillTask, RemoveBlocks, DumpThreads, BarrierRelease,
        CommitAnswer,
    )
}  # fmt: skip
_NEWS: Final[dict[int, type[News]]] = {
    cls.kind: cls
    for cls in (
        RegisterExecutor, StatusUpdate, BlockUpdated, BlocksRemoved, ThreadDump, Heartbeat,
        BarrierSync, CommitRequest,
    )
}  # fmt: skip


def decode_order(kind: int, body: bytes) -> Order:
    """The order in a frame."""
    return _ORDERS[kind].decode(body)


def decode_news(kind: int, body: bytes) -> News:
    """The news in a frame.

    Raises
    ------
    ProtocolError
        The executor, or user code that writes into its channel, sent something else.
    """
    try:
        return _NEWS[kind].decode(body)
    except Exception as error:
        raise ProtocolError(f"message of type {kind} cannot be read: {error!r}") from error


def _to_json(value: object) -> bytes:
    # ensure_ascii keeps lone surrogates, which JSON can escape and UTF-8 cannot carry.
    return json.dumps(value, separators=(",", ":")).encode()
