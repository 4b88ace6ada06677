"""Removes what is stored for RDDs, shuffles, broadcasts and checkpoints: tables, files, executors.

Thread  any; each removal may be done again, and by two threads at once.
Source  Spark's BlockManagerMaster and its unpersist and unbroadcast.

All that is removed belongs to one application, whose directories and executors nobody else has, so
a removal that comes late cannot hit what another context stored under the same number.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from pyspark_shell.common.errors import SparkException
from pyspark_shell.driver.cleanup_task import CleanupTask
from pyspark_shell.driver.stored_sizes import Footprint, StoredSizes
from pyspark_shell.listener.events import SparkListenerUnpersistRDD
from pyspark_shell.listener.live_listener_bus import LiveListenerBus
from pyspark_shell.scheduler.block_removal import BlockRemoval
from pyspark_shell.scheduler.dag_scheduler_event import RDDRemoved, ShuffleRemoved
from pyspark_shell.scheduler.scheduler import Scheduler
from pyspark_shell.shared_variables.accumulator_registry import AccumulatorRegistry
from pyspark_shell.storage.block_file import remove_quietly
from pyspark_shell.storage.block_id import broadcast_file, rdd_prefix, shuffle_prefix
from pyspark_shell.storage.local_dirs import LocalDirs

log: Final = logging.getLogger("pyspark_shell.BlockManagerMaster")


class RemovalNotConfirmed(SparkException):
    """Files are removed, but some executors have not said that they dropped what they held."""


class Removals:
    """The hands of one application's cleaner.

    Parameters
    ----------
    timeout_s
        How long a blocking removal waits for the executors.
    checkpoint_dir
        Tells the directory of reliable checkpoints, None if none is set.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        dirs: LocalDirs,
        bus: LiveListenerBus,
        accumulators: AccumulatorRegistry,
        timeout_s: float,
        checkpoint_dir: Callable[[], str | None],
    ) -> None:
        self._scheduler = scheduler
        self._dirs = dirs
        self._bus = bus
        self._timeout_s = timeout_s
        self._accumulators = accumulators
        self._checkpoint_dir = checkpoint_dir
        self.sizes = StoredSizes(scheduler, dirs)

    def stored(self, task: CleanupTask) -> Footprint | None:
        """What `task` would remove now; None for a shuffle that nobody knows."""
        return self.sizes.of(task)

    def remove_rdd(self, rdd_id: int, blocking: bool = False) -> None:
        """Remove the cached blocks of an RDD.

        Raises
        ------
        RemovalNotConfirmed
            `blocking`, and an executor did not answer in time.
        """
        self._scheduler.post(RDDRemoved(rdd_id))
        prefix = rdd_prefix(rdd_id)
        for directory in {self._dirs.memory_path("blocks"), self._dirs.path("blocks")}:
            _remove_files(directory, prefix)
        removal = self._scheduler.remove_blocks(prefix)
        self._bus.post(SparkListenerUnpersistRDD(rdd_id))
        if blocking:
            self._confirm(removal, f"Failed to remove RDD {rdd_id}")

    def remove_shuffle(self, shuffle_id: int, blocking: bool = False) -> None:
        """Remove a shuffle's files, then its map outputs from the table.

        Executors hold nothing of a shuffle; `blocking` waits until the scheduler has forgotten it.
        """
        _remove_files(self._dirs.path("shuffle"), shuffle_prefix(shuffle_id))
        self._scheduler.post(ShuffleRemoved(shuffle_id))
        if blocking:
            self._scheduler.ask(lambda: None, self._timeout_s)

    def remove_broadcast(self, broadcast_id: int, blocking: bool = False) -> None:
        """Remove a broadcast's file and the values that executors hold.

        Raises
        ------
        RemovalNotConfirmed
            `blocking`, and an executor did not answer in time.
        """
        name = broadcast_file(broadcast_id)
        remove_quietly(os.path.join(self._dirs.path("broadcast"), name))
        self.forget_broadcast(name, blocking, removes_file=True)

    def forget_broadcast(self, name: str, blocking: bool, removes_file: bool = False) -> None:
        """Have executors forget a broadcast's value."""
        removal = self._scheduler.remove_blocks(name)
        if blocking:
            number = name.rpartition("_")[2]
            text = str(removes_file).lower()
            self._confirm(
                removal, f"Failed to remove broadcast {number} with removeFromMaster = {text}"
            )

    def remove_accumulator(self, accumulator_id: int) -> None:
        """Take no more updates for an accumulator."""
        self._accumulators.forget(accumulator_id)

    def remove_listener(self, listener: Any) -> None:
        """Take a listener off the bus."""
        self._bus.remove(listener)

    def remove_checkpoint(self, rdd_id: int, directory: str = "") -> None:
        """Remove the files of a reliable checkpoint; those in `directory` if it is given."""
        root = self._checkpoint_dir()
        if directory or root is not None:
            shutil.rmtree(directory or os.path.join(root or "", f"rdd-{rdd_id}"), True)

    def _confirm(self, removal: BlockRemoval, failure: str) -> None:
        if removal.wait(self._timeout_s):
            return
        silent = removal.silent
        who = f"executor {silent[0]}" if len(silent) == 1 else f"executors {', '.join(silent)}"
        message = f"{who} did not answer within {self._timeout_s:g} s"
        log.warning("%s - %s", failure, message)
        raise RemovalNotConfirmed(f"{failure}: {message}")


def _remove_files(directory: str, prefix: str) -> None:
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith(prefix):
                remove_quietly(entry.path)
