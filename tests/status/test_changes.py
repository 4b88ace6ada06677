"""Which rows are told to have changed."""

from __future__ import annotations

import pytest

from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.listener.events import (
    RDDInfo,
    SparkListenerBlockUpdated,
    SparkListenerUnpersistRDD,
)
from pyspark_shell.status import app_status_store
from pyspark_shell.status.app_status_store import AppStatusStore, Forgotten
from tests.status.listener_events import Events, stage

NUMBERS = RDDInfo(7, "numbers", "cache at job.py:1", 2, StorageLevel.MEMORY_ONLY)


@pytest.fixture
def store():
    return AppStatusStore(retained_jobs=10, retained_stages=10)


@pytest.fixture
def events(store):
    return Events(store)


def changed(store):
    rows, gone = store.take_changes()
    return sorted((row.kind, row.key) for row in rows), gone


def test_each_changed_row_is_told_once(store, events):
    events.executor()
    info = stage(3)
    events.begin(0, info)
    store.take_changes()

    for index in range(20):
        events.finish(info, events.launch(info, index))

    assert changed(store) == ([("executor", "1"), ("job", "0"), ("stage", "3.0")], [])
    assert changed(store) == ([], [])


def test_rows_that_are_dropped_are_told_as_gone(store, events):
    events.begin(0, stage(0))
    events.complete(stage(0))
    events.end_job(0)
    store.take_changes()
    for number in range(1, 13):
        events.begin(number, stage(number))
        events.complete(stage(number))
        events.end_job(number)

    rows, gone = changed(store)

    assert Forgotten("job", "0") in gone
    assert Forgotten("stage", "0.0") in gone
    assert ("job", "0") not in rows
    assert ("job", "12") in rows


def test_after_a_silence_all_that_a_view_shows_is_told(store, events, monkeypatch):
    events.begin(0, stage(0))
    store.take_changes()
    monkeypatch.setattr(app_status_store, "_NOBODY_LOOKS_S", -1.0)
    events.complete(stage(0))
    events.end_job(0)
    events.begin(1, stage(1))

    rows, _ = changed(store)

    assert rows == [("job", "0"), ("job", "1"), ("stage", "0.0"), ("stage", "1.0")]


def test_a_cached_rdd_gains_and_loses_blocks(store, events):
    events.begin(0, stage(0, rdds=(NUMBERS,)))
    store.take_changes()

    events.post(SparkListenerBlockUpdated("rdd_7_0", "1", 100, 0))
    events.post(SparkListenerBlockUpdated("rdd_7_1", "1", 50, 20))
    events.post(SparkListenerBlockUpdated("rdd_7_0", "1", 0, 0))
    events.post(SparkListenerBlockUpdated("rdd_8_0", "1", 10, 0))  # nobody told of this RDD

    row = store.rdds[7]
    assert (list(row.blocks), row.memory_bytes, row.disk_bytes) == (["rdd_7_1"], 50, 20)
    assert store.cached_rdds() == [row]
    assert changed(store)[0] == [("rdd", "7")]


def test_an_rdd_that_is_given_up_and_cached_again_is_there(store, events):
    events.begin(0, stage(0, rdds=(NUMBERS,)))
    store.take_changes()

    events.post(SparkListenerUnpersistRDD(7))
    events.begin(1, stage(1, rdds=(NUMBERS,)))

    rows, gone = changed(store)
    assert gone == [Forgotten("rdd", "7")]
    assert ("rdd", "7") in rows


def test_a_row_that_goes_while_changes_are_taken_does_not_come_back(store, events):
    """The writer forgets a row right after the reader has found it."""
    events.begin(0, stage(0))
    is_there = store._holds

    def is_there_and_goes(row):
        found = is_there(row)
        if store.jobs.pop(getattr(row, "job_id", None), None) is not None:
            store.forget(row)
        return found

    store._holds = is_there_and_goes
    first, gone_first = store.take_changes()
    then, gone_then = store.take_changes()

    assert ("job", "0") in [(row.kind, row.key) for row in first]
    assert Forgotten("job", "0") not in gone_first
    assert gone_then == [Forgotten("job", "0")]
    assert ("job", "0") not in [(row.kind, row.key) for row in then]


def test_a_mark_that_the_writer_takes_back_costs_no_other_row(store, events):
    events.begin(0, stage(0))
    store.take_changes()
    events.begin(1, stage(1))

    class Halved(set):
        """Loses a mark to the writer after its size was asked for."""

        def __len__(self):
            size = super().__len__()
            self.discard(store.jobs[1])
            return size

    store._changed = Halved(store._changed)

    assert changed(store) == ([("stage", "1.0")], [])


def test_a_job_without_stages_that_the_scheduler_does_not_know_is_told(store, events):
    events.start_job(0)
    store.take_changes()

    events.tell_state()

    assert changed(store) == ([("job", "0")], [])
    assert store.job(0).is_closed
