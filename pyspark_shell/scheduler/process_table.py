"""Keeps the process table: the scheduler's end of the file that outside killers read and write.

Owns    the mapped file and which executor has which row of it.
Thread  `dag-scheduler-event-loop`. A task is in the table before it is sent, since anything may
        hold the interpreter from the next moment on. One that ended is taken out at the end of the
        scheduler's round (`write_ends`), unless another has taken its place by then.
"""

from __future__ import annotations

import logging
import mmap
import os
from collections.abc import Collection
from typing import Final

from pyspark_shell.common.process_identity import start_time
from pyspark_shell.common.process_table import (
    COUNT,
    COUNT_AT,
    FREE_JOB_ROW,
    HEAD_PROCESSES,
    JOB_ROW,
    JOB_ROWS,
    MAX_JOBS,
    MAX_TAGS,
    NONE,
    PROCESSES_AT,
    ROW,
    ROWS_AT,
    JobRow,
    KillIntent,
    NamedJob,
    job_row_at,
    new_table,
    read_intents,
    size_of_table,
    write_whole,
)
from pyspark_shell.storage.block_file import remove_quietly

log: Final = logging.getLogger("pyspark_shell.SchedulerBackend")

_NO_JOBS: Final = (NONE,) * MAX_JOBS
_OTHER_JOBS: Final = (NONE,) * (MAX_JOBS - 1)


class _Row:
    """Where an executor's row is, and what stands in it."""

    __slots__ = ("at", "executor_id", "jobs", "number", "pid", "stage_id", "start", "task_id")

    def __init__(self, at: int) -> None:
        self.at = at
        self.number = 0
        self.forget()

    def forget(self) -> None:
        self.executor_id = self.pid = NONE
        self.start = 0
        self.idle()

    def idle(self) -> None:
        self.task_id = self.stage_id = NONE
        self.jobs: Collection[int] = ()


class ProcessTableWriter:
    """The table of one application.

    Parameters
    ----------
    path
        Made anew. If that fails, the application does without: nobody outside can look.
    slots
        Executors that live at once.
    """

    def __init__(self, path: str, slots: int, kill_timeout_s: float) -> None:
        # A replacement is forked while the row of the dead one may still be in use.
        rows = 2 * slots
        self.path = path
        self._slots = rows
        try:
            self._memory = _make(path, size_of_table(rows))
        except OSError as problem:
            log.warning("no process table at %s: %s", path, problem.strerror)
            self.path = ""
            self._memory = mmap.mmap(-1, size_of_table(rows))
        new_table(self._memory, rows, kill_timeout_s)
        self._free = [_Row(ROWS_AT + number * ROW.size) for number in reversed(range(rows))]
        self._rows: dict[str, _Row] = {}
        self._ended: set[_Row] = set()
        self._free_jobs = list(reversed(range(JOB_ROWS)))
        self._job_rows: dict[int, int] = {}
        self._job_changes = 0
        self._processes_number = 0
        self._intents_seen = 0

    def zygote_started(self, pid: int) -> None:
        """The driver is this process, the zygote that one."""
        self._processes_number += 1
        number = self._processes_number
        driver = os.getpid()
        record = HEAD_PROCESSES.pack(
            number, driver, start_time(driver) or 0, pid, start_time(pid) or 0, number
        )
        write_whole(self._memory, PROCESSES_AT, record)

    def executor_started(self, executor_id: str, pid: int) -> None:
        """A process is there; said twice, it is noted once."""
        row = self._rows.get(executor_id)
        if row is None:
            if not self._free:
                return
            row = self._rows[executor_id] = self._free.pop()
        if row.pid != pid:
            row.executor_id, row.pid, row.start = int(executor_id), pid, start_time(pid) or 0
            self._write(row)

    def executor_ended(self, executor_id: str) -> None:
        """It is gone, or given up."""
        row = self._rows.pop(executor_id, None)
        if row is not None:
            row.forget()
            self._write(row)
            self._free.append(row)

    def task_started(
        self, executor_id: str, task_id: int, stage_id: int, job_ids: Collection[int]
    ) -> None:
        """An executor runs a task."""
        row = self._rows.get(executor_id)
        if row is not None:
            row.task_id, row.stage_id, row.jobs = task_id, stage_id, job_ids
            self._write(row)
            self._ended.discard(row)

    def task_ended(self, executor_id: str) -> None:
        """An executor is idle."""
        row = self._rows.get(executor_id)
        if row is not None:
            row.idle()
            self._ended.add(row)

    def write_ends(self) -> None:
        """Show executors as idle that were given no other task since their last one ended."""
        while self._ended:
            self._write(self._ended.pop())

    def job_started(self, job: NamedJob) -> None:
        """A job is active; if it comes after too many others it is left out."""
        if self._free_jobs:
            self._job_rows[job.job_id] = number = self._free_jobs.pop()
            row = JobRow.of(job)
            tags = (*sorted(row.tags), *[NONE] * MAX_TAGS)[:MAX_TAGS]
            self._write_job(number, row.job_id, row.group, *tags)

    def job_ended(self, job_id: int) -> None:
        """A job is not active any more."""
        number = self._job_rows.pop(job_id, None)
        if number is not None:
            self._write_job(number, *FREE_JOB_ROW[1:-1])
            self._free_jobs.append(number)

    def _write_job(self, number: int, *fields: int) -> None:
        self._job_changes += 1
        record = JOB_ROW.pack(self._job_changes, *fields, self._job_changes)
        write_whole(self._memory, job_row_at(self._slots, number), record)

    def jobs_changed(self) -> None:
        """Jobs came or went: write anew for which of them tasks run."""
        for row in self._rows.values():
            if row.task_id != NONE:
                self._write(row)

    def new_intents(self) -> list[KillIntent]:
        """What outside killers announced since the last call."""
        (count,) = COUNT.unpack_from(self._memory, COUNT_AT)
        if count == self._intents_seen:
            return []
        seen, self._intents_seen = self._intents_seen, count
        return read_intents(self._memory, self._slots, seen)

    def close(self) -> None:
        """Remove the file; whatever still writes, writes into memory of nobody."""
        old, self._memory = self._memory, mmap.mmap(-1, len(self._memory))
        old.close()
        if self.path:
            remove_quietly(self.path)

    def _write(self, row: _Row) -> None:
        row.number = number = row.number + 1
        jobs = row.jobs
        if len(jobs) == 1:
            (job,) = jobs
            some = (job, *_OTHER_JOBS)
        else:
            some = (*sorted(jobs)[:MAX_JOBS], *_NO_JOBS)[:MAX_JOBS]
        record = ROW.pack(
            number, row.executor_id, row.pid, row.start, row.task_id, row.stage_id,
            min(len(jobs), MAX_JOBS), *some, number,
        )  # fmt: skip
        write_whole(self._memory, row.at, record)


def _make(path: str, size: int) -> mmap.mmap:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(fd, 0o600)
        os.write(fd, bytes(size))  # a full file system must fail here, not at a later write
        return mmap.mmap(fd, size)
    finally:
        os.close(fd)
