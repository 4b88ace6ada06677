"""How much is stored for one RDD, shuffle, broadcast or checkpoint, and where.

Thread  any; tables of the scheduler are read in its thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Final

from pyspark_shell.common.record import record
from pyspark_shell.driver.cleanup_task import (
    CleanBroadcast,
    CleanCheckpoint,
    CleanRDD,
    CleanShuffle,
    CleanupTask,
)
from pyspark_shell.scheduler.scheduler import Scheduler
from pyspark_shell.storage.block_id import broadcast_file
from pyspark_shell.storage.local_dirs import LocalDirs


@record
class Footprint:
    """What is stored of one thing.

    Attributes
    ----------
    blocks
        Number of partitions, map outputs or files.
    executors
        Who wrote it, as far as that is known.
    where
        The directories that hold it, as people say it.
    """

    memory_bytes: int = 0
    disk_bytes: int = 0
    blocks: int = 0
    executors: tuple[str, ...] = ()
    where: tuple[str, ...] = ()


NOTHING: Final = Footprint()
ON_DISK: Final = "application's directory"
IN_MEMORY: Final = "application's directory in memory"


class StoredSizes:
    """Sizes from the block table, the map outputs, and the files of broadcasts and checkpoints."""

    def __init__(self, scheduler: Scheduler, dirs: LocalDirs) -> None:
        self._scheduler = scheduler
        self._broadcasts = dirs.path("broadcast")
        has_tmpfs = dirs.memory_root != dirs.root
        self._memory = IN_MEMORY if has_tmpfs else ON_DISK

    def of(self, task: CleanupTask) -> Footprint | None:
        """What one task would remove now; None for a shuffle that the scheduler does not know."""
        if isinstance(task, CleanShuffle) and not self._scheduler.tracker.contains_shuffle(
            task.entity_id
        ):
            return None
        return self.of_all([task])[0]

    def of_all(self, tasks: Sequence[CleanupTask]) -> list[Footprint]:
        """The same for many, with one question to the scheduler; nothing for what it does not
        know.
        """
        if not any(isinstance(task, CleanRDD | CleanShuffle) for task in tasks):
            return [self._on_disk(task) for task in tasks]
        known = self._scheduler.ask(lambda: [self._in_tables(task) for task in tasks])
        return [
            self._on_disk(task) if footprint is None else footprint
            for task, footprint in zip(tasks, known, strict=True)
        ]

    def _in_tables(self, task: CleanupTask) -> Footprint | None:
        if isinstance(task, CleanRDD):
            return self._rdd(task.entity_id)
        if isinstance(task, CleanShuffle):
            return self._shuffle(task.entity_id)
        return None

    def _rdd(self, rdd_id: int) -> Footprint:
        blocks = self._scheduler.blocks.cached_partitions(rdd_id).values()
        memory_bytes = sum(block.memory_bytes for block in blocks)
        disk_bytes = sum(block.disk_bytes for block in blocks)
        executors = tuple(sorted({block.executor_id for block in blocks}))
        places = [self._memory] * bool(memory_bytes) + [ON_DISK] * bool(disk_bytes)
        where = tuple(dict.fromkeys(places))
        return Footprint(memory_bytes, disk_bytes, len(blocks), executors, where)

    def _shuffle(self, shuffle_id: int) -> Footprint:
        sizes = self._scheduler.tracker.output_sizes(shuffle_id)
        return _files(sizes, ON_DISK)

    def _on_disk(self, task: CleanupTask) -> Footprint:
        if isinstance(task, CleanBroadcast):
            path = os.path.join(self._broadcasts, broadcast_file(task.entity_id))
            return _files(_sizes([path]), ON_DISK)
        if isinstance(task, CleanCheckpoint):
            return _files(_sizes(_entries(task.directory)), task.directory)
        return NOTHING


def _files(sizes: Sequence[int], where: str) -> Footprint:
    places = (where,) if sizes else ()
    return Footprint(disk_bytes=sum(sizes), blocks=len(sizes), where=places)


def _sizes(paths: Iterable[str]) -> list[int]:
    sizes = []
    for path in paths:
        try:
            sizes.append(os.stat(path).st_size)
        except OSError:
            continue
    return sizes


def _entries(directory: str) -> list[str]:
    try:
        return [entry.path for entry in os.scandir(directory)]
    except OSError:
        return []
