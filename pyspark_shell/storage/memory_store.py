"""Blocks of the memory levels: files in a tmpfs, within a budget that all executors share.

Thread  any process's task thread; processes agree through the directory itself, without a lock:
        two that make room at once remove the same oldest files, which is harmless.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable

from pyspark_shell.common.record import record
from pyspark_shell.storage.block_file import MAY_GO_TO_DISK, read_flags, remove_quietly
from pyspark_shell.storage.block_id import rdd_of


@record
class _Resident:
    path: str
    name: str
    size_bytes: int
    last_used_ns: int


class MemoryStore:
    """Keeps the blocks directory in memory below `budget_bytes`; the least recently used go first.

    Parameters
    ----------
    directory, disk_directory
        Where blocks lie, and where those go that may be moved to disk.
    budget_bytes
        For all blocks of the application together.
    on_evicted
        Told the block's name, and its size on disk afterwards (0: dropped).
    """

    def __init__(
        self,
        directory: str,
        disk_directory: str,
        budget_bytes: int,
        on_evicted: Callable[[str, int], None],
    ) -> None:
        self._directory = directory
        self._disk_directory = disk_directory
        self._budget_bytes = budget_bytes
        self._on_evicted = on_evicted

    def path(self, block_id: str) -> str:
        """Where the block is, or would be."""
        return os.path.join(self._directory, block_id)

    def make_room(self, size_bytes: int, for_block: str) -> bool:
        """Evict until `size_bytes` more fit; False if they never will.

        Blocks of the same RDD are not evicted for one another (Spark's rule: it would only go
        round in circles).
        """
        if size_bytes > self._budget_bytes:
            return False
        residents = self._residents()
        used = sum(resident.size_bytes for resident in residents)
        rdd_id = rdd_of(for_block)
        for resident in sorted(residents, key=lambda r: r.last_used_ns):
            if used + size_bytes <= self._budget_bytes:
                break
            if rdd_of(resident.name) == rdd_id:
                continue
            used -= resident.size_bytes
            self._evict(resident)
        return used + size_bytes <= self._budget_bytes

    def touch(self, path: str) -> None:
        """Note that a block was used; changes only its access time."""
        try:
            status = os.stat(path)
            os.utime(path, ns=(time.time_ns(), status.st_mtime_ns))
        except OSError:
            return

    def _residents(self) -> list[_Resident]:
        found = []
        with os.scandir(self._directory) as entries:
            for entry in entries:
                if entry.name.endswith(".tmp") or not entry.name.startswith("rdd_"):
                    continue
                try:
                    status = entry.stat()
                except OSError:
                    continue
                found.append(_Resident(entry.path, entry.name, status.st_size, status.st_atime_ns))
        return found

    def _evict(self, resident: _Resident) -> None:
        moved_bytes = 0
        if read_flags(resident.path) & MAY_GO_TO_DISK:
            target = os.path.join(self._disk_directory, resident.name)
            temporary = f"{target}.{os.getpid()}.tmp"
            try:
                shutil.copyfile(resident.path, temporary)
                os.rename(temporary, target)
                moved_bytes = resident.size_bytes
            except OSError:
                remove_quietly(temporary)
        if remove_quietly(resident.path):
            self._on_evicted(resident.name, moved_bytes)
