"""One process's way to the application's blocks: read a cached partition, or compute and keep it.

Owns    this process's `HotCache`; the files belong to the application.
Thread  the task's main thread; `drop_hot` may be called by the message thread.
Source  Spark's BlockManager.getOrElseUpdate; differs in that a block is a file that any executor
        reads in place.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Final

from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.storage.block_file import (
    MAY_GO_TO_DISK,
    BlockWriter,
    read_block,
    remove_quietly,
    writing_block,
)
from pyspark_shell.storage.hot_cache import OBJECT_BYTES_PER_PICKLED_BYTE, HotCache
from pyspark_shell.storage.local_dirs import LocalDirs
from pyspark_shell.storage.memory_store import MemoryStore
from pyspark_shell.storage.record_batches import (
    FIRST_BATCH,
    are_immutable,
    encode_frame,
    next_batch_size,
    read_batches,
)

Batches = Iterable[list[Any]]

_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOT_THE_FILES_FAULT: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


@dataclass(frozen=True, slots=True)
class BlockUpdate:
    """What a process did to a block: its sizes now, both 0 when it is gone."""

    block_id: str
    memory_bytes: int
    disk_bytes: int


class BlockManager:
    """Reads and writes cached partitions.

    Parameters
    ----------
    dirs
        The application's directories.
    memory_budget_bytes
        For blocks of the memory levels, all executors together.
    hot_budget_bytes
        For this process's hot cache.
    report
        Called with each change to a block.
    """

    _current: ClassVar[BlockManager | None] = None

    def __init__(
        self,
        dirs: LocalDirs,
        memory_budget_bytes: int,
        hot_budget_bytes: int,
        report: Callable[[BlockUpdate], None],
    ) -> None:
        self._disk_directory = dirs.path("blocks")
        self._report = report
        self._hot = HotCache(hot_budget_bytes)
        self._memory = MemoryStore(
            dirs.memory_path("blocks"), self._disk_directory, memory_budget_bytes, self._evicted
        )

    @classmethod
    def current(cls) -> BlockManager:
        """This process's manager; unpickled nodes cannot be handed one."""
        if cls._current is None:
            raise RuntimeError(
                "no BlockManager in this process: partitions are computed in executors only"
            )
        return cls._current

    def install(self) -> None:
        """Make this the process's manager."""
        BlockManager._current = self

    def drop_hot(self, prefix: str) -> None:
        """Forget the objects of blocks whose names begin with `prefix`; files stay."""
        self._hot.drop(prefix)

    def get_or_compute(
        self, block_id: str, level: StorageLevel, compute: Callable[[], Iterator[Any]]
    ) -> Batches:
        """The block's records in batches, from the cache if it is there, else computed and kept."""
        batches = self.get(block_id)
        return self._compute_and_keep(block_id, level, compute) if batches is None else batches

    def get(self, block_id: str) -> Batches | None:
        """The block's records in batches, None if no good copy exists."""
        hot = self._hot.get(block_id)
        if hot is not None:
            return hot
        for path in (self._memory.path(block_id), self._disk_path(block_id)):
            try:
                data = read_block(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno in _NOT_THE_FILES_FAULT:
                    raise
                remove_quietly(path)  # damaged, or the disk cannot read it
                self._report(BlockUpdate(block_id, 0, 0))
                continue
            self._memory.touch(path)
            return self._read_and_warm(block_id, data, path)
        return None

    def _disk_path(self, block_id: str) -> str:
        return os.path.join(self._disk_directory, block_id)

    def _read_and_warm(self, block_id: str, data: memoryview, path: str) -> Batches:
        """Decode a block; what may be shared goes into the hot cache once it is read to the end."""
        size_bytes = len(data) * OBJECT_BYTES_PER_PICKLED_BYTE
        shareable = size_bytes <= self._hot.budget_bytes
        kept: list[list[Any]] = []
        for batch in read_batches(data):
            if shareable:
                shareable = are_immutable(batch)
                kept.append(batch)
            yield batch
        if shareable:
            self._hot.put(block_id, kept, path, size_bytes)

    def _compute_and_keep(
        self, block_id: str, level: StorageLevel, compute: Callable[[], Iterator[Any]]
    ) -> Batches:
        in_memory = level.useMemory
        path = self._memory.path(block_id) if in_memory else self._disk_path(block_id)
        flags = MAY_GO_TO_DISK if in_memory and level.useDisk else 0
        try:
            with writing_block(path, flags) as writer:
                batches, shareable = self._fill(writer, compute())
                size_bytes = writer.bytes_written
                if in_memory and not self._memory.make_room(size_bytes, block_id):
                    writer.finish()
                    raise _NoRoom(read_block(writer.path))
        except _NoRoom as error:
            if level.useDisk:
                self._write_to_disk(block_id, error.body)
            return read_batches(error.body)
        except OSError as error:
            if not in_memory or error.errno not in _NO_ROOM:
                raise
            if level.useDisk:
                return self._compute_and_keep(block_id, StorageLevel.DISK_ONLY, compute)
            return [list(compute())]
        except BaseException:
            # The driver may think that the block exists, and hence that its parents are not needed.
            self._report(BlockUpdate(block_id, 0, 0))
            raise
        size_bytes = max(1, size_bytes)  # none at all would mean that the block is gone
        self._report(
            BlockUpdate(block_id, size_bytes if in_memory else 0, 0 if in_memory else size_bytes)
        )
        if batches is None:
            return read_batches(read_block(path))
        if shareable:
            self._hot.put(block_id, batches, path, size_bytes * OBJECT_BYTES_PER_PICKLED_BYTE)
        return batches

    def _write_to_disk(self, block_id: str, body: memoryview) -> None:
        with writing_block(self._disk_path(block_id)) as writer:
            writer.write(body)
        self._report(BlockUpdate(block_id, 0, max(1, len(body))))

    def _fill(
        self, writer: BlockWriter, records: Iterator[Any]
    ) -> tuple[list[list[Any]] | None, bool]:
        """Write all records; also give the batches back while they fit into the hot cache's
        budget.
        """
        batches: list[list[Any]] | None = []
        shareable = True
        size = FIRST_BATCH
        while batch := list(islice(records, size)):
            before = writer.bytes_written
            for part in encode_frame(batch):
                writer.write(part)
            size = next_batch_size(size, writer.bytes_written - before)
            if batches is not None:
                batches.append(batch)
                shareable = shareable and are_immutable(batch)
                if writer.bytes_written * OBJECT_BYTES_PER_PICKLED_BYTE > self._hot.budget_bytes:
                    batches = None
        return batches, shareable

    def _evicted(self, block_id: str, disk_bytes: int) -> None:
        self._hot.drop(block_id)
        self._report(BlockUpdate(block_id, 0, disk_bytes))


class _NoRoom(Exception):
    """The memory store cannot take the block; its body is mapped, so it outlives the file."""

    def __init__(self, body: memoryview) -> None:
        super().__init__()
        self.body = body
