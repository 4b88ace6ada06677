"""Tells one process from another that got its pid later.

Source  proc(5): field 22 of `/proc/<pid>/stat` is when a process started, in ticks since the boot.
        Where there is no `/proc`, psutil is asked, in milliseconds.
"""

from __future__ import annotations

import os
import sys
from enum import Enum
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


class Place(Enum):
    """Where a pid that somebody wrote down means something."""

    HERE = 1
    BEFORE_THE_BOOT = 2
    ELSEWHERE = 3


def this_machine() -> str:
    """A name for the place where this process's pids mean something: the host, its boot, and the
    pid namespace, where the system tells them.
    """
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        boot = namespace = "-"
    return f"{os.uname().nodename} {boot} {namespace}"


def place_of(machine: str) -> Place:
    """Where the processes are of somebody who called his machine so.

    A host may get another name while it is up, and homes are shared between hosts: so a boot is
    known by its number, and only an earlier boot of a host with this name is over.

    Examples
    --------
    >>> place_of(this_machine()), place_of("far-away 1234 pid:[1]")
    (<Place.HERE: 1>, <Place.ELSEWHERE: 3>)
    """
    name, boot, namespace = (*machine.split(" "), "", "", "")[:3]
    own_name, own_boot, own_namespace = this_machine().split(" ")
    if boot == own_boot and namespace == own_namespace:
        return Place.HERE if boot != "-" or name == own_name else Place.ELSEWHERE
    return Place.BEFORE_THE_BOOT if name == own_name and boot != own_boot else Place.ELSEWHERE


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
