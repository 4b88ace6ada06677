"""How much processor and memory processes use now, as Linux tells it.

Owns    the last reading of each process; a share is what lies between two of them.
Thread  any; readings of the same moment may overwrite each other, which does no harm.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from typing import Final

from pyspark_shell.common.process_cpu import state_and_cpu_s
from pyspark_shell.common.record import record
from pyspark_shell.status.rest_executors import Usage

# Between two readings; a shorter time says little, the system counts in hundredths of a second.
_PERIOD_S: Final = 1.0


@record
class _Reading:
    at_s: float
    cpu_s: float
    usage: Usage


class ProcessUsage:
    """Readings of the driver and its executors."""

    def __init__(self) -> None:
        self._readings: dict[int, _Reading] = {}

    def of(self, pid: int) -> Usage:
        """What a process uses; as of a second ago at most."""
        now_s = time.monotonic()
        before = self._readings.get(pid)
        if before is not None and now_s - before.at_s < _PERIOD_S:
            return before.usage
        found = state_and_cpu_s(pid)
        if found is None:
            self._readings.pop(pid, None)
            return Usage()
        _, cpu_s = found
        percent = None
        if before is not None:
            percent = round(100 * max(0.0, cpu_s - before.cpu_s) / (now_s - before.at_s))
        usage = Usage(percent, _rss_bytes(pid))
        self._readings[pid] = _Reading(now_s, cpu_s, usage)
        return usage

    def forget_all_but(self, pids: Collection[int]) -> None:
        """Drop the readings of processes that are gone."""
        for pid in self._readings.keys() - set(pids):
            self._readings.pop(pid, None)


def _rss_bytes(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
