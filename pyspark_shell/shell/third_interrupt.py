"""The third Ctrl-C in one cell: code that catches them all is asked about, not obeyed.

The first ends the cell's jobs, the second the executors that do not stop; who presses a third time
wants out.

Thread  the main thread, in the handler of the signal.
"""

from __future__ import annotations

import os
import sys
from typing import Final

from pyspark_shell.driver.main_thread import INTERRUPTED, MainThreadInterrupt
from pyspark_shell.rest.port import KillOrder, Refusal
from pyspark_shell.shell.running import running_engine
from pyspark_shell.shell.terminal_question import ask

_LIMIT: Final = 3
_QUESTION: Final = (
    "\nThis cell goes on after three Ctrl-C. [k]ill the application, [e]xit the shell, "
    "or [c]ontinue? "
)


_HINT: Final = (
    "This cell goes on after three interrupts. Kill application in the Spark panel or in "
    "sc.panel() ends it, and so does `pyspark-shell kill --app` in a terminal; variables stay."
)


class ThirdInterrupt:
    """Counts the Ctrl-C of each cell of one shell.

    Parameters
    ----------
    asks
        Whether there is a terminal whose user can answer; a notebook's is told what to do.
    """

    def __init__(self, asks: bool = True) -> None:
        self._asks = asks
        self._count = 0
        self._is_asking = False
        self._interrupt = MainThreadInterrupt(self._pressed)

    def begin(self) -> None:
        """Count from now on."""
        self._interrupt.install()

    def end(self) -> None:
        """Count no more."""
        self._interrupt.uninstall()

    def new_cell(self, info: object = None) -> None:
        """Count from nought."""
        self._count = 0

    def _pressed(self) -> None:
        self._count += 1
        if not self._asks:
            if self._count == _LIMIT:
                print(_HINT, file=sys.stderr, flush=True)
            return
        if self._count < _LIMIT or self._is_asking or not sys.stdin.isatty():
            return
        self._is_asking = True
        try:
            self._carry_out(ask(_QUESTION))
        finally:
            self._is_asking = False
            self._count = 0

    def _carry_out(self, answer: str) -> None:
        if answer == "e":
            os._exit(INTERRUPTED)
        engine = running_engine()
        if answer == "k" and engine is not None:
            try:
                engine.kill_application(KillOrder("the user pressed Ctrl-C three times", "Ctrl-C"))
            except Refusal as refusal:
                print(refusal.message, file=sys.stderr)
