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
from contextlib import suppress
from itertools import chain, islice
from typing import Any, ClassVar, Final

from pyspark_shell.common.record import record
from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.storage.block_file import (
    HEADER_BYTES,
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


def _as_they_are(batches: Batches, size_bytes: int) -> Batches:
    return batches


@record
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
        self,
        block_id: str,
        level: StorageLevel,
        compute: Callable[[], Iterator[Any]],
        on_hit: Callable[[Batches, int], Batches] = _as_they_are,
    ) -> Batches:
        """The block's records in batches, from the cache if it is there, else computed and kept.

        Parameters
        ----------
        on_hit
            Given the batches of a block that is there, and its size in bytes; gives them back.
        """
        batches = self.get(block_id)
        if batches is None:
            return self._compute_and_keep(block_id, level, compute)
        return on_hit(batches, self._size_bytes(block_id))

    def _size_bytes(self, block_id: str) -> int:
        for path in (self._memory.path(block_id), self._disk_path(block_id)):
            with suppress(OSError):
                return os.stat(path).st_size - HEADER_BYTES
        return 0

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
        """Compute once, whatever becomes of the block: a second pass over the records would do
        twice what the user's functions do besides, such as add to accumulators.
        """
        try:
            records = compute()
            if level.useMemory:
                return self._keep_in_memory(block_id, level, records)
            return self._keep_on_disk(block_id, memoryview(b""), records)
        except BaseException:
            # The driver may think that the block exists, and hence that its parents are not needed.
            self._report(BlockUpdate(block_id, 0, 0))
            raise

    def _keep_in_memory(
        self, block_id: str, level: StorageLevel, records: Iterator[Any]
    ) -> Batches:
        path = self._memory.path(block_id)
        flags = MAY_GO_TO_DISK if level.useDisk else 0
        is_open = False
        try:
            # Without a buffer, so that what was written is known if the rest finds no room.
            with writing_block(path, flags, buffer_bytes=0) as writer:
                is_open = True
                batches, shareable = self._fill(writer, records, overflows=True)
                size_bytes = writer.bytes_written
                if not self._memory.make_room(size_bytes, block_id):
                    raise _NoRoom(writer.written(size_bytes), iter(()))
        except _NoRoom as error:
            return self._keep_elsewhere(block_id, level, error.written, error.rest)
        except OSError as error:
            if is_open or error.errno not in _NO_ROOM:
                raise
            return self._keep_elsewhere(block_id, level, memoryview(b""), records)
        size_bytes = max(1, size_bytes)  # none at all would mean that the block is gone
        self._report(BlockUpdate(block_id, size_bytes, 0))
        return self._kept(block_id, path, size_bytes, batches, shareable)

    def _keep_elsewhere(
        self, block_id: str, level: StorageLevel, written: memoryview, rest: Iterator[Any]
    ) -> Batches:
        """Go on with a block that memory has no room for, on disk if it may go there."""
        if level.useDisk:
            return self._keep_on_disk(block_id, written, rest)
        return chain(read_batches(written), iter(lambda: list(islice(rest, FIRST_BATCH)), []))

    def _keep_on_disk(self, block_id: str, written: memoryview, records: Iterator[Any]) -> Batches:
        """Write a block to disk, which begins with frames that are written already."""
        path = self._disk_path(block_id)
        with writing_block(path) as writer:
            writer.write(written)
            batches, shareable = self._fill(writer, records)
            size_bytes = max(1, writer.bytes_written)
        self._report(BlockUpdate(block_id, 0, size_bytes))
        return self._kept(block_id, path, size_bytes, None if written else batches, shareable)

    def _kept(
        self,
        block_id: str,
        path: str,
        size_bytes: int,
        batches: list[list[Any]] | None,
        shareable: bool,
    ) -> Batches:
        if batches is None:
            return read_batches(read_block(path))
        if shareable:
            self._hot.put(block_id, batches, path, size_bytes * OBJECT_BYTES_PER_PICKLED_BYTE)
        return batches

    def _fill(
        self, writer: BlockWriter, records: Iterator[Any], overflows: bool = False
    ) -> tuple[list[list[Any]] | None, bool]:
        """Write all records; also give the batches back while they fit into the hot cache's
        budget.

        Raises
        ------
        _NoRoom
            With `overflows`: the file can take no more.
        """
        batches: list[list[Any]] | None = []
        shareable = True
        size = FIRST_BATCH
        while batch := list(islice(records, size)):
            before = writer.bytes_written
            parts = encode_frame(batch)
            try:
                for part in parts:
                    writer.write(part)
            except OSError as error:
                if not overflows or error.errno not in _NO_ROOM:
                    raise
                raise _NoRoom(writer.written(before), chain(batch, records)) from None
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
    """The memory store cannot take the block.

    Parameters
    ----------
    written
        The frames that were written, mapped, so that they outlive the file.
    rest
        The records that follow them.
    """

    def __init__(self, written: memoryview, rest: Iterator[Any]) -> None:
        super().__init__()
        self.written = written
        self.rest = rest
