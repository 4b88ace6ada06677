"""Contexts with real executors; after each test nothing of its jobs may be left in the engine."""

from __future__ import annotations

import pytest

from pyspark_shell import SparkConf, SparkContext
from tests.conftest import Snapshot
from tests.processes.engine import assert_settled
from tests.processes.gate import Counter, Gate


class Shared:
    """The one context that the tests of a module share, as long as they want the same master."""

    def __init__(self):
        self._context = None

    def get(self, master):
        if self._context is None or self._context.isStopped or self._context.master != master:
            self.stop()
            self._context = SparkContext(master, "shared")
        return self._context

    def stop(self):
        if self._context is not None:
            self._context.stop()
            self._context = None


@pytest.fixture(scope="module")
def shared():
    contexts = Shared()
    yield contexts
    contexts.stop()


@pytest.fixture
def sc(shared):
    """Yield a context with two executors whose tasks have one attempt."""
    context = shared.get("local[2]")
    yield context
    assert_settled(context)


@pytest.fixture
def sc3(shared):
    """Yield a context with two executors whose tasks are tried three times."""
    context = shared.get("local[2,3]")
    yield context
    assert_settled(context)


@pytest.fixture
def start(shared):
    """Yield a function that starts a context of this test's own; it must leave nothing behind."""
    shared.stop()
    before = Snapshot.take()
    contexts = []

    def begin(master="local[2]", **settings):
        conf = SparkConf().setMaster(master).setAppName("own")
        for name, value in settings.items():
            conf.set(name.replace("__", "."), str(value))
        contexts.append(SparkContext(conf=conf))
        return contexts[-1]

    yield begin
    for context in contexts:
        context.stop()
    assert before.left_over() == {}


@pytest.fixture
def gate(tmp_path):
    gate = Gate(tmp_path / "gate")
    yield gate
    gate.open()


@pytest.fixture
def counter(tmp_path):
    return Counter(tmp_path / "count")
