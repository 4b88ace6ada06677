"""Which attempt of a task may publish its output."""

import pytest

from pyspark_shell.common.task_end import TaskKilled
from pyspark_shell.scheduler.dag_scheduler_event import JobCancelled
from tests.scheduler.scheduler_fakes import RAISED, Lineage, World


@pytest.fixture
def world():
    return World()


@pytest.fixture
def task_set(world):
    world.submit(Lineage().source(2))
    return world.task_sets[0]


def attempt(task_set, task_id, index=0):
    """Launch one more attempt of a task, whether or not others run; gives its info."""
    return task_set.launch(task_id, index, "0", "ANY", False, 1_000)


def fail(world, task_set, info, reason=RAISED):
    world.scheduler.task_failed(task_set, task_set.failed(info.task_id, reason, 1_100))


def test_the_first_attempt_that_asks_may_commit(world, task_set):
    first, second = attempt(task_set, 1), attempt(task_set, 2)

    asked = [world.scheduler.may_commit(task_set, info) for info in (second, first, second)]

    assert asked == [True, False, True]


def test_each_partition_has_its_own_committer(world, task_set):
    assert world.scheduler.may_commit(task_set, attempt(task_set, 1, index=0))
    assert world.scheduler.may_commit(task_set, attempt(task_set, 2, index=1))


@pytest.mark.parametrize("reason", [RAISED, TaskKilled("by somebody")], ids=["raised", "killed"])
def test_an_attempt_that_ends_without_success_makes_way(world, task_set, reason):
    first = attempt(task_set, 1)
    world.scheduler.may_commit(task_set, first)

    fail(world, task_set, first, reason)

    assert world.scheduler.may_commit(task_set, attempt(task_set, 2))


def test_the_failure_of_another_attempt_changes_nothing(world, task_set):
    first, second = attempt(task_set, 1), attempt(task_set, 2)
    world.scheduler.may_commit(task_set, first)

    fail(world, task_set, second)

    assert not world.scheduler.may_commit(task_set, attempt(task_set, 3))


def test_nobody_may_commit_for_a_job_that_was_killed(world, task_set):
    first = attempt(task_set, 1)

    world.scheduler.process(JobCancelled(0, "for a test"))

    assert not world.scheduler.may_commit(task_set, first)


def test_a_denied_attempt_waits_again_and_is_no_failure(task_set):
    info = attempt(task_set, 1)
    denied = task_set.commit_denied(1)

    for task_id in range(2, 12):
        ended = task_set.failed(info.task_id, denied, 1_100)
        info = attempt(task_set, task_id)

    assert str(denied).endswith("for job: 0, partition: 0, attemptNumber: 0")
    assert ended.killed
    assert task_set.abort_reason is None
