"""What fits beside the tasks that run."""

from __future__ import annotations

import pytest

from pyspark_shell.scheduler.task_needs import NO_NEEDS, Taken, TaskNeeds, take


def fill(needs, cores=64):
    """Take until nothing fits any more."""
    running = []
    while (addresses := take(needs, cores, running)) is not None:
        running.append(Taken(needs, addresses))
    return [taken.addresses for taken in running]


def gpus(amount, *addresses):
    return TaskNeeds(amounts={"gpu": amount}, offered={"gpu": addresses})


def test_one_core_each():
    assert len(fill(NO_NEEDS, cores=3)) == 3


def test_half_a_core_lets_twice_as_many_run():
    assert len(fill(TaskNeeds(cpus=0.5), cores=3)) == 6


def test_a_profile_may_use_fewer_cores_than_there_are():
    assert len(fill(TaskNeeds(executor_cores=2), cores=8)) == 2


def test_whole_gpus_are_never_shared():
    assert fill(gpus(2, "a", "b", "c")) == [{"gpu": ("a", "b")}]


@pytest.mark.parametrize(("amount", "tasks"), [(0.5, 2), (0.25, 4), (1 / 3, 3), (0.1, 10)])
def test_fractions_fill_an_address_exactly(amount, tasks):
    assert len(fill(gpus(amount, "a"))) == tasks


def test_fractions_fill_one_address_before_the_next():
    assert [taken["gpu"] for taken in fill(gpus(0.5, "a", "b"))] == [
        ("a",), ("a",), ("b",), ("b",)
    ]  # fmt: skip


def test_a_resource_that_nobody_offers_never_fits():
    assert take(TaskNeeds(amounts={"fpga": 1}), 8, []) is None


def test_all_resources_have_to_fit():
    needs = TaskNeeds(amounts={"gpu": 1, "fpga": 1}, offered={"gpu": ["0", "1"], "fpga": ["x"]})

    assert fill(needs) == [{"gpu": ("0",), "fpga": ("x",)}]


def test_tasks_of_another_kind_take_their_share_too():
    running = [Taken(gpus(1, "a", "b"), {"gpu": ("a",)}), Taken(NO_NEEDS, {})]

    assert take(gpus(0.5, "a", "b"), 8, running) == {"gpu": ("b",)}
    assert take(gpus(0.5, "a", "b"), 2, running) is None
