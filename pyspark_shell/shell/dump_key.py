"""Ctrl-\\ while a cell runs: where every thread of the driver is, and every task.

The driver's threads are written at once, from C, so that it also works while one call holds the
interpreter; the tasks follow when Python runs again. Without this the key would end the process.

Thread  the main thread.
"""

from __future__ import annotations

import faulthandler
import signal
import sys
from contextlib import suppress
from types import FrameType

from pyspark_shell.rest.port import Refusal
from pyspark_shell.shell.running import running_engine
from pyspark_shell.shell.views import stack_view


def install_dump_key() -> None:
    """Take SIGQUIT over, if standard error is a file that C can write to."""
    try:
        descriptor = sys.__stderr__.fileno() if sys.__stderr__ is not None else -1
    except (OSError, ValueError):
        return
    if descriptor >= 0:
        signal.signal(signal.SIGQUIT, _show_tasks)
        faulthandler.register(signal.SIGQUIT, descriptor, all_threads=True, chain=True)


def _show_tasks(signum: int, frame: FrameType | None) -> None:
    engine = running_engine()
    if engine is None:
        return
    for task_id in [task for row in engine.executors() for task in row.get("taskIds", ())]:
        with suppress(Refusal):  # it has just ended
            print(f"\nTask {task_id}, {stack_view(engine.task_threads(task_id))}", file=sys.stderr)
