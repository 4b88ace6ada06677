"""Descriptors 0 to 2 of an executor: nothing to read, and a log file each for what tasks print."""

from __future__ import annotations

import os
import sys
from typing import Final

_LOGS: Final = ((1, "stdout"), (2, "stderr"))


class StandardStreams:
    """The streams of one executor.

    Parameters
    ----------
    directory
        Where the logs `executor-<id>.stdout` and `.stderr` lie.
    """

    def __init__(self, directory: str, executor_id: str) -> None:
        self._prefix = os.path.join(directory, f"executor-{executor_id}")

    def open(self) -> None:
        """Lay the logs under descriptors 1 and 2."""
        for target, name in _LOGS:
            _lay(f"{self._prefix}.{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, target)

    def flush(self) -> None:
        """Write out what a task printed; what it closed is opened again for those that come after
        it.
        """
        try:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor in (0, 1, 2):
                os.fstat(descriptor)
        except Exception:
            self._repair()

    def _repair(self) -> None:
        if not _is_open(0):
            _lay(os.devnull, os.O_RDONLY, 0)
        for target, name in _LOGS:
            if not _is_open(target):
                _lay(f"{self._prefix}.{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, target)
            stream = open(target, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _lay(path: str, flags: int, target: int) -> None:
    descriptor = os.open(path, flags, 0o600)
    if descriptor != target:
        os.dup2(descriptor, target)
        os.close(descriptor)
