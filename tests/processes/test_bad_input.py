"""Wrong use: each a clear error of the documented type, and the context is still usable."""

import os
from functools import partial
from operator import add
from pickle import PicklingError
from threading import Lock

import pytest

from pyspark_shell import SparkConf, SparkContext
from pyspark_shell.common.errors import (
    FileAlreadyExistsException,
    IllegalArgumentException,
    IllegalConfig,
    InvalidInputException,
    PySparkException,
    SparkContextStopped,
)
from tests.conftest import Snapshot
from tests.processes.conftest import leaks


@pytest.fixture
def sc(sc):
    """Yield the shared context, which must be usable after each test."""
    yield sc
    pairs = sc.parallelize(range(10), 2).map(lambda n: (n % 2, n))
    assert pairs.reduceByKey(add).collectAsMap() == {0: 20, 1: 25}


def refused(error, match, master="local[2]", **settings):
    conf = SparkConf().setMaster(master).setAppName("x")
    for name, value in settings.items():
        conf.set(name.replace("__", "."), value)
    with pytest.raises(error, match=match):
        SparkContext(conf=conf)


@pytest.mark.parametrize(
    "master",
    [
        "nonsense",
        "local[",
        "local[x]",
        "local[0]",
        "local[-1]",
        "spark://host:7077",
        "yarn",
        "k8s://x",
    ],
)
def test_a_master_that_cannot_be(shared, master):
    shared.stop()
    before = Snapshot.take()

    refused(IllegalArgumentException, "(?i)master|locally", master)

    assert leaks(before) == {}
    with SparkContext("local[1]", "next") as sc:
        assert sc.parallelize([1, 2]).sum() == 3


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("spark.executor.memory", "lots"),
        ("spark.task.maxFailures", "0"),
        ("spark.task.maxFailures", "many"),
        ("spark.network.timeout", "soon"),
        ("spark.speculation", "perhaps"),
        ("spark.driver.maxResultSize", "-5"),
        ("spark.scheduler.mode", "UNFAIR"),
        ("spark.default.parallelism", "0"),
        ("spark.scheduler.allocation.file", "/no/such/file.xml"),
        ("spark.cleaner.periodicGC.interval", "x"),
        ("spark.scheduler.listenerbus.eventqueue.capacity", "x"),
        ("spark.executor.heartbeatInterval", "x"),
        ("spark.pyshell.result.inlineLimit", "x"),
        ("spark.task.reaper.killTimeout", "x"),
        ("spark.barrier.sync.timeout", "x"),
        ("spark.locality.wait", "x"),
    ],
)
def test_a_setting_that_cannot_be_read(shared, key, value):
    shared.stop()
    before = Snapshot.take()

    refused(IllegalConfig, key.replace(".", r"\."), **{key.replace(".", "__"): value})

    assert leaks(before) == {}
    with SparkContext("local[1]", "next") as sc:
        assert sc.parallelize([1, 2]).sum() == 3


def test_a_second_context(sc):
    with pytest.raises(ValueError, match="Cannot run multiple SparkContexts at once"):
        SparkContext("local", "second")


def test_a_closure_that_cannot_be_pickled(sc):
    lock = Lock()

    for use in (
        lambda: sc.parallelize([1]).map(lambda n: (n, lock)).count(),
        lambda: sc.parallelize([1]).map(lambda n: (lock, n)[1:]).groupByKey().count(),
        lambda: sc.parallelize([1]).foreach(lambda n: lock.acquire()),
        lambda: sc.parallelize([lock]),
        lambda: sc.broadcast(lock),
    ):
        with pytest.raises(PicklingError, match=r"Could not serialize .*_thread\.lock"):
            use()


def test_a_context_in_a_closure(sc):
    with pytest.raises(PicklingError, match="CONTEXT_ONLY_VALID_ON_DRIVER"):
        sc.parallelize([1]).map(lambda n: sc.parallelize([n]).count()).collect()


def test_an_rdd_in_a_closure(sc):
    other = sc.parallelize([1, 2])

    with pytest.raises(PicklingError, match="RDD_TRANSFORM_ONLY_VALID_ON_DRIVER"):
        sc.parallelize([1]).map(lambda n: other.count()).collect()


def test_paths_that_do_not_exist(sc, tmp_path):
    for read in (sc.textFile, sc.wholeTextFiles, sc.pickleFile, sc.binaryFiles):
        with pytest.raises(InvalidInputException, match=r"does not exist|matches 0 files"):
            read(str(tmp_path / "nothing")).count()


def test_an_output_folder_that_exists(sc, tmp_path):
    sc.parallelize(["a"], 1).saveAsTextFile(str(tmp_path / "out"))
    before = sorted(os.listdir(tmp_path / "out"))

    with pytest.raises(FileAlreadyExistsException, match="already exists"):
        sc.parallelize(["b"], 1).saveAsTextFile(str(tmp_path / "out"))

    assert sorted(os.listdir(tmp_path / "out")) == before
    assert sc.textFile(str(tmp_path / "out")).collect() == ["a"]


@pytest.mark.parametrize("count", [0, -1])
def test_numbers_of_partitions_that_cannot_be(sc, count):
    numbers = sc.parallelize(range(10), 2)
    pairs = numbers.keyBy(abs)

    for use in (
        numbers.coalesce,
        numbers.repartition,
        numbers.distinct,
        partial(numbers.sortBy, abs, True),
        partial(numbers.groupBy, abs),
        partial(numbers.subtract, numbers),
        pairs.partitionBy,
        pairs.groupByKey,
        partial(pairs.reduceByKey, add),
        partial(pairs.foldByKey, 0, add),
        partial(pairs.sortByKey, True),
        partial(pairs.join, pairs),
        partial(pairs.cogroup, pairs),
        partial(pairs.subtractByKey, pairs),
        pairs.repartitionAndSortWithinPartitions,
    ):
        with pytest.raises(ValueError, match=r"Number of partitions must be positive"):
            use(count)


def test_shuffles_of_an_rdd_without_partitions_have_none(sc):
    empty = sc.emptyRDD()

    assert empty.distinct().collect() == empty.sortBy(abs).collect() == []
    assert empty.reduceByKey(add).collect() == empty.join(empty).collect() == []


@pytest.mark.parametrize("scheme", ["hdfs", "s3a", "http"])
def test_a_checkpoint_folder_elsewhere(sc, scheme, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(PySparkException, match=f'No FileSystem for scheme "{scheme}"'):
        sc.setCheckpointDir(f"{scheme}://node/folder")

    assert os.listdir(tmp_path) == []


def test_a_partition_that_does_not_exist(sc):
    with pytest.raises(IllegalArgumentException, match="non-existent partition: 7"):
        sc.runJob(sc.parallelize(range(10), 2), list, [7])


def test_records_that_are_no_pairs(sc):
    with pytest.raises(PySparkException, match=r"(?i)unpack|subscriptable"):
        sc.parallelize(range(10), 2).reduceByKey(add).count()


def test_a_stopped_context(start):
    sc = start()
    numbers = sc.parallelize(range(4), 2)
    sc.stop()

    for use in (
        numbers.sum,
        lambda: sc.parallelize([1]),
        lambda: sc.accumulator(0).value + numbers.sum(),
    ):
        with pytest.raises(SparkContextStopped, match=r"(?i)stopped"):
            use()


def test_an_rdd_of_a_stopped_context_is_not_called_cached(start):
    sc = start()
    numbers = sc.parallelize(range(4), 2)
    sc.stop()

    with pytest.raises(SparkContextStopped):
        numbers.cache()

    assert not numbers.is_cached
