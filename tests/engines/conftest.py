"""A context that has done one of everything, and an engine over it."""

from __future__ import annotations

import pytest

from pyspark_shell import SparkConf, SparkContext
from pyspark_shell.engines.native import NativeEngine
from tests.engines.native_getter import native_getter
from tests.engines.one_of_everything import run

KILL_TIMEOUT_S = 0.4


def make_context(name="engine", **settings):
    conf = SparkConf().setMaster("local-cluster[2,1,700]").setAppName(name)
    conf.set("spark.task.reaper.killTimeout", f"{KILL_TIMEOUT_S * 1000:.0f}ms")
    conf.set("spark.task.reaper.pollingInterval", "100ms").set("spark.my.password", "hidden")
    for key, value in settings.items():
        conf.set(key, value)
    return SparkContext(conf=conf)


@pytest.fixture(autouse=True)
def nothing_of_a_job_left():
    """Allow jobs between tests: what is looked at here is busy as long as its module."""


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """Yield a getter of answers; one job still runs."""
    with make_context("everything") as sc:
        get = native_getter(sc)
        cached = run(sc, str(tmp_path_factory.mktemp("lines")), get)
        yield get
        assert cached.is_cached


@pytest.fixture(scope="module")
def sc():
    with make_context() as context:
        yield context


@pytest.fixture
def engine(sc):
    return NativeEngine(sc._driver)
