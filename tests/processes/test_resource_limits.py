"""Cores and resources limit how many tasks run at once, and what can never run is refused."""

from itertools import chain

import pytest

from pyspark_shell import BarrierTaskContext, SparkConf, SparkContext, TaskContext
from pyspark_shell.common.errors import IllegalConfig, JobFailed, SparkException
from pyspark_shell.resource import (
    ExecutorResourceRequests,
    ResourceProfileBuilder,
    TaskResourceRequests,
)
from tests.conftest import Snapshot
from tests.processes.conftest import leaks
from tests.processes.engine import Background, wait_until_up
from tests.processes.waiting import wait_for

CLUSTER = "local-cluster[1,4,1024]"


def at_once(sc, gate, tasks, profile=None):
    """Return how many of eight tasks run while none of them may end."""
    numbers = sc.parallelize(range(8), 8)
    if profile is not None:
        numbers = numbers.withResources(profile)
    running = Background(numbers.map(lambda n: (gate.report(), gate.hold(), n)[2]).collect)
    wait_for(lambda: len(gate.pids()) >= tasks, f"{tasks} tasks at the gate")
    # A round of the scheduler has given out all that fits before the last of them got there.
    count = sc._driver.tasks_running()
    gate.open()
    assert running.result() == list(range(8))
    return count


def profile_of(tasks, executors=None):
    builder = ResourceProfileBuilder().require(tasks)
    return (builder if executors is None else builder.require(executors)).build


@pytest.mark.parametrize(("cpus", "tasks"), [("1", 4), ("2", 2), ("3", 1), ("4", 1)])
def test_tasks_share_the_cores_of_their_executor(start, gate, cpus, tasks):
    sc = start(CLUSTER, spark__task__cpus=cpus)
    wait_until_up(sc, 4)

    assert at_once(sc, gate, tasks) == tasks


@pytest.mark.parametrize(("cpus", "tasks"), [(1, 4), (2, 2), (4, 1)])
def test_a_profile_says_how_many_cores_a_task_takes(start, gate, cpus, tasks):
    sc = start(CLUSTER)
    wait_until_up(sc, 4)

    assert at_once(sc, gate, tasks, profile_of(TaskResourceRequests().cpus(cpus))) == tasks


@pytest.mark.parametrize(("gpus", "tasks"), [(1, 4), (2, 2), (3, 1), (0.5, 4)])
def test_a_profile_says_how_many_gpus_a_task_takes(start, gate, gpus, tasks):
    sc = start(CLUSTER)
    wait_until_up(sc, 4)
    executors = ExecutorResourceRequests().resource("gpu", 4)

    profile = profile_of(TaskResourceRequests().resource("gpu", gpus), executors)

    assert at_once(sc, gate, tasks, profile) == tasks


def test_tasks_that_run_at_once_have_different_gpus(start, gate):
    sc = start(CLUSTER)
    wait_until_up(sc, 4)
    profile = profile_of(
        TaskResourceRequests().resource("gpu", 2), ExecutorResourceRequests().resource("gpu", 4)
    )

    def addresses(number):
        gate.report()
        gate.hold()
        return TaskContext.get().resources()["gpu"].addresses

    running = Background(sc.parallelize(range(2), 2).withResources(profile).map(addresses).collect)
    wait_for(lambda: len(gate.pids()) == 2, "both tasks at the gate")
    gate.open()

    assert sorted(chain.from_iterable(running.result())) == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("master", "settings"),
    [
        ("local", {"spark__task__cpus": 2}),
        ("local[2]", {"spark__task__cpus": 3}),
        ("local-cluster[2,1,1024]", {"spark__task__cpus": 2}),
        ("local[2]", {"spark__executor__cores": 1, "spark__task__cpus": 2}),
    ],
)
def test_tasks_that_no_executor_has_the_cores_for_are_refused_at_the_start(
    shared, master, settings
):
    refused(shared, SparkException, r"cores per executor \(=[12]\) has to be >= ", master, settings)


def test_tasks_that_need_what_no_executor_offers_are_refused_at_the_start(shared):
    settings = {"spark__task__resource__gpu__amount": 1}

    refused(shared, SparkException, "No executor resource configs .*: gpu", "local[2]", settings)


@pytest.mark.parametrize("timeout", ["2s", "1s"])
def test_executors_that_would_be_lost_between_two_signs_of_life_are_refused(shared, timeout):
    settings = {"spark__network__timeout": timeout, "spark__executor__heartbeatInterval": "2s"}
    text = r"spark\.network\.timeout=\d000ms must be greater than .*heartbeatInterval=2000ms"

    refused(shared, IllegalConfig, text, "local[2]", settings)


def refused(shared, error, text, master, settings):
    shared.stop()
    before = Snapshot.take()
    conf = SparkConf().setMaster(master).setAppName("x")
    for name, value in settings.items():
        conf.set(name.replace("__", "."), value)

    with pytest.raises(error, match=text):
        SparkContext(conf=conf)

    assert leaks(before) == {}


@pytest.mark.parametrize(
    ("tasks", "executors", "text"),
    [
        (TaskResourceRequests().cpus(3), None, r"cores per executor \(=2\) .* per task = 3"),
        (
            TaskResourceRequests().cpus(2),
            ExecutorResourceRequests().cores(1),
            r"cores per executor \(=1\) .* per task = 2",
        ),
        (TaskResourceRequests().resource("gpu", 1), None, "task configs: gpu"),
        (
            TaskResourceRequests().resource("gpu", 2),
            ExecutorResourceRequests().resource("gpu", 1),
            r"gpu, amount: 1 needs to be >= the task amount: 2",
        ),
    ],
)
def test_a_profile_that_no_executor_can_serve_is_refused_at_once(sc, tasks, executors, text):
    numbers = sc.parallelize(range(4), 2).withResources(profile_of(tasks, executors))

    for use in (numbers.count, numbers.map(lambda n: (n, n)).groupByKey().count):
        with pytest.raises(SparkException, match=text):
            use()

    assert sc.parallelize(range(4), 2).count() == 4


def test_the_rdds_of_a_stage_have_one_profile_or_are_refused(sc):
    one, other = (profile_of(TaskResourceRequests().cpus(cpus)) for cpus in (1, 2))
    first = sc.parallelize(range(4), 2).withResources(one).map(str)

    with pytest.raises(ValueError, match=f"Multiple ResourceProfiles .*: {one.id} and {other.id}"):
        first.map(int).withResources(other).count()

    assert first.map(int).withResources(one).count() == 4
    assert first.repartition(2).withResources(other).count() == 4


def test_a_barrier_stage_counts_the_cores_that_its_tasks_take(start):
    sc = start(spark__task__cpus=2)

    def meet(records):
        BarrierTaskContext.get().barrier()
        return records

    with pytest.raises(JobFailed, match=r"\[SPARK-24819\].* It needs 2, there are 1"):
        sc.parallelize(range(4), 2).barrier().mapPartitions(meet).collect()

    assert sc.parallelize(range(4), 1).barrier().mapPartitions(meet).collect() == [0, 1, 2, 3]


def test_a_barrier_stage_needs_executors_that_stay(start):
    sc = start("local-cluster[1,1,1024]", spark__dynamicAllocation__enabled="true")

    with pytest.raises(JobFailed, match=r"\[SPARK-24942\]: Barrier execution mode does not"):
        sc.parallelize(range(4), 1).barrier().mapPartitions(list).collect()

    assert sc.parallelize(range(4), 2).sum() == 6


@pytest.mark.parametrize(
    ("master", "attempts"),
    [("local", 1), ("local[2]", 1), ("local[2,2]", 2), ("local-cluster[1,1,1024]", 3)],
)
def test_a_local_master_alone_says_how_often_a_task_may_fail(start, counter, master, attempts):
    sc = start(master, spark__task__maxFailures=3)

    def fail(number):
        counter.add()
        raise ValueError("again")

    with pytest.raises(JobFailed, match="again"):
        sc.parallelize([1], 1).map(fail).collect()

    assert counter.count == attempts
