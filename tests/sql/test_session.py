import pytest

from pyspark_shell import SparkConf, SparkContext, SparkSession
from pyspark_shell.common.errors import PySparkKeyError, PySparkRuntimeError, PySparkValueError


def test_the_builder_makes_the_application_and_finds_it_again():
    spark = (
        SparkSession.builder.master("local[1]").appName("s").config("my.own", True).getOrCreate()
    )

    with spark:
        assert spark.sparkContext.appName == "s"
        assert spark.conf.get("my.own") == "true"
        again = SparkSession.builder.config(map={"my.other": 2}).getOrCreate()
        assert again is spark
        assert spark.conf.get("my.other") == "2"
        assert SparkSession.active() is spark
        assert spark.version == spark.sparkContext.version

    assert SparkContext._active_spark_context is None
    assert SparkSession.getActiveSession() is None
    with pytest.raises(PySparkRuntimeError, match="No active"):
        SparkSession.active()


def test_a_session_of_a_running_context(sc):
    spark = SparkSession(sc)

    assert SparkSession.builder.getOrCreate().sparkContext is sc
    assert spark.newSession().sparkContext is sc


def test_sessions_have_settings_of_their_own(sc):
    one = SparkSession(sc)
    other = one.newSession()
    one.conf.set("my.own", "x")

    assert one.conf.get("my.own") == "x"
    assert other.conf.get("my.own", None) is None
    one.conf.unset("my.own")
    with pytest.raises(PySparkKeyError, match=r"my\.own"):
        one.conf.get("my.own")


def test_settings_of_the_application_are_fixed(sc):
    spark = SparkSession(sc)

    assert spark.conf.get("spark.master") == sc.master
    with pytest.raises(PySparkValueError, match="CANNOT_MODIFY_CONFIG"):
        spark.conf.set("spark.executor.memory", "2g")


def test_a_builder_takes_a_conf(sc):
    conf = SparkConf(loadDefaults=False).set("my.conf", "1")

    spark = SparkSession.builder.config(conf=conf).getOrCreate()

    assert spark.conf.get("my.conf") == "1"


@pytest.mark.parametrize("name", ["sql", "read", "createDataFrame", "range", "udf", "catalog"])
def test_what_needs_sql_says_how_to_get_it(sc, name):
    spark = SparkSession(sc)

    with pytest.raises(NotImplementedError, match="--engine apache"):
        getattr(spark, name)
    assert not hasattr(spark, name)


def test_an_unknown_name_is_an_attribute_error(sc):
    with pytest.raises(AttributeError, match="no attribute 'sqll'"):
        _ = SparkSession(sc).sqll
