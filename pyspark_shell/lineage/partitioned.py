"""The node that `partitionBy` makes, and with it every shuffle by key."""

from __future__ import annotations

from typing import Any, NamedTuple

from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.lineage.partitioner import Partitioner
from pyspark_shell.lineage.shuffled import ShuffledRDD


class InnerIds(NamedTuple):
    """Ids of the RDDs that PySpark has between the parent and the result of `partitionBy`."""

    python: int | None
    pairwise: int
    shuffled: int


class PartitionedRDD(ShuffledRDD):
    """Pairs dealt out by key.

    One node, where PySpark has up to four RDDs: a PythonRDD if the parent is none, a PairwiseRDD, a
    ShuffledRDD and a MapPartitionsRDD. It takes their ids, so that ids and drawings are PySpark's.
    """

    kind = "MapPartitionsRDD"

    def __init__(self, parent: LineageNode, partitioner: Partitioner, call_site: str) -> None:
        super().__init__(parent, partitioner, call_site)
        self._inner_ids: InnerIds | None = None

    def inner_ids(self) -> InnerIds:
        """The ids of the RDDs inside, taken at the first call."""
        if self._inner_ids is None:
            assert self.shuffle is not None
            new = self.registry.new_rdd_id
            is_python = self.shuffle.parent.kind == "PythonRDD"
            self._inner_ids = InnerIds(None if is_python else new(), new(), new())
        return self._inner_ids

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_inner_ids": None}
