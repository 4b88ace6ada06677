"""What the driver's main thread does, and how it is interrupted in the user's code, and only there.

Thread  `take` and `give_back` in the main thread, elsewhere they do nothing; the rest from any.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final, Literal

from pyspark_shell.common.errors import SparkApplicationKilled
from pyspark_shell.driver.kill_signal import KillSignal, in_main_thread

Activity = Literal["user", "idle", "ended"]

# What a shell says of a process that SIGINT ended.
INTERRUPTED: Final = 130

# Marks our hook of uncaught exceptions, and says what was there before.
_ENDS_AS_INTERRUPTED: Final = "_pyspark_shell_before"

# How long a process that ends by itself waits for the ladder's last line.
_LAST_WORDS_S: Final = 2.0

# File names of code that a person typed, in Python's own prompt, in IPython, and in a kernel.
_TYPED: Final = ("<stdin>", "<ipython-input", "ipykernel_", "<python-input")


def main_activity() -> Activity:
    """Whether the main thread runs the user's code, waits at a prompt, or has ended.

    A script's main thread is in the user's code until it ends; an interpreter's only while
    something typed runs.
    """
    main = threading.main_thread()
    frame = sys._current_frames().get(main.ident or 0)
    if frame is None or not main.is_alive() or _is_shutting_down(frame):
        return "ended"
    if not _is_interactive():
        return "user"
    return "user" if _runs_typed_code(frame) else "idle"


def _is_interactive() -> bool:
    if hasattr(sys, "ps1"):
        return True
    ipython: Any = sys.modules.get("IPython")
    return ipython is not None and getattr(ipython, "get_ipython", lambda: None)() is not None


def _is_shutting_down(frame: FrameType) -> bool:
    """Whether the interpreter waits for threads, or runs its exit functions."""
    outermost: FrameType = frame
    while outermost.f_back is not None:
        outermost = outermost.f_back
    code = outermost.f_code
    if code is await_end_of_kill.__code__:
        return True
    return code.co_name == "_shutdown" and code.co_filename.endswith("threading.py")


def _runs_typed_code(frame: FrameType | None) -> bool:
    while frame is not None:
        if any(mark in frame.f_code.co_filename for mark in _TYPED):
            return True
        frame = frame.f_back
    return False


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
        SIGINT.forget_kill()  # of an application before this one
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

    def raise_killed(self, message: str) -> None:
        """Raise `SparkApplicationKilled` in the main thread, whatever it waits for."""
        main = threading.main_thread()
        if main.ident is None:
            return
        if SIGINT.is_taken:
            SIGINT.killed = message
        elif KILL.is_taken:
            KILL.raise_killed(message)
            return
        elif signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            # Somebody else's handler makes the running call return, and then the exception comes.
            raise_in_thread(main.ident, message)
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
        self.killed: str | None = None  # what the next SIGINT raises, when a kill sends it
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

    def forget_kill(self) -> None:
        """A kill that reached nothing must not reach what runs next."""
        self.killed = None
        KILL.forget()

    def at_idle_prompt(self, signum: int, frame: FrameType | None) -> None:
        """A handler for a kernel that runs no cell: nothing is raised in it."""
        self.forget_kill()
        self._tell()

    def _on_sigint(self, signum: int, frame: FrameType | None) -> None:
        killed, self.killed = self.killed, None
        if killed is not None:
            raise SparkApplicationKilled(killed)
        self._tell()
        self._before(signum, frame)

    def _tell(self) -> None:
        for application in list(self.applications):
            application.on_ctrl_c()


SIGINT: Final = SigintHandler()


def await_end_of_kill(complete: threading.Event) -> None:
    """Let the ladder tell what is left before the process ends; an exit function."""
    complete.wait(_LAST_WORDS_S)


def exit_as_interrupted() -> None:
    """Have a script that does not catch `SparkApplicationKilled` end as one that Ctrl-C ended.

    Python itself does so for KeyboardInterrupt alone, not for its subclasses.
    """
    show = sys.excepthook
    if getattr(show, _ENDS_AS_INTERRUPTED, None) is not None:
        return

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        show(kind, error, trace)
        is_script = not sys.flags.interactive and not _is_interactive()
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
    return SIGINT.killed is not None or KILL.is_pending


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


def raise_in_thread(thread_id: int, message: str) -> None:
    """Have CPython raise `SparkApplicationKilled` in a thread at its next line; it does not wake
    blocking calls.
    """

    # CPython takes a class only, and makes the exception without arguments.
    def begin(self: SparkApplicationKilled, *args: Any) -> None:
        KeyboardInterrupt.__init__(self, *(args or (message,)))

    names = {"__init__": begin, "__module__": SparkApplicationKilled.__module__}
    error = type(SparkApplicationKilled.__name__, (SparkApplicationKilled,), names)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(error))
