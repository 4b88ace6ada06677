"""SIGTERM, and the SIGHUP of a terminal that is closed: the application ends before the process.

Executors and data would go by themselves; what others find this shell by would stay.

Thread  `install_ending_signals` in the main thread; the end in one of its own, since the main
        thread may be in code that does not come back.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Final

from pyspark_shell.common.threads import start_daemon
from pyspark_shell.shell.namespace import stop_active_context

_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


def install_ending_signals() -> None:
    """End in order from now on; a second signal ends the process at once."""
    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)

    def end() -> None:
        try:
            stop_active_context()
        finally:
            os.kill(os.getpid(), number)

    start_daemon("ending-signal", end)
