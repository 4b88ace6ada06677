"""How a context gets a web page, though what makes pages stands on a higher floor.

Owns    the one maker; the package's door puts it here before anything else is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class ContextUI(Protocol):
    """The page of one application."""

    @property
    def web_url(self) -> str | None:
        """Its address; None if there is none."""

    @property
    def web_url_with_token(self) -> str | None:
        """The address that lets a browser in; a secret of the user."""


_maker: Callable[[Any], ContextUI] | None = None


def set_ui_maker(maker: Callable[[Any], ContextUI] | None) -> None:
    """Have every context that starts shown by what `maker` makes of it."""
    global _maker
    _maker = maker


def make_ui(context: Any) -> ContextUI | None:
    """Show a context that has just started; it is shown until its driver ends."""
    return None if _maker is None else _maker(context)
