"""Waits for things with a deadline, and looks at processes: what the tests of real processes stand
on.

Limits are written as the promises that they test; `PATIENCE` widens them on machines that do
other work meanwhile. A release run sets PYSPARK_SHELL_TEST_PATIENCE=1.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from pathlib import Path

PATIENCE = float(os.environ.get("PYSPARK_SHELL_TEST_PATIENCE", "3"))
_TICK = threading.Event()


def within(limit_s):
    """Return the seconds that something promised in `limit_s` may take here."""
    return limit_s * PATIENCE


def wait_for(condition, what, limit_s=10.0):
    """Return the first true value of `condition`; fail when the time is up."""
    deadline = time.monotonic() + within(limit_s)
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        _TICK.wait(0.005)


class Stopwatch:
    """Says how many seconds its block took."""

    def __enter__(self):
        self._began = time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self._began


def wait_for_end(pids, limit_s):
    """Fail if one of the processes, which need not be children, lives on after `limit_s`."""
    deadline = time.monotonic() + within(limit_s)
    for pid in pids:
        left = deadline - time.monotonic()
        assert has_ended(pid, max(left, 0)), f"process {pid} lives: {describe(pid)}"


def has_ended(pid, limit_s=0.0):
    """Wait for the end of a process; a zombie has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], limit_s)[0])
    finally:
        os.close(handle)


def describe(pid):
    """Return a process's command line and state."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        return f"{command[:200]} {Path(f'/proc/{pid}/stat').read_text().split()[2]}"
    except OSError:
        return "gone"


def processes_with(marker):
    """Return the live processes that have `marker` in their environment, whoever started them."""
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if marker.encode() in Path(f"/proc/{entry}/environ").read_bytes():
                    found.add(int(entry))
            except OSError:
                continue
    return {pid for pid in found if not has_ended(pid)}


def wait_for_end_of_all(marker, what, limit_s):
    """Fail if a process that has `marker` in its environment lives on after `limit_s`.

    Looking through all processes is work: between two looks this waits for one of them to end.
    """
    deadline = time.monotonic() + within(limit_s)
    while pids := processes_with(marker):
        left_s = deadline - time.monotonic()
        assert left_s > 0, f"waited in vain for the end of {what}: {list(map(describe, pids))}"
        has_ended(min(pids), left_s)


def rss_bytes(pid):
    """Return the resident memory of a process that is not shared files; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in fields if line.startswith("RssAnon"))


def kill(pid):
    """SIGKILL a process that may be gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
