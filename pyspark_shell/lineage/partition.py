"""Which part of a dataset a task computes: small, picklable, sent with the task."""

from __future__ import annotations

from collections.abc import Sequence


class Partition:
    """The `index`-th part of an RDD."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.index}>"


class ParentPartition(Partition):
    """One partition of one of several parents."""

    __slots__ = ("parent", "split")

    def __init__(self, index: int, parent: int, split: Partition) -> None:
        super().__init__(index)
        self.parent = parent
        self.split = split


class GroupedPartition(Partition):
    """Several partitions taken together: of one parent (coalesce) or one of each parent (zip,
    cartesian).
    """

    __slots__ = ("splits",)

    def __init__(self, index: int, splits: Sequence[Partition]) -> None:
        super().__init__(index)
        self.splits = tuple(splits)


def indices(count: int) -> list[Partition]:
    """Plain partitions 0 to `count` - 1."""
    return [Partition(index) for index in range(count)]
