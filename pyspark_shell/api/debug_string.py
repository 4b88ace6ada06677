"""Draws an RDD's lineage as text.

Source  Spark's RDD.toDebugString: the partitions of a stage in parentheses, ` |  ` inside of a
        stage, ` +-` at a shuffle, the storage level of the first RDD in brackets on every line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from pyspark_shell.api.rdd_base import RDDStorageInfo
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.lineage.partitioned import PartitionedRDD

StorageInfo = Callable[[LineageNode], RDDStorageInfo | None]


# What made an RDD as PySpark names it: functions inside of Spark, whatever the user called.
_MADE_BY: Final = {"ParallelCollectionRDD": "readRDDFromFile", "PythonRDD": "RDD"}


def describe(node: LineageNode) -> str:
    """One line about an RDD, as `PythonRDD[3] at RDD at /path/file.py:7`."""
    number_in_order(node)
    called, _, place = node.call_site.partition(" at ")
    return _named(node, f"{_MADE_BY.get(node.kind, called)} at {place}")


def _named(node: LineageNode, call_site: str) -> str:
    name = f"{node.name} " if node.name else ""
    return name + _line(node.kind, node.id, call_site)


def _line(kind: str, rdd_id: int, call_site: str) -> str:
    return f"{kind}[{rdd_id}]" + (f" at {call_site}" if call_site else "")


def debug_string(node: LineageNode, storage_info: StorageInfo) -> str:
    """The whole lineage of `node`, one line for each RDD, with what the user called."""
    number_in_order(node)
    return "\n".join(_Drawing(node, storage_info).lines())


def number_in_order(last: LineageNode) -> None:
    """Give ids to all nodes that have none yet, parents first."""
    stack = [last]
    while stack:
        node = stack[-1]
        unnumbered = [parent for parent, _ in parents_of(node) if parent._id is None]
        if unnumbered:
            stack.extend(reversed(unnumbered))
            continue
        if node._id is None and isinstance(node, PartitionedRDD) and node.shuffle is not None:
            node.inner_ids()
        _ = node.id
        stack.pop()


def parents_of(node: LineageNode) -> list[tuple[LineageNode, bool]]:
    """What a node reads, and whether it reads it through a shuffle."""
    shuffle = node.live_shuffle()
    if shuffle is not None:
        return [(shuffle.parent, True)]
    return [(parent, False) for parent in node.live_parents()]


class _Branch(NamedTuple):
    """A node that is to be drawn below the one that reads it."""

    node: LineageNode
    reader: LineageNode
    prefix: str
    is_shuffle: bool
    is_last: bool


class _Drawing:
    """One drawing; with a stack of its own, since lineages may be long."""

    def __init__(self, node: LineageNode, storage_info: StorageInfo) -> None:
        self._node = node
        self._storage_info = storage_info
        level = node.storage_level
        self._level = f" [{level}]" if level.is_valid else " []"

    def lines(self) -> Iterator[str]:
        count, margin = _margin(self._node)
        first, *rest = self._about(self._node)
        yield f"{count} {first}"
        # Spark indents these, and only these, by one more.
        yield from (f"{margin}{' ' if line.startswith(' ') else ''}{line}" for line in rest)
        stack = self._branches(self._node, margin)
        while stack:
            branch = stack.pop()
            prefix = branch.prefix
            lines = self._about(branch.node)
            if branch.is_shuffle:
                lines = [*self._map_side(branch.reader), *lines]
                count, margin = _margin(branch.node)
                before = re.sub(r"\|\s+$", "", prefix)
                prefix = f"{before}{'  ' if branch.is_last else '| '}{margin}"
                yield f"{before}+-{count} {lines.pop(0)}"
            yield from (prefix + line for line in lines)
            stack += self._branches(branch.node, prefix)

    def _branches(self, node: LineageNode, prefix: str) -> list[_Branch]:
        """What is to be drawn below `node`, the first one last."""
        parents = parents_of(node)
        return [
            _Branch(parent, node, prefix, is_shuffle, number == len(parents) - 1)
            for number, (parent, is_shuffle) in enumerate(parents)
        ][::-1]

    def _about(self, node: LineageNode) -> list[str]:
        lines = [_named(node, node.call_site) + self._level]
        info = self._storage_info(node)
        if info is not None and info.cached_partitions:
            lines.append(
                f"    CachedPartitions: {info.cached_partitions}; "
                f"MemorySize: {bytes_to_string(info.memory_size_bytes)}; "
                f"DiskSize: {bytes_to_string(info.disk_size_bytes)}"
            )
        if isinstance(node, PartitionedRDD) and node.live_shuffle() is not None:
            lines.append(self._inner("ShuffledRDD", node.inner_ids().shuffled, node))
        return lines

    def _map_side(self, reader: LineageNode) -> list[str]:
        if not isinstance(reader, PartitionedRDD):
            return []
        ids = reader.inner_ids()
        lines = [self._inner("PairwiseRDD", ids.pairwise, reader)]
        if ids.python is not None:
            lines.append(self._inner("PythonRDD", ids.python, reader))
        return lines

    def _inner(self, kind: str, rdd_id: int, node: LineageNode) -> str:
        return _line(kind, rdd_id, node.call_site) + self._level


def _margin(node: LineageNode) -> tuple[str, str]:
    """The number of partitions in parentheses, and what stands below it."""
    count = f"({len(node.partitions())})"
    offset = (len(count) - 1) // 2
    return count, " " * offset + "|" + " " * (len(count) - offset)


def bytes_to_string(size_bytes: int) -> str:
    """A size for people, with the unit that gives at least 2.0.

    Examples
    --------
    >>> bytes_to_string(138), bytes_to_string(5 << 20)
    ('138.0 B', '5.0 MiB')
    """
    for exponent, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size_bytes >= 2 << exponent:
            return f"{size_bytes / (1 << exponent):.1f} {unit}"
    return f"{size_bytes:.1f} B"
