"""What each thread of another process does, as Linux tells without asking the process.

A Python thread that wants the interpreter asks for it again and again, every few milliseconds, and
gives its processor away each time; one that computes gives it away to nobody, and one that waits
for something else does nothing at all.
Source  proc(5): `status` and `schedstat` of a task; CPython's `take_gil`.
"""

from __future__ import annotations

import os
import time
from enum import Enum
from typing import Final

from pyspark_shell.common.record import record

# Long enough for several turns of a thread that asks each 5 ms, the switch interval.
_WATCHED_S: Final = 0.05
_TURNS: Final = 3
# Threads that ask in vain use less of a processor.
_MORE_THAN_ASKING: Final = 0.1


class Activity(Enum):
    """What one thread does."""

    COMPUTES = "computes"
    WANTS_INTERPRETER = "wants the interpreter"
    WAITS = "waits"


def native_ids(pid: int) -> list[int]:
    """Threads of a process in the order of their starts, the main one first; none without /proc.

    Examples
    --------
    >>> native_ids(os.getpid())[0] == os.getpid()
    True
    """
    try:
        threads = list(map(int, os.listdir(f"/proc/{pid}/task")))
    except OSError:
        return []
    return sorted(threads, key=lambda thread: (thread != pid, _started(pid, thread), thread))


def _started(pid: int, thread: int) -> int:
    """When a thread was started, in the system's ticks: numbers begin anew when all were used."""
    try:
        with open(f"/proc/{pid}/task/{thread}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[19])
    except OSError:
        return 0


def activities(pid: int) -> dict[int, Activity]:
    """What the threads of a process do, by native id; takes a moment."""
    return _watch(pid)[0]


def passes_interpreter_on(pid: int) -> bool:
    """Whether threads of a process take turns at the interpreter: Python runs there, and who wants
    something of it only has to wait.
    """
    found, cpu_share = _watch(pid)
    does = found.values()
    is_asked_for = Activity.WANTS_INTERPRETER in does and Activity.COMPUTES not in does
    return is_asked_for and cpu_share > _MORE_THAN_ASKING


def _watch(pid: int) -> tuple[dict[int, Activity], float]:
    """What the threads do, and how much of a processor all of them use."""
    before = {thread: _look(pid, thread) for thread in native_ids(pid)}
    began_s = time.monotonic()
    time.sleep(_WATCHED_S)
    found, cpu_ns = {}, 0
    for thread, first in before.items():
        then = _look(pid, thread)
        if first is None or then is None:
            continue
        cpu_ns += then.cpu_ns - first.cpu_ns
        if then.turns - first.turns >= _TURNS:
            found[thread] = Activity.WANTS_INTERPRETER
        elif "R" in (first.state, then.state):
            found[thread] = Activity.COMPUTES
        else:
            found[thread] = Activity.WAITS
    return found, cpu_ns / 1e9 / (time.monotonic() - began_s)


@record
class _Look:
    """One thread at one moment: the state's letter, how often it has given its processor away, and
    how long it has used one.
    """

    state: str
    turns: int
    cpu_ns: int


def _look(pid: int, thread: int) -> _Look | None:
    """None if it is gone."""
    try:
        with open(f"/proc/{pid}/task/{thread}/status", "rb") as file:
            status = file.read()
        with open(f"/proc/{pid}/task/{thread}/schedstat", "rb") as file:
            cpu_ns = int(file.read().split()[0])
    except OSError:
        return None
    state = status.partition(b"\nState:")[2].split(maxsplit=1)[0].decode()
    turns = int(status.partition(b"\nvoluntary_ctxt_switches:")[2].split(maxsplit=1)[0])
    return _Look(state, turns, cpu_ns)
