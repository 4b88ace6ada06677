"""A job as its submitter sees it: where its results arrive."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from pyspark_shell.common.record import record
from pyspark_shell.common.task_end import ExceptionFailure
from pyspark_shell.executor.task_outcome import ResultFile
from pyspark_shell.storage.block_file import remove_quietly

Payload = bytes | ResultFile
_PENDING: Final = object()
# A Ctrl-C that comes between Python's last look for signals and the system's wait does not end the
# wait; so it is no longer than this.
_SLICE_S: Final = 0.5


@record
class JobFailure:
    """Why a job has no result; the submitter's thread makes an exception of it.

    Attributes
    ----------
    message
        Spark's sentence.
    cancelled
        Whether somebody killed the job.
    application_killed
        Whether the whole application was.
    failure
        What the task raised that ended the job, if it was that.
    """

    job_id: int
    message: str
    cancelled: bool = False
    failure: ExceptionFailure | None = None
    stage_id: int | None = None
    application_killed: bool = False


class JobWaiter:
    """Where the results of one job arrive; the thread that called the action waits here.

    Thread  the scheduler thread calls `task_succeeded`, `job_succeeded` and `job_failed`; any
            thread waits.

    Parameters
    ----------
    cancel
        Asks the scheduler to end the job: with a reason, and whether its tasks are interrupted at
        once.
    """

    def __init__(self, job_id: int, tasks: int, cancel: Callable[[str, bool | None], None]) -> None:
        self.job_id = job_id
        self._cancel = cancel
        self._payloads: list[Any] = [_PENDING] * tasks
        self._done = False
        # Held until the job ends; a bare lock wakes the waiting thread with one system call.
        self._ended = threading.Lock()
        self._ended.acquire()
        self.failure: JobFailure | None = None

    # In the scheduler thread ------------------------------------------------------

    def task_succeeded(self, index: int, payload: Payload) -> None:
        """Take one task's result in, still pickled."""
        self._payloads[index] = payload

    def job_succeeded(self) -> None:
        """Wake the waiting thread."""
        self._end()

    def job_failed(self, failure: JobFailure) -> None:
        """Wake the waiting thread with an error; results that arrived are dropped."""
        if not self._done:
            for payload in self.finished().values():
                discard(payload)
            self.failure = failure
            self._end()

    def _end(self) -> None:
        if not self._done:
            self._done = True
            self._ended.release()

    # From any thread ----------------------------------------------------------------

    @property
    def done(self) -> bool:
        """Whether the job has ended, in whatever way."""
        return self._done

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the job's end; False when the time is over."""
        if self._done:
            return True
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left_s = _SLICE_S
            if deadline_s is not None:
                left_s = min(left_s, max(deadline_s - time.monotonic(), 0.0))
            if self._ended.acquire(timeout=left_s):
                self._ended.release()  # for whoever waits next
                return True
            if deadline_s is not None and time.monotonic() >= deadline_s:
                return False

    def payloads(self) -> list[Payload]:
        """Pickled results by task, after the job succeeded; they are given away, so only once."""
        payloads, self._payloads = self._payloads, []
        return payloads

    def finished(self) -> dict[int, Payload]:
        """Pickled results that have arrived so far, by task."""
        return {i: p for i, p in enumerate(list(self._payloads)) if p is not _PENDING}

    def cancel(self, reason: str, interrupt: bool | None = None) -> None:
        """Ask for the job's end; returns at once."""
        self._cancel(reason, interrupt)


def discard(payload: Payload) -> None:
    """Remove a result that nobody will open."""
    if isinstance(payload, ResultFile) and payload.path is not None:
        remove_quietly(payload.path)
