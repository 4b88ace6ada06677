"""The end of an interactive shell: says what keeps the process, and lets the user leave anyway.

Python waits for threads that are not daemons, silently and for ever; here they are named.

Thread  the main thread, when the prompt is gone.
"""

from __future__ import annotations

import concurrent.futures.thread as pool_threads
import linecache
import os
import sys
import sysconfig
import threading
from types import FrameType
from typing import Final

from pyspark_shell.common.call_site import is_engine_file
from pyspark_shell.common.cell import cell_of, place
from pyspark_shell.common.errors import SparkContextStopped, SparkJobCancelled
from pyspark_shell.common.threads import start_daemon
from pyspark_shell.executor.thread_states import started_at
from pyspark_shell.shell.tables import cut

# What idle threads of pools need to end once they are told to.
_POOLS_S: Final = 0.2
_LOOK_S: Final = 0.2
_STARTERS: Final = ("_bootstrap", "_bootstrap_inner", "run")
_LIBRARIES: Final = tuple(
    os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib", "purelib")
)


def wait_for_threads() -> bool:
    """Wait for the threads that keep the process, after saying which; False after a Ctrl-C."""
    try:
        # Python does the same at its exit, but then nobody can be told any more.
        start_daemon("pools-exit", pool_threads._python_exit)
        _join_all(_POOLS_S)
        left = keepers()
        if left:
            print(leaving_text(left), file=sys.stderr, flush=True)
        while keepers():
            _join_all(_LOOK_S)
    except KeyboardInterrupt:
        return False
    return True


def keepers() -> list[threading.Thread]:
    """The threads that keep the process alive once the main thread has ended."""
    return [
        thread
        for thread in threading.enumerate()
        if not thread.daemon and thread is not threading.main_thread()
    ]


def _join_all(limit_s: float) -> None:
    for thread in keepers():
        thread.join(limit_s)


def leaving_text(threads: list[threading.Thread]) -> str:
    """What is said of them."""
    frames = sys._current_frames()
    told = ", ".join(_describe(thread, frames.get(thread.ident or 0)) for thread in threads)
    count = f"{len(threads)} threads keep" if len(threads) > 1 else "1 thread keeps"
    return f"Leaving… {count} the process alive: {told}. Ctrl-C to leave anyway."


def _describe(thread: threading.Thread, frame: FrameType | None) -> str:
    """The thread's name, the call it is in, and the user's line that made the call."""
    name = f'"{thread.name}"'
    called: FrameType | None = None
    while frame is not None and _is_library(frame):
        if not _is_threads_own(frame):
            called = frame
        frame = frame.f_back
    if frame is None:  # the user's code was only there when it was started
        cell = cell_of(thread)
        where = cell.name if cell is not None else started_at(thread)
        doing = "" if called is None else f" in {_call(called)}"
        return f"{name}{doing}{f' (started by {where})' if where else ''}"
    file, line = frame.f_code.co_filename, frame.f_lineno
    source = cut(linecache.getline(file, line), 40) or frame.f_code.co_name
    return f"{name} in {source if called is None else _call(called)} ({place(file, line)})"


def _call(frame: FrameType) -> str:
    module = str(frame.f_globals.get("__name__", "")).rpartition(".")[2]
    return f"{module}.{frame.f_code.co_name}"


def _is_library(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return file.startswith(_LIBRARIES) or is_engine_file(file) or file.startswith("<frozen")


def _is_threads_own(frame: FrameType) -> bool:
    """Whether it only leads from the thread's start to its work."""
    return frame.f_globals.get("__name__") == "threading" and frame.f_code.co_name in _STARTERS


class QuietThreads:
    """Keeps threads whose jobs end with the application from showing tracebacks of it."""

    def __enter__(self) -> QuietThreads:
        self._before = threading.excepthook
        threading.excepthook = self._hook
        return self

    def __exit__(self, *error: object) -> None:
        threading.excepthook = self._before

    def _hook(self, args: threading.ExceptHookArgs) -> None:
        if not issubclass(args.exc_type, SparkJobCancelled | SparkContextStopped):
            self._before(args)
