"""Kills of jobs and tasks: the action raises at once, the processors fall silent, the next job is
exact.
"""

import os
import threading
import time

import pytest

from pyspark_shell.common.errors import SparkJobCancelled
from tests.kill.victims import (
    hold_the_interpreter,
    sleep,
    spin,
    swallow_everything,
    swallow_exceptions,
    wait_for_a_lock,
)
from tests.processes.engine import Background, wait_until_up
from tests.processes.waiting import Stopwatch, wait_for, wait_for_end, within

FORCED_S = 5


def swallow_the_kill_once(_):
    try:
        time.sleep(3600)
    except BaseException:
        while True:
            time.sleep(0.01)


def block_signals(_):
    import signal

    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        pass


YIELDING = [spin, sleep, wait_for_a_lock, swallow_exceptions, swallow_the_kill_once]
STUBBORN = [hold_the_interpreter, swallow_everything, block_signals]


def held(sc, gate, function):
    """Start a job of two tasks that do not end; gives it and the processes of its tasks."""

    def work(number):
        gate.report()
        function(number)

    running = Background(sc.parallelize(range(2), 2).map(work).collect)
    wait_for(lambda: len(gate.pids()) == 2, "both tasks to run")
    return running, gate.pids()


def assert_cancelled(running):
    with Stopwatch() as watch, pytest.raises(SparkJobCancelled, match=r"\[SPARK_JOB_CANCELLED\]"):
        running.result()
    assert watch.seconds < within(1)


@pytest.mark.parametrize("interrupt", [False, True], ids=["without interrupt", "with interrupt"])
@pytest.mark.parametrize("function", YIELDING, ids=lambda f: f.__name__)
def test_a_killed_task_ends_and_its_process_is_replaced(sc, gate, function, interrupt):
    wait_until_up(sc, 2)
    sc.setInterruptOnCancel(interrupt)
    running, pids = held(sc, gate, function)

    sc.cancelAllJobs()

    assert_cancelled(running)
    with Stopwatch() as watch:
        assert sc.parallelize(range(10), 2).sum() == 45
    assert watch.seconds < within(2)
    wait_for_end(pids, 1)


def test_a_killed_task_costs_no_other_its_process(sc, gate):
    def go_on(_):
        gate.stop_here()
        return os.getpid()

    def end_never(_):
        gate.report()
        time.sleep(3600)

    def victim_job():
        sc.setJobGroup("victim", "")
        sc.parallelize([0], 1).foreach(end_never)

    bystander = Background(sc.parallelize([0], 1).map(go_on).collect)
    [spared] = wait_for(gate.pids, "the task that goes on")
    victim = Background(victim_job)
    wait_for(lambda: len(gate.pids()) == 2, "the task to be killed")

    sc.cancelJobGroup("victim")

    assert_cancelled(victim)
    wait_for_end([pid for pid in gate.pids() if pid != spared], 1)
    gate.open()
    assert bystander.result() == [spared]


@pytest.mark.parametrize("function", STUBBORN, ids=lambda f: f.__name__)
def test_a_task_that_cannot_be_interrupted_loses_its_process(sc, gate, function):
    wait_until_up(sc, 2)
    running, pids = held(sc, gate, function)

    sc.cancelAllJobs()

    assert_cancelled(running)
    wait_for_end(pids, FORCED_S)
    assert sc.parallelize(range(10), 2).sum() == 45


def test_a_job_killed_before_its_first_task_never_runs(sc, gate, counter):
    blocker, _ = held(sc, gate, sleep)
    sc.setJobGroup("waiting", "queued behind the other")
    queued = Background(queue_job, sc, counter)
    wait_for(lambda: sc.statusTracker().getJobIdsForGroup("waiting"), "the second job")

    sc.cancelJobGroup("waiting")

    assert_cancelled(queued)
    sc.cancelAllJobs()
    assert_cancelled(blocker)
    assert counter.count == 0


def queue_job(sc, counter):
    sc.setJobGroup("waiting", "queued behind the other")
    return sc.parallelize(range(10), 2).foreach(lambda _: counter.add())


@pytest.mark.parametrize("times", [1, 3])
def test_a_killed_task_is_tried_again_and_does_not_count_as_failed(sc, gate, counter, times):
    def work(number):
        counter.add()
        gate.report()
        if counter.count <= times:
            time.sleep(3600)
        return number

    running = Background(sc.parallelize([7], 1).map(work).collect)
    for attempt in range(1, times + 1):
        wait_for(lambda: len(gate.pids()) >= attempt, f"attempt {attempt}")  # noqa: B023
        [task_id] = sc._driver.scheduler.ask(lambda: running_task_ids(sc))
        assert sc.killTaskAttempt(task_id)

    assert running.result() == [7]
    assert counter.count == times + 1


def running_task_ids(sc):
    return [e.running.task_id for e in sc._driver.scheduler.executors() if e.running]


def test_a_kill_of_what_has_ended_is_harmless(sc):
    assert sc.parallelize(range(10), 2).sum() == 45

    sc.cancelJob(0)
    sc.cancelJob(99_999)
    sc.cancelStage(0)
    sc.cancelJobGroup("nobody")
    assert not sc.killTaskAttempt(0)

    assert sc.parallelize(range(10), 2).sum() == 45


def test_finally_blocks_of_a_killed_task_run(sc, gate, counter):
    def tidy(_):
        try:
            time.sleep(3600)
        finally:
            counter.add()

    running, _ = held(sc, gate, tidy)
    sc.cancelAllJobs()

    assert_cancelled(running)
    wait_for(lambda: counter.count == 2, "both finally blocks")


def test_a_killed_job_leaves_no_partial_partition_in_the_cache(sc, gate, counter):
    def slowly(number):
        if number == 900:
            gate.stop_here()
        return number

    cached = sc.parallelize(range(1_000), 2).map(slowly).cache()
    running = Background(cached.count)
    wait_for(gate.pids, "the task to reach the gate")

    sc.cancelAllJobs()
    assert_cancelled(running)

    assert cached.count() == 1_000
    assert cached.sum() == sum(range(1_000))


def test_a_storm_of_kills_from_many_threads_harms_no_other_job(sc):
    stop = threading.Event()

    def victim(number):
        sc.setJobGroup(f"victim-{number}", "")
        ended = 0
        while not stop.is_set():
            try:
                sc.parallelize(range(4), 4).map(lambda _: time.sleep(0.02)).collect()
            except SparkJobCancelled:
                ended += 1
        return ended

    def killer():
        while not stop.wait(0.01):
            sc.cancelJobGroup("victim-0")
            sc.cancelJobGroup("victim-1")

    threads = [Background(victim, 0), Background(victim, 1), Background(killer)]
    sc.setJobGroup("bystander", "")
    for _ in range(60):
        pairs = sc.parallelize(range(100), 4).map(lambda n: (n % 3, 1))
        assert sorted(pairs.countByKey().items()) == [(0, 34), (1, 33), (2, 33)]
    stop.set()

    assert sum(thread.result() for thread in threads[:2]) > 10
    threads[2].result()
