"""Tells one process from another that got its pid later.

Source  proc(5): field 22 of `/proc/<pid>/stat` is when a process started, in ticks since the boot.
        Where there is no `/proc`, psutil is asked, in milliseconds.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

_IS_LINUX = sys.platform.startswith("linux")


def start_time(pid: int) -> int | None:
    """When a process started; None if it has ended. One that nobody has reaped yet has.

    Examples
    --------
    >>> start_time(os.getpid()) == start_time(os.getpid())
    True
    """
    if pid <= 0:
        return None
    return _start_ticks(pid) if _IS_LINUX else _start_by_psutil(pid)


def is_same_process(pid: int, started: int) -> bool:
    """Whether the process that had `pid` and this start time still lives."""
    return start_time(pid) == started


def this_machine() -> str:
    """A name for the place where this process's pids mean something: host and pid namespace."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return f"{os.uname().nodename} {namespace}".strip()


def _start_ticks(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def _start_by_psutil(pid: int) -> int | None:
    psutil: Any = import_module("psutil")
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return int(process.create_time() * 1000)
    except psutil.NoSuchProcess:
        return None
