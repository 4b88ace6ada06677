"""What the system knows of processes: children, memory, and when they are gone. Linux only."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path


def parents() -> dict[int, int]:
    """Return the parent of each process of the machine."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            found[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    return found


def descendants(pid: int, named: str = "") -> list[int]:
    """Return the processes below `pid` whose name holds `named`."""
    parent, found = parents(), []
    waiting = [pid]
    while waiting:
        above = waiting.pop()
        below = [child for child, owner in parent.items() if owner == above]
        waiting += below
        found += below
    return [child for child in found if named in name_of(child)]


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def status_kb(path: str, key: str) -> int:
    try:
        for line in Path(path).read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def peak_mb(pid: int) -> int:
    """Return the largest resident size that `pid` has had."""
    return status_kb(f"/proc/{pid}/status", "VmHWM:") // 1024


def tree_pss_mb(pid: int) -> float:
    """Return the memory of a process and all below it, shared pages counted once."""
    return (
        sum(status_kb(f"/proc/{one}/smaps_rollup", "Pss:") for one in [pid, *descendants(pid)])
        / 1024
    )


def seconds_until_gone(pids: list[int], limit_s: float = 60) -> float:
    """Wait until all `pids` have ended."""
    began = time.perf_counter()
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            left = limit_s - (time.perf_counter() - began)
            if not select.select([handle], [], [], max(left, 0))[0]:
                raise TimeoutError(f"process {pid} still lives after {limit_s} s")
        finally:
            os.close(handle)
    return time.perf_counter() - began
