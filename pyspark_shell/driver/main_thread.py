"""How the driver's main thread is interrupted in the user's code, and only there.

Thread  `take` and `give_back` in the main thread, elsewhere they do nothing; the rest from any.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final

from pyspark_shell.common.errors import SparkApplicationKilled
from pyspark_shell.driver.kill_signal import KillSignal, PendingKill, in_main_thread
from pyspark_shell.driver.main_code import code_of, is_interactive, is_same, runs_typed_code

# What a shell says of a process that SIGINT ended.
INTERRUPTED: Final = 130

# Marks our hook of uncaught exceptions, and says what was there before.
_ENDS_AS_INTERRUPTED: Final = "_pyspark_shell_before"

KILL: Final = KillSignal()


class MainThreadInterrupt:
    """What SIGINT means to one application while it lives.

    Parameters
    ----------
    on_ctrl_c
        Called for each Ctrl-C, in the main thread, before KeyboardInterrupt is raised; must only
        post.
    """

    def __init__(self, on_ctrl_c: Callable[[], None]) -> None:
        self.on_ctrl_c = on_ctrl_c

    def install(self) -> None:
        """Hear of each SIGINT from now on, or from when the main thread has taken notice."""
        SIGINT.applications.append(self)
        SIGINT.kill = None  # of an application before this one
        KILL.take()
        in_main_thread(self._take)

    def _take(self) -> None:
        if self in SIGINT.applications:
            SIGINT.take()

    def uninstall(self) -> None:
        """Hear of none any more."""
        if self in SIGINT.applications:
            SIGINT.applications.remove(self)
        if not SIGINT.applications:
            SIGINT.give_back()

    def raise_killed(self, message: str, code: object) -> None:
        """Raise `SparkApplicationKilled` in the main thread, whatever it waits for.

        Parameters
        ----------
        code
            What it must still run then, as `main_code` told it.
        """
        main = threading.main_thread()
        if main.ident is None:
            return
        if SIGINT.is_taken:
            SIGINT.kill = PendingKill(message, code)
        elif KILL.is_taken:
            KILL.raise_killed(PendingKill(message, code))
            return
        elif signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            # Somebody else's handler makes the running call return, and then the exception comes.
            kill_in_thread(main.ident, message)
        # Python's own raises KeyboardInterrupt: the main thread has been in one call since before
        # the application began, else the handler would be ours.
        signal.pthread_kill(main.ident, signal.SIGINT)


class SigintHandler:
    """The process's handler of SIGINT: tells the applications, then does what was done before.

    Owns    the signal, from `take` to `give_back`; a kernel takes it for each cell anew, since
            ipykernel gives it away after each.
    """

    def __init__(self) -> None:
        self.applications: list[MainThreadInterrupt] = []
        self.kill: PendingKill | None = None
        self._before: Any = signal.default_int_handler

    @property
    def is_taken(self) -> bool:
        """Whether SIGINT comes here."""
        return signal.getsignal(signal.SIGINT) == self._on_sigint

    def take(self, *, from_anyone: bool = False) -> None:
        """Take SIGINT over, if this is the main thread and nobody else has.

        Parameters
        ----------
        from_anyone
            Take it from another handler too, which is called in its turn.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        now = signal.getsignal(signal.SIGINT)
        is_free = now is signal.default_int_handler
        if is_free or (from_anyone and callable(now) and not self.is_taken):
            self._before = now
            signal.signal(signal.SIGINT, self._on_sigint)

    def give_back(self) -> None:
        """Put back what was there, if SIGINT is still ours and this is the main thread."""
        if self.is_taken and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._before)

    def at_idle_prompt(self, signum: int, frame: FrameType | None) -> None:
        """A handler for a kernel that runs no cell: nothing is raised in it."""
        kill, self.kill = self.kill, None
        if kill is None:
            self._tell()

    def _on_sigint(self, signum: int, frame: FrameType | None) -> None:
        kill, self.kill = self.kill, None
        if kill is not None:
            self._end_code(kill, signum, frame)
            return
        self._tell()
        self._pass_on(signum, frame)

    def _end_code(self, kill: PendingKill, signum: int, frame: FrameType | None) -> None:
        """Raise in what was killed; the code that runs now may be the next, and innocent."""
        if frame is None or not is_same(code_of(frame), kill.code):
            return
        if runs_typed_code(frame):
            raise SparkApplicationKilled(kill.message)
        if self._before is not signal.default_int_handler:  # ipykernel's, of a cell that awaits
            self._pass_on(signum, frame)

    def _pass_on(self, signum: int, frame: FrameType | None) -> None:
        """Do what was done before; ipykernel's handler leaves that to a loop, which may sleep."""
        self._before(signum, frame)
        if "asyncio" in sys.modules:
            loop = sys.modules["asyncio"]._get_running_loop()
            if loop is not None:
                loop.call_soon_threadsafe(int)

    def _tell(self) -> None:
        for application in list(self.applications):
            application.on_ctrl_c()


SIGINT: Final = SigintHandler()


def exit_as_interrupted() -> None:
    """Have a script that does not catch `SparkApplicationKilled` end as one that Ctrl-C ended.

    Python itself does so for KeyboardInterrupt alone, not for its subclasses.
    """
    show = sys.excepthook
    if getattr(show, _ENDS_AS_INTERRUPTED, None) is not None:
        return

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        show(kind, error, trace)
        is_script = not sys.flags.interactive and not is_interactive()
        if is_script and issubclass(kind, SparkApplicationKilled):
            raise SystemExit(INTERRUPTED)

    setattr(hook, _ENDS_AS_INTERRUPTED, show)
    sys.excepthook = hook


def exit_as_before() -> None:
    """Take `exit_as_interrupted` back, unless somebody has put a hook of their own over it."""
    before = getattr(sys.excepthook, _ENDS_AS_INTERRUPTED, None)
    if before is not None:
        sys.excepthook = before


def is_interrupt_pending() -> bool:
    """Whether the main thread was interrupted by a kill, and has not come to hear of it."""
    return SIGINT.kill is not None or KILL.is_pending


def is_handling_kill() -> bool:
    """Whether the main thread is in an `except` or `finally` that a kill led to."""
    error: Any = sys._current_exceptions().get(threading.main_thread().ident or 0)
    if isinstance(error, tuple):  # before Python 3.12
        error = error[1]
    while error is not None:
        if isinstance(error, SparkApplicationKilled):
            return True
        error = error.__context__
    return False


def kill_in_thread(thread_id: int, message: str) -> None:
    """Raise `SparkApplicationKilled` in a thread; see `raise_in_thread`."""

    # CPython takes a class only, and makes the exception without arguments.
    def begin(self: SparkApplicationKilled, *args: Any) -> None:
        KeyboardInterrupt.__init__(self, *(args or (message,)))

    names = {"__init__": begin, "__module__": SparkApplicationKilled.__module__}
    raise_in_thread(
        thread_id, type(SparkApplicationKilled.__name__, (SparkApplicationKilled,), names)
    )


def raise_in_thread(thread_id: int, exception: type[BaseException]) -> None:
    """Have CPython raise an exception in a thread at its next line; it does not wake blocking
    calls.
    """
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread_id), ctypes.py_object(exception)
    )
