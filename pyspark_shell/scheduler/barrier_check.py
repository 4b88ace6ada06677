"""What is wrong with a job's barrier stages, before any of its tasks runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark_shell.lineage.node import topological_order
from pyspark_shell.lineage.transformed import CoalescedRDD, UnionRDD
from pyspark_shell.scheduler.stage import Stage
from pyspark_shell.scheduler.task_needs import TaskNeeds


def barrier_problem(
    stages: Sequence[Stage],
    slots_for: Callable[[TaskNeeds], int],
    dynamic_allocation: bool = False,
) -> str | None:
    """Why a barrier stage of the job cannot run, in Spark's words; None if nothing is wrong.

    Slots do not come and go here, so too few of them is an error at once; Spark asks 40 times,
    every 15 s.
    """
    for stage in stages:
        if not any(info.is_barrier for info in stage.info.rdd_infos):
            continue
        nodes = topological_order(stage.node)
        mixed = any(isinstance(node, UnionRDD | CoalescedRDD) for node in nodes)
        partitions = len(stage.node.partitions())
        if mixed or stage.num_partitions != partitions:
            return (
                "[SPARK-24820][SPARK-24821]: Barrier execution mode does not allow the following "
                "pattern of RDD "
                "chain within a barrier stage:\n1. Ancestor RDDs that have different number of "
                "partitions from "
                "the resulting RDD (e.g. union()/coalesce()/first()/take()/PartitionPruningRDD). "
                "A workaround "
                "for first()/take() can be barrierRdd.collect().head (scala) or "
                "barrierRdd.collect()[0] "
                "(python).\n2. An RDD that depends on multiple barrier RDDs (e.g. "
                "barrierRdd1.zip(barrierRdd2))."
            )
        if dynamic_allocation:
            return (
                "[SPARK-24942]: Barrier execution mode does not support dynamic resource "
                "allocation for now. You can disable dynamic resource allocation by setting Spark "
                'conf "spark.dynamicAllocation.enabled" to "false".'
            )
        slots = slots_for(stage.stage_input.needs)
        if partitions > slots:
            return (
                "[SPARK-24819]: Barrier execution mode does not allow run a barrier stage that "
                "requires more "
                "slots than the total number of slots in the cluster currently. It needs "
                f"{partitions}, there "
                f"are {slots}. Use fewer partitions, or a master with more slots such as "
                f"'local[{partitions}]'."
            )
    return None
