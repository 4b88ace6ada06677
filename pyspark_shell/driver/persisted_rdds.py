"""What is kept of RDDs: cached partitions, and checkpoints that cut a lineage.

Thread  the user's; several may ask at once.
"""

from __future__ import annotations

from pyspark_shell.common.record import record
from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.driver.checkpoints import RunJob, make_checkpoint, wanted_checkpoints
from pyspark_shell.driver.cleanup import Cleanup
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.scheduler.scheduler import Scheduler


@record
class CachedNow:
    """What is cached of an RDD at this moment."""

    cached_partitions: int
    memory_size_bytes: int
    disk_size_bytes: int


class PersistedRDDs:
    """Marks nodes as to be kept, and gives up what is kept.

    Attributes
    ----------
    checkpoint_dir
        Where reliable checkpoints are written; None before somebody has said it.
    """

    def __init__(self, scheduler: Scheduler, cleanup: Cleanup) -> None:
        self._scheduler = scheduler
        self._cleanup = cleanup
        self.checkpoint_dir: str | None = None

    # The cache ------------------------------------------------------------------------------

    def persist(self, node: LineageNode, level: StorageLevel) -> None:
        """Keep a node's partitions from its next job on."""
        is_new = not node.storage_level.is_valid
        node.storage_level = level
        if is_new and level.is_valid:
            self._cleanup.track_rdd(node)

    def unpersist(self, node: LineageNode, blocking: bool = False) -> None:
        """Give a node's cached partitions up."""
        node.storage_level = StorageLevel.NONE
        self.remove(node.id, blocking)

    def remove(self, rdd_id: int, blocking: bool = False) -> None:
        """Remove the cached blocks of an RDD."""
        self._cleanup.removals.remove_rdd(rdd_id, blocking)

    def storage_info(self, rdd_id: int) -> CachedNow | None:
        """What is cached of an RDD now; None if nothing is."""

        def look() -> CachedNow | None:
            blocks = self._scheduler.blocks.cached_partitions(rdd_id).values()
            if not blocks:
                return None
            memory = sum(block.memory_bytes for block in blocks)
            return CachedNow(len(blocks), memory, sum(block.disk_bytes for block in blocks))

        return self._scheduler.ask(look)

    # Checkpoints ----------------------------------------------------------------------------

    def checkpoint(self, node: LineageNode) -> None:
        """Save a node to the checkpoint directory after its next job."""
        if node.checkpointed is None:
            node.checkpoint_wanted = "reliable"

    def local_checkpoint(self, node: LineageNode) -> None:
        """Keep a node in the cache after its next job, and cut its lineage."""
        if node.checkpointed is None:
            node.checkpoint_wanted = "local"

    def make_checkpoints(self, last: LineageNode, run_job: RunJob) -> None:
        """Make what is wanted at or above a node whose job has just ended."""
        for wanted in wanted_checkpoints(last):
            make_checkpoint(wanted, self.checkpoint_dir, self._cached_partitions, run_job)
            self._cleanup.track_checkpoint(wanted)

    def _cached_partitions(self, rdd_id: int) -> set[int]:
        blocks = self._scheduler.blocks
        return self._scheduler.ask(lambda: set(blocks.cached_partitions(rdd_id)))
