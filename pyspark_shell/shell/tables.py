"""Draws rows of text as a table that fits a terminal."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

from pyspark_shell.common.record import record

_GAP: Final = 2
_INDENT: Final = "  "


@record
class Column:
    """One column.

    Attributes
    ----------
    is_number
        Whether its cells stand at the right.
    may_shrink
        Whether its cells may be cut where the terminal is narrow.
    narrowest
        Below this they are not cut; columns that may become narrower are cut before.
    or_below
        Whether its cells stand under their rows where there is no room for the column.
    paint
        Puts colour around a cell that has its place already.
    """

    title: str
    is_number: bool = False
    may_shrink: bool = False
    narrowest: int = 8
    or_below: bool = False
    paint: Callable[[str], str] = str


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None = None
) -> str:
    """Lines under one line of titles; columns without any content are left out, and where there is
    no room for all the last ones are left out, or their cells stand below.

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
    number_kept = _how_many_fit(columns, widths, room)
    columns, below = columns[:number_kept], columns[number_kept:]
    widths = _shrunk(columns, widths[:number_kept], room)
    plain = [Column(c.title, c.is_number) for c in columns]
    lines = [_line(plain, [column.title for column in columns], widths)]
    for row in rows:
        lines.append(_line(columns, row[:number_kept], widths))
        under = zip(below, row[number_kept:], strict=True)
        cells = [cell for column, cell in under if column.or_below and cell]
        lines += [_INDENT + cut(cell, room - len(_INDENT)) for cell in cells]
    return "\n".join(lines)


def _how_many_fit(columns: Sequence[Column], widths: Sequence[int], room: int) -> int:
    """How many of the first columns there is room for when they are as narrow as can be."""
    narrow = [
        min(width, column.narrowest) if column.may_shrink else width
        for column, width in zip(columns, widths, strict=True)
    ]
    while len(narrow) > 1 and _total(narrow) > room:
        narrow.pop()
    return len(narrow)


def _shrunk(columns: Sequence[Column], widths: Sequence[int], room: int) -> list[int]:
    """Take what the terminal has not, from the widest of those columns that are cut first."""
    found = list(widths)
    while _total(found) > room:
        wide = [n for n, c in enumerate(columns) if c.may_shrink and found[n] > c.narrowest]
        if not wide:
            break
        found[max(wide, key=lambda n: (-columns[n].narrowest, found[n]))] -= 1
    return found


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
