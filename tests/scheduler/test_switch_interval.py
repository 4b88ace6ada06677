"""The interpreter's switch interval is short while jobs run, and then again what it was."""

from __future__ import annotations

import sys

import pytest

from pyspark_shell.scheduler.switch_interval import WHILE_JOBS_RUN_S, SwitchInterval


@pytest.fixture(autouse=True)
def as_it_was():
    found = sys.getswitchinterval()
    yield
    sys.setswitchinterval(found)


def test_it_is_short_while_jobs_run_and_then_as_before():
    sys.setswitchinterval(0.004)
    interval = SwitchInterval()

    interval.shorten(True)
    while_running = sys.getswitchinterval()
    interval.shorten(False)

    assert while_running == pytest.approx(WHILE_JOBS_RUN_S, rel=1e-2)
    assert sys.getswitchinterval() == pytest.approx(0.004, rel=1e-2)


def test_a_value_set_by_somebody_else_meanwhile_stays():
    interval = SwitchInterval()
    interval.shorten(True)

    sys.setswitchinterval(0.002)
    interval.shorten(False)

    assert sys.getswitchinterval() == pytest.approx(0.002, rel=1e-2)


def test_a_shorter_one_is_left_alone():
    sys.setswitchinterval(0.0001)
    interval = SwitchInterval()

    interval.shorten(True)

    assert sys.getswitchinterval() == pytest.approx(0.0001, rel=1e-2)
