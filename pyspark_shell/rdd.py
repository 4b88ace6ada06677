"""Public name of the RDD, as `pyspark.rdd`."""

from pyspark_shell.api.rdd import RDD, PipelinedRDD, RDDBarrier
from pyspark_shell.common.portable_hash import portable_hash
from pyspark_shell.lineage.partitioner import Partitioner
from pyspark_shell.statistics.bounded_float import BoundedFloat

__all__ = [
    "RDD",
    "BoundedFloat",
    "Partitioner",
    "PipelinedRDD",
    "RDDBarrier",
    "portable_hash",
]
