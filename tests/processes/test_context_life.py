import os

import pytest

from pyspark_shell import SparkConf, SparkContext
from pyspark_shell.errors import (
    IllegalArgumentException,
    IllegalConfig,
    PySparkRuntimeError,
    SparkContextStopped,
)


def test_stop_is_final_and_may_be_repeated():
    sc = SparkContext("local", "short")
    rdd = sc.range(3)
    sc.stop()
    sc.stop()

    assert sc.isStopped
    assert SparkContext._active_spark_context is None
    for use in (rdd.count, lambda: sc.range(1), lambda: sc.applicationId):
        with pytest.raises(SparkContextStopped):
            use()


def test_with_stops_on_an_error_too():
    with pytest.raises(KeyError), SparkContext("local", "short") as sc:
        raise KeyError("x")

    assert sc.isStopped


def test_get_or_create_makes_one_from_the_conf():
    with SparkContext.getOrCreate(SparkConf().setMaster("local[3]").setAppName("made")) as sc:
        assert (sc.master, sc.appName, sc.defaultParallelism) == ("local[3]", "made", 3)


def test_arguments_win_over_the_conf():
    conf = SparkConf().setMaster("local[3]").setAppName("conf")
    with SparkContext("local[2]", "argument", conf=conf) as sc:
        assert (sc.master, sc.appName) == ("local[2]", "argument")
    assert conf.get("spark.master") == "local[3]"


def test_a_conf_without_defaults_must_say_everything():
    with pytest.raises(PySparkRuntimeError, match="A master URL must be set"):
        SparkContext(conf=SparkConf(loadDefaults=False))
    with pytest.raises(PySparkRuntimeError, match="An application name must be set"):
        SparkContext(conf=SparkConf(loadDefaults=False).setMaster("local"))


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("spark.master", "foo", "Could not parse Master URL"),
        ("spark.driver.maxResultSize", "x", "got 'x'"),
    ],
)
def test_a_start_that_fails_leaves_the_way_free(key, value, error):
    with pytest.raises((IllegalArgumentException, IllegalConfig), match=error):
        SparkContext(conf=SparkConf().setMaster("local").set(key, value))

    assert SparkContext._active_spark_context is None


def test_tasks_have_the_environment_that_was_set():
    conf = SparkConf().setExecutorEnv("B", "2")
    with SparkContext("local", "environment", environment={"A": 1}, conf=conf) as sc:
        seen = sc.range(1).map(lambda _: (os.environ.get("A"), os.environ.get("B"))).first()
        assert sc.environment["A"] == "1"

    assert seen == ("1", "2")


def test_settings_ship_python_files(tmp_path):
    (tmp_path / "set_module.py").write_text("answer = 3")

    def use(_):
        import set_module

        return set_module.answer

    conf = SparkConf().set("spark.submit.pyFiles", str(tmp_path / "set_module.py"))
    with SparkContext("local", "files", conf=conf) as sc:
        assert sc.range(1).map(use).first() == 3


def test_batch_size_decides_how_lists_are_cut():
    with SparkContext("local", "batches", batchSize=1) as sc:
        slices = sc.parallelize(list(range(10)), 4).glom().collect()
        assert [len(part) for part in slices] == [2, 3, 2, 3]


def test_a_forked_child_knows_that_it_is_none_of_the_drivers():
    with SparkContext("local", "fork") as sc:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                sc.range(1).count()
            except SparkContextStopped as error:
                os.write(writer, str(error).encode())
            os._exit(0)
        os.close(writer)
        os.waitpid(child, 0)
        said = os.read(reader, 1000).decode()
        os.close(reader)

        assert "was forked from the one that made the SparkContext" in said
        assert sc.range(3).count() == 3


def test_profiles_are_of_each_job(tmp_path, capsys):
    def heavy(x):
        return sum(range(x))

    conf = SparkConf().set("spark.python.profile", "true")
    with SparkContext("local", "profile", conf=conf) as sc:
        sc.range(10).foreach(heavy)
        ((rdd_id, profiler, _),) = sc.profiler_collector.profilers
        sc.show_profiles()
        sc.dump_profiles(str(tmp_path))

    assert "heavy" in {function for _, _, function in profiler.stats().stats}
    assert f"Profile of RDD<id={rdd_id}>" in capsys.readouterr().out
    assert os.listdir(tmp_path) == [f"rdd_{rdd_id}.pstats"]
