"""A job as its submitter sees it: where its results arrive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pyspark_shell.common.task_end import ExceptionFailure
from pyspark_shell.executor.task_outcome import ResultFile

Payload = bytes | ResultFile
_PENDING: Final = object()


@dataclass(frozen=True, slots=True)
class JobFailure:
    """Why a job has no result; the submitter's thread makes an exception of it.

    Attributes
    ----------
    message
        Spark's sentence.
    cancelled
        Whether somebody killed the job.
    failure
        What the task raised that ended the job, if it was that.
    """

    job_id: int
    message: str
    cancelled: bool = False
    failure: ExceptionFailure | None = None
    stage_id: int | None = None


class JobWaiter:
    """Where the results of one job arrive; the thread that called the action waits here.

    Thread  the scheduler thread calls `task_succeeded`, `job_succeeded` and `job_failed`; any thread waits.

    Parameters
    ----------
    cancel
        Asks the scheduler to end the job, with a reason.
    """

    def __init__(self, job_id: int, tasks: int, cancel: Callable[[str], None]) -> None:
        self.job_id = job_id
        self._cancel = cancel
        self._payloads: list[Any] = [_PENDING] * tasks
        self._done = threading.Event() if tasks else _already_set()
        self.failure: JobFailure | None = None

    # In the scheduler thread ------------------------------------------------------

    def task_succeeded(self, index: int, payload: Payload) -> None:
        """Take one task's result in, still pickled."""
        self._payloads[index] = payload

    def job_succeeded(self) -> None:
        """Wake the waiting thread."""
        self._done.set()

    def job_failed(self, failure: JobFailure) -> None:
        """Wake the waiting thread with an error; results that arrived are dropped."""
        if not self._done.is_set():
            self.failure = failure
            self._done.set()

    # From any thread ----------------------------------------------------------------

    @property
    def done(self) -> bool:
        """Whether the job has ended, in whatever way."""
        return self._done.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the job's end; False when the time is over."""
        return self._done.wait(timeout_s)

    def payloads(self) -> list[Payload]:
        """Pickled results by task, after the job succeeded; they are given away, so only once."""
        payloads, self._payloads = self._payloads, []
        return payloads

    def finished(self) -> dict[int, Payload]:
        """Pickled results that have arrived so far, by task."""
        return {i: p for i, p in enumerate(list(self._payloads)) if p is not _PENDING}

    def cancel(self, reason: str) -> None:
        """Ask for the job's end; returns at once."""
        self._cancel(reason)


def _already_set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event
