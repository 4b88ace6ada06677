"""Results that would not fit into the driver are refused before they are opened."""

import pytest

from pyspark_shell.common.errors import CollectTooLarge
from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.driver.driver_memory import DriverMemory, cgroup_limits, physical_bytes

MIB = 1 << 20


def memory(used_bytes, limit_bytes=100 * MIB, guard=0.8):
    return DriverMemory(limit_bytes, guard, lambda: used_bytes)


def test_results_that_fit_four_times_are_opened():
    memory(used_bytes=40 * MIB).check(0, [5 * MIB, 5 * MIB])


def test_results_that_do_not_are_refused_with_what_to_do():
    with pytest.raises(CollectTooLarge) as caught:
        memory(used_bytes=40 * MIB).check(7, [5 * MIB, 5 * MIB, 1])

    text = str(caught.value)
    assert text.startswith("collecting 10.0 MiB (3 tasks) would exceed driver memory: ")
    for part in (
        "the driver uses 40.0 MiB, and 80.0 MiB of 100.0 MiB are allowed",
        "take(n)",
        "toLocalIterator()",
        "spark.driver.memory",
        "spark.driver.maxResultSize",
    ):
        assert part in text
    assert caught.value.job_id == 7


def test_small_results_are_not_measured():
    DriverMemory(1, 0.8, used_bytes=lambda: pytest.fail("measured")).check(0, [1000])


def test_a_guard_of_nought_lets_everything_pass():
    memory(used_bytes=99 * MIB, guard=0.0).check(0, [50 * MIB])


def test_the_smallest_limit_counts():
    conf = SparkConf(loadDefaults=False)

    assert DriverMemory.of(conf)._limit_bytes <= physical_bytes()
    conf.set("spark.driver.memory", "64m")
    assert DriverMemory.of(conf)._limit_bytes == 64 * MIB


def test_a_cgroup_and_those_above_it_limit(tmp_path):
    folder = tmp_path / "root" / "user" / "job"
    folder.mkdir(parents=True)
    (folder / "memory.max").write_text("max\n")
    (folder.parent / "memory.max").write_text("1048576\n")
    own = tmp_path / "cgroup"
    own.write_text("1:name=systemd:/x\n0::/user/job\n")

    assert cgroup_limits(tmp_path / "root", own) == [MIB]


def test_an_older_cgroup_limits_too(tmp_path):
    (tmp_path / "memory" / "job").mkdir(parents=True)
    (tmp_path / "memory" / "job" / "memory.limit_in_bytes").write_text("4096\n")
    own = tmp_path / "cgroup"
    own.write_text("4:cpu,memory:/job\n")

    assert cgroup_limits(tmp_path, own) == [4096]


def test_without_cgroups_there_is_no_limit(tmp_path):
    assert cgroup_limits(tmp_path, tmp_path / "nothing") == []
