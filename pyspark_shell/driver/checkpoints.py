"""Makes the checkpoints that were asked for, after the job that computed their RDDs.

Thread  the user's, at the end of an action.
Source  Spark's RDD.doCheckpoint: parents first, once per RDD.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pyspark_shell.lineage.checkpoint_rdd import (
    LocalCheckpointRDD,
    ReliableCheckpointRDD,
    write_checkpoint_part,
)
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.lineage.task_context import TaskContext

RunJob = Callable[[LineageNode, Callable[[TaskContext, Any], Any], Sequence[int]], list[Any]]


def wanted_checkpoints(last: LineageNode) -> list[LineageNode]:
    """Nodes at or above `last`, across shuffles, whose checkpoint is still to be made; parents
    first.
    """
    found: list[LineageNode] = []
    seen = {id(last)}
    queue = [last]
    while queue:
        node = queue.pop()
        if node.checkpoint_wanted:
            found.append(node)
        shuffle = node.live_shuffle()
        above = (*node.live_parents(), *((shuffle.parent,) if shuffle is not None else ()))
        for parent in above:
            if id(parent) not in seen:
                seen.add(id(parent))
                queue.append(parent)
    found.reverse()
    return found


def make_checkpoint(
    node: LineageNode,
    directory: str | None,
    cached_partitions: Callable[[int], set[int]],
    run_job: RunJob,
) -> None:
    """Save one node's partitions and cut its lineage."""
    wanted, node.checkpoint_wanted = node.checkpoint_wanted, ""
    count = len(node.partitions())
    if wanted == "local":
        missing = sorted(set(range(count)) - cached_partitions(node.id))
        if missing:
            run_job(node, _exhaust, missing)
        node.replace_by_checkpoint(
            LocalCheckpointRDD(node.registry, node.id, count, node.call_site)
        )
        return
    assert directory is not None
    target = os.path.join(directory, f"rdd-{node.id}")
    os.makedirs(target, exist_ok=True)
    run_job(node, partial(write_checkpoint_part, target), range(count))
    node.replace_by_checkpoint(ReliableCheckpointRDD(node.registry, target, count, node.call_site))


def _exhaust(context: TaskContext, records: Any) -> None:
    for _ in records:
        pass
