"""Contexts come and go without a trace; what a stop meets half-way is ended too."""

import gc
import os
import signal
import threading
import weakref

import pytest

from pyspark_shell import SparkContext
from pyspark_shell.common.errors import JobFailed, SparkContextStopped
from tests.conftest import Snapshot
from tests.processes.conftest import leaks
from tests.processes.engine import Background, wait_until_up, zygote_pid
from tests.processes.waiting import kill, rss_bytes, wait_for, wait_for_end

CYCLES = 100


def cycle():
    with SparkContext("local[2]", "cycle") as sc:
        pairs = sc.parallelize(range(100), 2).map(lambda n: (n % 3, n)).groupByKey().cache()
        assert pairs.count() == 3
        assert sc.parallelize(range(10), 2).map(sc.broadcast({1: 2}).value.get).count() == 10
        return sc._driver.local_dirs.all_roots


@pytest.mark.slow
def test_a_hundred_contexts_leave_nothing_behind(shared):
    shared.stop()
    for _ in range(5):
        cycle()
    before = Snapshot.take()
    memory = rss_bytes(os.getpid())
    roots = set()

    for _ in range(CYCLES):
        roots.update(cycle())

    gc.collect()
    assert leaks(before) == {}
    assert len(roots) == 2 * CYCLES
    assert [root for root in roots if os.path.exists(root)] == []
    assert rss_bytes(os.getpid()) - memory < 20 << 20


def test_a_stop_ends_processes_at_once(start):
    sc = start()
    pids = [zygote_pid(sc), *wait_until_up(sc, 2)]
    roots = sc._driver.local_dirs.all_roots

    sc.stop()

    wait_for_end(pids, 0.4)
    assert not any(map(os.path.exists, roots))


def test_a_stop_ends_the_jobs_that_run(start, gate):
    sc = start()
    numbers = sc.parallelize(range(4), 4).map(lambda n: (gate.report(), gate.hold()))
    running = [Background(numbers.collect) for _ in range(3)]
    wait_for(lambda: len(gate.pids()) == 2, "tasks")

    sc.stop()

    for job in running:
        assert isinstance(job.error(), (JobFailed, SparkContextStopped))
    wait_for_end(gate.pids(), 1)


def test_jobs_that_are_submitted_while_the_context_stops_do_not_hang(start):
    for _ in range(10):
        sc = start()
        begun = threading.Barrier(5)

        def submit(sc=sc, begun=begun):
            begun.wait()
            while True:
                sc.parallelize(range(4), 2).map(lambda n: n + 1).sum()

        threads = [Background(submit) for _ in range(4)]
        begun.wait()
        sc.parallelize([1]).count()
        sc.stop()

        for thread in threads:
            assert isinstance(thread.error(), (JobFailed, SparkContextStopped))


def test_a_stop_from_many_threads_is_one_stop(start):
    sc = start()
    pids = wait_until_up(sc, 2)

    for thread in [Background(sc.stop) for _ in range(8)]:
        thread.result()

    wait_for_end(pids, 1)
    assert sc.isStopped
    sc.stop()


@pytest.mark.parametrize("victim", ["executors", "zygote"])
def test_a_stop_after_everything_was_killed(start, victim):
    sc = start()
    pids = wait_until_up(sc, 2)

    for pid in pids if victim == "executors" else [zygote_pid(sc)]:
        kill(pid)
    sc.stop()

    wait_for_end(pids, 1)


def test_a_stop_before_the_executors_are_up(start):
    for _ in range(10):
        start().stop()


def test_a_stop_while_a_task_ignores_everything(start, gate):
    def stubborn(number):
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        gate.report()
        while True:
            pass

    sc = start()
    running = Background(sc.parallelize(range(2), 2).map(stubborn).collect)
    pids = wait_for(lambda: len(gate.pids()) == 2 and gate.pids(), "tasks")

    stopping = Background(sc.stop)

    stopping.result(1)
    wait_for_end(pids, 1)
    running.error()


def test_rdds_of_a_stopped_context_say_so(start):
    sc = start()
    numbers = sc.parallelize(range(10), 2).cache()
    sc.stop()

    for use in (numbers.count, numbers.unpersist, lambda: sc.broadcast(1), sc.cancelAllJobs):
        with pytest.raises((SparkContextStopped, AttributeError)):
            use()


def test_memory_of_a_stopped_context_is_given_back(start):
    sc = start()
    sc.parallelize(range(1_000), 4).map(lambda n: (n, n)).groupByKey().count()
    driver = weakref.ref(sc._driver)
    sc.stop()
    del sc

    gc.collect()

    assert driver() is None
