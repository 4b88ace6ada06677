"""Which piece of the user's code the driver's main thread runs: a kill ends that one and no other.

Between two looks of the ladder one cell may have ended and the next have begun; both look alike
from outside, so each piece of code has an identity.

Thread  any.
"""

from __future__ import annotations

import sys
import threading
from types import FrameType
from typing import Any, Final

from pyspark_shell.common.cell import foreground_cell

# File names of code that a person typed, in Python's own prompt, in IPython, and in a kernel.
_TYPED: Final = ("<stdin>", "<ipython-input", "ipykernel_", "<python-input")
# What a script's main thread runs until it ends.
SCRIPT: Final = "script"


def main_code() -> object | None:
    """The script, cell or statement that the main thread runs; None at a prompt, and at its end."""
    frame = _main_frame()
    return None if frame is None else code_of(frame)


def code_of(frame: FrameType) -> object | None:
    """The same of a frame of the main thread."""
    if not is_interactive():
        return SCRIPT
    return foreground_cell() or _typed_code(frame)


def is_same(one: object | None, other: object | None) -> bool:
    """Whether two looks saw the same run of the same code; cells run again are equal."""
    return one is other or (isinstance(one, tuple) and one == other)


def is_interactive() -> bool:
    """Whether a person types what this process runs."""
    return hasattr(sys, "ps1") or _ipython() is not None


def runs_typed_code(frame: FrameType) -> bool:
    """Whether code that a person typed is on the stack, and not only what awaits it."""
    return not is_interactive() or _outermost_typed(frame) is not None


def is_shutting_down(frame: FrameType) -> bool:
    """Whether the interpreter waits for threads, or runs its exit functions."""
    outermost: FrameType = frame
    while outermost.f_back is not None:
        outermost = outermost.f_back
    code = outermost.f_code
    if code is await_end_of_kill.__code__:
        return True
    return code.co_name == "_shutdown" and code.co_filename.endswith("threading.py")


def await_end_of_kill(complete: threading.Event) -> None:
    """Let the ladder tell what is left before the process ends; an exit function."""
    complete.wait(_LAST_WORDS_S)


# How long a process that ends by itself waits for the ladder's last line.
_LAST_WORDS_S: Final = 2.0


def _main_frame() -> FrameType | None:
    main = threading.main_thread()
    frame = sys._current_frames().get(main.ident or 0)
    if frame is None or not main.is_alive() or is_shutting_down(frame):
        return None
    return frame


def _typed_code(frame: FrameType) -> object | None:
    """Outside of our shells: a cell by its number, a statement of Python's prompt by its code."""
    outermost = _outermost_typed(frame)
    shell = _ipython()
    if outermost is None or shell is None:
        return None if outermost is None else outermost.f_code
    return outermost.f_code.co_filename, shell.execution_count


def _outermost_typed(frame: FrameType | None) -> FrameType | None:
    found = None
    while frame is not None:
        if any(mark in frame.f_code.co_filename for mark in _TYPED):
            found = frame
        frame = frame.f_back
    return found


def _ipython() -> Any:
    """The IPython that runs in this process; None if none does, even if it was imported."""
    ipython: Any = sys.modules.get("IPython")
    return None if ipython is None else getattr(ipython, "get_ipython", lambda: None)()
