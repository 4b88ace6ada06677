"""Shows what tasks printed: copies what was added to the executors' logs to this process's stderr.

Thread  whichever thread has just taken a job's result; one at a time.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

# More than this of one job's output is left in the log.
_MAX_SHOWN_BYTES: Final = 256 * 1024


class ExecutorOutput:
    """The logs of all executors, and how far they were shown.

    Parameters
    ----------
    executor_ids
        Ids of the executors that live now.
    """

    def __init__(self, directory: str, executor_ids: Callable[[], Iterable[str]]) -> None:
        self._directory = directory
        self._executor_ids = executor_ids
        self._shown: dict[str, int] = {}
        self._lock = threading.Lock()  # guards _shown; held while a little is read and printed

    def show(self) -> None:
        """Print what is new; never raises."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            for executor_id in self._executor_ids():
                for stream in ("stdout", "stderr"):
                    self._shown.setdefault(f"executor-{executor_id}.{stream}", 0)
            for name, shown in self._shown.items():
                self._show_one(name, shown)
        finally:
            self._lock.release()

    def _show_one(self, name: str, shown: int) -> None:
        path = os.path.join(self._directory, name)
        with suppress(OSError, ValueError):
            size = os.stat(path).st_size
            if size <= shown:
                return
            self._shown[name] = size
            with open(path, "rb") as file:
                file.seek(max(shown, size - _MAX_SHOWN_BYTES))
                text = file.read(size - file.tell()).decode(errors="replace")
            sys.stderr.write(text)
            sys.stderr.flush()
