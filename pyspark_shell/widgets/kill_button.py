"""A button that kills, and works while the cell that shows it runs.

Thread  made in any; its click comes in a subshell's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyspark_shell.widgets.subshells import (
    WITHOUT_SUBSHELLS,
    has_subshells,
    prefer_frontend_subshell,
)


def kill_button(kernel: Any, what: str, kill: Callable[[], object], label: str = "Kill") -> Any:
    """A small button; disabled with the reason where clicks would come too late.

    Parameters
    ----------
    what
        What it ends, in words, for the tooltip: `job 7`.
    kill
        Sends the order; must return at once.
    """
    from ipywidgets import Button, Layout

    works = has_subshells(kernel)
    button = Button(
        description=label,
        tooltip=f"{label} {what}" if works else WITHOUT_SUBSHELLS,
        disabled=not works,
        layout=Layout(width="auto", height="22px", padding="0 8px", margin="0 0 0 12px"),
    )

    def clicked(_: Any) -> None:
        button.disabled = True
        kill()

    button.on_click(clicked)
    prefer_frontend_subshell(button)
    return button
