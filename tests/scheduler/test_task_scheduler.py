"""Free slots are given to task sets."""

from __future__ import annotations

import pytest
from scheduler_fakes import fake_executor, task_set

from pyspark_shell.common.clock import ManualClock
from pyspark_shell.scheduler.executor_process import Assignment
from pyspark_shell.scheduler.pool import FAIR, Pools
from pyspark_shell.scheduler.task_needs import TaskNeeds
from pyspark_shell.scheduler.task_scheduler import TaskScheduler

CORES = 4


@pytest.fixture
def scheduler():
    return TaskScheduler(Pools(), ManualClock(), CORES)


def split_of(tasks, index):
    return tasks.stage.stage_input.splits[index]


def offer(scheduler, executors):
    """One round of offers; the launched tasks occupy their executors."""
    launches = scheduler.resource_offers(executors, split_of)
    for launch in launches:
        launch.executor.running = Assignment(
            launch.info.task_id, launch.task_set, launch.order.resources
        )
        launch.executor.is_free = False
    return launches


def executors_of(count, group=None):
    return [fake_executor(str(n), group) for n in range(count)]


def placed(launches):
    return sorted((int(launch.executor.executor_id), launch.info.index) for launch in launches)


def test_every_free_slot_gets_one_task(scheduler):
    tasks = task_set(5)
    scheduler.submit(tasks, None)

    launches = offer(scheduler, executors_of(3))

    assert len({launch.executor.executor_id for launch in launches}) == 3
    assert [launch.info.index for launch in launches] == [0, 1, 2]
    assert [launch.order.split for launch in launches] == [b"split 0", b"split 1", b"split 2"]
    assert scheduler.has_waiting


def test_task_ids_are_counted_over_all_sets(scheduler):
    scheduler.submit(task_set(1, stage_id=0), None)
    scheduler.submit(task_set(2, stage_id=1), None)

    launches = offer(scheduler, executors_of(3))

    assert [launch.info.task_id for launch in launches] == [0, 1, 2]
    assert [launch.order.stage_id for launch in launches] == [0, 1, 1]
    assert scheduler.find_task(2).stage.stage_id == 1
    assert scheduler.find_task(77) is None


def test_the_oldest_job_is_served_first(scheduler):
    scheduler.submit(task_set(3, job_id=1, stage_id=1), None)
    scheduler.submit(task_set(2, job_id=0, stage_id=0), None)

    launches = offer(scheduler, executors_of(4))

    assert [launch.task_set.job_id for launch in launches] == [0, 0, 1, 1]


def test_fair_pools_share_the_slots_of_one_round():
    scheduler = TaskScheduler(Pools(FAIR), ManualClock(), CORES)
    scheduler.submit(task_set(9, job_id=0), "a")
    scheduler.submit(task_set(9, job_id=1), "b")

    launches = offer(scheduler, executors_of(4))

    assert sorted(launch.task_set.job_id for launch in launches) == [0, 0, 1, 1]


def test_the_first_executor_served_moves_on(scheduler):
    executors = executors_of(3)
    firsts = []

    for stage_id in range(3):
        tasks = task_set(1, stage_id=stage_id)
        scheduler.submit(tasks, None)
        firsts += [launch.executor.executor_id for launch in offer(scheduler, executors)]
        for executor in executors:
            executor.running, executor.is_free = None, True

    assert sorted(firsts) == ["0", "1", "2"]


def test_a_hot_block_finds_its_executor(scheduler):
    scheduler.submit(task_set(3, preferred=str), None)

    launches = offer(scheduler, executors_of(3))

    assert placed(launches) == [(0, 0), (1, 1), (2, 2)]


def test_busy_executors_and_zombies_get_nothing(scheduler):
    zombie = task_set(3)
    zombie.suspend()
    scheduler.submit(zombie, None)
    busy = fake_executor("1")
    busy.is_free = False

    assert offer(scheduler, executors_of(2)) == []
    assert offer(scheduler, [busy]) == []
    assert not scheduler.has_waiting


def test_barrier_tasks_start_all_or_none(scheduler):
    scheduler.submit(task_set(3, barrier=True), None)

    too_few = offer(scheduler, executors_of(2))
    enough = offer(scheduler, executors_of(3))

    assert too_few == []
    assert sorted(launch.info.index for launch in enough) == [0, 1, 2]


def test_a_barrier_stage_that_does_not_fit_lets_others_pass(scheduler):
    scheduler.submit(task_set(9, stage_id=0, barrier=True), None)
    scheduler.submit(task_set(2, stage_id=1), None)

    launches = offer(scheduler, executors_of(3))

    assert [launch.order.stage_id for launch in launches] == [1, 1]


@pytest.mark.parametrize(("cpus", "fit"), [(1.0, 4), (2.0, 2), (3.0, 1), (4.0, 1), (5.0, 0)])
def test_tasks_with_several_cpus_take_several_cores_of_a_group(scheduler, cpus, fit):
    scheduler.submit(task_set(9, needs=TaskNeeds(cpus=cpus)), None)

    assert len(offer(scheduler, executors_of(4, group=0))) == fit


def test_cores_taken_by_running_tasks_are_remembered_from_round_to_round(scheduler):
    executors = executors_of(4, group=0)
    scheduler.submit(task_set(1, stage_id=0, needs=TaskNeeds(cpus=3)), None)
    offer(scheduler, executors)
    scheduler.submit(task_set(9, stage_id=1), None)

    launches = offer(scheduler, executors)

    assert len(launches) == 1


def test_each_task_gets_addresses_of_its_own(scheduler):
    needs = TaskNeeds(amounts={"gpu": 1}, offered={"gpu": ["0", "1"]})
    scheduler.submit(task_set(9, needs=needs), None)
    executors = executors_of(4, group=0)

    first = offer(scheduler, executors)
    second = offer(scheduler, executors)

    assert [launch.order.resources for launch in first] == [{"gpu": ("0",)}, {"gpu": ("1",)}]
    assert second == []


def test_fractions_of_a_gpu_share_an_address(scheduler):
    needs = TaskNeeds(amounts={"gpu": 0.5}, offered={"gpu": ["7"]})
    scheduler.submit(task_set(9, needs=needs), None)

    launches = offer(scheduler, executors_of(4, group=0))

    assert [launch.order.resources for launch in launches] == [{"gpu": ("7",)}] * 2


def test_a_barrier_stage_takes_gpus_for_all_its_tasks_or_for_none(scheduler):
    two = TaskNeeds(amounts={"gpu": 1}, offered={"gpu": ["0", "1"]})
    scheduler.submit(task_set(3, stage_id=0, needs=two, barrier=True), None)
    nothing = offer(scheduler, executors_of(4, group=0))
    scheduler.submit(task_set(2, stage_id=1, needs=two, barrier=True), None)

    launches = offer(scheduler, executors_of(4, group=0))

    assert nothing == []
    assert sorted(launch.order.resources["gpu"] for launch in launches) == [("0",), ("1",)]


def test_a_finished_set_is_dropped_and_a_running_one_is_not(scheduler):
    tasks = task_set(1, stage_id=3)
    scheduler.submit(tasks, None)
    (launch,) = offer(scheduler, executors_of(1))

    scheduler.finished(tasks)
    while_running = scheduler.task_sets_of(3)
    tasks.succeeded(launch.info.task_id, 1)
    scheduler.finished(tasks)

    assert while_running == [tasks]
    scheduler.assert_empty()


def test_what_is_left_is_named_in_full(scheduler):
    scheduler.submit(task_set(2, stage_id=5), None)

    with pytest.raises(AssertionError, match=r"stage 5\.0: 2 pending"):
        scheduler.assert_empty()


def test_the_time_of_the_last_launch_is_kept():
    clock = ManualClock(50.0)
    scheduler = TaskScheduler(Pools(), clock, CORES)
    scheduler.submit(task_set(1), None)

    offer(scheduler, executors_of(1))
    clock.advance(5)
    offer(scheduler, executors_of(1))

    assert scheduler.last_launch_s == 50.0
