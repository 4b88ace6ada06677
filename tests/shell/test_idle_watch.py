import re
import threading

import pytest
from IPython.core.interactiveshell import InteractiveShell

from pyspark_shell import SparkConf, SparkContext
from pyspark_shell.common.errors import SparkContextStopped
from pyspark_shell.common.spark_conf import set_command_line
from pyspark_shell.common.threads import IDLE_WATCH
from pyspark_shell.shell.background import BackgroundCode
from pyspark_shell.shell.idle_watch import IdleWatch
from pyspark_shell.shell.lazy_context import is_unused
from pyspark_shell.shell.namespace import SparkNames
from tests.processes.waiting import wait_for

IDLE = {"spark.master": "local[1]", "spark.pyshell.driver.idleTime": "300ms"}

WARNING = "The application is idle and will be closed in 1 s."
CLOSED = "The application was closed: idle for 0.3 s. It starts again when sc is used."


@pytest.fixture
def told():
    return []


@pytest.fixture
def namespace(tmp_path, monkeypatch, told):
    """A shell's names, with a watch over it."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    set_command_line(IDLE)
    shell = InteractiveShell()
    names = SparkNames(shell.user_ns)
    names.offer_unused()
    watch = IdleWatch(shell, told.append)
    watch.begin()
    shell.user_ns["watch"] = watch
    yield shell.user_ns
    watch.end()
    names.let_go()
    if SparkContext._active_spark_context is not None:
        SparkContext._active_spark_context.stop()
    set_command_line({})
    shell.history_manager.end_session()


def test_an_idle_application_is_closed_and_starts_again_when_it_is_used(namespace, told):
    sc = namespace["sc"]
    old = sc.parallelize([1, 2])
    first = sc.applicationId

    wait_for(lambda: CLOSED in told, "the idle application's end")

    assert told == [WARNING, CLOSED]
    assert is_unused(namespace["sc"])
    with pytest.raises(SparkContextStopped, match=r"idle for 0\.3 s"):
        old.count()
    assert namespace["sc"].parallelize([1, 2]).count() == 2
    assert namespace["spark"].sparkContext is namespace["sc"]
    assert namespace["sc"].applicationId != first


def test_names_and_settings_of_ones_own_context_are_kept(namespace, told):
    conf = SparkConf().setAppName("own").set("spark.mine", "1")
    namespace["mine"] = SparkContext(conf=conf)

    wait_for(lambda: CLOSED in told, "the idle application's end")

    assert namespace["mine"].appName == "own"
    assert namespace["mine"].getConf().get("spark.mine") == "1"
    assert namespace["sc"] is namespace["mine"]


def cell(namespace):
    """A cell that runs until it is told to end."""
    events = namespace["watch"]._shell.events
    events.trigger("pre_run_cell", None)
    return lambda: events.trigger("post_run_cell", None)


def background_code(namespace):
    go = namespace["go"] = threading.Event()
    BackgroundCode(namespace["watch"]._shell, "go.wait()").start()
    return go.set


def running_job(namespace, gate):
    sc = namespace["sc"]
    thread = threading.Thread(target=sc.range(1).map(wait_for_file(gate)).count)
    thread.start()
    wait_for(lambda: sc.statusTracker().getActiveJobsIds(), "the job")
    return lambda: (gate.touch(), thread.join())


def open_iterator(namespace):
    records = namespace["sc"].parallelize(range(4), 2).toLocalIterator()
    next(records)
    return records.close


def wait_for_file(gate):
    path = str(gate)

    def wait(x):
        import os
        import time

        while not os.path.exists(path):
            time.sleep(0.01)
        return x

    return wait


@pytest.mark.parametrize("use", [cell, background_code, running_job, open_iterator])
def test_what_uses_it_keeps_it(namespace, told, tmp_path, use):
    sc = namespace["sc"]
    assert sc.range(1).count() == 1
    end = use(namespace, tmp_path / "gate") if use is running_job else use(namespace)

    rounds = namespace["watch"].rounds
    wait_for(lambda: namespace["watch"].rounds > rounds + 12, "four idle times")

    assert not sc.isStopped
    assert CLOSED not in told
    end()
    wait_for(lambda: CLOSED in told, "the idle application's end")


def test_it_is_told_before_and_a_use_calls_it_off(namespace, told):
    sc = namespace["sc"]
    assert sc.range(1).count() == 1

    wait_for(lambda: sc._driver.idle_close_at_ms, "the warning")
    assert "idleCloseAt" in sc._ui.engine.application()
    end = cell(namespace)
    wait_for(lambda: sc._driver.idle_close_at_ms is None, "its end")
    end()

    assert told[0] == WARNING
    wait_for(lambda: CLOSED in told, "the idle application's end")
    assert told.count(WARNING) >= 2


def test_fusion_s_name_for_it_is_understood(namespace, told):
    set_command_line({"spark.master": "local[1]", "fusion.spark.idleTime": "200ms"})
    namespace["sc"].range(1).count()

    wait_for(lambda: re.search(r"closed: idle for 0\.2 s", "".join(told)), "the end")


def test_shells_are_not_watched_unless_it_is_wanted(namespace, told):
    set_command_line({"spark.master": "local[1]"})
    namespace["sc"].range(1).count()

    assert [t.name for t in threading.enumerate() if t.name == IDLE_WATCH] == []
    assert told == []
    assert SparkContext._active_spark_context is namespace["sc"]
