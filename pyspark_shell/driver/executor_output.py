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

from pyspark_shell.storage.block_file import remove_quietly

# More than this of one job's output is left in the log.
_MAX_SHOWN_BYTES: Final = 256 * 1024


class ExecutorOutput:
    """The logs of all executors, and how far they were shown.

    Parameters
    ----------
    started
        How many executors were started so far; their ids are the numbers below.
    live
        Ids of the executors that live now.
    """

    def __init__(
        self, directory: str, started: Callable[[], int], live: Callable[[], Iterable[str]]
    ) -> None:
        self._directory = directory
        self._started = started
        self._live = live
        self._known = 0
        self._shown: dict[str, int] = {}
        self._lock = threading.Lock()  # guards _shown; held while a little is read and printed

    def show(self) -> None:
        """Print what is new; never raises."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            live = list(self._live())  # before the look at who was started: they are known then
            self._meet_new_ones()
            for path, shown in self._shown.items():
                try:
                    size = os.stat(path).st_size
                except OSError:
                    continue
                if size > shown:
                    self._shown[path] = size
                    self._print(path, shown, size)
            if len(self._shown) > 2 * len(live):
                self._forget_the_dead(live)
        finally:
            self._lock.release()

    def _meet_new_ones(self) -> None:
        """Note the logs of executors started since the last look."""
        started = self._started()
        for number in range(self._known, started):
            for path in self._logs_of(str(number)):
                self._shown[path] = 0
        self._known = started

    def _logs_of(self, executor_id: str) -> tuple[str, ...]:
        prefix = os.path.join(self._directory, f"executor-{executor_id}")
        return f"{prefix}.stdout", f"{prefix}.stderr"

    def _forget_the_dead(self, live: list[str]) -> None:
        """Look at the logs of dead executors no more; remove those that are empty."""
        alive = {path for executor_id in live for path in self._logs_of(executor_id)}
        for path in self._shown.keys() - alive:
            if self._shown.pop(path) == 0:
                remove_quietly(path)

    def _print(self, path: str, shown: int, size: int) -> None:
        with suppress(OSError, ValueError):
            with open(path, "rb") as file:
                file.seek(max(shown, size - _MAX_SHOWN_BYTES))
                text = file.read(size - file.tell()).decode(errors="replace")
            sys.stderr.write(text)
            sys.stderr.flush()
