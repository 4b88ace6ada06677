"""Processes that user code of the driver has started, and theirs.

Thread  any.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress

from pyspark_shell.executor.process_control import children_of, is_running


class ChildProcesses:
    """The driver's descendants that are not the engine's.

    Parameters
    ----------
    is_helper
        Whether a child, by its process id, is the engine's; what that has started is so too.
    """

    def __init__(self, is_helper: Callable[[int], bool]) -> None:
        self._is_helper = is_helper

    def running(self) -> list[int]:
        """Those that have not ended, outermost first; nobody needs to have reaped the others."""
        found: list[int] = []
        parents = [os.getpid()]
        while parents:
            for pid in children_of(parents.pop()):
                if is_running(pid) and not self._is_helper(pid):
                    found.append(pid)
                    parents.append(pid)
        return found

    def have_ended(self, killed: set[int]) -> bool:
        """SIGKILL those that are not in `killed`, and say whether all in there have ended.

        Orphans of a killed child are descendants no more, so all are looked up before the first
        one is killed.
        """
        for pid in set(self.running()) - killed:
            killed.add(pid)
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        return not any(map(is_running, killed))
