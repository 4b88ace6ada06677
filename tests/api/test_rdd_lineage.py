"""What RDDs say about themselves: ids, names, partitions, partitioners, drawings."""

from __future__ import annotations

import operator
import pickle

import pytest
from in_process_context import storage_info

from pyspark_shell.api.rdd import PipelinedRDD
from pyspark_shell.common.errors import PySparkNotImplementedError, PySparkRuntimeError
from pyspark_shell.common.portable_hash import portable_hash
from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.lineage.partitioner import Partitioner


def test_pipelined_transformations_take_one_id(local):
    numbers = local.parallelize([1, 2])

    assert numbers.map(str).filter(bool).id() == numbers.id() + 1


def test_ids_of_parents_are_smaller(local):
    shuffled = local.parallelize([(1, 2)]).map(lambda x: x).reduceByKey(operator.add)

    assert (shuffled.id(), shuffled.count()) == (5, 1)


def test_steps_become_one_node_unless_the_first_is_kept(local):
    numbers = local.parallelize([1]).map(str)
    steps = len(numbers.map(len)._node.steps)
    numbers._is_locally_checkpointed = True

    assert (steps, len(numbers.map(len)._node.steps)) == (2, 1)


@pytest.mark.parametrize("flag", ["is_cached", "is_checkpointed", "has_resource_profile"])
def test_flag_ends_the_pipeline(local, flag):
    numbers = local.parallelize([1]).map(str)
    setattr(numbers, flag, True)

    assert numbers.map(len)._node.parents == (numbers._node,)


@pytest.mark.parametrize(
    ("make", "partitions"),
    [
        (lambda a, b: a.union(b), 5),
        (lambda a, b: a.cartesian(b), 6),
        (lambda a, b: a.join(b), 5),
        (lambda a, b: a.intersection(b), 5),
        (lambda a, b: a.subtract(b), 5),
        (lambda a, b: a.distinct(), 2),
        (lambda a, b: a.groupByKey(), 2),
        (lambda a, b: a.reduceByKey(max, 7), 7),
        (lambda a, b: a.coalesce(9), 2),
        (lambda a, b: a.repartition(9), 9),
        (lambda a, b: a.partitionBy(3).union(a.partitionBy(3)), 3),
        (lambda a, b: a.partitionBy(3).join(b.partitionBy(3)), 3),
    ],
)
def test_numbers_of_partitions(local, make, partitions):
    made = make(local.parallelize([(1, 2)], 2), local.parallelize([(1, 2)], 3))

    assert made.getNumPartitions() == partitions


def test_default_parallelism_wins_where_it_is_set(local):
    local._conf.set("spark.default.parallelism", "4")
    local.defaultParallelism = 4

    assert local.parallelize([(1, 2)], 2).groupByKey().getNumPartitions() == 4


@pytest.mark.parametrize(
    ("transform", "kept"),
    [
        (lambda rdd: rdd.filter(bool), True),
        (lambda rdd: rdd.mapValues(str), True),
        (lambda rdd: rdd.flatMapValues(str), True),
        (lambda rdd: rdd.sample(False, 0.5, 1), True),
        (lambda rdd: rdd.mapPartitions(iter, True), True),
        (lambda rdd: rdd.reduceByKey(max), True),
        (lambda rdd: rdd.subtractByKey(rdd), True),
        (lambda rdd: rdd.map(lambda x: x), False),
        (lambda rdd: rdd.map(lambda x: x).mapValues(str), False),
        (lambda rdd: rdd.keys(), False),
        (lambda rdd: rdd.coalesce(1), False),
        (lambda rdd: rdd.union(rdd.map(str)), False),
    ],
)
def test_partitioner_is_kept_where_keys_stay(local, transform, kept):
    dealt = local.parallelize([(1, 2)], 2).partitionBy(2)

    assert transform(dealt).partitioner == (Partitioner(2, portable_hash) if kept else None)


def test_partition_by_the_same_again_is_the_same_rdd(local):
    dealt = local.parallelize([(1, 2)]).partitionBy(2)

    assert dealt.partitionBy(2) is dealt
    assert dealt.partitionBy(2, lambda key: 0) is not dealt


def test_repr(local):
    numbers = local.parallelize([1])

    assert repr(numbers) == "ParallelCollectionRDD[0] at readRDDFromFile at t:1"
    assert repr(numbers.map(str).setName("texts")) == "texts PythonRDD[1] at RDD at t:1"


def test_drawing_of_shuffles_and_unions(local):
    pairs = local.parallelize([(1, 2)], 2).map(lambda x: x)
    union = pairs.union(pairs.reduceByKey(operator.add, 10))

    assert union.toDebugString().decode().splitlines() == [
        "(12) UnionRDD[7] at test at t:1 []",
        " |   PythonRDD[5] at test at t:1 []",
        " |   ParallelCollectionRDD[0] at parallelize at t:1 []",
        " |   PythonRDD[6] at test at t:1 []",
        " |   MapPartitionsRDD[4] at test at t:1 []",
        " |   ShuffledRDD[3] at test at t:1 []",
        " +-(2) PairwiseRDD[2] at test at t:1 []",
        "    |  PythonRDD[1] at test at t:1 []",
        "    |  ParallelCollectionRDD[0] at parallelize at t:1 []",
    ]


def test_drawing_of_data_that_is_dealt_out_as_it_is(local):
    dealt = local.parallelize([(1, 2)], 2).partitionBy(3)

    assert dealt.toDebugString().decode().splitlines() == [
        "(3) MapPartitionsRDD[4] at test at t:1 []",
        " |  ShuffledRDD[3] at test at t:1 []",
        " +-(2) PairwiseRDD[2] at test at t:1 []",
        "    |  PythonRDD[1] at test at t:1 []",
        "    |  ParallelCollectionRDD[0] at parallelize at t:1 []",
    ]


def test_drawing_tells_what_is_cached(local):
    numbers = local.parallelize([1], 2).map(str)
    numbers._node.storage_level = StorageLevel.MEMORY_ONLY
    local.cached[numbers.id()] = storage_info(2, 138, 3 << 20)

    assert numbers.toDebugString().decode().splitlines() == [
        "(2) PythonRDD[1] at test at t:1 [Memory Serialized 1x Replicated]",
        " |       CachedPartitions: 2; MemorySize: 138.0 B; DiskSize: 3.0 MiB",
        " |  ParallelCollectionRDD[0] at parallelize at t:1 [Memory Serialized 1x Replicated]",
    ]


def test_drawing_of_a_long_lineage(local):
    numbers = local.parallelize([1], 1)
    for _ in range(2000):
        numbers = numbers.coalesce(1)

    assert numbers.toDebugString().count(b"\n") == 2000


@pytest.mark.parametrize(
    "use", [pickle.dumps, lambda rdd: rdd.map(lambda _: rdd.count()).collect()]
)
def test_rdd_cannot_be_sent_to_tasks(local, use):
    with pytest.raises(Exception, match="RDD_TRANSFORM_ONLY_VALID_ON_DRIVER") as refused:
        use(local.parallelize([1]))
    assert isinstance(refused.value, (PySparkRuntimeError, pickle.PicklingError))


def test_barrier_step_marks_its_node(local):
    numbers = local.parallelize([1, 2])

    met = numbers.barrier().mapPartitions(lambda records: records)

    assert met._is_barrier()
    assert met.map(str)._is_barrier()
    assert not numbers._is_barrier()


def test_pipelined_rdd_takes_pyspark_s_function(local):
    doubled = PipelinedRDD(local.parallelize([1, 2], 2), lambda i, records: [i, *records])

    assert doubled.collect() == [0, 1, 1, 2]


@pytest.mark.parametrize(
    "method",
    ["saveAsSequenceFile", "saveAsHadoopDataset", "saveAsNewAPIHadoopDataset", "toDF"],
)
def test_what_needs_java_says_so(local, method):
    with pytest.raises(PySparkNotImplementedError, match="--engine apache"):
        getattr(local.parallelize([1]), method)({})


def test_what_is_not_an_rdd_cannot_be_added(local):
    with pytest.raises(TypeError):
        _ = local.parallelize([1]) + 2
