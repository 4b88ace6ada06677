"""After any action, and after any failure whose exception is kept, only the user holds an RDD."""

from __future__ import annotations

import gc
import operator
import os
import signal
import threading
import weakref

import pytest

from tests.processes.engine import Background
from tests.processes.waiting import wait_for

LOCK = threading.Lock()


def boom(record):
    raise ValueError("no")


def half_iterated(rdd):
    next(rdd.toLocalIterator())


def with_shared_variables(rdd):
    sc = rdd.ctx
    seen, primes = sc.accumulator(0), sc.broadcast([2, 3])
    rdd.foreach(lambda record: seen.add(len(primes.value)))
    assert seen.value == 40


def in_threads(rdd):
    for running in [Background(rdd.count) for _ in range(3)]:
        assert running.result() == 20


ACTIONS = {
    "count": lambda rdd: rdd.count(),
    "take": lambda rdd: rdd.take(2),
    "reduceByKey": lambda rdd: rdd.reduceByKey(operator.add).collect(),
    "groupByKey": lambda rdd: rdd.groupByKey().mapValues(list).collect(),
    "sortByKey": lambda rdd: rdd.sortByKey().collect(),
    "join": lambda rdd: rdd.join(rdd).count(),
    "union": lambda rdd: (rdd + rdd).count(),
    "coalesce": lambda rdd: rdd.coalesce(1).count(),
    "zipWithIndex": lambda rdd: rdd.zipWithIndex().collect(),
    "treeReduce": lambda rdd: rdd.values().treeReduce(operator.add),
    "countApprox": lambda rdd: rdd.countApprox(1000),
    "toLocalIterator": half_iterated,
    "shared variables": with_shared_variables,
    "threads": in_threads,
}


@pytest.fixture
def without_collections():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def cached(sc):
    return sc.parallelize(range(20), 3).map(lambda n: (n % 3, n)).cache()


def assert_let_go(sc, node):
    entities = sc._driver.cleaner.entities
    wait_for(lambda: node() is None, "the RDD to be let go", 1)
    wait_for(lambda: not entities.live(), "all that came of it to be cleaned", 1)


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_holds_nothing_when_it_is_done(sc, name, without_collections):
    rdd = cached(sc)
    node = weakref.ref(rdd._node)

    ACTIONS[name](rdd)
    del rdd

    assert_let_go(sc, node)


def raised_by(action, rdd):
    """Return the exception of an action; this function's frame is in its traceback."""
    try:
        action(rdd)
    except BaseException as error:
        del rdd
        return error


def interrupted(rdd):
    interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    try:
        rdd.foreach(lambda record: threading.Event().wait(60))
    finally:
        interrupt.join()
        del rdd


FAILURES = {
    "task": lambda rdd: rdd.map(boom).collect(),
    "shuffle": lambda rdd: rdd.map(boom).groupByKey().count(),
    "pickling": lambda rdd: rdd.map(lambda n: LOCK).collect(),
    "partition": lambda rdd: rdd.ctx.runJob(rdd, list, [99]),
    "Ctrl-C": interrupted,
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_kept_exception_holds_nothing_of_the_engine(sc, name, without_collections):
    rdd = cached(sc)
    node = weakref.ref(rdd._node)

    error = raised_by(FAILURES[name], rdd)
    del rdd
    for frame in users_frames(error):
        frame.clear()

    assert isinstance(error, Exception | KeyboardInterrupt)
    assert_let_go(sc, node)


def users_frames(error):
    """Yield the frames of this file that the exception went through, but for what runs."""
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == __file__:
            yield traceback.tb_frame
        traceback = traceback.tb_next


def test_a_checkpoint_lets_go_of_the_shuffles_above_it(sc, tmp_path, without_collections):
    sc.setCheckpointDir(str(tmp_path))
    totals = sc.parallelize([(1, 2)], 1).groupByKey().mapValues(list).cache()
    below = totals.coalesce(1)
    assert below.count() == 1
    entities = sc._driver.cleaner.entities
    assert entities.tracked()["shuffle"] == 1

    totals.checkpoint()
    assert below.count() == 1

    wait_for(lambda: entities.tracked()["shuffle"] == 0, "the shuffle to be let go", 1)
    assert below.collect() == [(1, [2])]
