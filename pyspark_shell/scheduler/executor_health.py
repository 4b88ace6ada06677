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
            silent_s = now - executor.last_heard_s
            if silent_s < self._timeout_s:
                continue
            if executor.pid is None:
                return False
            state, cpu_s = state_and_cpu_s(executor.pid) or ("X", 0.0)
            if state not in _STOPPED and cpu_s > executor.cpu_seen_s:
                executor.cpu_seen_s = cpu_s  # C code holds its GIL: busy, not stuck
                executor.last_heard_s = now
                continue
            executor.end_reason = f"no heartbeat for {silent_s:.0f} s and no processor time used"
            log.warning("executor %s: %s", executor.executor_id, executor.end_reason)
            self._kill(executor)
        return True
