"""What RDDs do once tasks run in processes of their own."""

from __future__ import annotations

import operator
import os
import time

import pytest

from pyspark_shell.common.errors import (
    FileAlreadyExistsException,
    IllegalArgumentException,
    JobFailed,
    PythonException,
    SparkUnsupportedOperationException,
)
from pyspark_shell.common.storage_level import StorageLevel
from tests.processes.waiting import wait_for, wait_for_end


def sleepy(index, records):
    if index >= 2:
        time.sleep(3)
    return records


def test_string_keys_meet_whatever_seed_the_driver_has(sc):
    words = sc.parallelize(["b", "a", "b", None, ("b", 1)], 3).map(lambda word: (word, 1))

    counted = words.reduceByKey(operator.add, 4)

    assert counted.collectAsMap() == {"a": 1, "b": 2, None: 1, ("b", 1): 1}
    assert [counted.lookup(key) for key in ("b", ("b", 1), None, "c")] == [[2], [1], [1], []]


def test_partitions_that_are_not_needed_are_not_computed(sc):
    seen = sc.accumulator(0)
    numbers = sc.parallelize(range(8), 8).map(lambda n: seen.add(1) or n)

    assert numbers.take(2) == [0, 1]
    assert seen.value < 8


def test_lazy_partition_stops_early(sc):
    def endless(records):
        while True:
            yield 1

    assert sc.parallelize([0], 1).mapPartitions(endless).take(3) == [1, 1, 1]


def test_estimate_comes_in_time_and_the_job_goes_on(sc):
    slow = sc.parallelize(range(400), 4).mapPartitionsWithIndex(sleepy)
    started = time.monotonic()

    estimate = slow.sumApprox(1000)

    assert time.monotonic() - started < 2.5
    assert estimate.low < estimate < estimate.high
    assert sc.statusTracker().getActiveJobsIds() != []
    sc.cancelAllJobs()


def test_closed_iterator_leaves_no_job_behind(sc):
    numbers = sc.parallelize(range(4), 4).mapPartitionsWithIndex(sleepy)
    iterator = numbers.toLocalIterator(prefetchPartitions=True)
    assert [next(iterator), next(iterator)] == [0, 1]

    iterator.close()

    wait_for(lambda: not sc.statusTracker().getActiveJobsIds(), "the job to end", 1)


def test_iterator_raises_where_the_failing_partition_begins(sc):
    broken = sc.parallelize([1, 0], 2).map(lambda n: 1 // n).toLocalIterator()

    assert next(broken) == 1
    with pytest.raises(PythonException, match="ZeroDivisionError"):
        next(broken)


def test_program_of_a_killed_task_ends(sc, tmp_path):
    marker = tmp_path / "pid"
    command = f"sh -c 'echo $$ > {marker}; exec sleep 100'"
    job = sc._submit_on_partitions(sc.parallelize([1], 1).pipe(command), list)
    pid = wait_for(lambda: marker.exists() and marker.read_text().strip(), "the program")

    job.cancel("enough")

    wait_for_end([int(pid)], 3)


def test_exit_code_of_a_program(sc):
    failing = sc.parallelize([1], 1).pipe("false", checkCode=True)

    with pytest.raises(JobFailed, match=r"Pipe function `false` exited with error code 1\."):
        failing.collect()


@pytest.mark.parametrize(
    "use",
    [
        lambda rdd, stop: rdd.map(stop).count(),
        lambda rdd, stop: rdd.filter(stop).count(),
        lambda rdd, stop: rdd.keyBy(stop).count(),
        lambda rdd, stop: rdd.foreach(stop),
        lambda rdd, stop: rdd.map(lambda n: (1, n)).mapValues(stop).count(),
        lambda rdd, stop: rdd.map(lambda n: (1, n)).reduceByKey(stop).count(),
        lambda rdd, stop: rdd.reduce(stop),
        lambda rdd, stop: rdd.fold(0, stop),
        lambda rdd, stop: rdd.max(key=stop),
    ],
)
def test_stop_iteration_never_ends_a_partition_early(sc, use):
    def stop(*_):
        raise StopIteration

    with pytest.raises(PythonException, match="STOP_ITERATION_OCCURRED"):
        use(sc.parallelize(range(10), 2), stop)


# Files ------------------------------------------------------------------------------


def test_text_has_a_file_a_partition(sc, tmp_path):
    out = tmp_path / "out"

    sc.parallelize(["a", b"raw", None, ("x", 1)], 2).saveAsTextFile(f"file:{out}")

    assert sorted(f.name for f in out.iterdir() if not f.name.startswith(".")) == [
        "_SUCCESS",
        "part-00000",
        "part-00001",
    ]
    assert (out / "part-00000").read_text() == "a\nraw\n"
    assert (out / "part-00001").read_text() == "None\n('x', 1)\n"


def test_existing_output_is_refused(sc, tmp_path):
    with pytest.raises(FileAlreadyExistsException, match="already exists"):
        sc.parallelize([1]).saveAsTextFile(str(tmp_path))
    with pytest.raises(FileAlreadyExistsException, match="already exists"):
        sc.parallelize([1]).saveAsPickleFile(str(tmp_path))


def test_unknown_codec_is_refused_before_anything_is_made(sc, tmp_path):
    with pytest.raises(IllegalArgumentException, match=r"no\.such\.Codec"):
        sc.parallelize([1]).saveAsTextFile(str(tmp_path / "out"), "no.such.Codec")
    assert not (tmp_path / "out").exists()


def test_failed_write_leaves_no_part_and_no_success(sc, tmp_path):
    out = tmp_path / "out"

    with pytest.raises(PythonException):
        sc.parallelize([1, 0], 2).map(lambda n: 1 // n).saveAsTextFile(str(out))

    assert not out.exists() or os.listdir(out) == []


def test_compressed_text_reads_back(sc, tmp_path):
    lines = [f"line {n}" for n in range(1000)]

    sc.parallelize(lines, 3).saveAsTextFile(
        str(tmp_path / "out"), "org.apache.hadoop.io.compress.GzipCodec"
    )

    assert (tmp_path / "out" / "part-00002.gz").exists()
    assert sorted(sc.textFile(str(tmp_path / "out")).collect()) == sorted(lines)


@pytest.mark.parametrize("batch_size", [0, 1, 7, 10])
def test_pickles_read_back(sc, tmp_path, batch_size):
    records = [None, ("a", 1), {"k": [1.5]}, *range(30)]

    sc.parallelize(records, 2).saveAsPickleFile(str(tmp_path / "out"), batch_size)

    assert sorted(sc.pickleFile(str(tmp_path / "out")).map(repr).collect()) == sorted(
        map(repr, records)
    )


# Kept data --------------------------------------------------------------------------


def test_cached_partition_is_computed_once(sc):
    seen = sc.accumulator(0)
    numbers = sc.parallelize(range(4), 2).map(lambda n: seen.add(1) or n).cache()

    assert (numbers.sum(), numbers.map(str).count(), seen.value) == (6, 4, 4)
    assert b"CachedPartitions: 2" in numbers.toDebugString()
    assert numbers.unpersist(blocking=True).sum() == 6
    assert seen.value == 8


def test_other_level_needs_unpersist(sc):
    numbers = sc.parallelize([1]).cache()

    with pytest.raises(SparkUnsupportedOperationException, match="Cannot change storage level"):
        numbers.persist(StorageLevel.DISK_ONLY)
    numbers.unpersist().persist(StorageLevel.DISK_ONLY)

    assert numbers.getStorageLevel() == StorageLevel.DISK_ONLY


def test_checkpoint_cuts_the_lineage(sc, tmp_path):
    sc.setCheckpointDir(str(tmp_path))
    numbers = sc.parallelize(range(4), 2).map(lambda n: n * 2)
    numbers.checkpoint()
    before = numbers.is_checkpointed, numbers.isCheckpointed(), numbers.getCheckpointFile()

    total = numbers.sum()

    assert (before, total) == ((True, False, None), 12)
    assert numbers.isCheckpointed()
    assert numbers.getCheckpointFile().endswith(f"/rdd-{numbers.id()}")
    assert b"ReliableCheckpointRDD" in numbers.toDebugString()
    assert numbers.map(str).collect() == ["0", "2", "4", "6"]


def test_local_checkpoint_is_used_by_what_follows(sc):
    seen = sc.accumulator(0)
    numbers = sc.parallelize(range(4), 2).map(lambda n: seen.add(1) or n)
    numbers.localCheckpoint()

    assert (numbers.sum(), numbers.map(str).count(), seen.value) == (6, 4, 4)
    assert numbers.isCheckpointed()
    assert numbers.getCheckpointFile() is None


def test_shuffle_files_are_made_anew_when_they_were_cleaned(sc):
    dealt = sc.parallelize([(n, n) for n in range(10)], 2).partitionBy(3)
    assert dealt.count() == 10

    dealt.cleanShuffleDependencies(blocking=True)

    assert dealt.count() == 10
