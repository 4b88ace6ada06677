"""Parts of the API that few programs use, each in a real application."""

import os
from operator import add
from typing import ClassVar

import pytest

from pyspark_shell import (
    BarrierTaskContext,
    BasicProfiler,
    SparkConf,
    SparkContext,
    TaskContext,
)
from pyspark_shell.broadcast import Broadcast
from pyspark_shell.common.errors import PySparkException, PySparkRuntimeError, PythonException
from pyspark_shell.rdd import portable_hash
from pyspark_shell.resource import ResourceProfileBuilder, TaskResourceRequests
from tests.processes.engine import Background
from tests.processes.waiting import wait_for


def test_a_broadcast_can_be_read_from_its_file(sc, tmp_path):
    writer = sc.broadcast(None)
    with (tmp_path / "value").open("wb") as file:
        writer.dump({"a": [1, 2]}, file)

    assert Broadcast(path=str(tmp_path / "value")).value == {"a": [1, 2]}


def test_barrier_tasks_meet_as_often_as_they_like(sc):
    def meet(records):
        context = BarrierTaskContext.get()
        rounds = []
        for turn in range(5):
            context.barrier()
            rounds.append(context.allGather(f"{turn}.{context.partitionId()}"))
        yield rounds

    found = sc.parallelize(range(2), 2).barrier().mapPartitions(meet).collect()

    assert found == [[[f"{turn}.0", f"{turn}.1"] for turn in range(5)]] * 2


def test_barrier_tasks_tell_one_another_text_alone(sc):
    def meet(records):
        BarrierTaskContext.get().allGather(7)

    with pytest.raises(PythonException, match=r"NOT_STR.*message"):
        sc.parallelize(range(2), 2).barrier().mapPartitions(meet).collect()


def test_text_has_no_portable_hash_where_each_process_draws_its_own_seed(monkeypatch):
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)

    with pytest.raises(PySparkException, match="PYTHONHASHSEED"):
        portable_hash("text")


class Counting(BasicProfiler):
    """Says that it was asked."""

    shown: ClassVar[list[int]] = []

    def show(self, id):
        Counting.shown.append(id)


def test_a_profiler_of_the_user_s_own_is_shown_once(shared):
    shared.stop()
    conf = SparkConf().setMaster("local[2]").setAppName("x").set("spark.python.profile", "true")
    with SparkContext(conf=conf, profiler_cls=Counting) as sc:
        rdd = sc.parallelize(range(10), 2).map(str)
        assert rdd.count() == 10

        sc.show_profiles()
        sc.show_profiles()

    assert len(Counting.shown) == 1


def test_profiles_need_the_setting(sc, tmp_path):
    for use in (sc.show_profiles, lambda: sc.dump_profiles(str(tmp_path))):
        with pytest.raises(PySparkRuntimeError) as caught:
            use()
        assert caught.value.getCondition() == "INCORRECT_CONF_FOR_PROFILE"


def test_the_user_is_told_by_the_environment_first(sc, monkeypatch):
    monkeypatch.setenv("SPARK_USER", "somebody")

    assert sc.sparkUser() == "somebody"


def test_a_job_description_reaches_tasks_and_listeners(sc):
    sc.setJobDescription("sums up")
    try:
        read = sc.parallelize([1], 1).map(
            lambda _: TaskContext.get().getLocalProperty("spark.job.description")
        )
        assert read.collect() == ["sums up"]
    finally:
        sc.setJobDescription(None)


def test_a_task_knows_its_share_of_a_core_and_its_rdd_its_profile(sc):
    profile = ResourceProfileBuilder().require(TaskResourceRequests().cpus(0.5)).build
    plain = sc.parallelize([1], 1)
    limited = sc.parallelize([1], 1).withResources(profile)

    amounts = limited.map(lambda _: str(TaskContext.get().cpuAmount())).collect()

    assert amounts == ["0.5"]
    assert limited.getResourceProfile() is profile
    assert plain.getResourceProfile() is None


def test_counts_of_a_stage_move_while_it_runs(sc, gate):
    def work(number):
        if number == 3:
            gate.stop_here()
        return number

    running = Background(sc.parallelize(range(4), 4).map(work).sum)
    wait_for(gate.pids, "the last task")
    tracker = sc.statusTracker()
    [stage_id] = tracker.getActiveStageIds()

    def counts():
        info = tracker.getStageInfo(stage_id)
        return info.numTasks, info.numActiveTasks, info.numCompletedTasks

    wait_for(lambda: counts() == (4, 1, 3), "three of four to be done")
    gate.open()
    assert running.result() == 6
    assert counts() == (4, 0, 4)


def test_a_task_s_context_can_be_sent_to_the_driver(sc):
    contexts = sc.parallelize(range(2), 2).map(lambda _: TaskContext.get()).collect()

    assert [context.partitionId() for context in contexts] == [0, 1]
    assert {context.attemptNumber() for context in contexts} == {0}
    assert TaskContext.get() is None


def test_the_memory_of_python_workers_alone_makes_groups_spill(start):
    sc = start(spark__python__worker__memory="1m")
    pairs = sc.parallelize(range(200_000), 4).map(lambda n: (n % 1000, (n, str(n))))

    groups = pairs.groupByKey(2).mapValues(len).collectAsMap()

    assert groups == dict.fromkeys(range(1000), 200)
    sc._driver.status_store.catch_up()
    stages = sc._driver.status_store.stage_list()
    assert sum(stage.metrics().disk_bytes_spilled for stage in stages) > 0


def test_a_quarter_of_a_gigabyte_is_collected_as_it_was(start):
    sc = start()
    size = 1 << 20

    parts = sc.parallelize(range(256), 16).map(lambda n: bytes([n]) * size).collect()

    assert [(len(part), part[0], part[-1]) for part in parts] == [(size, n, n) for n in range(256)]


def test_everything_adds_up_again(sc):
    pairs = sc.parallelize(range(10), 2).map(lambda n: (n % 2, n))

    assert pairs.reduceByKey(add).collectAsMap() == {0: 20, 1: 25}
    assert os.getpid() not in sc.parallelize([1], 1).map(lambda _: os.getpid()).collect()
