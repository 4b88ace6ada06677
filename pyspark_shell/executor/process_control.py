"""What ties processes together: death signals, sub-reapers (both Linux only), groups."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from typing import Final

# faulthandler writes the stacks of all threads on this signal, also while C code holds the
# interpreter.
STACK_DUMP_SIGNAL: Final = signal.SIGUSR2
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel SIGKILL this process when its parent ends; end it now if that is over."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)


def become_subreaper() -> None:
    """Adopt orphans among the descendants, so that they can be found and ended."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def kill_group(pid: int) -> None:
    """SIGKILL the process group that `pid` leads; harmless if it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def kill_with_group(pid: int) -> None:
    """SIGKILL a process that is not reaped yet, and its group if it leads one already."""
    kill_group(pid)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def kill_children() -> None:
    """SIGKILL all children of this process, and theirs, which come to a sub-reaper when their
    parents end.
    """
    refused: set[int] = set()
    while children := set(children_of(os.getpid())) - refused:
        for child in children:
            try:
                os.kill(child, signal.SIGKILL)
            except PermissionError:  # it has become another user
                refused.add(child)
                continue
            with suppress(ChildProcessError):
                os.waitpid(child, 0)


def children_of(pid: int) -> list[int]:
    """Children of a process, whichever of its threads made them; empty where the system does not
    tell.
    """
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    except OSError:
        return found
    return found


def is_running(pid: int) -> bool:
    """Whether a process has not ended; one that nobody has reaped yet has."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


def signal_name(status: int) -> str:
    """A process's end in words, from its wait status: `exit code 3` or `SIGKILL (-9)`."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            return f"{signal.Signals(number).name} (-{number})"
        except ValueError:
            return f"signal {number}"
    return f"exit code {os.WEXITSTATUS(status)}"
