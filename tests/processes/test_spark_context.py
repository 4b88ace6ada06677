import os
import pickle
import threading
import time
import zipfile
from pathlib import Path

import pytest

from pyspark_shell import (
    AccumulatorParam,
    InheritableThread,
    SparkContext,
    SparkFiles,
    StorageLevel,
    TaskContext,
    inheritable_thread_target,
)
from pyspark_shell.errors import (
    IllegalArgumentException,
    PySparkRuntimeError,
    PythonException,
    SparkException,
    SparkJobCancelled,
    SparkUnsupportedOperationException,
)


@pytest.fixture(scope="module")
def shared():
    with SparkContext("local[2,3]", "tests") as context:
        yield context


@pytest.fixture
def sc(shared):
    yield shared
    shared.setJobGroup(None, None)
    shared.clearJobTags()


# What it is -------------------------------------------------------------------------


def test_it_says_what_it_is(sc):
    assert repr(sc) == "<SparkContext master=local[2,3] appName=tests>"
    assert [int(part) for part in sc.version.split(".")] == [4, 3, 0]
    assert sc.applicationId == sc.getConf().get("spark.app.id")
    assert abs(sc.startTime - time.time() * 1000) < 600_000
    assert (sc.defaultParallelism, sc.defaultMinPartitions) == (2, 2)
    assert "local[2,3]" in sc._repr_html_()
    assert sc.resources == {}
    assert not sc.isStopped


def test_a_second_context_is_refused_naming_the_first(sc):
    with pytest.raises(ValueError, match="Cannot run multiple SparkContexts at once") as caught:
        SparkContext("local", "another")

    assert "SparkContext(app=tests, master=local[2,3]) created by __init__ at " in str(caught.value)
    assert __file__ in str(caught.value)
    assert SparkContext.getOrCreate() is sc


def test_get_conf_is_a_copy(sc):
    sc.getConf().set("spark.mine", 1)

    assert not sc.getConf().contains("spark.mine")


def test_it_cannot_be_pickled(sc):
    with pytest.raises(PySparkRuntimeError, match="CONTEXT_ONLY_VALID_ON_DRIVER"):
        pickle.dumps(sc)
    with pytest.raises(pickle.PicklingError, match="CONTEXT_ONLY_VALID_ON_DRIVER"):
        sc.range(1).map(lambda _: sc).collect()


def test_a_task_cannot_make_one(sc):
    with pytest.raises(PythonException, match="CONTEXT_ONLY_VALID_ON_DRIVER"):
        sc.range(1).map(lambda _: SparkContext("local", "x")).collect()


@pytest.mark.parametrize(
    "level", ["all", "TRACE", "Debug", "INFO", "WARN", "ERROR", "FATAL", "OFF"]
)
def test_log_levels_are_sparks(sc, level):
    sc.setLogLevel(level)
    sc.setLogLevel("WARN")


def test_other_log_levels_are_refused(sc):
    with pytest.raises(IllegalArgumentException, match="Supplied level foo did not match one of"):
        sc.setLogLevel("foo")


# Making RDDs ------------------------------------------------------------------------


def test_parallelize_cuts_as_pyspark_does(sc):
    assert sc.parallelize(list(range(10)), 4).glom().collect() == [
        [0, 1],
        [2, 3],
        [4, 5],
        [6, 7, 8, 9],
    ]
    assert sc.range(10, numSlices=4).glom().collect() == [[0, 1], [2, 3, 4], [5, 6], [7, 8, 9]]
    assert sc.range(0, 10, 3, 3).glom().collect() == [[0], [3], [6, 9]]
    assert sc.emptyRDD().getNumPartitions() == 0
    assert sc.parallelize([]).getNumPartitions() == 2


def test_parallelize_reads_iterators_at_once_and_pickles_at_once(sc):
    numbers = [1, 2, 3]
    from_list, from_iterator = sc.parallelize(numbers), sc.parallelize(iter(numbers))

    numbers.append(4)

    assert from_list.collect() == from_iterator.collect() == [1, 2, 3]


def test_union_keeps_order_and_a_common_partitioner(sc):
    pairs = sc.parallelize([(1, "a"), (2, "b")]).partitionBy(3)

    assert sc.union([sc.parallelize([1], 2), sc.range(3)]).collect() == [1, 0, 1, 2]
    assert sc.union([pairs, pairs]).getNumPartitions() == 3
    with pytest.raises(IndexError):
        sc.union([])


def test_run_job_takes_partitions_in_any_order(sc):
    rdd = sc.parallelize(range(6), 3)

    assert sc.runJob(rdd, lambda part: [x * x for x in part]) == [0, 1, 4, 9, 16, 25]
    assert sc.runJob(rdd, lambda part: [sum(part)], [2, 0, 2]) == [9, 1, 9]
    assert sc.runJob(rdd, lambda part: [sum(part)], []) == []
    with pytest.raises(SparkException, match=r"non-existent partition: 5\. Total number of .*: 3"):
        sc.runJob(rdd, lambda part: part, [5])


# Shared variables -------------------------------------------------------------------


def test_accumulators_count_each_task_once(sc):
    seen = sc.accumulator(0)
    rdd = sc.parallelize(range(4), 2).map(lambda x: (seen.add(1), x)[1])

    assert rdd.collect() == rdd.collect()
    assert seen.value == 8


def test_only_the_attempt_that_succeeds_counts(sc):
    seen = sc.accumulator(0)

    def on_the_third(x):
        seen.add(1)
        if TaskContext.get().attemptNumber() < 2:
            raise ValueError("not yet")
        return x

    assert sc.parallelize([7], 1).map(on_the_third).collect() == [7]
    assert seen.value == 1


def test_a_second_attempt_remembers_nothing_of_the_first(sc):
    seen = set()

    def is_first(x):
        if x in seen:
            return False
        seen.add(x)
        return True

    def fail_at_first(x):
        if x == 3 and TaskContext.get().attemptNumber() == 0:
            raise ValueError("not yet")
        return x

    assert sc.parallelize([1, 2, 3, 3], 1).filter(is_first).map(fail_at_first).collect() == [
        1, 2, 3,
    ]  # fmt: skip


def test_accumulators_of_other_types_need_a_param(sc):
    class Words(AccumulatorParam):
        def zero(self, value):
            return frozenset()

        def addInPlace(self, value1, value2):
            return value1 | value2

    words = sc.accumulator(frozenset("x"), Words())
    sc.parallelize("abca", 2).foreach(lambda word: words.add(frozenset(word)))

    assert words.value == frozenset("abcx")
    with pytest.raises(TypeError, match="No default accumulator param"):
        sc.accumulator([])


def test_broadcasts_reach_every_task(sc):
    table = sc.broadcast({"a": 1})

    assert sc.parallelize("aa", 2).map(lambda key: table.value[key]).sum() == 2
    table.unpersist()
    assert sc.parallelize("aa", 2).map(lambda key: table.value[key]).sum() == 2
    table.destroy()
    with pytest.raises(SparkException, match="Task not serializable"):
        sc.parallelize("aa", 2).map(lambda key: table.value[key]).sum()


def test_a_process_reads_a_broadcast_once(sc):
    class Counted:
        def __reduce__(self):
            return _count_unpickled, ()

    counted = sc.broadcast(Counted())
    counts = sc.range(20, numSlices=20).map(lambda _: (os.getpid(), counted.value)).collect()

    assert {count for _, count in counts} == {1}


def _count_unpickled():
    _count_unpickled.times = getattr(_count_unpickled, "times", 0) + 1
    return _count_unpickled.times


def test_contexts_and_rdds_cannot_be_broadcast(sc):
    with pytest.raises(pickle.PicklingError, match="Could not serialize broadcast: PySparkRuntime"):
        sc.broadcast(sc)
    with pytest.raises(pickle.PicklingError, match="RDD_TRANSFORM_ONLY_VALID_ON_DRIVER"):
        sc.broadcast(sc.range(3))


# Files ------------------------------------------------------------------------------


def test_modules_and_packages_can_be_imported_in_tasks(sc, tmp_path):
    (tmp_path / "one_module.py").write_text("answer = 1")
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as zipped:
        zipped.writestr("other_module.py", "answer = 2")
    sc.addPyFile(str(tmp_path / "one_module.py"))
    sc.addPyFile(str(tmp_path / "package.zip"))

    def both(_):
        import one_module
        import other_module

        return one_module.answer + other_module.answer

    assert sc.range(2, numSlices=2).map(both).collect() == [3, 3]


def test_the_driver_and_tasks_find_files_and_archives(sc, tmp_path):
    (tmp_path / "data.txt").write_text("hello")
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as zipped:
        zipped.writestr("inside.txt", "in the archive")
    sc.addFile(str(tmp_path / "data.txt"))
    sc.addArchive(f"{tmp_path / 'data.zip'}#unpacked")

    def read(_):
        names = ("data.txt", "unpacked/inside.txt")
        return [Path(SparkFiles.get(name)).read_text() for name in names]

    assert read(0) == ["hello", "in the archive"]
    assert sc.range(2, numSlices=2).map(read).collect() == [read(0), read(0)]


# Groups, tags, threads, cancelling --------------------------------------------------


def test_tasks_see_local_properties_as_they_were_at_submission(sc):
    sc.setLocalProperty("mine", "before")
    seen = sc.range(1).map(lambda _: TaskContext.get().getLocalProperty("mine"))

    assert seen.collect() == ["before"]
    sc.setLocalProperty("mine", None)
    assert seen.collect() == [None]


def sleepers(sc, outcomes):
    def run():
        try:
            outcomes.append(sc.range(2, numSlices=2).map(lambda _: time.sleep(60)).collect())
        except SparkJobCancelled as error:
            outcomes.append(str(error))

    return run


def wait_for_job(sc):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if sc.statusTracker().getActiveJobsIds():
            return
        threading.Event().wait(0.01)
    raise AssertionError("the job did not start")


@pytest.mark.parametrize(
    ("name", "cancel", "text"),
    [
        (
            lambda sc: sc.setJobGroup("g", "sleep"),
            lambda sc: sc.cancelJobGroup("g"),
            "part of cancelled job group g",
        ),
        (
            lambda sc: sc.addJobTag("t"),
            lambda sc: sc.cancelJobsWithTag("t"),
            "part of cancelled job tags t",
        ),
        (
            lambda sc: None,
            lambda sc: sc.cancelJob(sc.statusTracker().getActiveJobsIds()[0], "for a reason"),
            "for a reason",
        ),
        (
            lambda sc: None,
            lambda sc: sc.cancelStage(sc.statusTracker().getActiveStageIds()[0]),
            "because Stage",
        ),
        (lambda sc: None, lambda sc: sc.cancelAllJobs(), "cancellation of all jobs"),
    ],
    ids=["group", "tag", "job", "stage", "all"],
)
def test_a_cancelled_job_raises_in_its_thread(sc, name, cancel, text):
    outcomes = []
    name(sc)
    thread = InheritableThread(target=sleepers(sc, outcomes), daemon=True)
    thread.start()
    wait_for_job(sc)

    cancel(sc)
    thread.join(10)

    assert len(outcomes) == 1
    assert text in outcomes[0]
    assert sc.range(3).count() == 3


def test_a_thread_that_is_started_twice_keeps_what_it_inherited(sc):
    thread = InheritableThread(target=print)
    sc.setLocalProperty("team", "search")
    thread.start()
    sc.setLocalProperty("team", None)

    with pytest.raises(RuntimeError):
        thread.start()
    thread.join()

    assert thread._inherited["team"] == "search"  # it may not have come to take it yet


def test_groups_may_be_cancelled_for_the_future(sc):
    sc.cancelJobGroupAndFutureJobs("doomed")
    sc.setJobGroup("doomed", "never runs")

    with pytest.raises(SparkJobCancelled, match="part of cancelled job group doomed"):
        sc.range(1).count()
    sc.setJobGroup("fine", "runs")
    assert sc.range(1).count() == 1


def test_plain_threads_inherit_nothing_and_ours_do(sc):
    sc.setLocalProperty("mine", "parent")
    plain, inheriting, wrapped = [], [], []
    target = inheritable_thread_target(sc)(lambda: wrapped.append(sc.getLocalProperty("mine")))
    threads = [
        threading.Thread(target=lambda: plain.append(sc.getLocalProperty("mine"))),
        InheritableThread(target=lambda: inheriting.append(sc.getLocalProperty("mine"))),
        threading.Thread(target=target),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sc.setLocalProperty("mine", None)

    assert (plain, inheriting, wrapped) == ([None], ["parent"], ["parent"])


def test_without_a_session_the_wrapper_warns(sc):
    with pytest.warns(UserWarning, match="without a session"):
        inheritable_thread_target(lambda: None)


def test_the_status_tracker_knows_what_just_ended(sc):
    sc.setJobGroup("counted", "two stages")
    sc.parallelize([(1, 2)], 2).reduceByKey(max, 3).count()

    tracker = sc.statusTracker()
    (job_id,) = tracker.getJobIdsForGroup("counted")
    job = tracker.getJobInfo(job_id)
    stages = [tracker.getStageInfo(stage_id) for stage_id in job.stageIds]
    assert (job.jobId, job.status) == (job_id, "SUCCEEDED")
    assert [(s.numTasks, s.numCompletedTasks, s.numActiveTasks) for s in stages] == [
        (2, 2, 0),
        (3, 3, 0),
    ]
    assert tracker.getJobInfo(10**6) is tracker.getStageInfo(10**6) is None


def test_the_status_tracker_tells_what_the_executor_keeps(sc):
    [before] = sc.statusTracker().getExecutorInfos()
    kept = sc.parallelize(range(10_000), 4).map(str).cache()
    kept.count()

    [info] = sc.statusTracker().getExecutorInfos()

    stored = sc._rdd_storage_info(kept._node)
    assert info.cacheSize == info.usedOnHeapStorageMemory
    assert info.cacheSize - before.cacheSize == stored.memory_size_bytes > 10_000
    assert info.totalOnHeapStorageMemory == sc._driver.scheduler._storage_bytes
    assert (info.host, info.numRunningTasks) == ("localhost", 0)
    assert info.port > 0
    kept.unpersist(blocking=True)
    assert sc.statusTracker().getExecutorInfos() == [before]


# Storage ----------------------------------------------------------------------------


def test_a_second_storage_level_is_refused(sc):
    rdd = sc.range(4).cache()

    with pytest.raises(SparkUnsupportedOperationException, match="Cannot change storage level"):
        rdd.persist(StorageLevel.DISK_ONLY)
    rdd.unpersist()
    rdd.persist(StorageLevel.DISK_ONLY).unpersist()


def test_checkpoints_need_a_directory_and_cut_the_lineage(sc, tmp_path):
    rdd = sc.range(4).map(lambda x: x + 1)
    if sc.getCheckpointDir() is None:
        with pytest.raises(SparkException, match="Checkpoint directory has not been set"):
            rdd.checkpoint()

    sc.setCheckpointDir(str(tmp_path))
    rdd.checkpoint()

    assert sc.getCheckpointDir().startswith(f"file:{tmp_path}/")
    assert rdd.collect() == [1, 2, 3, 4]
    assert rdd.isCheckpointed()
    assert rdd.collect() == [1, 2, 3, 4]
