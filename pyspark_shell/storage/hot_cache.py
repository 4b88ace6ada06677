"""Records of recently used blocks as objects, so that re-use costs no unpickling.

Owns    a bounded, least-recently-used table from block name to batches of records.
Thread  the task's main thread; `drop` may be called by the message thread.

Only records that cannot be changed in place are kept, since every task that reads the block shares
them.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import Any, Final

from pyspark_shell.common.record import record

# Objects take more room than their pickle; measured on small ints and short tuples: 4 to 6 times.
OBJECT_BYTES_PER_PICKLED_BYTE: Final = 5


@record
class FileSignature:
    """Tells one version of a file from the next that takes its name."""

    inode: int
    modified_ns: int
    size_bytes: int

    @classmethod
    def of(cls, path: str) -> FileSignature | None:
        """Signature of the file at `path`, None if there is none."""
        try:
            status = os.stat(path)
        except OSError:
            return None
        return cls(status.st_ino, status.st_mtime_ns, status.st_size)


@record
class HotBlock:
    """Batches of one block and the file that they were read from."""

    batches: list[list[Any]]
    path: str
    signature: FileSignature
    size_bytes: int


class HotCache:
    """Least-recently-used blocks, up to `budget_bytes` of estimated object size."""

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self._blocks: OrderedDict[str, HotBlock] = OrderedDict()
        self._used_bytes = 0

    def get(self, block_id: str) -> list[list[Any]] | None:
        """The block's batches, if they are here and their file is still the one they came from."""
        block = self._blocks.get(block_id)
        if block is None:
            return None
        if FileSignature.of(block.path) != block.signature:
            self.drop(block_id)
            return None
        self._blocks.move_to_end(block_id)
        return block.batches

    def put(self, block_id: str, batches: list[list[Any]], path: str, size_bytes: int) -> None:
        """Keep a block if it fits; older ones make room."""
        signature = FileSignature.of(path)
        if signature is None or size_bytes > self.budget_bytes:
            return
        self.drop(block_id)
        while self._blocks and self._used_bytes + size_bytes > self.budget_bytes:
            self.drop(next(iter(self._blocks)))
        self._blocks[block_id] = HotBlock(batches, path, signature, size_bytes)
        self._used_bytes += size_bytes

    def drop(self, prefix: str) -> None:
        """Forget every block whose name begins with `prefix`."""
        for block_id in [b for b in list(self._blocks) if b.startswith(prefix)]:
            block = self._blocks.pop(block_id, None)
            if block is not None:
                self._used_bytes -= block.size_bytes

    def __len__(self) -> int:
        return len(self._blocks)

    def __repr__(self) -> str:
        return f"<HotCache {len(self)} blocks, {self._used_bytes} of {self.budget_bytes} bytes>"
