import pickle
import threading

import pytest

from pyspark_shell import SparkConf, SparkContext
from pyspark_shell.common.errors import IllegalConfig, PySparkRuntimeError, SparkContextStopped
from pyspark_shell.common.spark_conf import set_command_line
from pyspark_shell.shell.lazy_context import LazySparkContext, is_unused
from pyspark_shell.shell.namespace import SparkNames


@pytest.fixture
def command_line():
    set_command_line({"spark.master": "local[2]", "spark.app.name": "given"})
    yield set_command_line
    set_command_line({})


@pytest.fixture
def sc(command_line):
    context = LazySparkContext()
    yield context
    context.stop()


@pytest.fixture
def names(command_line):
    namespace = {}
    names = SparkNames(namespace)
    names.offer_unused()
    yield namespace
    names.let_go()


def test_nothing_starts_before_the_first_use(sc):
    assert isinstance(sc, SparkContext)
    assert dir(sc)
    assert sc is not None
    sc.stop()

    assert is_unused(sc)
    assert SparkContext._active_spark_context is None


def test_the_first_use_makes_it_a_context_like_any_other(sc):
    before = sc

    assert sc.parallelize([1, 2, 3]).sum() == 6

    assert type(sc) is SparkContext
    assert sc is before
    assert sc is SparkContext._active_spark_context
    assert (sc.appName, sc.master) == ("given", "local[2]")


def test_the_place_of_the_first_use_is_where_it_was_made(sc):
    rdd = sc.parallelize([1])
    sc.stop()

    with pytest.raises(SparkContextStopped, match=r"created at: first_use at .*test_lazy_context"):
        rdd.count()


def test_two_threads_make_one(sc):
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(sc.applicationId)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(seen)) == 1
    assert len(seen) == 4


def test_it_does_not_travel_to_tasks(sc):
    with pytest.raises(PySparkRuntimeError, match="CONTEXT_ONLY_VALID_ON_DRIVER"):
        pickle.dumps(sc)

    assert is_unused(sc)


def test_a_context_that_cannot_start_may_be_tried_again(sc, command_line):
    command_line({"spark.master": "local[1]", "spark.task.maxFailures": "many"})
    with pytest.raises(IllegalConfig, match="whole number"):
        _ = sc.master
    assert is_unused(sc)

    command_line({"spark.master": "local[1]"})
    assert sc.master == "local[1]"


def test_a_context_that_the_user_makes_takes_the_place_of_an_unused_one(names):
    with SparkContext(conf=SparkConf().setAppName("mine")) as own:
        assert names["sc"] is own
        assert names["spark"].sparkContext is own
        assert (own.appName, own.master) == ("mine", "local[2]")


def test_names_that_the_user_has_given_a_meaning_keep_it(names):
    names["sc"] = "my own"

    with SparkContext() as context:
        assert names["sc"] == "my own"
        assert names["spark"].sparkContext is context


def test_what_code_sets_wins_over_the_command_line(command_line):
    with SparkContext("local[1]", conf=SparkConf().setAppName("mine")) as context:
        assert (context.master, context.appName) == ("local[1]", "mine")

    assert SparkConf(loadDefaults=False).getAll() == []
