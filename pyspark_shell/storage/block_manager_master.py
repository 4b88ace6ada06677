"""The driver's table of blocks: which exist, how large they are, who has them hot.

Owns    block sizes and hot holders.
Thread  `dag-scheduler-event-loop`.
"""

from __future__ import annotations

from collections import defaultdict

from pyspark_shell.common.record import field, record
from pyspark_shell.storage.block_id import rdd_of


@record(frozen=False)
class BlockStatus:
    """Sizes of one block, and the executor that used it last."""

    memory_bytes: int
    disk_bytes: int
    executor_id: str


@record(frozen=False)
class RDDBlocks:
    """Blocks of one persisted RDD, by partition."""

    blocks: dict[int, BlockStatus] = field(default_factory=dict)


class BlockManagerMaster:
    """Blocks of all persisted RDDs."""

    def __init__(self) -> None:
        self._rdds: defaultdict[int, RDDBlocks] = defaultdict(RDDBlocks)

    def update(self, block_id: str, memory_bytes: int, disk_bytes: int, executor_id: str) -> None:
        """Take in what an executor reported."""
        rdd_id, split = rdd_of(block_id), int(block_id.rsplit("_", 1)[1])
        if memory_bytes or disk_bytes:
            self._rdds[rdd_id].blocks[split] = BlockStatus(memory_bytes, disk_bytes, executor_id)
        elif rdd_id in self._rdds:
            self._rdds[rdd_id].blocks.pop(split, None)

    def hot_executor(self, rdd_id: int, split: int) -> str | None:
        """The executor that most likely has the partition as objects."""
        rdd = self._rdds.get(rdd_id)
        status = rdd.blocks.get(split) if rdd else None
        return status.executor_id if status else None

    def cached_partitions(self, rdd_id: int) -> dict[int, BlockStatus]:
        """Status of each cached partition of an RDD."""
        rdd = self._rdds.get(rdd_id)
        return rdd.blocks if rdd else {}

    def remove_rdd(self, rdd_id: int) -> None:
        """Forget an RDD's blocks."""
        self._rdds.pop(rdd_id, None)

    def assert_empty(self) -> None:
        """Raise if any block is left."""
        left = {rdd_id for rdd_id, rdd in self._rdds.items() if rdd.blocks}
        assert not left, f"blocks of RDDs {sorted(left)} are left"
