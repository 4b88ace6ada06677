"""Snapshots and changes: what a view draws first, and what it is told from then on."""

from __future__ import annotations

import json
import time

import pytest

from pyspark_shell.engines.native import NativeEngine
from tests.engines.victims import PANEL, Job


@pytest.fixture
def watched(sc):
    """An engine whose changes until now were taken."""
    engine = NativeEngine(sc._driver)
    engine.snapshot()
    engine.drain_changes()
    return engine


def drain(engine):
    """All changes, by kind and key, once all events are through."""
    engine._store.catch_up()
    return {(change.kind, change.key): change.row for change in engine.drain_changes()}


def test_a_job_changes_its_own_rows_only(sc, watched):
    assert sc.parallelize(range(10), 2).sum() == 45

    changes = drain(watched)
    job = watched.jobs()[0]

    assert changes["job", str(job["jobId"])] == job
    assert changes["stage", f"{job['stageIds'][0]}.0"]["status"] == "COMPLETE"
    assert [key for kind, key in changes if kind == "job"] == [str(job["jobId"])]
    assert not [key for key in drain(watched) if key[0] in ("job", "stage")]


def test_a_row_of_a_change_is_the_row_of_a_listing(sc, watched):
    job = Job(sc, watched, partitions=1)

    changes = drain(watched)

    stage = watched.stage_attempt(job.stage_id, 0, details=False)
    shown = changes["stage", f"{job.stage_id}.0"]
    assert shown.keys() == stage.keys()
    assert shown["numActiveTasks"] == stage["numActiveTasks"] == 1
    watched.kill_job(job.id, PANEL)
    job.wait_until_killed()
    kills = [row for (kind, _), row in drain(watched).items() if kind == "kill"]
    assert [card["state"] for card in kills] == ["killed"]


def test_an_rdd_comes_and_goes(sc, watched):
    cached = sc.parallelize(range(10), 2).setName("ten").cache()
    cached.count()
    came = drain(watched)["rdd", str(cached.id())]

    watched.unpersist(cached.id())
    gone = drain(watched)

    assert (came["name"], came["numCachedPartitions"]) == ("ten", 2)
    assert "partitions" not in came
    assert gone["rdd", str(cached.id())] is None
    cached.count()
    assert ("rdd", str(cached.id())) not in drain(watched)
    assert cached.id() not in [row["id"] for row in watched.snapshot()["rdds"]]


def test_a_huge_job_costs_a_watcher_little(sc, watched):
    sc.parallelize(range(5000), 5000).count()

    polls = [watched.drain_changes()]
    polls.append(list(drain(watched).values()))
    snapshot = watched.snapshot()

    rows = [change.row for change in polls[0]] + polls[1]
    assert len(json.dumps(rows)) < 50_000
    assert not any("tasks" in row for row in snapshot["stages"])
    assert snapshot["jobs"][0]["numCompletedTasks"] == 5000


def test_a_snapshot_is_bounded_and_says_what_it_leaves_out(sc, engine):
    for _ in range(210):
        sc.parallelize([1], 1).count()

    snapshot = engine.snapshot()

    jobs = engine.jobs()
    stage_ids = [row["stageId"] for row in snapshot["stages"]]
    assert snapshot["jobs"][:200] == jobs[:200]
    assert stage_ids[:200] == [row["stageId"] for row in engine.stages()[:200]]
    assert len(snapshot["jobs"]) + snapshot["omitted"]["jobs"] == len(jobs)
    assert snapshot["omitted"]["jobs"] >= 10
    assert snapshot.keys() == {
        "application", "jobs", "stages", "executors", "rdds", "cleaner", "kills", "omitted",
    }  # fmt: skip


def test_the_cleaner_is_told_four_times_a_second_and_its_last_state_always(sc, watched):
    now = [began_s := time.monotonic() + 1]
    watched._clock = lambda: now[0]
    kept = []
    told = []

    for tick in range(200):  # two seconds
        now[0] = began_s + tick / 100
        kept.append(sc.broadcast(tick))
        told += [each.row for each in watched.drain_changes() if each.kind == "cleaner"]
    now[0] += 0.25
    last = [each.row for each in watched.drain_changes() if each.kind == "cleaner"]

    assert len(told) == 8
    (row,) = last
    assert row["tracked"] == watched.cleaner()["tracked"]
    assert row["tracked"]["broadcast"] >= 200
    assert not [each for each in watched.drain_changes() if each.kind == "cleaner"]
    assert len(kept) == 200


def test_two_engines_of_one_application_agree(sc, watched):
    sc.parallelize([1], 1).count()

    assert NativeEngine(sc._driver).jobs() == watched.jobs()
