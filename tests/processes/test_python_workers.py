"""What programs written for PySpark expect of the processes that run their tasks."""

import gc
import os
import resource

import pytest

from pyspark_shell import SparkConf, SparkContext, TaskContext
from pyspark_shell.errors import PythonException, SparkException
from tests.processes.waiting import kill, wait_for, wait_for_end

GIB = 1 << 30


def pids_of(sc, tasks):
    return sc.parallelize(range(tasks), tasks).map(lambda _: os.getpid()).collect()


def test_the_first_job_runs_on_all_executors_and_the_next_on_the_same(start):
    sc = start("local[4]")

    first, second = pids_of(sc, 4), pids_of(sc, 4)

    assert len(set(first)) == 4
    assert set(first) == set(second)


def test_idle_processes_that_were_killed_are_replaced(start):
    sc = start("local[3]")
    spared, *killed = pids_of(sc, 3)

    for pid in killed:
        kill(pid)
    wait_for_end(killed, 2)

    after = pids_of(sc, 3)
    assert spared in after
    assert not set(killed) & set(after)


def test_without_reuse_each_task_has_a_process_of_its_own(start):
    sc = start("local[2]", spark__python__worker__reuse="false")

    used = pids_of(sc, 6)

    assert len(set(used)) == 6
    wait_for_end(used, 2)


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({}, 2 * GIB),
        ({"spark__task__cpus": "0.5"}, GIB),
        ({"spark__executor__cores": "4"}, GIB // 2),
        ({"spark__executor__cores": "4", "spark__task__cpus": "2"}, GIB),
        ({"spark__task__cpus": "2"}, 2 * GIB),
    ],
    ids=["alone", "half a core", "four cores", "two cores of four", "two cores"],
)
def test_the_address_space_is_shared_by_the_tasks_of_the_cores_that_are_set(start, settings, limit):
    sc = start("local[4]", spark__executor__pyspark__memory="2g", **settings)

    [limits] = (
        sc.parallelize([0], 1).map(lambda _: resource.getrlimit(resource.RLIMIT_AS)).collect()
    )

    assert limits == (limit, limit)


def test_a_job_for_another_python_than_the_executors_is_refused(sc, monkeypatch):
    monkeypatch.setattr(sc, "pythonVer", "2.0")

    with pytest.raises(SparkException, match="PYTHON_VERSION_MISMATCH") as caught:
        sc.range(3).count()

    assert caught.value.getMessageParameters()["driver_version"] == "2.0"


def test_a_task_context_that_is_made_is_the_one_that_runs(sc):
    def stages(_):
        return TaskContext().stageId(), TaskContext.get().stageId()

    found = [sc.parallelize([0], 1).map(stages).first() for _ in range(2)]

    assert [made for made, _ in found] == [running for _, running in found]
    assert found[0] != found[1]


def test_a_broadcast_that_a_job_used_is_cleaned_like_any_other(sc):
    def use_one():
        broadcast = sc.broadcast([3, 4])
        assert sc.range(2).map(lambda n: broadcast.value[n]).sum() == 7
        return broadcast._path

    path = use_one()
    gc.collect()

    wait_for(lambda: not os.path.exists(path), "the broadcast's file to go")


def test_a_checkpoint_can_be_read_by_another_rdd(sc, tmp_path):
    sc.setCheckpointDir(str(tmp_path))
    squares = sc.parallelize(range(10), 3).map(lambda n: n * n)
    squares.checkpoint()
    squares.count()

    recovered = sc._checkpointFile(squares.getCheckpointFile())

    assert recovered.glom().collect() == squares.glom().collect()


def make_a_context(allowed):
    conf = SparkConf().setMaster("local[2]").setAppName("inner")
    with SparkContext(conf=conf.set("spark.executor.allowSparkContext", allowed)) as inner:
        factor, total = inner.broadcast(5), inner.accumulator(0)
        inner.range(10).foreach(lambda n: total.add(n * factor.value))
        return total.value


def test_a_task_can_make_a_context_if_it_says_so(start):
    sc = start("local-cluster[1,1,1024]")
    outer, counted = sc.broadcast("outer"), sc.accumulator(0)

    inside = sc.parallelize([0], 1).map(lambda _: (make_a_context("true"), outer.value)).collect()
    later = sc.broadcast("later")
    sc.parallelize([0], 1).foreach(lambda _: counted.add(len(outer.value + later.value)))

    assert inside == [(225, "outer")]
    assert counted.value == 10


def test_a_task_can_make_no_context_otherwise(sc):
    with pytest.raises(PythonException, match="CONTEXT_ONLY_VALID_ON_DRIVER"):
        sc.parallelize([0], 1).map(lambda _: make_a_context("false")).collect()
