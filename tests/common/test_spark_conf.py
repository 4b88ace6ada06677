import pytest

from pyspark_shell.common.errors import PySparkRuntimeError
from pyspark_shell.common.spark_conf import SparkConf


@pytest.fixture
def conf(monkeypatch):
    for name in ("PYSPARK_SUBMIT_ARGS", "SPARK_CONF_DIR", "SPARK_HOME"):
        monkeypatch.delenv(name, raising=False)
    return SparkConf()


def test_setters_can_be_chained(conf):
    chained = (
        conf.setMaster("local").setAppName("x").setSparkHome("/s").set("a", 1).setAll([("b", 2)])
    )

    assert chained is conf
    assert conf.getAll() == [
        ("spark.master", "local"),
        ("spark.app.name", "x"),
        ("spark.home", "/s"),
        ("a", "1"),
        ("b", "2"),
    ]


def test_values_become_text(conf):
    assert conf.set("a", True).get("a") == "True"


def test_set_if_missing_keeps_what_is_there(conf):
    conf.set("a", "1").setIfMissing("a", "2").setIfMissing("b", "3")

    assert (conf.get("a"), conf.get("b")) == ("1", "3")


def test_get_gives_the_default_of_the_call(conf):
    assert conf.get("nothing") is None
    assert conf.get("nothing", "x") == "x"
    assert not conf.contains("nothing")


def test_executor_environment_comes_singly_or_in_pairs(conf):
    conf.setExecutorEnv("A", "1").setExecutorEnv(pairs=[("B", "2"), ("C", "3")])

    assert conf.executor_environment() == {"A": "1", "B": "2", "C": "3"}


@pytest.mark.parametrize("arguments", [{}, {"key": "A", "value": "1", "pairs": [("B", "2")]}])
def test_executor_environment_wants_one_form(conf, arguments):
    with pytest.raises(PySparkRuntimeError, match="KEY_VALUE_PAIR_REQUIRED"):
        conf.setExecutorEnv(**arguments)


def test_debug_string_is_sorted_and_hides_secrets(conf):
    conf.set("b", 1).set("a.password", "x").set("c", "my-token-1")

    assert conf.toDebugString() == ("a.password=*********(redacted)\nb=1\nc=*********(redacted)")


def test_a_copy_is_independent(conf):
    copy = conf.set("a", 1).copy().set("a", 2)

    assert (conf.get("a"), copy.get("a")) == ("1", "2")


def test_defaults_come_from_the_file_and_the_submit_arguments_win(tmp_path, monkeypatch):
    (tmp_path / "spark-defaults.conf").write_text(
        "# a comment\nspark.a   1\nspark.b=two words\nspark.c : 3\nother 4\n\n"
    )
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    monkeypatch.setenv(
        "PYSPARK_SUBMIT_ARGS",
        "--master local[3] --conf spark.c=5 --conf 'spark.d=x y' pyspark-shell",
    )

    assert dict(SparkConf().getAll()) == {
        "spark.a": "1",
        "spark.b": "two words",
        "spark.c": "5",
        "spark.d": "x y",
        "spark.master": "local[3]",
    }
    assert SparkConf(loadDefaults=False).getAll() == []
