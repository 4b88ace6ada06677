"""What executors have written: the end of their stderr, and the stacks that faulthandler wrote.

Thread  `dag-scheduler-event-loop`; what `stacks_from_now` returns may be called from any.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Final

_STDERR_TAIL_BYTES: Final = 2048
# Somebody who looks each second at a C call of an hour shall not fill the disk.
_MAX_STACKS_BYTES: Final = 1 << 20


class ExecutorLogs:
    """Files of an application's executors, and of its zygote, in one directory."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def stderr_tail(self, process: str) -> str:
        """The last lines of a process's stderr; empty if there are none."""
        path = self._path(process, "stderr")
        return _read_from(path, max(0, _size(path) - _STDERR_TAIL_BYTES)).strip()

    def stacks_from_now(self, process: str) -> Callable[[], str]:
        """What reads the stacks that are written after this call."""
        path = self._path(process, "stacks")
        size_before = _size(path)
        if size_before > _MAX_STACKS_BYTES:
            os.truncate(path, 0)
            size_before = 0
        return partial(_read_from, path, size_before)

    def _path(self, process: str, stream: str) -> str:
        return os.path.join(self._directory, f"{process}.{stream}")


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _read_from(path: str, position: int) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(position)
            return file.read().decode(errors="replace")
    except OSError:
        return ""
