"""Decides the reduce partition of a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def assert_positive(partitions: int) -> None:
    """Refuse to deal records out to no partition: all of them would be lost.

    Raises
    ------
    ValueError
        `partitions` is not positive.
    """
    if not partitions > 0:
        raise ValueError("Number of partitions must be positive.")


class Partitioner:
    """`partitionFunc(key) % numPartitions`.

    Two partitioners are equal if they have the same number and the very same function, as in
    PySpark.

    Examples
    --------
    >>> Partitioner(3, int)("10")
    1
    """

    def __init__(self, numPartitions: int, partitionFunc: Callable[[Any], int]) -> None:
        self.numPartitions = numPartitions
        self.partitionFunc = partitionFunc

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Partitioner)
            and self.numPartitions == other.numPartitions
            and self.partitionFunc == other.partitionFunc
        )

    def __hash__(self) -> int:
        return hash((self.numPartitions, self.partitionFunc))

    def __call__(self, key: Any) -> int:
        return self.partitionFunc(key) % self.numPartitions
