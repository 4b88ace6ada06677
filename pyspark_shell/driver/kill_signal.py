"""A signal of our own that raises `SparkApplicationKilled` in the main thread, where SIGINT cannot.

SIGINT may be ignored (under nohup, behind `&`), or belong to a handler of the user's. This signal
wakes the same waits and is nobody else's.

Owns    one real-time signal of the process, from the first context on; without one (macOS) nothing.
Thread  `take` in any: Python sets handlers in the main thread only, so elsewhere that is asked to.
"""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from pyspark_shell.common.errors import SparkApplicationKilled
from pyspark_shell.common.record import record
from pyspark_shell.driver.main_code import code_of, is_same, runs_typed_code

_SIGRTMAX: Final[int] = getattr(signal, "SIGRTMAX", 0)
# Debuggers and profilers take the first and the last ones.
KILL_SIGNAL: Final = _SIGRTMAX - 5 if _SIGRTMAX else 0


@record
class PendingKill:
    """What the next signal means, if the code that was to end still runs."""

    message: str
    code: object


class KillSignal:
    """The process's handler of `KILL_SIGNAL`."""

    def __init__(self) -> None:
        self._kill: PendingKill | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the signal can be used."""
        return bool(KILL_SIGNAL) and signal.getsignal(KILL_SIGNAL) == self._on_signal

    @property
    def is_pending(self) -> bool:
        """Whether the signal was sent, and the main thread has not come to raise."""
        return self._kill is not None

    def take(self) -> None:
        """Set the handler, now or as soon as the main thread runs Python code again."""
        if KILL_SIGNAL and not self.is_taken:
            in_main_thread(self._take)

    def _take(self) -> None:
        if signal.getsignal(KILL_SIGNAL) is signal.SIG_DFL:
            signal.signal(KILL_SIGNAL, self._on_signal)

    def raise_killed(self, kill: PendingKill) -> None:
        """Raise `SparkApplicationKilled` in the main thread, whatever it waits for."""
        self._kill = kill
        signal.pthread_kill(threading.main_thread().ident or 0, KILL_SIGNAL)

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        kill, self._kill = self._kill, None
        if kill is None or frame is None or not is_same(code_of(frame), kill.code):
            return
        if runs_typed_code(frame):
            raise SparkApplicationKilled(kill.message)


def in_main_thread(call: Callable[[], None]) -> None:
    """Have `call` called in the main thread: at once if this is it, else between two lines that it
    runs; a wait that it is in is not woken for that.
    """
    if threading.current_thread() is threading.main_thread():
        call()
        return

    def run(_: Any) -> int:
        _PENDING.pop(id(pending), None)
        call()
        return 0

    pending = _PendingCall(run)
    _PENDING[id(pending)] = pending
    ctypes.pythonapi.Py_AddPendingCall(pending, None)


_PendingCall: Final = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
_PENDING: Final[dict[int, Any]] = {}  # CPython does not hold them
