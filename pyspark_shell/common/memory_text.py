"""Sizes in bytes as text: as PySpark's Python side reads them, and as people do."""

from __future__ import annotations

from typing import Final

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_MEBIBYTES: Final = {"g": 1024.0, "m": 1.0, "t": float(1 << 20), "k": 1.0 / 1024}


def parse_memory(text: str) -> int:
    """Read a size into MiB, rounded down; the unit may not be left out.

    Examples
    --------
    >>> parse_memory("2g"), parse_memory("2048k")
    (2048, 2)
    """
    unit = text[-1:].lower()
    if unit not in _MEBIBYTES:
        raise ValueError(f"invalid format: {text}")
    return int(float(text[:-1]) * _MEBIBYTES[unit])


def size_text(size_bytes: float) -> str:
    """A size for people.

    Examples
    --------
    >>> size_text(300), size_text(1_300_000)
    ('300 B', '1.2 MiB')
    """
    size, unit = float(size_bytes), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.0f} B" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"


def format_size(size_bytes: int) -> str:
    """Bytes as Spark prints them: `1024.3 MiB`."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 2 * 1024:
            return f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
