"""Chooses the node of a union: partitions side by side, or joined where keys are dealt alike."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.lineage.transformed import PartitionerAwareUnionRDD, UnionRDD


def union_of(nodes: Sequence[LineageNode], call_site: str) -> LineageNode:
    """The union of one or more nodes.

    Source  Spark's SparkContext.union: parents without partitions do not count when partitioners
            are compared.
    """
    partitioner = nodes[0].partitioner
    if partitioner is not None and all(node.partitioner == partitioner for node in nodes):
        return PartitionerAwareUnionRDD(nodes, call_site)
    return UnionRDD(nodes, call_site)
