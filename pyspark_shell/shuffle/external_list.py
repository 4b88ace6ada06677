"""Lists that keep in memory only their end, the rest on disk.

Thread  the task's, or any one thread at a time.
Source  PySpark's ExternalList, with the same pickled meaning: a copy with all of its values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, ClassVar, TypeVar

from pyspark_shell.shuffle.spill_file import SPILL_METRICS, Block, SpillFile
from pyspark_shell.shuffle.used_memory import _get_local_dirs, get_used_memory

V = TypeVar("V")


class ExternalList(Iterable[V]):
    """A list that can be appended to, iterated over and pickled, of any length.

    Examples
    --------
    >>> squares = ExternalList([])
    >>> for number in range(30_000):
    ...     squares.append(number * number)
    >>> len(squares), len(squares.values) < 30_000
    (30000, True)
    >>> sum(squares) == sum(number * number for number in range(30_000))
    True
    """

    LIMIT: ClassVar[int] = 10240
    """How many values stay in memory; PySpark's number."""

    def __init__(self, values: list[V]) -> None:
        self.values = values
        self.count = len(values)
        self._file: SpillFile | None = None
        self._blocks: list[Block] = []

    def append(self, value: V) -> None:
        """Add one value at the end."""
        self.values.append(value)
        self.count += 1
        if len(self.values) >= self.LIMIT:
            self._spill()

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[V]:
        return chain.from_iterable(self._parts())

    def __repr__(self) -> str:
        on_disk = sum(length for _, length in self._blocks)
        return f"<{type(self).__name__}: {self.count} values, {on_disk} bytes on disk>"

    def __getstate__(self) -> tuple[list[V], int, list[bytes]]:
        blocks = [] if self._file is None else [self._file.read_bytes(b) for b in self._blocks]
        return self.values, self.count, blocks

    def __setstate__(self, state: tuple[list[V], int, list[bytes]]) -> None:
        self.values, self.count, blocks = state
        self._file, self._blocks = None, []
        for data in blocks:
            self._blocks.append(self._spill_file().write_bytes(data))

    def _parts(self) -> Iterator[list[V]]:
        if self._file is None:
            return iter((self.values,))
        return chain(self._file.read_all(tuple(self._blocks)), (self.values,))

    def _spill(self) -> None:
        before = get_used_memory()
        self._blocks += self._spill_file().write_all(self.values)
        self.values = []
        SPILL_METRICS.count_freed(before, get_used_memory())

    def _spill_file(self) -> SpillFile:
        if self._file is None:
            self._file = SpillFile(_get_local_dirs("objects"))
        return self._file


class ExternalListOfList(ExternalList[Any]):
    """An external list that is made of lists and shows their values one after another.

    Examples
    --------
    >>> pairs = ExternalListOfList([[1, 2], [3, 4]])
    >>> pairs.append([5])
    >>> len(pairs), list(pairs)
    (5, [1, 2, 3, 4, 5])
    """

    def __init__(self, values: list[Any]) -> None:
        super().__init__(values)
        self._in_memory = self.count = sum(map(len, values))

    def append(self, value: Any) -> None:
        """Add the values of one more list."""
        self.values.append(value)
        self.count += len(value)
        self._in_memory += len(value)
        # PySpark counts the lists only; its lists have at most 20 values, ours may be longer.
        if len(self.values) >= self.LIMIT or self._in_memory >= 20 * self.LIMIT:
            self._spill()
            self._in_memory = 0

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(super().__iter__())

    def __setstate__(self, state: tuple[list[Any], int, list[bytes]]) -> None:
        super().__setstate__(state)
        self._in_memory = sum(map(len, self.values))
