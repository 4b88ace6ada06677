"""Contexts for tests of kills: forced ends come after 0.4 s, and every event is written down."""

from __future__ import annotations

import pytest

from pyspark_shell import SparkConf, SparkContext
from tests.kill.recorder import Recorder
from tests.processes.conftest import counter, drive, gate, start  # noqa: F401
from tests.processes.engine import assert_settled, wait_until_up

KILL_TIMEOUT_S = 0.4


class _Shared:
    """The one context of a module; `stop` makes room for a test's own."""

    def __init__(self):
        self._context = None

    def get(self):
        if self._context is None:
            conf = SparkConf().setMaster("local[2]").setAppName("kill")
            conf.set("spark.task.reaper.killTimeout", f"{KILL_TIMEOUT_S * 1000:.0f}ms")
            self._context = SparkContext(conf=conf)
        return self._context

    def stop(self):
        if self._context is not None:
            self._context.stop()
            self._context = None


@pytest.fixture(scope="module")
def shared():
    contexts = _Shared()
    contexts.get()  # also starts the one thread that the process keeps for all contexts
    yield contexts
    contexts.stop()


@pytest.fixture
def sc(shared):
    """Yield a context with two executors; afterwards nothing of the test's jobs may be left."""
    context = shared.get()
    wait_until_up(context, 2)
    yield context
    for name in ("spark.jobGroup.id", "spark.job.description", "spark.job.interruptOnCancel"):
        context.setLocalProperty(name, None)
    context.clearJobTags()
    assert_settled(context)


@pytest.fixture
def record():
    """Yield a function that writes down the events of a context from now on."""
    listening = []

    def begin(context):
        recorder = Recorder(context)
        listening.append(recorder)
        return recorder

    yield begin
    for recorder in listening:
        recorder.close()
