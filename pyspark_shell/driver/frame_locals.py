"""Local variables of running and failed functions, read without leaving traces in their frames."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, Final

# References to a snapshot of locals that nobody but its frame holds: the frame's, the one here, and
# the argument of getrefcount.
_NOBODY_ELSES: Final = 3


def locals_of(frame: FrameType) -> dict[str, Any]:
    """A copy of a function's local variables; empty for the code of modules and classes.

    Up to Python 3.12 reading them leaves a snapshot in the frame, which would hold the values for
    as long as the frame exists; it is emptied, unless the user's code has it too.
    """
    if not frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        return {}
    snapshot = frame.f_locals
    copy = dict(snapshot)
    if type(snapshot) is dict and sys.getrefcount(snapshot) <= _NOBODY_ELSES:
        snapshot.clear()
    return copy


def frames_below(frame: FrameType | None) -> Iterator[FrameType]:
    """A frame and those that called it, innermost first."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def frames_of(traceback: TracebackType | None) -> Iterator[FrameType]:
    """The frames that an exception went through, outermost first."""
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next
