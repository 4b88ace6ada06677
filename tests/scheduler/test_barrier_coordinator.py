"""The tasks of a barrier stage go on together."""

from __future__ import annotations

import pytest
from scheduler_fakes import FakeTimers, task_set

from pyspark_shell.executor.messages import BarrierRelease, BarrierSync
from pyspark_shell.scheduler.barrier_coordinator import BarrierCoordinator


@pytest.fixture
def released():
    return []


@pytest.fixture
def timers():
    return FakeTimers()


@pytest.fixture
def coordinator(released, timers):
    return BarrierCoordinator(
        lambda executor_id, release: released.append((executor_id, release)), timers, 10.0
    )


@pytest.fixture
def tasks():
    """Three tasks, with ids 10 to 12, in an order other than that of their partitions."""
    tasks = task_set(3, stage_id=4, barrier=True)
    for task_id, index in ((10, 2), (11, 0), (12, 1)):
        tasks.launch(task_id, index, f"executor {index}", "ANY", False, 0)
    return tasks


def test_nobody_goes_before_the_last_has_come(coordinator, tasks, released):
    coordinator.arrive(tasks, BarrierSync(10, 0, "c"))
    coordinator.arrive(tasks, BarrierSync(12, 0, "b"))
    early = list(released)
    coordinator.arrive(tasks, BarrierSync(11, 0, "a"))

    assert early == []
    assert sorted(released, key=lambda to: to[0]) == [
        (f"executor {index}", BarrierRelease(task_id, ("a", "b", "c"), ""))
        for index, task_id in enumerate((11, 12, 10))
    ]
    coordinator.assert_empty()


def test_the_next_barrier_begins_afresh(coordinator, tasks, released):
    for epoch in range(2):
        for task_id in (10, 11, 12):
            coordinator.arrive(tasks, BarrierSync(task_id, epoch, str(epoch)))

    assert [release.messages for _, release in released] == [("0",) * 3] * 3 + [("1",) * 3] * 3


def test_tasks_at_different_barriers_fail_both(coordinator, tasks, released):
    coordinator.arrive(tasks, BarrierSync(10, 0, ""))
    coordinator.arrive(tasks, BarrierSync(11, 1, ""))

    assert [release.error for _, release in released] == [
        "The coordinator cannot let the barrier of stage 4.0 pass: tasks wait at barriers 0 and 1."
    ]
    coordinator.assert_empty()


def test_who_waits_too_long_is_told(coordinator, tasks, released, timers):
    coordinator.arrive(tasks, BarrierSync(10, 0, ""))

    timers[0].fire()

    assert timers[0].delay_s == 10.0
    assert released[0][1].error.endswith(
        "2 of 3 tasks did not arrive within 10 s (spark.barrier.sync.timeout)."
    )
    coordinator.assert_empty()


def test_a_barrier_that_was_passed_has_no_deadline(coordinator, tasks, timers):
    for task_id in (10, 11, 12):
        coordinator.arrive(tasks, BarrierSync(task_id, 0, ""))

    assert len(timers) == 1
    assert timers.waiting() == []


def test_a_year_is_no_deadline(tasks, timers):
    coordinator = BarrierCoordinator(lambda *_: None, timers, 365 * 86400.0)

    coordinator.arrive(tasks, BarrierSync(10, 0, ""))

    assert timers == []


def test_a_stage_that_is_over_is_forgotten(coordinator, tasks, timers):
    coordinator.arrive(tasks, BarrierSync(10, 0, ""))
    with pytest.raises(AssertionError, match=r"stages \['4\.0'\] are left"):
        coordinator.assert_empty()

    coordinator.forget(tasks)

    assert timers.waiting() == []
    coordinator.assert_empty()
