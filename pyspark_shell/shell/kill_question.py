"""Asks whoever sits at a shell whether it ends with what a killed application left running.

Thread  `stop-spark-context`; what it asks at a prompt, the main thread, which runs the prompt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from prompt_toolkit.application import run_in_terminal

from pyspark_shell.driver.kill_remains import KillRemains
from pyspark_shell.shell.terminal_question import ask

_QUESTION: Final = "\nNot ended by the kill: {}. [e]nd the shell and all of it, or [c]ontinue? "


class KillQuestion:
    """The question of one terminal.

    A cell that does not stop keeps the main thread from asking: then it is asked at once. Else the
    prompt is there or comes, and what was typed at it stays.

    Parameters
    ----------
    prompt
        Gives the prompt's application.
    """

    def __init__(self, prompt: Callable[[], Any]) -> None:
        self._prompt = prompt
        self._waiting: KillRemains | None = None

    def ask(self, remains: KillRemains) -> None:
        """Ask now, or when the prompt comes."""
        if remains.main_goes_on:
            _put(remains)
            return
        self._waiting = remains
        app = self._prompt()
        loop = app.loop
        if app.is_running and loop is not None:
            loop.call_soon_threadsafe(self.prompt_is_here)

    def prompt_is_here(self) -> None:
        """Ask what waits to be asked, above the prompt."""
        remains, self._waiting = self._waiting, None
        if remains is not None:
            run_in_terminal(lambda: _put(remains))


def _put(remains: KillRemains) -> None:
    if ask(_QUESTION.format(remains.names())) == "e":
        remains.end_process()
