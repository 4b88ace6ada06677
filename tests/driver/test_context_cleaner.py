"""The cleaner's own rules: order, failures, retries, listeners, its end; nothing is removed."""

from __future__ import annotations

import logging
import os
import threading
from functools import partial
from queue import Empty

import pytest

from pyspark_shell.driver import context_cleaner
from pyspark_shell.driver.cleanup_task import (
    CleanAccum,
    CleanBroadcast,
    CleanCheckpoint,
    CleanRDD,
    CleanShuffle,
    CleanSparkListener,
)
from pyspark_shell.driver.context_cleaner import CleanerPolicy, ContextCleaner
from pyspark_shell.driver.stored_sizes import Footprint
from tests.processes.cleaning import LOGGER, Told
from tests.processes.waiting import Stopwatch, wait_for, within


class Thing:
    """Something to track."""


class Actions:
    """Notes what is removed."""

    def __init__(self):
        self.removed = []
        self.failures = 0
        self.hold = None
        self.unknown = set()

    def stored(self, task):
        return None if task in self.unknown else Footprint(10, 20, 3)

    def _remove(self, task):
        if self.hold is not None:
            self.hold.wait(within(10))
        if self.failures:
            self.failures -= 1
            raise OSError("executor 1 did not answer")
        self.removed.append(task)

    def remove_rdd(self, rdd_id, blocking):
        self._remove(("rdd", rdd_id, blocking))

    def remove_shuffle(self, shuffle_id, blocking):
        self._remove(("shuffle", shuffle_id, blocking))

    def remove_broadcast(self, broadcast_id, blocking):
        self._remove(("broadcast", broadcast_id, blocking))

    def remove_accumulator(self, accumulator_id):
        self._remove(("accumulator", accumulator_id))

    def remove_checkpoint(self, rdd_id, directory):
        self._remove(("checkpoint", rdd_id, directory))

    def remove_listener(self, listener):
        self._remove(("listener", listener))


@pytest.fixture
def actions():
    return Actions()


@pytest.fixture
def make(actions):
    cleaners = []

    def begin(policy=None, on_fatal_error=lambda: None):
        cleaners.append(ContextCleaner(actions, policy or CleanerPolicy(), on_fatal_error))
        cleaners[-1].start()
        return cleaners[-1]

    yield begin
    if actions.hold is not None:
        actions.hold.set()
    for cleaner in cleaners:
        cleaner.stop(within(5))


@pytest.fixture
def cleaner(make):
    return make()


@pytest.fixture
def soon(monkeypatch):
    """Retry at once."""
    monkeypatch.setattr(context_cleaner, "RETRY_AFTER_S", (0.0, 0.0, 0.0))


def states(cleaner):
    entities = [*cleaner.entities.live(), *cleaner.entities.remembered()]
    return {str(entity.task): entity.current_state.value for entity in entities}


def test_every_kind_is_removed_in_the_order_in_which_it_died(cleaner, actions):
    told = Told()
    cleaner.attach_listener(told)
    things = [Thing() for _ in range(6)]
    listener = object()
    tasks = [
        CleanRDD(7),
        CleanShuffle(0),
        CleanBroadcast(3),
        CleanAccum(12),
        CleanCheckpoint(8, "/saved"),
        CleanSparkListener(1, listener),
    ]
    for thing, task in zip(things, tasks, strict=True):
        cleaner.track(thing, task)
    del thing

    while things:
        things.pop(0)

    wait_for(lambda: len(actions.removed) == 6, "six removals")
    assert actions.removed == [
        ("rdd", 7, True),
        ("shuffle", 0, False),
        ("broadcast", 3, True),
        ("accumulator", 12),
        ("checkpoint", 8, "/saved"),
        ("listener", listener),
    ]
    wait_for(lambda: len(told.cleaned) == 5, "five callbacks")
    assert [number for _, number in told.cleaned] == [7, 0, 3, 12, 8]


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (CleanRDD(7), "CleanRDD(7)"),
        (CleanShuffle(0), "CleanShuffle(0)"),
        (CleanBroadcast(3), "CleanBroadcast(3)"),
        (CleanAccum(12), "CleanAccum(12)"),
        (CleanCheckpoint(7, "/saved"), "CleanCheckpoint(7)"),
    ],
)
def test_tasks_are_written_as_in_spark(task, text):
    assert str(task) == text


def test_a_thing_that_was_tracked_twice_is_cleaned_twice(cleaner, actions):
    thing = Thing()
    cleaner.track(thing, CleanRDD(1))
    cleaner.track(thing, CleanRDD(1))

    del thing

    wait_for(lambda: actions.removed == [("rdd", 1, True)] * 2, "two removals")


def test_a_failed_removal_is_tried_again_until_it_works(cleaner, actions, soon, caplog):
    actions.failures = 2
    thing = Thing()
    cleaner.track(thing, CleanRDD(1))

    del thing

    wait_for(lambda: actions.removed, "the removal")
    wait_for(lambda: states(cleaner) == {"CleanRDD(1)": "cleaned"}, "the state")
    assert caplog.messages.count("Error cleaning RDD 1") == cleaner.errors == 2


def test_a_removal_that_never_works_leaves_an_orphan_that_new_executors_have_tried_again(
    cleaner, actions, soon
):
    actions.failures = 4
    thing = Thing()
    cleaner.track(thing, CleanRDD(1))

    del thing
    wait_for(lambda: states(cleaner) == {"CleanRDD(1)": "orphaned"}, "the state")
    [orphan] = cleaner.entities.live()
    assert orphan.error == "executor 1 did not answer"
    assert orphan.footprint == Footprint(10, 20, 3)
    assert actions.removed == []
    cleaner.retry_orphans()

    wait_for(lambda: actions.removed == [("rdd", 1, True)], "the removal")


def test_a_retry_waits_and_nothing_else_does(cleaner, actions):
    actions.failures = 1
    first, second = Thing(), Thing()
    cleaner.track(first, CleanRDD(1))
    cleaner.track(second, CleanRDD(2))

    del first
    del second

    wait_for(lambda: actions.removed == [("rdd", 2, True)], "the second")
    assert states(cleaner)["CleanRDD(1)"] == "error"


class ClockedQueue:
    """A queue whose readers do not wait: a clock is moved instead."""

    def __init__(self, clock):
        self._items = []
        self._clock = clock
        self.put = self._items.append

    def get(self, timeout):
        if self._items:
            return self._items.pop(0)
        if timeout is None:
            raise NothingComes
        self._clock.advance(timeout)
        raise Empty


class NothingComes(Exception):
    """Whoever waits now waits for ever."""


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def monotonic(self):
        return self.now_s

    def time_ns(self):
        return int(self.now_s * 1e9)

    def advance(self, seconds):
        self.now_s += seconds


def test_a_failed_removal_is_tried_again_after_one_five_and_thirty_seconds(actions, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(context_cleaner, "time", clock)
    monkeypatch.setattr(context_cleaner, "SimpleQueue", partial(ClockedQueue, clock))
    tried_at_s = []

    def stored(task):
        tried_at_s.append(clock.now_s)
        return Footprint(10, 20, 3)

    actions.stored, actions.failures = stored, 99
    cleaner = ContextCleaner(actions, CleanerPolicy(), lambda: None)
    thing = Thing()
    cleaner.track(thing, CleanRDD(1))
    del thing

    def work_for_ever():
        while True:
            if (action := cleaner._next()) is not None:
                action()

    def until_nothing_comes():
        with pytest.raises(NothingComes):
            work_for_ever()

    until_nothing_comes()

    assert tried_at_s == [0.0, 1.0, 6.0, 36.0]
    assert states(cleaner) == {"CleanRDD(1)": "orphaned"}
    clock.advance(1_000)
    cleaner.retry_orphans()
    until_nothing_comes()
    assert tried_at_s[4:] == [1_036.0]


def test_a_failing_listener_spares_the_next_ones_and_the_item_is_an_error(cleaner, caplog):
    class Failing:
        def rddCleaned(self, number):
            raise ValueError("no")

    later = Told()
    cleaner.attach_listener(Failing())
    cleaner.attach_listener(later)

    assert not cleaner.clean(CleanRDD(1), blocking=True)
    assert cleaner.clean(CleanAccum(2), blocking=True)

    assert caplog.messages == ["Error cleaning RDD 1"]
    assert later.cleaned == [("accumulator", 2)]


def test_an_unknown_shuffle_is_no_news(cleaner, actions, caplog):
    told = Told()
    cleaner.attach_listener(told)
    actions.unknown.add(CleanShuffle(5))

    with caplog.at_level(logging.DEBUG, LOGGER):
        cleaner.clean(CleanShuffle(5), blocking=True)

    assert caplog.messages == [
        "Asked to cleanup non-existent shuffle (maybe it was already removed)"
    ]
    assert told.cleaned == actions.removed == []


def test_direct_calls_from_many_threads_do_no_harm(cleaner, actions):
    def clean():
        for number in range(50):
            cleaner.clean(CleanRDD(number), blocking=True)

    threads = [threading.Thread(target=clean) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(within(10))

    assert len(actions.removed) == cleaner.entities.cleaned["rdd"] == 200


def test_a_fatal_error_ends_the_thread_and_the_application(make, caplog):
    class Leaving:
        def rddCleaned(self, number):
            raise SystemExit

    ended = threading.Event()
    cleaner = make(on_fatal_error=ended.set)
    cleaner.attach_listener(Leaving())
    thing = Thing()
    cleaner.track(thing, CleanRDD(1))

    del thing

    assert ended.wait(within(5))
    assert caplog.messages == [
        "uncaught error in thread Spark Context Cleaner, stopping SparkContext"
    ]


def test_min_age_lets_things_wait(make, actions):
    cleaner = make(CleanerPolicy(min_age_s=3600.0))
    thing = Thing()
    cleaner.track(thing, CleanRDD(1))

    del thing
    done = threading.Event()
    cleaner.later(0.0, done.set)

    assert done.wait(within(5))
    assert actions.removed == []
    assert states(cleaner) == {"CleanRDD(1)": "queued"}
    assert cleaner.queue_length == 1


# Its end ---------------------------------------------------------------------------------------


def test_stop_waits(make, actions):
    cleaner = make()
    actions.hold = threading.Event()
    first, second = Thing(), Thing()
    cleaner.track(first, CleanRDD(1))
    cleaner.track(second, CleanRDD(2))
    del first
    del second
    wait_for(lambda: cleaner.now is not None, "the first to be cleaned")

    stopping = threading.Thread(target=cleaner.stop, args=(within(10),))
    stopping.start()
    wait_for(lambda: cleaner.is_stopped, "the stop")
    assert actions.removed == []
    actions.hold.set()
    stopping.join(within(10))

    assert actions.removed == [("rdd", 1, True)]
    assert cleaner.entities.live() == []


def test_stop_bounded(make, actions, caplog):
    cleaner = make()
    actions.hold = threading.Event()
    thing = Thing()
    cleaner.track(thing, CleanRDD(1))
    del thing
    wait_for(lambda: cleaner.now is not None, "it to be cleaned")

    with Stopwatch() as watch:
        cleaner.stop(0.05)

    assert 0.05 <= watch.seconds < 0.05 + within(0.1)
    assert caplog.messages == ["CleanRDD(1) is not done after 0.05 s, it is left"]


def test_what_dies_after_the_stop_is_left(make, actions):
    cleaner = make()
    thing = Thing()
    cleaner.track(thing, CleanRDD(1))
    cleaner.stop(within(5))

    del thing
    cleaner.track(Thing(), CleanRDD(2))

    assert actions.removed == []


def test_a_fork_cleans_nothing(cleaner, actions):
    thing = Thing()
    cleaner.track(thing, CleanRDD(1))

    child = os.fork()
    if child == 0:
        del thing
        fine = not cleaner.clean(CleanRDD(1), True) and cleaner._queue.empty()
        os._exit(0 if fine and not actions.removed else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert states(cleaner) == {"CleanRDD(1)": "live"}


# What happens where references die -------------------------------------------------------------


def test_callback_reentrancy(make, actions):
    """The last reference may go in any line of any thread, whatever locks it holds."""
    cleaner = make()
    records = []

    class Recorder(logging.Handler):
        def emit(self, record):
            records.append(threading.current_thread().name)

    recorder = Recorder()
    log = logging.getLogger(LOGGER)
    log.addHandler(recorder)
    log.setLevel(logging.DEBUG)
    locks = [log.handlers[0].lock, recorder.lock, logging._lock, threading.RLock()]

    def drop_all(thread):
        for number in range(1000):
            lock = locks[number % len(locks)]
            with lock:
                thing = Thing()
                cleaner.track(thing, CleanRDD(1000 * thread + number))
                del thing

    threads = [threading.Thread(target=drop_all, args=(n,)) for n in range(8)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(within(30))
            assert not thread.is_alive()
        wait_for(lambda: len(actions.removed) == 8000, "8,000 removals", 30)
    finally:
        log.removeHandler(recorder)
        log.setLevel(logging.NOTSET)

    assert len(set(actions.removed)) == 8000
    assert set(records) == {"Spark Context Cleaner"}
