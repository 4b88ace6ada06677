"""Ends executors that no longer answer: stopped, or stuck without using the processor.

Thread  `dag-scheduler-event-loop`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from typing import Final

from pyspark_shell.common.process_cpu import state_and_cpu_s
from pyspark_shell.scheduler.executor_process import ExecutorProcess

log: Final = logging.getLogger("pyspark_shell.SchedulerBackend")

CHECK_S: Final = 1.0
_STOPPED: Final = ("T", "t")  # by a signal, or by a debugger
# Of one core: what a process that computes uses at least. Threads that only wait for the
# interpreter's lock wake every 5 ms to ask for it, and use some 1 %.
_BUSY_SHARE: Final = 0.05


class ExecutorHealth:
    """Looks at all executors, once a second.

    Parameters
    ----------
    timeout_s
        How long one may be silent.
    kill
        Ends one.
    """

    def __init__(self, timeout_s: float, kill: Callable[[ExecutorProcess], None]) -> None:
        self._timeout_s = timeout_s
        self._kill = kill
        self._next_check_s = time.monotonic() + CHECK_S

    def check(self, executors: Collection[ExecutorProcess]) -> bool:
        """End those that are stuck; False if one waits in vain for the zygote to fork it."""
        now = time.monotonic()
        if now > self._next_check_s + CHECK_S:
            # This process itself was stopped for a while: what executors said meanwhile is not
            # read yet.
            for executor in executors:
                executor.last_heard_s = now
        self._next_check_s = now + CHECK_S
        for executor in list(executors):
            if now - _looked_at_s(executor) < self._timeout_s:
                continue
            if executor.pid is None:
                return False
            state, cpu_s = state_and_cpu_s(executor.pid) or ("X", 0.0)
            if state in _STOPPED or _is_idle(executor, now, cpu_s):
                self._end(executor, now - executor.last_heard_s)
            else:
                executor.cpu_when_silent = (now, cpu_s)
        return True

    def _end(self, executor: ExecutorProcess, silent_s: float) -> None:
        executor.end_reason = f"no heartbeat for {silent_s:.0f} s and no processor time used"
        log.warning("executor %s: %s", executor.executor_id, executor.end_reason)
        self._kill(executor)


def _looked_at_s(executor: ExecutorProcess) -> float:
    """When it was last heard, or looked at in its silence."""
    reading = executor.cpu_when_silent
    return max(executor.last_heard_s, reading[0]) if reading else executor.last_heard_s


def _is_idle(executor: ExecutorProcess, now_s: float, cpu_s: float) -> bool:
    """Whether it used no processor time since the last look; at the first look nobody knows.

    C code that holds the interpreter's lock and computes is silent too: busy, not stuck.
    """
    reading = executor.cpu_when_silent
    if reading is None or reading[0] < executor.last_heard_s:
        return False
    return cpu_s - reading[1] < _BUSY_SHARE * (now_s - reading[0])
