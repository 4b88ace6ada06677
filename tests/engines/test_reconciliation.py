"""Rows are compared with what the scheduler knows, all the time, whether or not somebody looks."""

from __future__ import annotations

import time

import pytest

from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.common.ui_config import STATUS_RECONCILE_INTERVAL
from tests.engines.conftest import make_context
from tests.processes.waiting import wait_for

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
