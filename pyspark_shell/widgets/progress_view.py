"""The progress line as widgets: up to three jobs with a Kill each; afterwards plain saved text.

Owns    one output of one cell, found again by its display id; a box of lines until it is folded.
Thread  the drawing thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pyspark_shell.widgets.line_boxes import LineBox, LineBoxes
from pyspark_shell.widgets.progress_text import Json, as_html

_WIDGET_VIEW: Final = "application/vnd.jupyter.widget-view+json"


class ProgressView:
    """What one cell shows of its jobs.

    Parameters
    ----------
    kernel
        ipykernel's.
    parent
        The request that runs the cell: what is published for it appears below it.
    boxes
        Where the widgets come from, and go.
    """

    def __init__(self, kernel: Any, parent: Json, display_id: str, boxes: LineBoxes) -> None:
        self._kernel = kernel
        self._parent = parent
        self._display_id = display_id
        self._boxes = boxes
        self._box: LineBox | None = None
        self._is_published = False
        self._text = ""

    @property
    def is_folded(self) -> bool:
        """Whether only text is left of it."""
        return self._box is None and self._is_published

    def draw(self, rows: Sequence[Json], ended: int, now_ms: int) -> None:
        """Show jobs that have not ended; sends only what is different.

        Parameters
        ----------
        rows
            In the order of their ids.
        ended
            How many jobs of the cell have ended.
        """
        is_new = self._box is None
        box = self._box = self._box or self._boxes.take()
        box.draw(rows, ended, now_ms)
        if is_new:
            self._show(box)

    def fold(self, text: str) -> None:
        """Put a text that needs no widgets in their place, and let these go; may be told anew."""
        if self.is_folded and text == self._text:
            return
        self._text = text
        self._publish("update_display_data", {"text/plain": text, "text/html": as_html(text)})
        box, self._box = self._box, None
        if box is not None:
            self._boxes.give_back(box)

    def _show(self, box: LineBox) -> None:
        view = {"version_major": 2, "version_minor": 0, "model_id": box.widget.model_id}
        kind = "update_display_data" if self._is_published else "display_data"
        self._is_published = True
        self._publish(kind, {"text/plain": "Spark jobs are running", _WIDGET_VIEW: view})

    def _publish(self, kind: str, data: Json) -> None:
        content = {"data": data, "metadata": {}, "transient": {"display_id": self._display_id}}
        self._kernel.session.send(
            self._kernel.iopub_socket, kind, content, parent=self._parent, ident=kind.encode()
        )
