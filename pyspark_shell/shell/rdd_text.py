"""What an RDD shows of itself at a prompt: where it comes from, how it is cut, what is cached.

Nothing is run or read for it: partitions that would have to be looked up in files are not counted.

Thread  any.
"""

from __future__ import annotations

from typing import Any, Final

from pyspark_shell.api.rdd import RDD
from pyspark_shell.common.record import record
from pyspark_shell.lineage.checkpoint_rdd import ReliableCheckpointRDD
from pyspark_shell.lineage.file_rdds import FileRDD
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.shell.row_words import bytes_text
from pyspark_shell.shell.running import running_context, running_engine

# Steps of the lineage that are shown.
_STEPS: Final = 4
# A graph wider than this is not walked to count partitions.
_NODES: Final = 1000


@record
class RDDSummary:
    """What is shown.

    Attributes
    ----------
    title
        As `repr` gives it.
    partitions
        Their number, None if it takes a look at files to know it.
    storage
        `not cached`, or level, partitions and size.
    lineage
        The calls that made it, newest first, as `reduceByKey at In[3]:2`.
    is_cut
        Whether the lineage goes on.
    """

    title: str
    partitions: int | None
    storage: str
    lineage: list[str]
    is_cut: bool

    @property
    def partitions_text(self) -> str:
        """In words."""
        if self.partitions is None:
            return "partitions not looked up yet"
        return "1 partition" if self.partitions == 1 else f"{self.partitions} partitions"

    def __str__(self) -> str:
        chain = " ← ".join(self.lineage) + (" ← …" if self.is_cut else "")
        return f"{self.title}\n  {self.partitions_text}, {self.storage}\n  {chain}"


def summary_of(rdd: RDD[Any]) -> RDDSummary:
    """What is known of an RDD without running a job or reading a file."""
    node: LineageNode = rdd._node
    steps, is_cut = _lineage(node)
    return RDDSummary(repr(rdd), _partitions(node), _storage(rdd), steps, is_cut)


def _partitions(node: LineageNode) -> int | None:
    if node._partitions is None and _would_read_files(node):
        return None
    return len(node.partitions())


def _would_read_files(node: LineageNode) -> bool:
    waiting, seen = [node], {id(node)}
    while waiting:
        found = waiting.pop()
        if found._partitions is not None:
            continue
        if isinstance(found, FileRDD | ReliableCheckpointRDD) or len(seen) > _NODES:
            return True
        for parent in _all_parents(found):
            if id(parent) not in seen:
                seen.add(id(parent))
                waiting.append(parent)
    return False


def _all_parents(node: LineageNode) -> list[LineageNode]:
    shuffle = node.live_shuffle()
    return [*node.live_parents(), *([shuffle.parent] if shuffle is not None else [])]


def _lineage(node: LineageNode) -> tuple[list[str], bool]:
    """The calls of one line of parents, the first where there are several."""
    steps: list[str] = []
    parents = [node]
    while parents:
        site = parents[0].call_site
        if site and (not steps or steps[-1] != site):
            if len(steps) == _STEPS:
                return steps, True
            steps.append(site)
        parents = _all_parents(parents[0])
    return steps, False


def _storage(rdd: RDD[Any]) -> str:
    node: LineageNode = rdd._node
    if not node.storage_level.is_valid:
        return "not cached"
    if rdd.ctx is not running_context():  # the one that runs has another RDD of this number
        return "cached until its application ended"
    engine = running_engine()
    rows = [] if engine is None or node._id is None else engine.storage()
    for row in rows:
        if row["id"] == node._id and row["numCachedPartitions"]:
            sizes = [
                f"{bytes_text(row[key])} {where}"
                for key, where in (("memoryUsed", "in memory"), ("diskUsed", "on disk"))
                if row.get(key)
            ]
            return ", ".join(
                [f"{row['numCachedPartitions']} of {row['numPartitions']} cached", *sizes]
            )
    return "to be cached by the next job"


def register_rdd_text(shell: Any) -> None:
    """Have IPython show RDDs so, instead of by their `repr`."""
    formatter = shell.display_formatter.formatters["text/plain"]
    formatter.for_type(RDD, lambda rdd, printer, cycle: printer.text(str(summary_of(rdd))))


def unregister_rdd_text(shell: Any) -> None:
    """Have IPython show their `repr` again."""
    shell.display_formatter.formatters["text/plain"].pop(RDD, None)
