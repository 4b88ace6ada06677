"""Barrier stages that meet, fail and lose executors; slow tasks that get a copy."""

import os
import time
from operator import add

import pytest

from pyspark_shell import BarrierTaskContext, TaskContext
from pyspark_shell.common.errors import JobFailed, SparkJobCancelled
from tests.processes.engine import COPIES_SOON, Background, assert_settled, wait_until_up
from tests.processes.waiting import Stopwatch, kill, wait_for, within


def meet(records):
    """All tasks of the stage tell one another what they have."""
    context = BarrierTaskContext.get()
    context.barrier()
    yield context.partitionId(), context.allGather(str(sum(records)))


def test_tasks_of_a_barrier_stage_meet(sc):
    numbers = sc.parallelize(range(10), 2).barrier()

    assert numbers.mapPartitions(meet).collect() == [(0, ["10", "35"]), (1, ["10", "35"])]
    assert sc.parallelize(range(10), 2).sum() == 45


def test_a_barrier_stage_waits_until_all_slots_are_free(sc, gate):
    blocker = Background(sc.parallelize([1], 1).map(lambda n: (gate.stop_here(), n)[1]).collect)
    wait_for(gate.pids, "the task that holds a slot")
    meeting = Background(sc.parallelize(range(4), 2).barrier().mapPartitions(meet).collect)

    assert sc.parallelize(range(10), 5).sum() == 45  # the other slot goes on serving
    gate.open()

    assert blocker.result() == [1]
    assert len(meeting.result()) == 2


def test_more_tasks_than_slots_are_refused_at_once(sc):
    with pytest.raises(JobFailed, match=r"\[SPARK-24819\]"):
        sc.parallelize(range(9), 3).barrier().mapPartitions(meet).collect()


def test_a_task_that_fails_ends_the_others_and_the_job(sc, gate):
    def work(records):
        gate.report()
        if TaskContext.get().partitionId() == 0:
            while len(gate.pids()) < 2:
                time.sleep(0.005)
            raise ValueError("it was me")
        BarrierTaskContext.get().barrier()
        yield 1

    with Stopwatch() as watch, pytest.raises(JobFailed) as caught:
        sc.parallelize(range(4), 2).barrier().mapPartitions(work).collect()

    assert "Could not recover from a failed barrier ResultStage" in str(caught.value)
    assert "it was me" in str(caught.value)
    assert watch.seconds < within(5)
    assert_settled(sc)


def test_a_barrier_map_stage_starts_again_as_a_whole(sc, counter):
    def work(records):
        counter.add()
        BarrierTaskContext.get().barrier()
        if counter.count <= 2 and TaskContext.get().partitionId() == 1:
            raise ValueError("the first time")
        yield from ((n % 2, n) for n in records)

    pairs = sc.parallelize(range(10), 2).barrier().mapPartitions(work)

    assert pairs.reduceByKey(add, 1).collectAsMap() == {0: 20, 1: 25}
    assert counter.count == 4


def test_a_barrier_task_that_is_killed_for_another_does_not_end_the_job(sc, counter):
    def work(records):
        counter.add()
        BarrierTaskContext.get().barrier()
        while counter.count <= 2:
            if TaskContext.get().partitionId() == 1:
                raise ValueError("the first time")
            time.sleep(0.001)
        yield from ((n % 2, n) for n in records)

    pairs = sc.parallelize(range(10), 2).barrier().mapPartitions(work)

    assert pairs.reduceByKey(add, 1).collectAsMap() == {0: 20, 1: 25}
    assert counter.count == 4


def test_a_barrier_map_stage_survives_an_executor_that_is_killed(sc, gate):
    def work(records):
        if TaskContext.get().partitionId() == 0:
            gate.stop_here()
        BarrierTaskContext.get().barrier()
        yield from ((n % 2, n) for n in records)

    pairs = sc.parallelize(range(10), 2).barrier().mapPartitions(work)
    running = Background(pairs.reduceByKey(add, 1).collectAsMap)
    [pid] = wait_for(gate.pids, "the task at the gate")

    kill(pid)

    assert running.result() == {0: 20, 1: 25}


def test_tasks_that_wait_at_a_barrier_can_be_cancelled(sc, gate):
    def work(records):
        gate.report()
        if TaskContext.get().partitionId() == 0:
            BarrierTaskContext.get().barrier()
        time.sleep(3600)

    running = Background(sc.parallelize([1, 2], 2).barrier().mapPartitions(work).collect)
    wait_for(lambda: len(gate.pids()) == 2, "both tasks")

    sc.cancelAllJobs()

    assert isinstance(running.error(1), SparkJobCancelled)
    with Stopwatch() as watch:
        assert sc.parallelize(range(10), 2).sum() == 45
    assert watch.seconds < within(2)


def test_who_waits_too_long_at_a_barrier_is_told(start):
    sc = start(spark__barrier__sync__timeout="1s")

    def work(records):
        if TaskContext.get().partitionId() == 0:
            BarrierTaskContext.get().barrier()
        else:
            time.sleep(3600)
        yield 1

    with pytest.raises(JobFailed, match=r"spark\.barrier\.sync\.timeout"):
        sc.parallelize([1, 2], 2).barrier().mapPartitions(work).collect()

    assert sc.parallelize(range(10), 2).sum() == 45


def test_a_slow_task_gets_a_copy_and_counts_once(start, counter):
    sc = start(**COPIES_SOON)
    wait_until_up(sc, 2)
    seen = sc.accumulator(0)

    def work(number):
        seen.add(1)
        if number == 7:
            counter.add()
            if counter.count == 1:
                time.sleep(3600)
        return number, os.getpid()

    with Stopwatch() as watch:
        results = sc.parallelize(range(8), 8).map(work).collect()

    assert [number for number, _ in results] == list(range(8))
    assert seen.value == 8
    assert counter.count == 2
    assert watch.seconds < within(5)
    assert sc.parallelize(range(10), 2).sum() == 45
    assert_settled(sc)


def test_copies_of_map_tasks_leave_one_output_each(start, counter):
    sc = start(**COPIES_SOON)
    wait_until_up(sc, 2)

    def work(number):
        if number == 7:
            counter.add()
            if counter.count == 1:
                time.sleep(3600)
        return number % 2, number

    sums = sc.parallelize(range(8), 8).map(work).reduceByKey(add, 2)

    assert sums.collectAsMap() == {0: 12, 1: 16}
