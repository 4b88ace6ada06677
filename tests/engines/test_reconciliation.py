"""Rows are compared with what the scheduler knows, all the time, whether or not somebody looks."""

from __future__ import annotations

import threading
import time

import pytest

from pyspark_shell.common.errors import JobFailed
from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.common.ui_config import STATUS_RECONCILE_INTERVAL
from pyspark_shell.engines.native import NativeEngine
from tests.engines.conftest import make_context
from tests.processes.waiting import wait_for, within

PERIOD_S = 0.2


class States:
    """Notes when the scheduler tells what runs."""

    def __init__(self, context):
        self.at_s = []
        context._driver.bus.add(self, "appStatus")

    def onSchedulerState(self, _):
        self.at_s.append(time.monotonic())


@pytest.fixture
def sc():
    interval = f"{PERIOD_S * 1000:.0f}ms"
    with make_context("alone", **{STATUS_RECONCILE_INTERVAL.key: interval}) as context:
        yield context


def test_it_is_every_five_seconds():
    assert STATUS_RECONCILE_INTERVAL.read(SparkConf(loadDefaults=False)) == 5.0


def test_the_scheduler_tells_what_runs_in_its_period(sc):
    states = States(sc)

    wait_for(lambda: len(states.at_s) >= 6, "the scheduler to tell its state")

    took_s = states.at_s[5] - states.at_s[0]
    assert 5 * PERIOD_S * 0.9 < took_s < 5 * PERIOD_S * 2


def test_a_row_that_went_wrong_is_put_right_though_nobody_looks(sc):
    sc.parallelize([1], 1).count()
    store = sc._driver.status_store
    store.catch_up()
    stage = store.stage_list()[0]
    store.take_changes()
    stage.running[999_999] = next(iter(stage.tasks.values())).task_info

    wait_for(lambda: not stage.running, "the row to be right")

    store.catch_up()
    assert ("stage", stage.key) in [(row.kind, row.key) for row in store.take_changes()[0]]


class SlowListener:
    """Does not come back from its first event until it is let go."""

    def __init__(self):
        self.heard = 0
        self.go_on = threading.Event()

    def onTaskStart(self, _):
        self.heard += 1
        self.go_on.wait(within(30))

    onTaskEnd = onTaskStart


def test_a_slow_listener_loses_events_which_is_shown_and_the_rows_are_right():
    tasks, capacity = 60, 20
    with make_context(
        "overloaded", **{"spark.scheduler.listenerbus.eventqueue.shared.capacity": str(capacity)}
    ) as sc:
        engine, slow = NativeEngine(sc._driver), SlowListener()
        sc.addSparkListener(slow)
        try:
            assert sc.parallelize(range(tasks), tasks).count() == tasks
            wait_for(lambda: engine.jobs()[0]["status"] == "SUCCEEDED", "the row of the job", 2)
            queues = {row["name"]: row for row in engine.listener_bus()}
        finally:
            slow.go_on.set()

        assert queues["shared"]["depth"] == queues["shared"]["capacity"] == capacity
        assert queues["shared"]["dropped"] > tasks
        assert queues["appStatus"]["dropped"] == 0
        (job,) = engine.jobs()
        assert (job["numCompletedTasks"], job["numActiveTasks"]) == (tasks, 0)
        (stage,) = engine.stages()
        assert (stage["numCompleteTasks"], stage["status"]) == (tasks, "COMPLETE")
        sc._driver.bus.flush()
        assert slow.heard <= capacity + 1


def test_of_a_real_applications_jobs_as_many_are_kept_as_the_setting_says():
    kept, jobs = 10, 25
    with make_context("forgetful", **{"spark.ui.retainedJobs": str(kept)}) as sc:
        engine = NativeEngine(sc._driver)
        running = sc.parallelize([1], 1).map(lambda _: time.sleep(600))
        thread = threading.Thread(target=ends_by_kill, args=(running,))
        thread.start()
        wait_for(engine.jobs, "the job that runs on")

        for _ in range(jobs):
            sc.parallelize([1], 1).count()

        rows = {row["jobId"]: row["status"] for row in engine.jobs()}
        assert kept <= len(rows) <= kept + max(1, kept // 10)
        assert rows.pop(0) == "RUNNING", "however old it is"
        assert sorted(rows) == list(range(jobs + 1 - len(rows), jobs + 1)), "the newest"
        sc.cancelAllJobs()
        thread.join(within(10))


def ends_by_kill(rdd):
    with pytest.raises(JobFailed):
        rdd.count()
