"""Draws rows of text as a table that fits a terminal."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

from pyspark_shell.common.record import record

_GAP: Final = 2
# A column is not cut below this.
_NARROWEST: Final = 8


@record
class Column:
    """One column.

    Attributes
    ----------
    is_number
        Whether its cells stand at the right.
    may_shrink
        Whether its cells may be cut where the terminal is narrow.
    paint
        Puts colour around a cell that has its place already.
    """

    title: str
    is_number: bool = False
    may_shrink: bool = False
    paint: Callable[[str], str] = str


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None = None
) -> str:
    """Lines under one line of titles; columns without any content are left out, and so are the
    last ones where there is no room for all.

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
    rows = [[" ".join(row[number].split()) for number in kept] for row in rows]
    widths = [
        max(len(column.title), *(width_of(row[number]) for row in rows))
        for number, column in enumerate(columns)
    ]
    room = shutil.get_terminal_size().columns if width is None else width
    _shrink(widths, columns, room)
    while len(widths) > 1 and _total(widths) > room:
        widths.pop()
    columns, rows = columns[: len(widths)], [row[: len(widths)] for row in rows]
    plain = [Column(c.title, c.is_number, c.may_shrink) for c in columns]
    head = _line(plain, [column.title for column in columns], widths)
    return "\n".join([head, *(_line(columns, cells, widths) for cells in rows)])


def _shrink(widths: list[int], columns: Sequence[Column], width: int) -> None:
    """Take from the widest columns that may shrink what the terminal has not."""
    while _total(widths) > width:
        wide = [n for n, c in enumerate(columns) if c.may_shrink and widths[n] > _NARROWEST]
        if not wide:
            return
        widths[max(wide, key=lambda number: widths[number])] -= 1


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _line(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> str:
    placed = (
        column.paint(_place(cut(cell, width), width, column.is_number))
        for column, cell, width in zip(columns, cells, widths, strict=True)
    )
    return (" " * _GAP).join(placed).rstrip()


def _place(cell: str, width: int, is_number: bool) -> str:
    space = " " * (width - width_of(cell))
    return space + cell if is_number else cell + space


def cut(text: str, width: int) -> str:
    """The text, shortened at its end to fit; what a terminal would obey becomes a dot.

    Examples
    --------
    >>> cut("collect at totals.py:7", 10)
    'collect a…'
    """
    text = " ".join(text.split())
    if not text.isprintable():
        text = "".join(c if c.isprintable() else "·" for c in text)
    if width_of(text) <= width:
        return text
    kept = width_of(text)
    while text and kept > width - 1:
        kept -= width_of(text[-1])
        text = text[:-1]
    return text + "…"


def wrapped(sentence: str, width: int | None = None) -> list[str]:
    """A sentence as lines that fit, broken between words; a word that does not fit is cut.

    Parameters
    ----------
    width
        Of the terminal; None: as it is now.

    Examples
    --------
    >>> wrapped("Cleaner: waiting. Watches 2 RDDs.", 20)
    ['Cleaner: waiting.', 'Watches 2 RDDs.']
    """
    room = shutil.get_terminal_size().columns if width is None else width
    lines = [""]
    for word in sentence.split():
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if not lines[-1] or width_of(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return [cut(line, room) for line in lines]


def width_of(text: str) -> int:
    """Columns of a terminal that the text takes: East Asian letters and most symbols take two.

    Examples
    --------
    >>> width_of("job"), width_of("仕事"), width_of("e\u0301")
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
