"""Shows where the threads of a driver are that cannot answer: it writes them on a signal.

Thread  the caller's.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from typing import Any, BinaryIO, Final

from pyspark_shell.common.native_stacks import (
    DRIVER_STACK_SIGNAL,
    catches_signal,
    driver_stacks_beside,
    is_whole,
    native_rows,
    read_stacks,
)
from pyspark_shell.common.process_identity import is_same_process
from pyspark_shell.rest.runtime_file import RuntimeEntry

_WAIT_S: Final = 1.0
_POLL_S: Final = 0.01
_MAX_BYTES: Final = 1 << 20


class CannotLook(Exception):
    """The stacks cannot be had from outside, and why."""


def driver_threads(entry: RuntimeEntry) -> list[dict[str, Any]]:
    """Rows of a driver's threads, main thread first, each `sampledBy` faulthandler.

    Raises
    ------
    CannotLook
        The driver does not take the signal, is stopped, or has ended.
    """
    path = driver_stacks_beside(entry.process_table)
    if not entry.process_table or not DRIVER_STACK_SIGNAL:
        raise CannotLook(f"Driver {entry.id} writes no stacks.")
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as problem:
        raise CannotLook(f"Driver {entry.id} writes no stacks: {problem.strerror}.") from None
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if status.st_uid != os.getuid() or not stat.S_ISREG(status.st_mode):
            raise CannotLook(f"{path} is not a file of this user.")
        if status.st_size > _MAX_BYTES:
            os.ftruncate(fd, 0)
        file.seek(0, os.SEEK_END)
        _signal(entry)
        text = _read_new(file, entry)
    return native_rows(read_stacks(text), None, entry.pid)


def _signal(entry: RuntimeEntry) -> None:
    """Ask for the stacks; a process without a handler would end of it."""
    listens = is_same_process(entry.pid, entry.start_time)
    if not listens or not catches_signal(entry.pid, DRIVER_STACK_SIGNAL):
        raise CannotLook(f"Driver {entry.id} (pid {entry.pid}) does not take the signal.")
    with suppress(ProcessLookupError, PermissionError):
        os.kill(entry.pid, DRIVER_STACK_SIGNAL)


def _read_new(file: BinaryIO, entry: RuntimeEntry) -> str:
    """What is written from now on, to its end; what has come of it, if the end does not."""
    text, data, until_s = "", b"", time.monotonic() + _WAIT_S
    while time.monotonic() < until_s:
        time.sleep(_POLL_S)
        data += file.read()
        text = data.decode(errors="replace")
        if is_whole(text):
            return text
    if text:
        return text
    raise CannotLook(f"Driver {entry.id} (pid {entry.pid}) is stopped.")
