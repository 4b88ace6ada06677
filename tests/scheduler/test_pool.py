"""Which task set goes first."""

from __future__ import annotations

import pytest
from scheduler_fakes import task_set

from pyspark_shell.common.errors import IllegalConfig
from pyspark_shell.scheduler.pool import FAIR, Pool, Pools, read_allocation_file


def run(tasks, count):
    for task_id in range(count):
        tasks.launch(task_id, task_id, "1", "ANY", False, 0)


def ordered(pools):
    return [(t.job_id, t.stage.stage_id) for t in pools.ordered()]


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def read(tmp_path, warnings):
    def read(text):
        path = tmp_path / "pools.xml"
        path.write_text(text)
        return read_allocation_file(str(path), warnings.append)

    return read


def test_fifo_serves_the_oldest_job_first_and_then_the_lower_stage():
    pools = Pools()

    for job_id, stage_id in [(1, 5), (0, 9), (0, 2)]:
        pools.add(task_set(job_id=job_id, stage_id=stage_id), "ignored")

    assert ordered(pools) == [(0, 2), (0, 9), (1, 5)]
    assert [pool.name for pool in pools.snapshot()] == ["default"]


def test_fair_pools_are_served_by_weighted_load():
    heavy, light = task_set(9, job_id=0), task_set(9, job_id=1)
    pools = Pools(FAIR, [Pool("heavy", weight=4), Pool("light", weight=1)])
    pools.add(heavy, "heavy")
    pools.add(light, "light")

    run(heavy, 3)
    run(light, 1)

    assert pools.ordered() == [heavy, light]


def test_a_pool_below_its_minimum_share_goes_first():
    needy, other = task_set(9), task_set(9)
    pools = Pools(FAIR, [Pool("needy", min_share=4), Pool("other", weight=100)])
    pools.add(needy, "needy")
    pools.add(other, "other")

    run(needy, 3)
    below = pools.ordered()
    run(needy, 4)
    at = pools.ordered()

    assert below == [needy, other]
    assert at == [other, needy]


def test_of_two_needy_pools_the_one_with_the_smaller_part_goes_first():
    half, quarter = task_set(9), task_set(9)
    pools = Pools(FAIR, [Pool("half", min_share=2), Pool("quarter", min_share=4)])
    pools.add(half, "half")
    pools.add(quarter, "quarter")

    run(half, 1)
    run(quarter, 1)

    assert pools.ordered() == [quarter, half]


def test_equal_pools_are_served_by_name():
    pools = Pools(FAIR)
    b, a = task_set(job_id=0), task_set(job_id=1)

    pools.add(b, "b")
    pools.add(a, "a")

    assert pools.ordered() == [a, b]


def test_an_unknown_pool_gets_defaults_and_no_name_means_default():
    pools = Pools(FAIR)

    pools.add(task_set(), "new")
    pools.add(task_set(), None)

    new = next(pool for pool in pools.snapshot() if pool.name == "new")
    assert (new.mode, new.weight, new.min_share) == ("FIFO", 1, 0)
    assert sorted(pool.name for pool in pools.snapshot() if pool.task_sets) == ["default", "new"]


def test_within_a_fair_pool_the_least_served_set_goes_first():
    busy, idle = task_set(job_id=0, stage_id=0), task_set(job_id=1, stage_id=1)
    pools = Pools(FAIR, [Pool("x", mode=FAIR)])
    pools.add(busy, "x")
    pools.add(idle, "x")

    run(busy, 2)

    assert pools.ordered() == [idle, busy]


def test_a_removed_set_is_served_no_more():
    pools = Pools(FAIR)
    tasks = task_set()
    pools.add(tasks, "x")

    assert pools.remove(tasks) == "x"
    assert pools.remove(tasks) is None
    assert pools.all() == []


def test_an_allocation_file_declares_pools(read, warnings):
    pools = read("""<?xml version="1.0"?>
        <allocations>
          <pool name="etl">
            <schedulingMode>fair</schedulingMode><weight> 2 </weight><minShare>3</minShare>
          </pool>
          <pool name="plain"/>
        </allocations>""")

    assert pools == [Pool("etl", "FAIR", 2, 3), Pool("plain", "FIFO", 1, 0)]
    assert warnings == []


def test_bad_values_of_a_pool_are_told_and_replaced_by_defaults(read, warnings):
    pools = read("""<allocations><pool name="x"><schedulingMode>LIFO</schedulingMode>
        <weight>much</weight><minShare>1.5</minShare></pool></allocations>""")

    assert pools == [Pool("x", "FIFO", 1, 0)]
    assert len(warnings) == 3
    assert "'LIFO' is neither FIFO nor FAIR" in warnings[0]


@pytest.mark.parametrize("text", ["", "<allocations><pool></allocations>", "pools: 3"])
def test_a_file_that_is_no_xml_is_an_error_of_the_configuration(read, text):
    with pytest.raises(IllegalConfig, match=r"pools\.xml cannot be read"):
        read(text)


def test_a_missing_allocation_file_is_an_error_of_the_configuration(tmp_path, warnings):
    with pytest.raises(IllegalConfig, match="No such file"):
        read_allocation_file(str(tmp_path / "none.xml"), warnings.append)


def test_an_allocation_file_may_be_given_as_a_file_url(tmp_path, warnings):
    path = tmp_path / "pools.xml"
    path.write_text("<allocations/>")

    assert read_allocation_file(f"file:{path}", warnings.append) == []


@pytest.mark.parametrize("weight", ["0", "-1"])
def test_a_weight_below_one_is_told_and_does_not_stop_the_scheduler(read, warnings, weight):
    declared = read(f"<allocations><pool name='x'><weight>{weight}</weight></pool></allocations>")
    pools = Pools(FAIR, declared)
    pools.add(task_set(), "x")
    pools.add(task_set(), "y")

    assert len(pools.ordered()) == 2
    assert warnings == [f"pool x: '{weight}' is no whole number from 1 up, 1 is used"]
