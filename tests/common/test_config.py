import ast
import logging
from pathlib import Path

import pytest

from pyspark_shell.common import config, scheduler_config, ui_config
from pyspark_shell.common.config_entry import (
    INFINITY,
    ConfigEntry,
    at_least,
    one_of,
    parse_boolean,
    parse_bytes,
    parse_list,
    parse_mebibytes,
    parse_milliseconds,
    parse_seconds,
)
from pyspark_shell.common.config_registry import (
    entries,
    nearest_name,
    warn_about_unknown,
    warn_about_useless,
)
from pyspark_shell.common.errors import IllegalConfig
from pyspark_shell.common.spark_conf import SparkConf


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("17", 17), ("512m", 512 << 20), ("1G", 1 << 30), (" 2kb ", 2048)]
)
def test_sizes_have_units(text, size):
    assert parse_bytes(text) == size


def test_a_bare_size_counts_in_the_units_of_its_key():
    assert parse_mebibytes("1024") == 1 << 30


@pytest.mark.parametrize("text", ["", "m", "1.5g", "-1", "12x"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="whole number with a unit"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("100ms", 0.1), ("10s", 10), ("30min", 1800), ("2h", 7200), ("1d", 86400), ("-1", -1)],
)
def test_durations_have_units(text, seconds):
    assert parse_seconds(text) == pytest.approx(seconds)


def test_a_duration_may_be_endless():
    assert parse_seconds("infinity") == INFINITY


def test_a_bare_duration_counts_in_the_units_of_its_key():
    assert parse_milliseconds("250") == 0.25


def test_booleans_are_words():
    assert parse_boolean(" True ") is True
    with pytest.raises(ValueError, match="true or false"):
        parse_boolean("yes")


def test_lists_are_comma_separated():
    assert parse_list("a, b,,c") == ("a", "b", "c")


def test_choices_are_given_in_their_own_spelling():
    assert one_of("FIFO", "FAIR")("fair") == "FAIR"


def test_an_entry_reads_its_key_or_gives_its_default():
    entry = ConfigEntry("spark.test", 3, at_least(1), "A number.")

    assert entry.read(SparkConf(loadDefaults=False)) == 3
    assert entry.read(SparkConf(loadDefaults=False).set("spark.test", 5)) == 5


def test_an_illegal_value_names_key_value_and_what_is_right():
    conf = SparkConf(loadDefaults=False).set("spark.executor.instances", "0")

    with pytest.raises(
        IllegalConfig, match=r"spark.executor.instances must be at least 1, got '0'"
    ):
        config.EXECUTOR_INSTANCES.read(conf)


def test_a_key_falls_back_on_another():
    conf = SparkConf(loadDefaults=False).set("spark.network.timeout", "77s")

    assert config.CLEANER_BLOCKING_TIMEOUT.read(conf) == 77


def test_the_compatible_profile_takes_sparks_defaults_but_not_over_what_is_set():
    conf = SparkConf(loadDefaults=False).set("spark.pyshell.compat", "spark")

    assert config.TASK_REAPER_KILL_TIMEOUT.read(conf) == -1
    conf.set("spark.task.reaper.killTimeout", "3s")
    assert config.TASK_REAPER_KILL_TIMEOUT.read(conf) == 3


def test_a_key_that_nothing_depends_on_says_so_once(caplog):
    keys = ["spark.ui.filters", "spark.task.maxFailures", "my.own", "spark.ui.filters"]

    with caplog.at_level(logging.WARNING):
        warn_about_useless(dict.fromkeys(keys))

    assert caplog.messages == ["spark.ui.filters is accepted but has no effect here"]


# Written by the engine for whoever asks the conf.
WRITTEN = {"APP_ID", "APP_START_TIME"}
# Read, but not for what it asks: barrier stages are refused with it, as in Spark.
READ_ONLY_TO_REFUSE = {"DYN_ALLOCATION_ENABLED"}


def test_every_key_is_read_somewhere_or_says_that_it_has_no_effect():
    declared = {
        name: entry
        for module in (config, scheduler_config, ui_config)
        for name, entry in vars(module).items()
        if isinstance(entry, ConfigEntry)
    }
    declaring = {Path(module.__file__) for module in (config, scheduler_config, ui_config)}
    package = Path(config.__file__).parent.parent
    sources = set(package.rglob("*.py")) - declaring
    read = {
        node.id if isinstance(node, ast.Name) else node.attr
        for path in sources
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.Name, ast.Attribute))
    }
    fallbacks = {id(declared[name].fallback) for name in declared.keys() & read}

    without_effect = {
        name
        for name, entry in declared.items()
        if name not in read | WRITTEN and id(entry) not in fallbacks
    }

    flagged = {name for name, entry in declared.items() if not entry.has_effect}
    assert flagged - READ_ONLY_TO_REFUSE == without_effect


def test_every_key_is_declared_once():
    modules = (config, scheduler_config, ui_config)
    declared = [e for m in modules for e in vars(m).values() if isinstance(e, ConfigEntry)]

    assert len({entry.key for entry in declared}) == len(declared) == len(entries())


def test_numbers_that_are_defaults_could_have_been_written():
    for entry in entries().values():
        if isinstance(entry.default, (bool, int, float)):
            text = str(entry.default).lower().removesuffix(".0")
            assert isinstance(entry.parse(text), type(entry.default)), entry.key


@pytest.mark.parametrize(
    "key",
    ["spark.sql.shuffle.partitions", "spark.executorEnv.X", "spark.mine", "spark.executor.id"],
)
def test_keys_of_other_parts_are_not_slips(key):
    assert nearest_name(key) is None


def test_a_slip_of_the_pen_is_warned_of(caplog):
    with caplog.at_level(logging.WARNING, logger="pyspark_shell"):
        warn_about_unknown(["spark.defualt.parallelism", "spark.master", "mine"])

    assert [record.message for record in caplog.records] == [
        "configuration key spark.defualt.parallelism is not known and has no effect; "
        "did you mean spark.default.parallelism?"
    ]
