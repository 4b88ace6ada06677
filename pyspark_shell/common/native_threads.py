"""What each thread of another process does, as Linux tells without asking the process.

A Python thread that wants the interpreter asks for it again and again, every few milliseconds, and
gives its processor away each time; one that computes gives it away to nobody, and one that waits
for something else does nothing at all.
Source  proc(5): `state`, and `voluntary_ctxt_switches`; CPython's `take_gil`.
"""

from __future__ import annotations

import os
import time
from enum import Enum
from typing import Final

# Long enough for several turns of a thread that asks each 5 ms, the switch interval.
_WATCHED_S: Final = 0.05
_TURNS: Final = 3


class Activity(Enum):
    """What one thread does."""

    COMPUTES = "computes"
    WANTS_INTERPRETER = "wants the interpreter"
    WAITS = "waits"


def native_ids(pid: int) -> list[int]:
    """Threads of a process, the main one first, in the order of their starts; none without /proc.

    Examples
    --------
    >>> native_ids(os.getpid())[0] == os.getpid()
    True
    """
    try:
        return sorted(map(int, os.listdir(f"/proc/{pid}/task")))
    except OSError:
        return []


def activities(pid: int) -> dict[int, Activity]:
    """What the threads of a process do, by native id; takes a moment."""
    before = {thread: _look(pid, thread) for thread in native_ids(pid)}
    time.sleep(_WATCHED_S)
    found = {}
    for thread, first in before.items():
        then = _look(pid, thread)
        if first is None or then is None:
            continue
        turns = then[1] - first[1]
        if turns >= _TURNS:
            found[thread] = Activity.WANTS_INTERPRETER
        else:
            found[thread] = Activity.COMPUTES if "R" in then[0] + first[0] else Activity.WAITS
    return found


def _look(pid: int, thread: int) -> tuple[str, int] | None:
    """The state's letter and how often the thread has given its processor away; None if gone."""
    try:
        with open(f"/proc/{pid}/task/{thread}/status", "rb") as file:
            status = file.read()
    except OSError:
        return None
    state = status.partition(b"\nState:")[2].split(maxsplit=1)[0].decode()
    return state, int(status.partition(b"\nvoluntary_ctxt_switches:")[2].split(maxsplit=1)[0])
