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
        self._known: set[str] = set()
        self._shown: dict[str, int] = {}
        self._lock = threading.Lock()  # guards _shown; held while a little is read and printed

    def show(self) -> None:
        """Print what is new; never raises."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            for executor_id in self._executor_ids():
                if executor_id not in self._known:
                    self._known.add(executor_id)
                    for stream in ("stdout", "stderr"):
                        path = os.path.join(self._directory, f"executor-{executor_id}.{stream}")
                        self._shown[path] = 0
            for path, shown in self._shown.items():
                try:
                    size = os.stat(path).st_size
                except OSError:
                    continue
                if size > shown:
                    self._shown[path] = size
                    self._print(path, shown, size)
        finally:
            self._lock.release()

    def _print(self, path: str, shown: int, size: int) -> None:
        with suppress(OSError, ValueError):
            with open(path, "rb") as file:
                file.seek(max(shown, size - _MAX_SHOWN_BYTES))
                text = file.read(size - file.tell()).decode(errors="replace")
            sys.stderr.write(text)
            sys.stderr.flush()
