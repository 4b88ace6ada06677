"""The widgets of progress lines: few, and used again by the next job and the next cell.

Front ends, and files that notebooks are saved to, keep each widget that ever was.

Owns    the boxes, shown and free, with their buttons.
Thread  the drawing thread; a Kill's click comes in a subshell's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from pyspark_shell.widgets.line_list import close_widget
from pyspark_shell.widgets.progress_text import Json, as_html, job_text
from pyspark_shell.widgets.slim_widgets import slim, slim_style
from pyspark_shell.widgets.subshells import (
    WITHOUT_SUBSHELLS,
    has_subshells,
    prefer_frontend_subshell,
)

MAX_LINES: Final = 3


class LineBoxes:
    """All boxes of one kernel.

    Parameters
    ----------
    kernel
        ipykernel's.
    kill
        Sends the order to kill a job.
    """

    def __init__(self, kernel: Any, kill: Callable[[int], object]) -> None:
        self._kernel = kernel
        self._kill = kill
        self._looks: _Looks | None = None
        self._free: list[LineBox] = []

    def take(self) -> LineBox:
        """A box that is shown nowhere."""
        if self._free:
            return self._free.pop()
        if self._looks is None:
            self._looks = _Looks(has_subshells(self._kernel))
        return LineBox(self._looks, self._kill)

    def give_back(self, box: LineBox) -> None:
        """The box is shown nowhere any more."""
        self._free.append(box)

    def close(self) -> None:
        """Take away the widgets that are shown nowhere."""
        for box in self._free:
            box.close()
        self._free.clear()


class _Looks:
    """What all lines share: a layout that suits the box and its parts alike, and styles."""

    def __init__(self, works: bool) -> None:
        self.works = works
        self.layout = slim("Layout")(
            width="auto", align_items="center", grid_template_columns="max-content max-content"
        )
        self.text_style = slim_style("HTML")()
        self.button_style = slim_style("Button")()


class LineBox:
    """The lines of one cell, while its jobs run."""

    def __init__(self, looks: _Looks, kill: Callable[[int], object]) -> None:
        self._looks = looks
        self._kill = kill
        self._lines: list[_Line] = []
        self._shown = 0
        self._widget: Any = None

    @property
    def widget(self) -> Any:
        """What is displayed; made with its first lines, so that they need no further message."""
        if self._widget is None:
            self._widget = slim("GridBox")(self._parts(), layout=self._looks.layout)
        return self._widget

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
        while len(self._lines) < len(listed):
            self._lines.append(_Line(self._looks, self._kill))
        rest = _rest_text(len(rows) - len(listed), ended)
        for number, row in enumerate(listed):
            is_last = number == len(listed) - 1
            self._lines[number].draw(row, len(rows) > 1, rest if is_last else "", now_ms)
        if len(listed) != self._shown:
            self._shown = len(listed)
            if self._widget is not None:
                self._widget.children = self._parts()

    def _parts(self) -> list[Any]:
        shown = self._lines[: self._shown]
        return [part for line in shown for part in (line.text, line.button)]

    def close(self) -> None:
        """Take the widgets away."""
        for line in self._lines:
            for widget in (line.text, line.button):
                close_widget(widget)
        close_widget(self._widget)


class _Line:
    """One job at a time: its text and its Kill."""

    def __init__(self, looks: _Looks, kill: Callable[[int], object]) -> None:
        self.text = slim("HTML")(layout=looks.layout, style=looks.text_style)
        self.button = slim("Button")(
            description="Kill",
            tooltip="Kill this job" if looks.works else WITHOUT_SUBSHELLS,
            disabled=not looks.works,
            layout=looks.layout,
            style=looks.button_style,
        )
        self._looks = looks
        self._kill = kill
        self._job_id = -1
        self.button.on_click(self._clicked)
        prefer_frontend_subshell(self.button)

    def draw(self, row: Json, is_one_of_many: bool, rest: str, now_ms: int) -> None:
        """Show a job as it is now."""
        if row["jobId"] != self._job_id:
            self._job_id = row["jobId"]
            self.button.disabled = not self._looks.works
        number = f"#{row['jobId']} " if is_one_of_many else ""
        gap = "\n" if is_one_of_many else " · "
        text = f"{number}{job_text(row, now_ms)}{gap if rest else ''}{rest}"
        html = as_html(text, f"#{row['jobId']} {row.get('name', '')}")
        if self.text.value != html:
            self.text.value = html

    def _clicked(self, _: Any) -> None:
        self.button.disabled = True
        self._kill(self._job_id)


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
