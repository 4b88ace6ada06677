"""Contexts with real executors; after each test nothing of its jobs may be left in the engine."""

from __future__ import annotations

import os

import pytest

from pyspark_shell import SparkConf, SparkContext
from tests.conftest import Snapshot
from tests.processes.driver_process import DriverProcess
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
    roots = [root for context in contexts for root in roots_of(context)]
    for context in contexts:
        context.stop()
    assert leaks(before) == {}
    assert [root for root in roots if os.path.exists(root)] == []


def leaks(before):
    """Return what is left over."""
    left = before.left_over()
    left.pop("directories", None)  # other processes make and remove theirs meanwhile
    return left


def roots_of(context):
    """Return the context's directories; none if it is stopped already."""
    return [] if context.isStopped else context._driver.local_dirs.all_roots


@pytest.fixture
def gate(tmp_path):
    gate = Gate(tmp_path / "gate")
    yield gate
    gate.open()


@pytest.fixture
def counter(tmp_path):
    return Counter(tmp_path / "count")


@pytest.fixture
def drive(tmp_path):
    """Yield a function that runs a script as a driver of its own."""
    drivers = []

    def run(body, **options):
        drivers.append(DriverProcess(tmp_path, body, **options))
        return drivers[-1]

    yield run
    for driver in drivers:
        driver.close()
