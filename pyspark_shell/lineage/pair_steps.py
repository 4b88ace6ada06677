"""Steps that change the values of pairs and leave the keys.

They read the first two items of a record, whatever else it has, as PySpark's do; it costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyspark_shell.lineage.steps import Step


class MapValues(Step):
    """`(key, f(value))` for each pair."""

    __slots__ = ()

    def apply(self, index: int, records: Iterator[Any]) -> Iterator[Any]:
        f = self.f
        return ((record[0], f(record[1])) for record in records)


class FlatMapValues(Step):
    """`(key, item)` for each item of `f(value)`."""

    __slots__ = ()

    def apply(self, index: int, records: Iterator[Any]) -> Iterator[Any]:
        f = self.f
        return ((record[0], item) for record in records for item in f(record[1]))
