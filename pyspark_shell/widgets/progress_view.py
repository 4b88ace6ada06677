"""The progress line as widgets: up to three jobs with a Kill each; afterwards plain saved text.

Owns    one output of one cell, found again by its display id; its widgets until it is folded.
Thread  the drawing thread; a Kill's click comes in a subshell's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from pyspark_shell.widgets.kill_button import kill_button
from pyspark_shell.widgets.line_list import close_widget
from pyspark_shell.widgets.progress_text import Json, as_html, job_text

MAX_LINES: Final = 3
_WIDGET_VIEW: Final = "application/vnd.jupyter.widget-view+json"


class ProgressView:
    """What one cell shows of its jobs.

    Parameters
    ----------
    kernel
        ipykernel's.
    parent
        The request that runs the cell: what is published for it appears below it.
    kill
        Sends the order to kill a job.
    """

    def __init__(
        self, kernel: Any, parent: Json, display_id: str, kill: Callable[[int], object]
    ) -> None:
        self._kernel = kernel
        self._parent = parent
        self._display_id = display_id
        self._kill = kill
        self._box: Any = None
        self._more: Any = None
        self._lines: dict[int, _Line] = {}
        self._order: list[int] = []
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
        listed = rows[:MAX_LINES]
        for row in listed:
            line = self._lines.get(row["jobId"]) or self._new_line(row["jobId"])
            line.draw(row, len(rows) > 1, now_ms)
        self._place(listed, _rest_text(len(rows) - len(listed), ended))

    def fold(self, text: str) -> None:
        """Put a text that needs no widgets in their place, and let these go; may be told anew."""
        if self.is_folded and text == self._text:
            return
        self._text = text
        self._publish("update_display_data", {"text/plain": text, "text/html": as_html(text)})
        for line in self._lines.values():
            line.close()
        self._lines.clear()
        self._order = []
        for widget in (self._more, self._box):
            close_widget(widget)
        self._box = self._more = None

    def _new_line(self, job_id: int) -> _Line:
        line = self._lines[job_id] = _Line(self._kernel, job_id, self._kill)
        return line

    def _place(self, listed: Sequence[Json], rest: str) -> None:
        from ipywidgets import HTML, VBox

        if self._box is None:
            self._more = HTML(as_html(rest))
            self._box = VBox()
            self._show()
        if self._more.value != as_html(rest):
            self._more.value = as_html(rest)
        order = [row["jobId"] for row in listed]
        if order != self._order:
            self._order = order
            self._box.children = (*(self._lines[job_id].box for job_id in order), self._more)
            for job_id in self._lines.keys() - set(order):
                self._lines.pop(job_id).close()

    def _show(self) -> None:
        view = {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id}
        kind = "update_display_data" if self._is_published else "display_data"
        self._is_published = True
        self._publish(kind, {"text/plain": "Spark jobs are running", _WIDGET_VIEW: view})

    def _publish(self, kind: str, data: Json) -> None:
        content = {"data": data, "metadata": {}, "transient": {"display_id": self._display_id}}
        self._kernel.session.send(
            self._kernel.iopub_socket, kind, content, parent=self._parent, ident=kind.encode()
        )


class _Line:
    """One job: its text and its Kill."""

    def __init__(self, kernel: Any, job_id: int, kill: Callable[[int], object]) -> None:
        from ipywidgets import HTML, HBox, Layout

        self._text = HTML("")
        self._button = kill_button(kernel, f"job {job_id}", lambda: kill(job_id))
        self.box = HBox([self._text, self._button], layout=Layout(align_items="center"))

    def draw(self, row: Json, is_one_of_many: bool, now_ms: int) -> None:
        """Show the job as it is now."""
        number = f"#{row['jobId']} " if is_one_of_many else ""
        html = as_html(number + job_text(row, now_ms), f"#{row['jobId']} {row.get('name', '')}")
        if self._text.value != html:
            self._text.value = html

    def close(self) -> None:
        """Take the widgets away."""
        for widget in (self._text, self._button, self.box):
            close_widget(widget)


def _rest_text(more: int, ended: int) -> str:
    """What the lines do not show.

    Examples
    --------
    >>> _rest_text(5, 57)
    '+5 more · 57 done'
    """
    parts = [f"+{more} more"] if more > 0 else []
    parts += [f"{ended} done"] if ended else []
    return " · ".join(parts)
