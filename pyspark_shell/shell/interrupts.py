"""What a Ctrl-C says in an interactive shell: which jobs it ended, and how long that took.

The engine ends the jobs of the interrupted cell; here the prompt waits a moment for their last
tasks, so that it does not come back while they still burn, and a second Ctrl-C ends the executors
that do not stop.

Thread  the main thread.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final

from pyspark_shell.common.call_site import is_engine_file, is_user_file
from pyspark_shell.common.cell import place
from pyspark_shell.common.errors import PySparkException
from pyspark_shell.rest.port import Engine, Refusal
from pyspark_shell.shell.row_words import seconds_text
from pyspark_shell.shell.running import running_context, running_engine

Json = dict[str, Any]

# How long the prompt waits for the tasks of killed jobs.
_LIMIT_S: Final = 3.0
# When it says what it waits for.
_TELL_AFTER_S: Final = 0.5
_LOOK_S: Final = 0.02


# What an IPython shell hands to an `InterruptReport`.
SHOWN_HERE: Final = (KeyboardInterrupt, PySparkException)


def print_lines(shell: Any, kind: type[BaseException], error: BaseException, text: str) -> None:
    """Write them where errors are shown."""
    print(text, file=sys.stderr)


class InterruptReport:
    """Tells of each interrupted job once; shows other errors of ours without the engine's frames.

    Parameters
    ----------
    show
        Shows the lines, as an error of this kind.
    """

    def __init__(
        self, show: Callable[[Any, type[BaseException], BaseException, str], None] = print_lines
    ) -> None:
        self._show = show
        self._told: set[tuple[str, int]] = set()

    def __call__(
        self,
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
        tb_offset: int | None = None,
    ) -> None:
        """Show an error of `SHOWN_HERE` that ended a cell; IPython's handler of exceptions."""
        rows = self._killed_jobs() if kind is KeyboardInterrupt else []
        if not rows:
            _cut_at_the_engine(trace)
            shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
            return
        lines = [*map(killed_text, rows), f"KeyboardInterrupt{_where(trace)}"]
        self._show(shell, kind, error, "\n".join(lines))

    def _killed_jobs(self) -> list[Json]:
        """Jobs that were interrupted and not told of, when their last tasks have ended."""
        context, engine = running_context(), running_engine()
        driver = None if context is None else context._driver
        if driver is None or engine is None:
            return []
        fresh = {
            job_id
            for job_id in driver.jobs.interrupted()
            if (engine.application_id, job_id) not in self._told
        }
        self._told |= {(engine.application_id, job_id) for job_id in fresh}
        return wait_for_end(engine, sorted(fresh))


def wait_for_end(engine: Engine, job_ids: Sequence[int]) -> list[Json]:
    """The jobs' rows, once none of their tasks runs any more or the time is up."""
    if not job_ids:
        return []
    pause = threading.Event()
    began_s = time.monotonic()
    is_told = False
    while True:
        try:
            rows = [_row(engine, job_id) for job_id in job_ids]
            waited_s = time.monotonic() - began_s
            burning = sum(row.get("numActiveTasks", 0) for row in rows)
            if waited_s > _LIMIT_S or not (burning or any(map(_is_ending, rows))):
                return rows
            if burning and waited_s > _TELL_AFTER_S and not is_told:
                is_told = True
                print(_waiting_text(rows, burning), file=sys.stderr, flush=True)
            pause.wait(_LOOK_S)
        except KeyboardInterrupt:  # the engine has heard of it too and ends the executors
            print("Ending the executors that do not stop.", file=sys.stderr, flush=True)


def _is_ending(row: Json) -> bool:
    return row.get("status") == "RUNNING" or row.get("killState") == "KILLING"


def _row(engine: Engine, job_id: int) -> Json:
    try:
        return engine.job(job_id)
    except Refusal:  # forgotten already
        return {"jobId": job_id}


def _waiting_text(rows: Sequence[Json], burning: int) -> str:
    ids = ", ".join(str(row["jobId"]) for row in rows if row.get("numActiveTasks"))
    tasks = "1 task does" if burning == 1 else f"{burning} tasks do"
    return f"Killing job {ids}: {tasks} not stop yet. Ctrl-C again ends the executors."


def killed_text(row: Json) -> str:
    """The line about one job.

    Examples
    --------
    >>> killed_text({"jobId": 7, "numKilledTasks": 2, "completedAt": 1000, "killedAt": 1100})
    'Killed job 7: 2 tasks stopped in 0.1 s'
    >>> killed_text({"jobId": 7, "zombieTasks": 1})
    'Killing job 7: 1 task still runs; %jobs tells when it has ended'
    """
    left = row.get("zombieTasks", 0)
    if left:
        tasks = "1 task still runs" if left == 1 else f"{left} tasks still run"
        return f"Killing job {row['jobId']}: {tasks}; %jobs tells when it has ended"
    stopped = row.get("numKilledTasks", 0)
    if not stopped:
        return f"Killed job {row['jobId']}"
    took_ms = (row.get("killedAt") or 0) - (row.get("completedAt") or 0)
    tasks = "1 task" if stopped == 1 else f"{stopped} tasks"
    return f"Killed job {row['jobId']}: {tasks} stopped in {seconds_text(took_ms)}"


def _cut_at_the_engine(trace: TracebackType | None) -> None:
    """Let a traceback end in the user's code, where the signal came or the engine was called."""
    last = None
    while trace is not None:
        if not is_engine_file(trace.tb_frame.f_code.co_filename):
            last = trace
        trace = trace.tb_next
    if last is not None:
        last.tb_next = None


def _where(trace: TracebackType | None) -> str:
    """The innermost line of the user's that was interrupted."""
    found = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if is_user_file(file):
            found = f" at {place(file, trace.tb_lineno)}"
        trace = trace.tb_next
    return found
