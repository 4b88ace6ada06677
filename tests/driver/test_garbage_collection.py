"""When reference cycles are collected, and what is told of it."""

from __future__ import annotations

import gc
import threading

import pytest

from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.driver import garbage_collection
from pyspark_shell.driver.garbage_collection import GarbageCollection
from pyspark_shell.listener.events import SparkListenerBlockUpdated
from tests.processes.waiting import wait_for, within


class TaskEnd:
    def __init__(self, written):
        self.task_metrics = TaskMetrics(shuffle_write_bytes=written)


@pytest.fixture
def make():
    made = []

    def begin(interval_s=3600.0, pressure_bytes=1 << 30):
        made.append(GarbageCollection(interval_s, pressure_bytes))
        made[-1].start()
        return made[-1]

    yield begin
    for collection in made:
        collection.stop(within(5))


def test_it_finds_cycles_and_says_how_many(make):
    collection = make()
    knot = []
    knot.append(knot)
    del knot

    run = collection.collect("user")

    assert run.collected > 0
    assert run.by == "user"
    assert collection.last is run


def test_the_first_one_comes_after_the_interval(make):
    collection = make(interval_s=0.2)
    due_ms = collection.next_at_ms

    wait_for(lambda: collection.last, "a collection")

    assert collection.last.by == "periodic"
    assert collection.last.at_ms >= due_ms
    assert collection.next_at_ms > due_ms


def test_without_an_interval_only_need_calls_for_one(make):
    collection = make(interval_s=0, pressure_bytes=10)
    assert collection.next_at_ms is None

    collection.onTaskEnd(TaskEnd(600))

    wait_for(lambda: collection.last, "a collection")
    assert collection.last.by == "pressure"


def test_much_that_was_stored_calls_for_one(make):
    collection = make(pressure_bytes=1000)

    collection.onTaskEnd(TaskEnd(600))
    assert collection.last is None
    collection.onBlockUpdated(SparkListenerBlockUpdated("rdd_1_0", "0", 300, 200))

    wait_for(lambda: collection.last, "a collection")
    assert collection.last.by == "pressure"


def test_a_full_collection_that_python_begins_by_itself_is_noted(make):
    collection = make()
    gc.collect(0)
    assert collection.last is None, "those of young objects are not worth a word"
    knot = []
    knot.append(knot)
    del knot

    gc.collect()

    assert collection.last.by == "automatic"
    assert collection.last.collected > 0
    assert collection.last.took_ms >= 0
    assert collection.collect("user").by == collection.last.by == "user"


def test_nobody_listens_to_collections_after_the_stop(make):
    collection = make()
    before = len(gc.callbacks)

    collection.stop(within(5))
    gc.collect()

    assert len(gc.callbacks) == before - 1
    assert collection.last is None


def test_there_is_none_after_the_stop(make):
    collection = make(interval_s=0.05, pressure_bytes=10)
    collection.stop(within(5))
    last = collection.last

    collection.onTaskEnd(TaskEnd(600))

    assert collection.last is last
    assert collection.next_at_ms is None
    names = [thread.name for thread in threading.enumerate()]
    assert "context-cleaner-periodic-gc" not in names


def test_a_long_pause_is_a_warning(make, monkeypatch, caplog):
    monkeypatch.setattr(garbage_collection, "_LONG_PAUSE_MS", -1)

    make().collect("user")

    [message] = caplog.messages
    assert message.startswith("a garbage collection (user) stopped all threads of this process")
