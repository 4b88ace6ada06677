"""Tells how much memory this process uses, and where it may put what does not fit.

Thread  any; a measurement costs a few microseconds, so callers take one every few thousand records.
Source  PySpark's `get_used_memory`, which needs psutil; this one reads /proc itself.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from functools import cache
from typing import Final

_PAGE_BYTES: Final = resource.getpagesize()


def used_memory_bytes() -> int:
    """Resident memory of this process; where /proc is missing, the largest it has been so far.

    Without mapped files: map outputs that are read in place are the page cache's, not the task's.
    """
    try:
        statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak << 10
    try:
        _, resident, shared, *_ = os.read(statm, 128).split()
        return (int(resident) - int(shared)) * _PAGE_BYTES
    finally:
        os.close(statm)


def get_used_memory() -> int:
    """Resident memory of this process in whole MiB, without mapped files.

    Examples
    --------
    >>> get_used_memory() > 1
    True
    """
    return used_memory_bytes() >> 20


def used_memory_since(start_bytes: int) -> Callable[[], float]:
    """Make a meter that counts from `start_bytes`, in MiB.

    For executors: what the interpreter and the imported modules take is not the task's doing, and
    is left out of its limit.

    Examples
    --------
    >>> meter = used_memory_since(used_memory_bytes())
    >>> ballast = bytearray(b"x") * (64 << 20)
    >>> 56 < meter() < 80
    True
    >>> del ballast
    """

    def meter() -> float:
        return max(0, used_memory_bytes() - start_bytes) / (1 << 20)

    return meter


def give_memory_back() -> None:
    """Return freed memory to the system, where the C library can; takes a few milliseconds.

    Without it a process that has spilled looks as large as before, and the next spill comes late.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    import ctypes

    trim: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim


def _get_local_dirs(sub: str) -> list[str]:
    """Directories of this process for files of the kind `sub`, one for each of SPARK_LOCAL_DIRS.

    They are in random order, so that spills spread over the disks.
    """
    roots = os.environ.get("SPARK_LOCAL_DIRS", "/tmp").split(",")
    if len(roots) > 1:
        import random

        random.shuffle(roots)
    return [os.path.join(root, "python", str(os.getpid()), sub) for root in roots]
