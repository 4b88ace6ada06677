"""A context whose tasks run in this process, one after another: RDDs without an engine."""

from __future__ import annotations

from types import SimpleNamespace
from typing import ClassVar

from pyspark_shell.api.rdd import RDD
from pyspark_shell.api.slices import slice_collection
from pyspark_shell.common.pickling import dumps, loads
from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.lineage.node import topological_order
from pyspark_shell.lineage.registry import LineageRegistry
from pyspark_shell.lineage.sources import EmptyRDD, ParallelCollectionRDD
from pyspark_shell.lineage.task_context import TaskContext


class EndedJob:
    done = True

    def __init__(self, values):
        self._values = values

    def result(self, timeout_s=None):
        return self._values

    def partial(self):
        return dict(enumerate(self._values))

    def cancel(self, reason):
        raise AssertionError("the job has ended")


class LateJob(EndedJob):
    """Only the first tasks have ended."""

    done = False

    def result(self, timeout_s=None):
        raise TimeoutError


class InProcessContext:
    """Does what RDDs ask of a context.

    Attributes
    ----------
    jobs
        Partitions of each job that ran.
    late_after
        How many tasks of a submitted job end in time; None: all.
    """

    _batchSize = 0
    _executor_memory_bytes = 1 << 30
    _open_iterators: ClassVar[set] = set()
    defaultParallelism = 2

    def __init__(self, directory):
        self._conf = SparkConf(loadDefaults=False)
        self.registry = LineageRegistry()
        self.jobs = []
        self.late_after = None
        self._directory = str(directory)
        self.cached = {}

    def parallelize(self, c, numSlices=None):
        slices = slice_collection(c, numSlices or self.defaultParallelism, self._batchSize)
        node = ParallelCollectionRDD(self.registry, slices, self._directory, "parallelize at t:1")
        return RDD(node, self)

    def emptyRDD(self):
        return RDD(EmptyRDD(self.registry, call_site="emptyRDD at t:1"), self)

    def runJob(self, rdd, partitionFunc, partitions=None, allowLocal=False):
        return [x for part in self._run_on_partitions(rdd, partitionFunc, partitions) for x in part]

    def _run_on_partitions(self, rdd, func, partitions=None):
        node = rdd._node
        splits = node.partitions()
        wanted = range(len(splits)) if partitions is None else list(partitions)
        self.jobs.append(list(wanted))
        dumps(topological_order(node))
        func = loads(dumps(func))
        outputs = {}
        return [loads(dumps(func(iter(self._compute(node, splits[i], outputs))))) for i in wanted]

    def _submit_on_partitions(self, rdd, func, partitions=None):
        values = self._run_on_partitions(rdd, func, partitions)
        if self.late_after is not None:
            return LateJob(values[: self.late_after])
        return EndedJob(values)

    def _compute(self, node, split, outputs):
        for one in topological_order(node):
            shuffle = one.live_shuffle()
            if shuffle is not None and shuffle.shuffle_id not in outputs:
                outputs[shuffle.shuffle_id] = self._map_side(shuffle, outputs)
        context = TaskContext()
        context.outputs = outputs
        return node.iterator(split, context)

    def _map_side(self, shuffle, outputs):
        partitioner = shuffle.partitioner
        buckets = [[] for _ in range(partitioner.numPartitions)]
        for split in shuffle.parent.partitions():
            for record in self._compute(shuffle.parent, split, outputs):
                buckets[partitioner(record[0])].append(record)
        return [dumps(bucket) for bucket in buckets]

    def setJobGroup(self, groupId, description, interruptOnCancel=False): ...

    def getLocalProperty(self, key):
        return None

    def setLocalProperty(self, key, value): ...

    def _assert_running(self): ...

    def _call_site(self):
        return "test at t:1"

    def _use_profile(self, profile): ...

    def _persist(self, node, level):
        """Only remembered: nothing is kept."""

    def _rdd_storage_info(self, node):
        return self.cached.get(node.id)


def read_in_process(shuffle_id, reduce_id, context):
    """Stands for the reading of a shuffle's files."""
    yield loads(context.outputs[shuffle_id][reduce_id])


def storage_info(cached, memory, disk):
    return SimpleNamespace(cached_partitions=cached, memory_size_bytes=memory, disk_size_bytes=disk)
