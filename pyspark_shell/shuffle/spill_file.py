"""Holds on disk, as pickled blocks, the records that do not fit into memory.

Owns    one file without a name, so nothing stays behind however the process ends.
Thread  the task's.
Source  takes the place of PySpark's one file for each spill and partition. Blocks are not
        compressed: zlib would take longer than all the rest, and the page cache holds most of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from pyspark_shell.common.pickling import dumps, loads
from pyspark_shell.common.record import record
from pyspark_shell.storage.block_file import name_the_file

Block = tuple[int, int]
"""Offset and length in bytes."""

_BLOCK_BYTES: Final = 1 << 18
"""Wanted size of a block: large enough for the pickler, small enough to hold one for each run."""

_MAX_BLOCK_RECORDS: Final = 10_000


@record(frozen=False)
class SpillMetrics:
    """What this process has spilled since the last `take()`."""

    memory_bytes_spilled: int = 0
    disk_bytes_spilled: int = 0

    def take(self) -> SpillMetrics:
        """Give the counters and start again at zero: called by the engine when a task ends."""
        taken = SpillMetrics(self.memory_bytes_spilled, self.disk_bytes_spilled)
        self.memory_bytes_spilled = self.disk_bytes_spilled = 0
        return taken

    def count_freed(self, before: float, after: float) -> None:
        """Count the memory that a spill gave back, from the meter's values in MiB."""
        self.memory_bytes_spilled += int(max(0.0, before - after) * (1 << 20))


SPILL_METRICS: Final = SpillMetrics()


class SpillFile:
    """A growing file of blocks.

    Parameters
    ----------
    local_dirs
        Where it may lie; the first is taken. A directory that does not exist is not made:
        its nearest existing parent serves as well for a file without a name.
    """

    def __init__(self, local_dirs: Sequence[str]) -> None:
        self._directory = _existing_directory(local_dirs[0])
        self._fd = _open_nameless(self._directory)
        self._size_bytes = 0
        self.block_records = 64

    def write(self, records: list[Any]) -> Block:
        """Append one block, and learn from its size how many records the next should have."""
        data = dumps(records)
        if len(data) < _BLOCK_BYTES // 2 and len(records) >= self.block_records:
            self.block_records = min(self.block_records * 2, _MAX_BLOCK_RECORDS)
        elif len(data) > _BLOCK_BYTES * 2:
            self.block_records = max(self.block_records // 2, 1)
        return self.write_bytes(data)

    def write_bytes(self, data: bytes) -> Block:
        """Append a block that is pickled already."""
        block = self._size_bytes, len(data)
        left = memoryview(data)
        try:
            while left:
                left = left[os.pwrite(self._fd, left, self._size_bytes + len(data) - len(left)) :]
        except OSError as error:
            name_the_file(error, self._directory)
            raise
        self._size_bytes += len(data)
        SPILL_METRICS.disk_bytes_spilled += len(data)
        return block

    def write_all(self, records: Iterable[Any]) -> list[Block]:
        """Append blocks until `records` ends."""
        remaining = iter(records)
        blocks = []
        while batch := list(islice(remaining, self.block_records)):
            blocks.append(self.write(batch))
        return blocks

    def read(self, block: Block) -> list[Any]:
        """Load the records of one block."""
        records: list[Any] = loads(self.read_bytes(block))
        return records

    def read_bytes(self, block: Block) -> bytes:
        """Load one block as it was pickled."""
        offset, length = block
        parts = []
        while length:
            part = os.pread(self._fd, length, offset)
            if not part:
                raise EOFError(f"spill file ends before byte {offset + length}")
            parts.append(part)
            offset += len(part)
            length -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_all(self, blocks: Iterable[Block]) -> Iterator[list[Any]]:
        """Load blocks one after another, as they are asked for."""
        return map(self.read, blocks)

    def close(self) -> None:
        """Give the disk space back; the file cannot be used any more."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self, _close: Callable[[int], None] = os.close) -> None:
        # Also runs when __init__ failed, and while the interpreter ends.
        fd = getattr(self, "_fd", -1)
        if fd >= 0:
            _close(fd)


def _existing_directory(path: str) -> str:
    while not os.path.isdir(path):
        path = os.path.dirname(path) or "."
    return path


def _open_nameless(directory: str) -> int:
    if hasattr(os, "O_TMPFILE"):
        try:
            return os.open(directory, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
        except OSError:
            pass  # a file system that cannot: network and some overlay file systems
    import tempfile

    fd, path = tempfile.mkstemp(prefix="spill-", dir=directory)
    os.unlink(path)
    return fd
