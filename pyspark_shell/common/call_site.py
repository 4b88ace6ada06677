"""Where in the user's code an operation was asked for."""

from __future__ import annotations

import os
import sys
from typing import Final, NamedTuple

_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class CallSite(NamedTuple):
    """The function of ours that the user called, and the line that called it."""

    function: str
    file: str
    linenum: int

    def __str__(self) -> str:
        return f"{self.function} at {self.file}:{self.linenum}"


def is_engine_file(file_name: str) -> bool:
    """Whether a source file belongs to the engine."""
    return file_name.startswith(_PACKAGE)


def first_spark_call() -> CallSite:
    """The border between the user's frames and ours, seen from inside of the package."""
    frame = sys._getframe(1)
    function = frame.f_code.co_name
    while frame.f_code.co_filename.startswith(_PACKAGE):
        function = frame.f_code.co_name
        if frame.f_back is None:
            break
        frame = frame.f_back
    return CallSite(function, frame.f_code.co_filename, frame.f_lineno)
