"""A terminal's stream that clears the progress bar before anything else is written.

Thread  any.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any, TextIO

from pyspark_shell.shell.running import progress_bar


class ErasingStream:
    """Passes everything on to another stream.

    Attributes
    ----------
    terminal
        That stream; the bar itself writes there.
    """

    def __init__(self, stream: TextIO) -> None:
        self.terminal = stream

    def write(self, text: str) -> int:
        """Clear the bar, then write."""
        bar = progress_bar()
        if bar is not None:
            bar.erase()
        return self.terminal.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.terminal, name)


class TerminalStreams:
    """Has `sys.stdout` and `sys.stderr` clear the bar while a cell runs."""

    def __init__(self) -> None:
        self._before: dict[str, Any] = {}

    def take(self) -> None:
        """From here on the bar is cleared before what is written."""
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if not isinstance(stream, ErasingStream):
                self._before[name] = stream
                setattr(sys, name, ErasingStream(stream))

    def give_back(self) -> None:
        """Put the streams back, but for those that the user's code has replaced."""
        for name, stream in self._before.items():
            if isinstance(getattr(sys, name), ErasingStream):
                setattr(sys, name, stream)
        self._before.clear()
        with suppress(OSError, ValueError):
            sys.stdout.flush()
