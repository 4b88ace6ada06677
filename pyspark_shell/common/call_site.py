"""Where in the user's code an operation was asked for."""

from __future__ import annotations

import linecache
import os
import sys
from typing import Final, NamedTuple

from pyspark_shell.common.cell import place

_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LIBRARY: Final = os.path.dirname(os.path.abspath(os.__file__)) + os.sep


class CallSite(NamedTuple):
    """The function of ours that the user called, and the line that called it."""

    function: str
    file: str
    linenum: int

    def __str__(self) -> str:
        return f"{self.function} at {place(self.file, self.linenum)}"

    @property
    def source_line(self) -> str:
        """The line of the user's code, as far as its source is known."""
        return linecache.getline(self.file, self.linenum).strip()


def is_engine_file(file_name: str) -> bool:
    """Whether a source file belongs to the engine."""
    return file_name.startswith(_PACKAGE)


def is_user_file(file_name: str) -> bool:
    """Whether a source file is neither the engine's nor Python's nor an installed package's."""
    library = (_PACKAGE, _LIBRARY, "<frozen ")
    return not file_name.startswith(library) and "site-packages" not in file_name


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
