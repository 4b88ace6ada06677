"""Draws rows of text as a table that fits a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_GAP: Final = 2
# A column is not cut below this.
_NARROWEST: Final = 8


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    is_number
        Whether its cells stand at the right.
    may_shrink
        Whether its cells may be cut where the terminal is narrow.
    """

    title: str
    is_number: bool = False
    may_shrink: bool = False


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None = None
) -> str:
    """Lines under one line of titles; columns without any content are left out.

    Parameters
    ----------
    width
        Of the terminal; None: as it is now.

    Examples
    --------
    >>> print(table([Column("Job", True), Column("State")], [["7", "running"], ["10", "done"]]))
    Job  State
      7  running
     10  done
    """
    kept = [number for number in range(len(columns)) if any(row[number] for row in rows)]
    columns = [columns[number] for number in kept]
    rows = [[row[number] for number in kept] for row in rows]
    widths = [
        max(len(column.title), *(len(row[number]) for row in rows))
        for number, column in enumerate(columns)
    ]
    _shrink(widths, columns, shutil.get_terminal_size().columns if width is None else width)
    lines = [[column.title for column in columns], *rows]
    return "\n".join(_line(columns, cells, widths) for cells in lines)


def _shrink(widths: list[int], columns: Sequence[Column], width: int) -> None:
    """Take from the widest columns that may shrink what the terminal has not."""
    while sum(widths) + _GAP * (len(widths) - 1) > width:
        wide = [n for n, c in enumerate(columns) if c.may_shrink and widths[n] > _NARROWEST]
        if not wide:
            return
        widths[max(wide, key=lambda number: widths[number])] -= 1


def _line(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> str:
    placed = (
        cut(cell, width).rjust(width) if column.is_number else cut(cell, width).ljust(width)
        for column, cell, width in zip(columns, cells, widths, strict=True)
    )
    return (" " * _GAP).join(placed).rstrip()


def cut(text: str, width: int) -> str:
    """The text, shortened at its end to fit.

    Examples
    --------
    >>> cut("collect at totals.py:7", 10)
    'collect a…'
    """
    text = " ".join(text.split())
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
