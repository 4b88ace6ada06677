"""Whether a job's results fit into the driver, asked before they are opened.

Pickled results grow when they become objects. A job whose results would fill the driver's memory
fails with an error that says so, before the system ends the process without a word.

Thread  any.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from pyspark_shell.common.config import DRIVER_MEMORY, DRIVER_MEMORY_GUARD
from pyspark_shell.common.errors import CollectTooLarge
from pyspark_shell.common.memory_text import size_text
from pyspark_shell.common.spark_conf import SparkConf

# What a pickled byte becomes in memory, at a guess that is seldom too small.
GROWTH: Final = 4
# Results below this are opened without a look; reading the process's size costs 20 us.
SMALL_BYTES: Final = 1 << 20
_CGROUPS: Final = Path("/sys/fs/cgroup")


class DriverMemory:
    """How much the driver may use, and what it uses.

    Parameters
    ----------
    limit_bytes
        The memory there is.
    guard
        The share of it that results may fill, 0 for no limit.
    used_bytes
        Says what the process uses now.
    """

    def __init__(
        self, limit_bytes: int, guard: float, used_bytes: Callable[[], int] | None = None
    ) -> None:
        self._limit_bytes = limit_bytes
        self._allowed_bytes = int(limit_bytes * guard)
        self._used_bytes = used_bytes or resident_bytes

    @classmethod
    def of(cls, conf: SparkConf) -> DriverMemory:
        """What `spark.driver.memory`, the cgroup and the machine leave."""
        limits = [physical_bytes(), *cgroup_limits()]
        if conf.get(DRIVER_MEMORY.key) is not None:
            limits.append(DRIVER_MEMORY.read(conf))
        return cls(min(limits), DRIVER_MEMORY_GUARD.read(conf))

    def check(self, job_id: int, sizes_bytes: Sequence[int]) -> None:
        """Raise before results of these sizes are opened, if they would not fit.

        Raises
        ------
        CollectTooLarge
            They would not.
        """
        pending = sum(sizes_bytes)
        if pending < SMALL_BYTES or not self._allowed_bytes:
            return
        used = self._used_bytes()
        if used + GROWTH * pending <= self._allowed_bytes:
            return
        tasks = "1 task" if len(sizes_bytes) == 1 else f"{len(sizes_bytes)} tasks"
        error = CollectTooLarge(
            f"collecting {size_text(pending)} ({tasks}) would exceed driver memory: it takes about "
            f"{size_text(GROWTH * pending)} as objects, the driver uses {size_text(used)}, and "
            f"{size_text(self._allowed_bytes)} of {size_text(self._limit_bytes)} are allowed "
            f"({DRIVER_MEMORY_GUARD.key}); use take(n) or toLocalIterator(), raise "
            f"{DRIVER_MEMORY.key} if it is set, or lower spark.driver.maxResultSize to stop such "
            "jobs sooner"
        )
        error.job_id = job_id
        raise error


def resident_bytes() -> int:
    """What this process has in memory."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def physical_bytes() -> int:
    """The machine's memory."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def cgroup_limits(root: Path = _CGROUPS, own: Path = Path("/proc/self/cgroup")) -> list[int]:
    """What this process's cgroup and those above it allow, of either version; mostly nothing."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return []
    return [limit for line in lines for limit in _limits_of(root, line)]


def _limits_of(root: Path, line: str) -> Iterable[int]:
    number, controllers, name = line.split(":", 2)
    if number == "0":
        base, file = root, "memory.max"
    elif "memory" in controllers.split(","):
        base, file = root / "memory", "memory.limit_in_bytes"
    else:
        return
    path = PurePosixPath(name.lstrip("/"))
    for folder in (path, *path.parents):
        try:
            text = (base / folder / file).read_text().strip()
        except OSError:  # not mounted here, as in most containers
            continue
        if text.isdigit():
            yield int(text)
