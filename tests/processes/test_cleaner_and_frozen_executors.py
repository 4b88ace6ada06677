"""Removals that an executor does not confirm: bounded, told, tried again."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.processes.cleaning import files, listen, row_of, threads_called
from tests.processes.engine import Background, wait_until_up
from tests.processes.waiting import Stopwatch, wait_for, within

TIMEOUT_S = 1.0


class Slow:
    """A cleaner listener that takes its time."""

    def __init__(self):
        self.begun = []
        self.ended = []

    def rddCleaned(self, number):
        self.begun.append(number)
        time.sleep(2)
        self.ended.append(number)


@pytest.fixture
def sc(start):
    return start(spark__cleaner__referenceTracking__blocking__timeout=f"{TIMEOUT_S:g}s")


@pytest.fixture
def freeze():
    """Yield a function that stops a process; all go on at the end."""
    frozen = []

    def stop(pid):
        os.kill(pid, signal.SIGSTOP)
        frozen.append(pid)

    yield stop
    for pid in frozen:
        go_on(pid)


def go_on(pid):
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return


def cached(sc):
    rdd = sc.parallelize(range(10), 2).map(lambda n: n).cache()
    assert rdd.count() == 10
    return rdd


def test_failing_executor(sc, freeze, caplog):
    told = listen(sc)
    frozen = wait_until_up(sc, 2)[1]
    rdd = cached(sc)
    number = rdd.id()

    freeze(frozen)
    with Stopwatch() as watch:
        del rdd
        row = wait_for(
            lambda: (row := row_of(sc, "rdd", number)) and row["state"] == "error" and row,
            "the error",
        )

    assert TIMEOUT_S * 0.9 < watch.seconds < within(TIMEOUT_S + 1)
    assert row["error"] == f"Failed to remove RDD {number}: executor 1 did not answer within 1 s"
    assert f"Error cleaning RDD {number}" in caplog.messages
    assert files(sc, "blocks", f"rdd_{number}_") == set()
    assert ("rdd", number) not in told

    go_on(frozen)

    wait_for(lambda: row_of(sc, "rdd", number)["state"] == "cleaned", "a better try", 10)
    assert told.cleaned == [("rdd", number)]


def test_a_dead_executor_need_not_confirm(sc, freeze):
    told = listen(sc)
    frozen = wait_until_up(sc, 2)[1]
    rdd = cached(sc)
    number = rdd.id()
    freeze(frozen)

    cleaning = Background(sc.cleaner.doCleanupRDD, number, True)
    os.kill(frozen, signal.SIGKILL)
    cleaning.result()

    assert told.cleaned == [("rdd", number)]


def test_a_busy_executor_confirms(sc, gate):
    rdd = cached(sc)
    running = Background(sc.parallelize([1], 1).map(lambda n: gate.stop_here()).count)
    wait_for(gate.pids, "the task")

    with Stopwatch() as watch:
        rdd.unpersist(blocking=True)
    gate.open()

    assert watch.seconds < within(TIMEOUT_S)
    running.result()


def test_stop_waits(start):
    sc = start()
    slow = Slow()
    sc.cleaner.attachListener(slow)
    rdd = cached(sc)
    number = rdd.id()
    del rdd
    wait_for(lambda: slow.begun, "the cleaning to begin")
    [thread] = threads_called("Spark Context Cleaner")

    sc.stop()
    assert not thread.is_alive()
    assert slow.ended == [number]

    second = start()
    same = cached(second)
    assert same.id() == number
    assert len(files(second, "blocks", f"rdd_{number}_")) == 2


def test_stop_bounded(sc, freeze):
    rdd = cached(sc)
    number = rdd.id()
    for pid in wait_until_up(sc, 2):
        freeze(pid)
    del rdd
    wait_for(lambda: row_of(sc, "rdd", number)["state"] == "cleaning", "the cleaning to begin")

    with Stopwatch() as watch:
        sc.stop()

    assert watch.seconds < within(TIMEOUT_S + 0.5)
    assert threads_called("Spark Context Cleaner") == []
