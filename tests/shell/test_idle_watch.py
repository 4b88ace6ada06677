import pytest
from IPython.core.interactiveshell import InteractiveShell

from pyspark_shell import SparkConf, SparkContext
from pyspark_shell.common.errors import SparkContextStopped
from pyspark_shell.common.spark_conf import set_command_line
from pyspark_shell.shell.idle_watch import IdleWatch
from pyspark_shell.shell.lazy_context import is_unused
from pyspark_shell.shell.namespace import SparkNames
from tests.processes.waiting import wait_for

IDLE = {"spark.master": "local[1]", "spark.pyshell.driver.idleTime": "300ms"}


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

    wait_for(lambda: told, "the idle application's end")

    assert told == ["The application was closed: idle for 0.3 s. It starts again when sc is used."]
    assert is_unused(namespace["sc"])
    with pytest.raises(SparkContextStopped, match=r"idle for 0\.3 s"):
        old.count()
    assert namespace["sc"].parallelize([1, 2]).count() == 2
    assert namespace["spark"].sparkContext is namespace["sc"]
    assert namespace["sc"].applicationId != first


def test_names_and_settings_of_ones_own_context_are_kept(namespace, told):
    conf = SparkConf().setAppName("own").set("spark.mine", "1")
    namespace["mine"] = SparkContext(conf=conf)

    wait_for(lambda: told, "the idle application's end")

    assert namespace["mine"].appName == "own"
    assert namespace["mine"].getConf().get("spark.mine") == "1"
    assert namespace["sc"] is namespace["mine"]


def test_a_cell_that_runs_keeps_it(namespace, told):
    shell_events = namespace["watch"]._shell.events
    shell_events.trigger("pre_run_cell", None)
    sc = namespace["sc"]
    assert sc.range(1).count() == 1

    with pytest.raises(AssertionError):
        wait_for(lambda: told, "an end that does not come", 0.4)

    assert not sc.isStopped
    shell_events.trigger("post_run_cell", None)
    wait_for(lambda: told, "the idle application's end")


def test_shells_are_not_watched_unless_it_is_wanted(namespace, told):
    set_command_line({"spark.master": "local[1]"})
    namespace["sc"].range(1).count()

    with pytest.raises(AssertionError):
        wait_for(lambda: told, "an end that does not come", 0.3)

    assert SparkContext._active_spark_context is namespace["sc"]
