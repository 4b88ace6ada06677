"""A kernel that runs a cell is shown as busy, whatever else it answers meanwhile.

Owns    the request that the main thread works on, and the order of what is said.
Thread  any of ipykernel's.
"""

from __future__ import annotations

import threading
from typing import Any


class BusyStatus:
    """Says `busy` anew when something beside the cell that runs says `idle`.

    Front ends show what was said last, so a click on a widget, answered in a subshell, would make
    a kernel look idle that is in the middle of a cell.

    Parameters
    ----------
    kernel
        ipykernel's.
    """

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._publish = kernel._publish_status
        self._lock = threading.Lock()
        self._main_request: Any = None

    def begin(self) -> None:
        """Begin, in the middle of the cell that asks for it if there is one."""
        self._main_request = self._kernel.get_parent("shell") or None
        self._kernel._publish_status = self._say

    def end(self) -> None:
        """Let the kernel speak for itself."""
        del self._kernel._publish_status

    def _say(self, status: str, channel: str, parent: Any = None) -> None:
        with self._lock:
            self._publish(status, channel, parent)
            if channel == "shell" and threading.current_thread() is threading.main_thread():
                running = parent or self._kernel.get_parent(channel)
                self._main_request = running if status == "busy" else None
            elif status == "idle" and self._main_request is not None:
                self._publish("busy", channel, self._main_request)
