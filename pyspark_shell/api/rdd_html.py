"""What a notebook shows of an RDD: where it comes from, its partitions, what is cached of it.

It runs no job, reads no files and gives no ids: partitions are told only where somebody has counted
them before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pyspark_shell.api.debug_string import StorageInfo, parents_of
from pyspark_shell.common.errors import SparkContextStopped
from pyspark_shell.common.html_table import Fact, facts_table
from pyspark_shell.common.memory_text import size_text
from pyspark_shell.lineage.node import LineageNode

# Ancestors that are shown; a loop may have made thousands.
_MAX_LINES: Final = 8


def rdd_html(node: LineageNode, storage_info: StorageInfo) -> str:
    """A table about an RDD.

    Parameters
    ----------
    storage_info
        Tells what is cached; asked only of an RDD that is to be kept.
    """
    number = "" if node._id is None else f" {node._id}"
    title = f"RDD{number}: {node.name}" if node.name else f"RDD{number}"
    return facts_table(title, _facts(node, storage_info))


def _facts(node: LineageNode, storage_info: StorageInfo) -> Iterator[Fact]:
    yield Fact("made by", node.call_site or node.kind)
    if node._partitions is not None:
        yield Fact("partitions", str(len(node._partitions)))
    if node.partitioner is not None:
        yield Fact("dealt out by", f"key, to {node.partitioner.numPartitions} partitions")
    if node.storage_level.is_valid:
        yield Fact("kept", _kept(node, storage_info))
    if node.checkpointed is not None:
        yield Fact("checkpoint", "made")
    yield Fact("lineage", "\n".join(_lineage(node)))


def _kept(node: LineageNode, storage_info: StorageInfo) -> str:
    try:
        info = storage_info(node)
    except SparkContextStopped:
        return f"{node.storage_level}, until the application ended"
    if info is None:
        return f"{node.storage_level}, nothing yet"
    size = size_text(info.memory_size_bytes + info.disk_size_bytes)
    return f"{node.storage_level}, {info.cached_partitions} partitions, {size}"


def _lineage(node: LineageNode) -> Iterator[str]:
    """One line for each ancestor, nearest first; those behind a shuffle are marked."""
    stack, seen, shown = [(node, False, 0)], {id(node)}, 0
    while stack:
        current, is_shuffle, depth = stack.pop()
        if shown == _MAX_LINES:
            yield "…"
            return
        shown += 1
        mark = "+- " if is_shuffle else ""
        yield f"{'  ' * depth}{mark}{current.call_site or current.kind}"
        for parent, is_behind in reversed(parents_of(current)):
            if id(parent) not in seen:
                seen.add(id(parent))
                stack.append((parent, is_behind, depth + 1))
