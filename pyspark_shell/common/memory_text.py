"""Sizes as PySpark's Python side writes them: a number and one of k, m, g, t."""

from __future__ import annotations

from typing import Final

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
