"""How much processor time another process has used, and what it does.

Source  proc(5): fields 3, 14 and 15 of `/proc/<pid>/stat`.
"""

from __future__ import annotations

import os


def state_and_cpu_s(pid: int) -> tuple[str, float] | None:
    """The letter of a process's state, and its seconds of processor time; None if it is gone.

    Examples
    --------
    >>> state, cpu_s = state_and_cpu_s(os.getpid())
    >>> state, cpu_s > 0
    ('R', True)
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return fields[0].decode(), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
