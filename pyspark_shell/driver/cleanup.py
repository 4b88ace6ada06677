"""The context cleaner with all that belongs to it, put together as the configuration says.

Owns    the removals, the cleaner, the collection of reference cycles, and the view of them.
Thread  any; made, started and stopped by the driver.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pyspark_shell.common.call_site import first_spark_call
from pyspark_shell.common.config import (
    CLEANER_BLOCKING,
    CLEANER_BLOCKING_SHUFFLE,
    CLEANER_BLOCKING_TIMEOUT,
    CLEANER_CHECKPOINTS,
    CLEANER_GC_ON_BYTES,
    CLEANER_MIN_AGE,
    CLEANER_PERIODIC_GC_INTERVAL,
    CLEANER_REFERENCE_TRACKING,
)
from pyspark_shell.common.config_entry import Settings
from pyspark_shell.driver.cleaner_view import CleanerView
from pyspark_shell.driver.cleanup_task import (
    CleanAccum,
    CleanBroadcast,
    CleanCheckpoint,
    CleanRDD,
    CleanShuffle,
    CleanSparkListener,
)
from pyspark_shell.driver.context_cleaner import CleanerPolicy, ContextCleaner
from pyspark_shell.driver.failed_frames import empty_frames_soon
from pyspark_shell.driver.garbage_collection import GarbageCollection
from pyspark_shell.driver.removals import Removals
from pyspark_shell.lineage.checkpoint_rdd import ReliableCheckpointRDD
from pyspark_shell.lineage.node import LineageNode, ShuffleDependency
from pyspark_shell.listener.live_listener_bus import LiveListenerBus
from pyspark_shell.scheduler.scheduler import Scheduler
from pyspark_shell.shared_variables.accumulator_registry import AccumulatorRegistry
from pyspark_shell.shared_variables.accumulators import Accumulator
from pyspark_shell.shared_variables.broadcast import Broadcast
from pyspark_shell.storage.local_dirs import LocalDirs

# The status listeners' queue: nothing of it is ever dropped.
_QUEUE: Final = "appStatus"


class Cleanup:
    """What cleans for one application.

    Parameters
    ----------
    checkpoint_dir
        Tells the directory of reliable checkpoints, None if none is set.
    on_fatal_error
        Ends the application.
    """

    def __init__(
        self,
        conf: Settings,
        scheduler: Scheduler,
        dirs: LocalDirs,
        bus: LiveListenerBus,
        accumulators: AccumulatorRegistry,
        checkpoint_dir: Callable[[], str | None],
        on_fatal_error: Callable[[], object],
    ) -> None:
        self._bus = bus
        self._timeout_s = CLEANER_BLOCKING_TIMEOUT.read(conf)
        self._cleans_checkpoints = CLEANER_CHECKPOINTS.read(conf)
        self.removals = Removals(
            scheduler, dirs, bus, accumulators, self._timeout_s, checkpoint_dir
        )
        self.collection = GarbageCollection(
            CLEANER_PERIODIC_GC_INTERVAL.read(conf), CLEANER_GC_ON_BYTES.read(conf)
        )
        policy = CleanerPolicy(
            CLEANER_BLOCKING.read(conf),
            CLEANER_BLOCKING_SHUFFLE.read(conf),
            CLEANER_MIN_AGE.read(conf),
        )
        self.cleaner = (
            ContextCleaner(self.removals, policy, on_fatal_error)
            if CLEANER_REFERENCE_TRACKING.read(conf)
            else None
        )
        self.view = CleanerView(
            self.cleaner, self.collection, self.removals.sizes, scheduler.running_jobs
        )

    def start(self) -> None:
        """Begin to clean and to collect, unless that is switched off."""
        if self.cleaner is not None:
            self.cleaner.start()
            self.collection.start()
            self._bus.add(self.collection, _QUEUE)
            self._bus.add(_OrphanWatch(self.cleaner), _QUEUE)

    def stop(self) -> None:
        """Finish the item at hand, then end."""
        if self.cleaner is not None:
            self.cleaner.stop(self._timeout_s)
            self.collection.stop(self._timeout_s)

    def empty_frames(self, error: BaseException) -> None:
        """Have the engine's functions that an error went through hold nothing any more."""
        if self.cleaner is not None:
            empty_frames_soon(error, self.cleaner.later)

    def clean_shuffle(self, shuffle_id: int, blocking: bool = False) -> None:
        """Remove a shuffle's files; a later job writes them again."""
        if self.cleaner is None:
            self.removals.remove_shuffle(shuffle_id, blocking)
        else:
            self.cleaner.clean(CleanShuffle(shuffle_id), blocking)

    # What is to be watched ------------------------------------------------------------------

    def track_rdd(self, node: LineageNode) -> None:
        """Clean an RDD's cached blocks once nobody refers to it."""
        if self.cleaner is not None:
            self.cleaner.track(node, CleanRDD(node.id), node.name or node.kind, node.call_site)

    def track_shuffle(self, dependency: ShuffleDependency) -> None:
        """Clean a shuffle's files once nobody refers to it."""
        if self.cleaner is not None:
            task = CleanShuffle(dependency.shuffle_id)
            self.cleaner.track(dependency, task, "", dependency.parent.call_site)

    def track_broadcast(self, broadcast: Broadcast[Any]) -> None:
        """Clean a broadcast's file and values once nobody refers to it."""
        if self.cleaner is not None:
            task = CleanBroadcast(broadcast._id)
            self.cleaner.track(broadcast, task, "", str(first_spark_call()))

    def track_accumulator(self, accumulator: Accumulator[Any]) -> None:
        """Take no more updates for an accumulator once nobody refers to it."""
        if self.cleaner is not None:
            task = CleanAccum(accumulator.aid)
            self.cleaner.track(accumulator, task, "", str(first_spark_call()))

    def track_checkpoint(self, node: LineageNode) -> None:
        """Clean the files of an RDD's reliable checkpoint once nobody refers to that, if wanted."""
        saved = node.checkpointed
        if (
            self.cleaner is not None
            and self._cleans_checkpoints
            and isinstance(saved, ReliableCheckpointRDD)
        ):
            task = CleanCheckpoint(node.id, saved.directory)
            self.cleaner.track(saved, task, node.name or "", node.call_site)

    def track_listener(self, owner: Any, listener: Any) -> None:
        """Take a listener off the bus once nobody refers to its owner."""
        if self.cleaner is not None:
            self.cleaner.track(owner, CleanSparkListener(id(listener), listener))


class _OrphanWatch:
    """Has what could not be removed tried again when executors change."""

    def __init__(self, cleaner: ContextCleaner) -> None:
        self._cleaner = cleaner

    def onExecutorAdded(self, event: object) -> None:
        self._cleaner.retry_orphans()
