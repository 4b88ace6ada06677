"""Lines of text, some with a button, as widgets that change no more than they must.

Thread  one draws; clicks come in a subshell's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pyspark_shell.common.record import record
from pyspark_shell.widgets.kill_button import kill_button
from pyspark_shell.widgets.progress_text import as_html


@record
class Action:
    """What a line's button does.

    Attributes
    ----------
    label, what
        The button says `label`; its tooltip `what` too.
    order
        Sends the order; must return at once.
    asks_again
        Whether a second click is wanted, since data is lost.
    """

    label: str
    what: str
    order: Callable[[], object]
    asks_again: bool = False


@record
class Line:
    """One line; `key` says which, from one drawing to the next."""

    key: str
    text: str
    action: Action | None = None


class LineList:
    """A box with lines.

    Parameters
    ----------
    kernel
        ipykernel's.
    empty
        What is said when there are no lines.
    """

    def __init__(self, kernel: Any, empty: str) -> None:
        from ipywidgets import HTML, VBox

        self._kernel = kernel
        self._rows: dict[str, _Row] = {}
        self._order: list[str] = []
        self._empty = HTML(as_html(empty))
        self.box = VBox([self._empty])

    def draw(self, lines: Sequence[Line]) -> None:
        """Show these lines; sends only what is different."""
        for line in lines:
            row = self._rows.get(line.key)
            if row is None or row.has_button != (line.action is not None):
                if row is not None:
                    row.close()
                    self._order = []
                row = self._rows[line.key] = _Row(self._kernel, line.action)
            row.draw(line.text)
        order = [line.key for line in lines]
        if order != self._order:
            self._order = order
            boxes = [self._rows[key].box for key in order]
            self.box.children = boxes or [self._empty]
            for key in self._rows.keys() - set(order):
                self._rows.pop(key).close()


class _Row:
    def __init__(self, kernel: Any, action: Action | None) -> None:
        from ipywidgets import HTML, HBox, Layout

        self._text = HTML("")
        self._button: Any = None
        if action is not None:
            self._button = kill_button(
                kernel, action.what, action.order, action.label, action.asks_again
            )
        parts = [self._text] if self._button is None else [self._text, self._button]
        self.box = HBox(parts, layout=Layout(align_items="center"))

    @property
    def has_button(self) -> bool:
        return self._button is not None

    def draw(self, text: str) -> None:
        html = as_html(text)
        if self._text.value != html:
            self._text.value = html

    def close(self) -> None:
        for widget in (self._text, self._button, self.box):
            close_widget(widget)


def close_widget(widget: Any) -> None:
    """Close a widget with its layout and style, so that none is saved with the notebook."""
    if widget is None:
        return
    for part in (getattr(widget, "style", None), getattr(widget, "layout", None), widget):
        if part is not None:
            part.close()
