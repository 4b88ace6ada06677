"""A submitted job, in the hands of the thread that wants its results.

Results are opened here, in the user's thread, one partition after another; here too an error of the
scheduler becomes an exception that a person can read.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from pyspark_shell.common.cell import named_by_cell
from pyspark_shell.common.errors import (
    JobFailed,
    PythonException,
    SparkApplicationKilled,
    SparkException,
    SparkJobCancelled,
)
from pyspark_shell.common.pickling import loads
from pyspark_shell.common.task_end import ExceptionFailure
from pyspark_shell.executor.task_outcome import ResultFile
from pyspark_shell.scheduler.job_waiter import JobFailure, JobWaiter, Payload, discard
from pyspark_shell.storage.block_file import read_block, remove_quietly
from pyspark_shell.storage.record_batches import decode_value

T = TypeVar("T")

_FRAME: Final = re.compile(r'  File "(?P<file>[^"]+)", line (?P<line>\d+), in .+')


class JobHandle(Generic[T]):
    """A job that was submitted and may still run.

    Parameters
    ----------
    on_end
        Called once in the thread that takes the result: merges accumulators, shows what tasks
        printed.
    on_interrupt
        Called with the job's id when the waiting thread was interrupted and the job is cancelled
        for that.
    on_error
        Called with each exception that the job ends with.
    may_open
        Called with the job's id and the sizes of its results before they are opened; raises if
        they are too large.
    """

    def __init__(
        self,
        waiter: JobWaiter,
        on_end: Callable[[], None],
        on_interrupt: Callable[[int], None],
        on_error: Callable[[BaseException], object] = lambda _: None,
        may_open: Callable[[int, Sequence[int]], None] = lambda job_id, sizes_bytes: None,
    ) -> None:
        self._waiter = waiter
        self._on_end = on_end
        self._on_interrupt = on_interrupt
        self._on_error = on_error
        self._may_open = may_open
        self._values: list[T] | None = None
        self._opened: dict[int, T] = {}

    @property
    def job_id(self) -> int:
        """The job's id."""
        return self._waiter.job_id

    @property
    def done(self) -> bool:
        """Whether the job has ended, however it did."""
        return self._waiter.done

    def cancel(self, reason: str) -> None:
        """Ask for the end of the job; returns at once."""
        self._waiter.cancel(reason)

    def give_up(self, error: BaseException) -> None:
        """Cancel the job, if it still runs, because its thread was interrupted (Ctrl-C).

        It is the only job that goes with it.
        """
        if not self._waiter.done:
            self._on_interrupt(self.job_id)
            why = f"because of {type(error).__name__} in the thread that waited for it"
            self._waiter.cancel(why, interrupt=True)

    def result(self, timeout_s: float | None = None) -> list[T]:
        """One value for each task, in order.

        Raises
        ------
        JobFailed
            `PythonException` if a task's code raised, `SparkJobCancelled` if somebody killed the
            job.
        TimeoutError
            The time is up; the job goes on.
        """
        if self._values is None:
            try:
                self._values = self._wait(timeout_s)
            except BaseException as error:
                self._on_error(error)
                raise
        return self._values

    def _wait(self, timeout_s: float | None) -> list[T]:
        try:
            ended = self._waiter.wait(timeout_s)
        except BaseException as error:
            self.give_up(error)
            raise
        if not ended:
            raise TimeoutError(
                f"job {self.job_id} has not ended within {timeout_s:g} s; it goes on"
            )
        self._on_end()
        if self._waiter.failure is not None:
            raise to_exception(self._waiter.failure)
        return self._open_all(self._waiter.payloads())

    def _open_all(self, payloads: list[Payload]) -> list[T]:
        """Unpickle all values; each payload is let go as soon as it is open."""
        values: list[T] = []
        payloads.reverse()
        try:
            self._may_open(self.job_id, [_size_bytes(payload) for payload in payloads])
            while payloads:
                values.append(_open(payloads.pop()))
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as error:  # the unpickled code wants to end the driver
            failure = JobFailed(
                f"Exception while getting task result: {type(error).__name__}: {error}"
            )
            failure.job_id = self.job_id
            raise failure from error
        finally:
            for payload in payloads:
                discard(payload)
        return values

    def partial(self) -> dict[int, T]:
        """Values of the tasks that have ended, by position in the job."""
        if self._values is not None:
            return dict(enumerate(self._values))
        for index, payload in self._waiter.finished().items():
            if index not in self._opened and not isinstance(payload, ResultFile):
                self._opened[index] = _open(payload)
        return dict(self._opened)


def _size_bytes(payload: Payload) -> int:
    return len(payload) if isinstance(payload, bytes) else payload.size_bytes


def _open(payload: Payload) -> Any:
    """Unpickle one task's value; a file is gone afterwards, its mapping lives as long as the value
    needs it.
    """
    if isinstance(payload, bytes):
        return decode_value(memoryview(payload))
    if payload.path is None:
        raise SparkException(f"a result of {payload.size_bytes} bytes was dropped by its executor")
    try:
        return decode_value(read_block(payload.path))
    finally:
        remove_quietly(payload.path)


def to_exception(failure: JobFailure) -> JobFailed | SparkApplicationKilled:
    """What the submitter's thread raises."""
    if failure.application_killed:
        return SparkApplicationKilled(failure.message)
    if failure.cancelled:
        error: JobFailed = SparkJobCancelled(failure.message)
    elif failure.failure is not None:
        error = _python_exception(failure, failure.failure)
    else:
        error = JobFailed(failure.message)
    error.job_id = failure.job_id
    error.stage_id = failure.stage_id
    return error


def _python_exception(failure: JobFailure, cause: ExceptionFailure) -> PythonException:
    traceback = with_source_lines(cause.traceback)
    summary = failure.message.replace(cause.traceback, f"{cause.class_name}: {cause.description}")
    error = PythonException(
        f"{cause.class_name}: {cause.description}\n\n{traceback}\n"
        f"{summary.removesuffix('Driver stacktrace:').rstrip()}"
    )
    error.remote_traceback = traceback
    error.__cause__ = _original(cause)
    return error


def _original(cause: ExceptionFailure) -> BaseException | None:
    """The task's own exception, if it can be unpickled here."""
    if not cause.pickled:
        return None
    try:
        original = loads(cause.pickled)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:  # also SystemExit: it must not end the driver
        return None
    return original if isinstance(original, BaseException) else None


def with_source_lines(traceback: str) -> str:
    """Add the lines that only the driver knows, such as those of notebook cells, which are named as
    IPython names them.
    """
    lines = traceback.splitlines()
    shown: list[str] = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        frame = _FRAME.fullmatch(line)
        if frame is None:
            shown.append(line)
            continue
        file = frame["file"]
        shown.append(named_by_cell(line, file))
        if not following.startswith("    "):
            source = linecache.getline(file, int(frame["line"])).strip()
            if source:
                shown.append(f"    {source}")
    return "\n".join(shown) + "\n"
