"""A button that kills, and works while the cell that shows it runs.

Thread  made in any; its click comes in a subshell's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from pyspark_shell.widgets.subshells import (
    WITHOUT_SUBSHELLS,
    has_subshells,
    prefer_frontend_subshell,
)

# How long a question stands.
_QUESTION_S: Final = 5.0


def kill_button(
    kernel: Any,
    what: str,
    kill: Callable[[], object],
    label: str = "Kill",
    asks_again: bool = False,
) -> Any:
    """A small button; disabled with the reason where clicks would come too late.

    Parameters
    ----------
    what
        What it ends, in words, for the tooltip: `job 7`.
    kill
        Sends the order; must return at once.
    asks_again
        Whether a second click, within some seconds, is wanted.
    """
    from ipywidgets import Button, Layout

    works = has_subshells(kernel)
    button = Button(
        description=label,
        tooltip=f"{label} {what}" if works else WITHOUT_SUBSHELLS,
        disabled=not works,
        layout=Layout(width="auto", padding="0 8px", margin="2px 0 2px 12px"),
    )
    asked_at_s = float("-inf")

    def clicked(_: Any) -> None:
        nonlocal asked_at_s
        if asks_again and time.monotonic() - asked_at_s > _QUESTION_S:
            asked_at_s = time.monotonic()
            button.description = f"{label}: click again"
            return
        button.description = label
        button.disabled = True
        kill()

    button.on_click(clicked)
    prefer_frontend_subshell(button)
    return button
