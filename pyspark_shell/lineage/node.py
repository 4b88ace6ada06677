"""One node of the graph that describes a dataset.

Thread  built by the user's thread; `iterator` and `compute` run in a task.
Source  Spark's RDD without its user-facing half (that is `api.RDD`).
"""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from time import perf_counter
from typing import Any, ClassVar, Final

from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.lineage.partition import Partition
from pyspark_shell.lineage.partitioner import Partitioner
from pyspark_shell.lineage.registry import LineageRegistry
from pyspark_shell.lineage.task_context import TaskContext
from pyspark_shell.storage.block_id import rdd_block
from pyspark_shell.storage.block_manager import Batches, BlockManager


class ShuffleDependency:
    """Records `(key, value)` of `parent`, re-distributed by `partitioner`.

    An object of its own, held by the node that reads it: when it becomes unreachable, its shuffle
    files are nobody's, and the context cleaner removes them.
    """

    __slots__ = ("__weakref__", "parent", "partitioner", "prepared", "shuffle_id")

    def __init__(self, parent: LineageNode, partitioner: Partitioner) -> None:
        self.parent = parent
        self.partitioner = partitioner
        self.prepared: Any = None  # the map stage's input, as it was pickled last
        self.shuffle_id = parent.registry.new_shuffle_id()
        if parent.registry.on_new_shuffle is not None:
            parent.registry.on_new_shuffle(self)

    def __getstate__(self) -> dict[str, Any]:
        """What a task needs; the parent's nodes are sent beside it where they are computed."""
        return {"shuffle_id": self.shuffle_id, "partitioner": self.partitioner}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.shuffle_id = state["shuffle_id"]
        self.partitioner = state["partitioner"]
        self.prepared = None

    def __repr__(self) -> str:
        return (
            f"<ShuffleDependency {self.shuffle_id} to {self.partitioner.numPartitions} partitions>"
        )


# What nodes have in tasks where nothing else is said: what most have, and what only drivers need.
_USUAL: Final[dict[str, Any]] = {
    "parents": (),
    "shuffle": None,
    "storage_level": StorageLevel.NONE,
    "checkpointed": None,
    "checkpoint_wanted": "",
    "is_barrier": False,
    "_id": None,
}
_NOT_SENT: Final[dict[str, Any]] = {
    **_USUAL,
    "registry": None,
    "partitioner": None,
    "resource_profile": None,
    "name": None,
    "call_site": "",
    "_partitions": None,
    "known_shuffles": None,
}


class LineageNode(ABC):
    """A dataset: its partitions, its parents, and how one partition is computed.

    Everything is fixed at construction but the id (given when first asked for, so that nodes nobody
    materialises take none), the name, the storage level, and `checkpointed`, which replaces the
    parents.

    Attributes
    ----------
    parents
        Nodes that this one reads in the same task.
    shuffle
        The shuffle that this node reads, None for nodes that read none.
    checkpoint_wanted
        `reliable` or `local` from the request for a checkpoint until it is made, else empty.
    """

    kind: ClassVar[str] = "PythonRDD"
    # Grows whenever a checkpoint replaces a node's parents: what was found out about the graph
    # before is old.
    checkpoints_made: ClassVar[int] = 0
    _id: int | None = None

    def __init__(
        self,
        registry: LineageRegistry,
        parents: Sequence[LineageNode] = (),
        partitioner: Partitioner | None = None,
        call_site: str = "",
    ) -> None:
        self.registry = registry
        self.parents = tuple(parents)
        self.shuffle: ShuffleDependency | None = None
        self.partitioner = partitioner
        self.call_site = call_site
        self.name: str | None = None
        self.storage_level = StorageLevel.NONE
        self.checkpointed: LineageNode | None = None
        self.checkpoint_wanted = ""
        self.is_barrier = False
        self.resource_profile: Any = None
        self._partitions: Sequence[Partition] | None = None
        # The shuffles that a task of this node reads, and `checkpoints_made` when that was found
        # out.
        self.known_shuffles: tuple[int, list[weakref.ref[ShuffleDependency]]] | None = None

    # On the driver ---------------------------------------------------------------

    @property
    def id(self) -> int:
        """The RDD id, taken from the application's counter at the first reading."""
        if self._id is None:
            # The first of several threads gives it. No lock: it would be held where a finalizer
            # comes in between, whose jobs the scheduler could not number.
            self.__dict__.setdefault("_id", self.registry.new_rdd_id())
            assert self._id is not None
        return self._id

    def partitions(self) -> Sequence[Partition]:
        """All partitions, in order. May look at files, so it can raise what reading them raises."""
        if self.checkpointed is not None:
            return self.checkpointed.partitions()
        if self._partitions is None:
            self._partitions = self.make_partitions()
        return self._partitions

    @abstractmethod
    def make_partitions(self) -> Sequence[Partition]:
        """Work the partitions out; called once."""

    def live_parents(self) -> tuple[LineageNode, ...]:
        """What a task of this node reads: its parents, or the checkpoint that replaced them."""
        return self.parents if self.checkpointed is None else (self.checkpointed,)

    def live_shuffle(self) -> ShuffleDependency | None:
        """The shuffle that a task of this node reads, if any."""
        return self.shuffle if self.checkpointed is None else None

    def replace_by_checkpoint(self, checkpoint: LineageNode) -> None:
        """Cut the lineage: from now on partitions come from `checkpoint`, the parents may be
        forgotten.
        """
        LineageNode.checkpoints_made += 1
        self.checkpoint_wanted = ""
        self.checkpointed = checkpoint
        self.parents = ()
        self.shuffle = None
        self.forget_inputs()

    def forget_inputs(self) -> None:
        """Give up what only `compute` needs; called when a checkpoint has replaced it."""
        return

    # In a task -------------------------------------------------------------------

    def iterator(self, split: Partition, context: TaskContext) -> Iterator[Any]:
        """The partition's records: from the cache, the checkpoint, or computed."""
        if not self.storage_level.is_valid:
            return self.compute_or_read_checkpoint(split, context)
        batches = BlockManager.current().get_or_compute(
            rdd_block(self.id, split.index),
            self.storage_level,
            lambda: self.compute_or_read_checkpoint(split, context),
            partial(_as_input, context),
        )
        return interruptible(batches, context)

    def compute_or_read_checkpoint(self, split: Partition, context: TaskContext) -> Iterator[Any]:
        """The partition's records without a look into the cache."""
        if self.checkpointed is not None:
            return self.checkpointed.iterator(split, context)
        return self.compute(split, context)

    @abstractmethod
    def compute(self, split: Partition, context: TaskContext) -> Iterator[Any]:
        """Compute the partition's records from the parents."""

    def __getstate__(self) -> dict[str, Any]:
        """What a task needs: no registry, no partitions (its own comes with it), no driver-side
        names; and nothing that is as in most nodes, since each task unpickles its stage's nodes.
        """
        state = {
            name: value
            for name, value in self.__dict__.items()
            if name not in _NOT_SENT or (name in _USUAL and value is not _USUAL[name])
        }
        if self.storage_level.is_valid:
            state["_id"] = self.id
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(_NOT_SENT)
        self.__dict__.update(state)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._id if self._id is not None else '(no id yet)'}>"


# A record that takes longer than this is slow: to look whether the task was killed takes 0.1 us.
_SLOW_RECORD_S: Final = 0.001
_FIRST_RECORDS: Final = 4


def interruptible(batches: Iterable[Iterable[Any]], context: TaskContext) -> Iterator[Any]:
    """Records of `batches`, which end with `TaskKilledException` once the task was killed: between
    two batches, or between two records where those take long, or where nothing else would interrupt
    the task.
    """
    if context.watches_each_record:
        return _watched_records(batches, context)
    return chain.from_iterable(_watched(batches, context))


def _watched_records(batches: Iterable[Iterable[Any]], context: TaskContext) -> Iterator[Any]:
    for batch in batches:
        for record in batch:
            context.killTaskIfInterrupted()
            yield record


def _watched(batches: Iterable[Iterable[Any]], context: TaskContext) -> Iterator[Iterable[Any]]:
    """Parts of batches, each used up before the next one is asked for: the first few records tell
    whether they take so long that a look at each costs nothing.
    """
    for batch in batches:
        context.killTaskIfInterrupted()
        records, began_s = iter(batch), perf_counter()
        yield islice(records, _FIRST_RECORDS)
        context.killTaskIfInterrupted()
        is_slow = perf_counter() - began_s > _FIRST_RECORDS * _SLOW_RECORD_S
        yield _watched_records((records,), context) if is_slow else records


def topological_order(last: LineageNode) -> list[LineageNode]:
    """All nodes that a task of `last` computes, parents before children, each once."""
    order: list[LineageNode] = []
    seen: set[int] = set()
    stack: list[tuple[LineageNode, bool]] = [(last, False)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.live_parents())
    return order


def _as_input(context: TaskContext, batches: Batches, size_bytes: int) -> Batches:
    """What is read from the cache counts as a task's input, as in Spark."""
    context.metrics.input_bytes += size_bytes
    return counted(batches, context)


def counted(batches: Iterable[Sequence[Any]], context: TaskContext) -> Iterator[Any]:
    """The batches, whose records count as a task's input."""
    metrics = context.metrics
    for batch in batches:
        metrics.input_records += len(batch)
        yield batch
