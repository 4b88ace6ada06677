"""What runs where, in a file that other processes read while the driver cannot answer.

When one C call holds the driver's interpreter, no thread of it can say anything. So the scheduler
notes in this file, mapped into memory, which executor runs which task of which jobs; and whoever
kills from outside notes here what it intends *before* it signals, so that the scheduler, once it
wakes, knows why its executors are gone.

Layout: a header, one row for each slot, one for each job, a ring of intents; all numbers
little-endian, 64 bits. Of a job's group and tags a hash stands here, by which one who knows their
names finds them. Rows and intents are written from front to back and bear one number, which grows
with every change, at both ends: by these a reader knows that it has seen no half of one.
Thread  rows have one writer, the scheduler's; intents are written under `flock`, by any process.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import stat
import struct
import time
from collections.abc import Collection, Iterable
from enum import IntEnum
from typing import Any, Final, Protocol

from pyspark_shell.common.record import field, record

MAGIC: Final = int.from_bytes(b"pyshproc", "little")
VERSION: Final = 2
NONE: Final = -1
# A stage that more jobs than this wait for shows the first of them.
MAX_JOBS: Final = 8
# Of more active jobs than this, and of a job's more tags, the driver alone knows the names.
JOB_ROWS: Final = 64
MAX_TAGS: Final = 8
INTENTS: Final = 32
_WHO_BYTES: Final = 64
_REASON_BYTES: Final = 392

# magic, version, slots, kill timeout in ms, then what `HEAD_PROCESSES` holds, then intents so far
_HEAD_FIXED: Final = struct.Struct("<4q")
# number, driver's pid and start, zygote's pid and start, number
HEAD_PROCESSES: Final = struct.Struct("<6q")
COUNT: Final = struct.Struct("<q")
# number, executor, pid, start, task, stage, how many jobs, the jobs, number
ROW: Final = struct.Struct(f"<{8 + MAX_JOBS}q")
# number, job, its group, its tags, number
JOB_ROW: Final = struct.Struct(f"<{4 + MAX_TAGS}q")
# number, scope, target, time, who, reason, number
_INTENT: Final = struct.Struct(f"<4q{_WHO_BYTES}s{_REASON_BYTES}sq")

PROCESSES_AT: Final = _HEAD_FIXED.size
COUNT_AT: Final = PROCESSES_AT + HEAD_PROCESSES.size
ROWS_AT: Final = 128
_TRIES: Final = 1000
_LOCK_S: Final = 1.0
_LATE_TRIES: Final = 500
_LATE_PAUSE_S: Final = 0.001


class KillScope(IntEnum):
    """What an intent is about; `target` is its id, of groups and tags the `name_hash`."""

    JOB = 1
    STAGE = 2
    TASK = 3
    EXECUTOR = 4
    APPLICATION = 5
    GROUP = 6
    TAG = 7


_SCOPES: Final = frozenset(KillScope)


@record
class KillIntent:
    """A kill from outside, told before it is done.

    Attributes
    ----------
    target
        Which job, stage, task or executor; `NONE` for the application.
    name
        Of a group or tag, if it is known: the table has only its hash.
    """

    scope: KillScope
    target: int
    reason: str
    who: str
    at_ms: int = 0
    name: str = field(default="", compare=False)

    @classmethod
    def by_name(cls, scope: KillScope, name: str, reason: str, who: str) -> KillIntent:
        """To kill a group, or all with a tag."""
        return cls(scope, name_hash(name), reason, who, name=name)

    def words(self, jobs: Iterable[NamedJob] = ()) -> str:
        """What it is about, for people; the names of groups and tags are looked for among `jobs`.

        Examples
        --------
        >>> KillIntent(KillScope.JOB, 7, "too slow", "me").words()
        'job 7'
        >>> KillIntent(KillScope.APPLICATION, NONE, "too slow", "me").words()
        'the application'
        >>> KillIntent(KillScope.TAG, name_hash("heavy"), "too slow", "me").words()
        'a job tag'
        """
        scope = self.scope.name.lower()
        match self.scope:
            case KillScope.APPLICATION:
                return "the application"
            case KillScope.GROUP | KillScope.TAG:
                name = self.name or self._name_among(jobs)
                return f"a job {scope}" if name is None else f"{scope} {name}"
            case _:
                return f"{scope} {self.target}"

    def _name_among(self, jobs: Iterable[NamedJob]) -> str | None:
        for job in jobs:
            names = job.tags if self.scope is KillScope.TAG else (job.group,)
            for name in names:
                if name is not None and name_hash(name) == self.target:
                    return name
        return None


@record
class SlotRow:
    """One executor's process.

    Attributes
    ----------
    task_id, stage_id
        What it runs; `NONE` if it is idle.
    job_ids
        The active jobs that need its task's stage.
    """

    executor_id: int
    pid: int
    start_time: int
    task_id: int
    stage_id: int
    job_ids: tuple[int, ...]

    def is_meant_by(self, intent: KillIntent, named: frozenset[int] = frozenset()) -> bool:
        """Whether the intent ends this row's task: that of a job only if no other job needs it.

        Parameters
        ----------
        named
            The jobs of the group, or with the tag, that the intent is about.
        """
        match intent.scope:
            case KillScope.GROUP | KillScope.TAG:
                are_all_shown = 0 < len(self.job_ids) < MAX_JOBS
                return self.task_id != NONE and are_all_shown and named.issuperset(self.job_ids)
            case KillScope.JOB:
                return self.task_id != NONE and self.job_ids == (intent.target,)
            case KillScope.STAGE:
                return self.task_id != NONE and self.stage_id == intent.target
            case KillScope.TASK:
                return self.task_id == intent.target
            case KillScope.EXECUTOR:
                return self.executor_id == intent.target
            case KillScope.APPLICATION:
                return True


class NamedJob(Protocol):
    """What is told of a job."""

    @property
    def job_id(self) -> int: ...

    @property
    def group(self) -> str | None: ...

    @property
    def tags(self) -> Collection[str]: ...


@record
class JobRow:
    """One active job, with the hashes of the names it bears; `group` is `NONE` without one."""

    job_id: int
    group: int
    tags: frozenset[int]

    @classmethod
    def of(cls, job: NamedJob) -> JobRow:
        """A job's row, with all of its tags."""
        group = NONE if job.group is None else name_hash(job.group)
        return cls(job.job_id, group, frozenset(map(name_hash, job.tags)))

    def is_named_by(self, intent: KillIntent) -> bool:
        """Whether the intent is about the job's group, or a tag of it."""
        match intent.scope:
            case KillScope.GROUP:
                return self.group == intent.target
            case KillScope.TAG:
                return intent.target in self.tags
            case _:
                return False


@record
class Processes:
    """The driver and its zygote."""

    driver_pid: int
    driver_start_time: int
    zygote_pid: int
    zygote_start_time: int


def name_hash(name: str) -> int:
    """What stands in the table for the name of a group or tag; never `NONE`."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def size_of_table(slots: int) -> int:
    """Bytes of a table of so many rows."""
    return _intents_at(slots) + INTENTS * _INTENT.size


def new_table(memory: mmap.mmap, slots: int, kill_timeout_s: float) -> None:
    """Write the parts that do not change."""
    for slot in range(slots):
        ROW.pack_into(memory, ROWS_AT + slot * ROW.size, *_FREE_ROW)
    for number in range(JOB_ROWS):
        JOB_ROW.pack_into(memory, job_row_at(slots, number), *FREE_JOB_ROW)
    timeout_ms = int(kill_timeout_s * 1000) if kill_timeout_s >= 0 else NONE
    _HEAD_FIXED.pack_into(memory, 0, MAGIC, VERSION, slots, timeout_ms)


_FREE_ROW: Final = (0, NONE, NONE, 0, NONE, NONE, 0, *([NONE] * MAX_JOBS), 0)
FREE_JOB_ROW: Final = (0, NONE, NONE, *([NONE] * MAX_TAGS), 0)


class ProcessTable:
    """The table as any process sees it that may open the file.

    Raises
    ------
    OSError
        The file is not there, or may not be opened.
    ValueError
        It is no table, or not this user's alone.
    """

    def __init__(self, path: str) -> None:
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            self._memory = _map(fd, path)
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd
        magic, version, self.slots, timeout_ms = _HEAD_FIXED.unpack_from(self._memory, 0)
        if (magic, version) != (MAGIC, VERSION) or len(self._memory) < size_of_table(self.slots):
            self.close()
            raise ValueError(f"{path} is no process table of this version")
        self.kill_timeout_s = timeout_ms / 1000 if timeout_ms >= 0 else None

    def close(self) -> None:
        """Let go of the file."""
        self._memory.close()
        os.close(self._fd)

    def __enter__(self) -> ProcessTable:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def processes(self) -> Processes:
        """The driver and its zygote."""
        _, *pids, _ = _read_whole(self._memory, HEAD_PROCESSES, PROCESSES_AT)
        return Processes(*pids)

    def rows(self) -> list[SlotRow]:
        """The executors that live, by id."""
        rows = (self._row(slot) for slot in range(self.slots))
        return sorted((row for row in rows if row is not None), key=lambda row: row.executor_id)

    def _row(self, slot: int) -> SlotRow | None:
        values = _read_whole(self._memory, ROW, ROWS_AT + slot * ROW.size)
        _, executor_id, pid, start_time, task_id, stage_id, jobs, *rest = values
        if executor_id == NONE:
            return None
        job_ids = tuple(rest[: min(jobs, MAX_JOBS)])
        return SlotRow(executor_id, pid, start_time, task_id, stage_id, job_ids)

    def jobs(self) -> list[JobRow]:
        """The active jobs, by id; the first `JOB_ROWS` of them."""
        found: list[JobRow] = []
        for number in range(JOB_ROWS):
            at = job_row_at(self.slots, number)
            _, job_id, group, *tags, _ = _read_whole(self._memory, JOB_ROW, at)
            if job_id != NONE:
                found.append(JobRow(job_id, group, frozenset(tags) - {NONE}))
        return sorted(found, key=lambda row: row.job_id)

    def may_know(self, intent: KillIntent) -> bool:
        """Whether what an intent is about may be there: it is in the table, or is of a kind of
        which the table does not show all.
        """
        rows, jobs = self.rows(), self.jobs()
        match intent.scope:
            case KillScope.APPLICATION:
                return True
            case KillScope.TASK:
                return any(row.task_id == intent.target for row in rows)
            case KillScope.EXECUTOR:
                return any(row.executor_id == intent.target for row in rows)
            case KillScope.STAGE:  # one that waits stands nowhere, only the jobs that need one do
                return bool(jobs) or any(row.stage_id == intent.target for row in rows)
            case _ if len(jobs) == JOB_ROWS:
                return True
            case KillScope.JOB:
                return any(job.job_id == intent.target for job in jobs)
            case KillScope.TAG if any(len(job.tags) == MAX_TAGS for job in jobs):
                return True
            case _:
                return any(job.is_named_by(intent) for job in jobs)

    def jobs_named_by(self, intent: KillIntent) -> frozenset[int]:
        """The active jobs whose group or tag the intent is about."""
        if intent.scope not in (KillScope.GROUP, KillScope.TAG):
            return frozenset()
        return frozenset(row.job_id for row in self.jobs() if row.is_named_by(intent))

    def announce(self, intent: KillIntent) -> None:
        """Write an intent; from its return on the scheduler will find it when it wakes."""
        _lock(self._fd)
        try:
            (number,) = COUNT.unpack_from(self._memory, COUNT_AT)
            at = _intents_at(self.slots) + number % INTENTS * _INTENT.size
            record = _INTENT.pack(
                number + 1,
                intent.scope,
                intent.target,
                intent.at_ms or time.time_ns() // 1_000_000,
                _cut(intent.who, _WHO_BYTES),
                _cut(intent.reason, _REASON_BYTES),
                number + 1,
            )
            write_whole(self._memory, at, record)
            self._memory[COUNT_AT : COUNT_AT + COUNT.size] = COUNT.pack(number + 1)
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def intents(self) -> list[KillIntent]:
        """The newest intents, oldest first."""
        return read_intents(self._memory, self.slots, 0)


def outside_reason(path: str, task_id: int) -> str | None:
    """Why somebody outside kills a task, as its own process asks; None if nobody does."""
    try:
        with ProcessTable(path) as table:
            rows = [row for row in table.rows() if row.task_id == task_id]
            for intent in reversed(table.intents() if rows else []):
                if rows[0].is_meant_by(intent, table.jobs_named_by(intent)):
                    return intent.reason
    except (OSError, ValueError):
        return None
    return None


def read_intents(memory: mmap.mmap, slots: int, seen: int) -> list[KillIntent]:
    """The intents that came after the first `seen`, oldest first; the ring holds 32."""
    (count,) = COUNT.unpack_from(memory, COUNT_AT)
    found: list[KillIntent] = []
    for number in range(max(seen, count - INTENTS), count):
        at = _intents_at(slots) + number % INTENTS * _INTENT.size
        try:
            _, scope, target, at_ms, who, reason, _ = _read_whole(memory, _INTENT, at)
        except ValueError:  # its writer does not obey the rules; the others are read all the same
            continue
        if scope in _SCOPES:
            found.append(KillIntent(KillScope(scope), target, _text(reason), _text(who), at_ms))
    return found


def job_row_at(slots: int, number: int) -> int:
    """Where a job's row is."""
    return ROWS_AT + slots * ROW.size + number * JOB_ROW.size


def _intents_at(slots: int) -> int:
    return job_row_at(slots, JOB_ROWS)


def write_whole(memory: mmap.mmap, at: int, record: bytes) -> None:
    """Write one record: its first number, then what is between, then its last.

    Not by `pack_into`: it fills the place with zeros before it packs, and zeros are a record too.
    """
    last = at + len(record) - 8
    memory[at : at + 8] = record[:8]
    memory[at + 8 : last] = record[8:-8]
    memory[last : last + 8] = record[-8:]


def _read_whole(memory: mmap.mmap, layout: struct.Struct, at: int) -> tuple[Any, ...]:
    """One record that nobody was writing meanwhile: its last number, looked at before, says that it
    was complete, and its first one, looked at afterwards, that no other had begun.
    """
    last = at + layout.size
    for attempt in range(_TRIES + _LATE_TRIES):
        end = memory[last - 8 : last]
        data = memory[at:last]
        begin = memory[at : at + 8]
        if end == data[-8:] == data[:8] == begin:
            return layout.unpack(data)
        if attempt >= _TRIES:  # the system has put the writer aside in the middle of the row
            time.sleep(_LATE_PAUSE_S)
    raise ValueError("the process table's writer was stopped in the middle of a row")


def _lock(fd: int) -> None:
    """Wait for other killers; one that was stopped while it wrote is waited for no longer than is
    decent.
    """
    deadline_s = time.monotonic() + _LOCK_S
    while time.monotonic() < deadline_s:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.001)
        else:
            return


def _map(fd: int, path: str) -> mmap.mmap:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise ValueError(f"{path} is not a private file of this user")
    if status.st_size < size_of_table(0):
        raise ValueError(f"{path} is no process table")
    return mmap.mmap(fd, 0)


def _cut(text: str, size: int) -> bytes:
    return text.encode("utf-8", "replace")[:size]


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode("utf-8", "ignore")
