"""Map outputs that cannot be read are computed again, a limited number of times."""

from __future__ import annotations

import pytest
from scheduler_fakes import World

from pyspark_shell.common.task_end import FetchFailed
from pyspark_shell.executor.task_outcome import FetchFailure, MapOutput


@pytest.fixture
def world():
    return World()


@pytest.fixture
def lineage(world):
    return world.lineage


def names(task_sets):
    return [task_set.name for task_set in task_sets]


def fail_and_run_again(world, reduce_set, *map_indices):
    """One fetch failure, and the map stage's new attempt to its end; gives the next reduce set."""
    world.fail_fetch(reduce_set, 0, *map_indices)
    world.resubmit()
    world.complete(world.task_sets[-1])
    return world.task_sets[-1]


def test_after_a_fetch_failure_only_the_lost_outputs_are_computed_again(world, lineage):
    waiter = world.submit(lineage.shuffled(lineage.source(4), 2))
    world.complete(world.task_sets[0])
    reduce_set = world.task_sets[1]
    world.complete(reduce_set, tasks=1)

    world.fail_fetch(reduce_set, 0, 1, 3)
    before_the_wait = len(world.task_sets)
    world.resubmit()
    again = world.task_sets[2]
    world.complete(again)
    world.complete(world.task_sets[3])

    assert before_the_wait == 2
    assert (again.name, list(again.partitions)) == ("0.1", [1, 3])
    assert (world.task_sets[3].name, list(world.task_sets[3].partitions)) == ("1.1", [1])
    assert waiter.payloads() == [b"result 0", b"result 0"]
    world.scheduler.assert_empty()


def test_a_fetch_failure_is_told_as_a_failed_attempt(world, lineage):
    world.submit(lineage.shuffled(lineage.source(), 2))
    world.complete(world.task_sets[0])

    world.fail_fetch(world.task_sets[1], 0, 1)
    world.resubmit()

    assert world.story[-2:] == [("StageFailed", "1.0"), ("StageSubmitted", "0.1")]
    failed = world.events[-2].stage_info
    assert failed.failure_reason.startswith("FetchFailed(null, shuffleId=0, mapIndex=1, mapId=1")


def test_two_fetch_failures_of_one_attempt_are_one_resubmission(world, lineage):
    world.submit(lineage.shuffled(lineage.source(3), 3))
    world.complete(world.task_sets[0])
    reduce_set = world.task_sets[1]
    first, second = world.launch(reduce_set, 2)

    for task_id, lost in ((first, 0), (second, 2)):
        reason = FetchFailed(0, lost, 0, "gone")
        files = world.tracker.outputs(0, 3).files
        reduce_set.failed(task_id, reason, 0)
        world.scheduler.fetch_failed(
            reduce_set, FetchFailure(0, lost, 0, "gone", {lost: files[lost]}), reason
        )
    planned = len(world.later)
    world.resubmit()

    assert planned == 1
    assert list(world.task_sets[2].partitions) == [0, 2]


def test_four_fetch_failures_in_a_row_end_the_job(world, lineage):
    waiter = world.submit(lineage.shuffled(lineage.source(2), 2))
    world.complete(world.task_sets[0])
    reduce_set = world.task_sets[1]

    for _ in range(3):
        reduce_set = fail_and_run_again(world, reduce_set, 0)
    alive = not waiter.done
    world.fail_fetch(reduce_set, 0, 0)

    assert alive
    assert reduce_set.name == "1.3"
    assert waiter.failure.message.startswith(
        "Job aborted due to stage failure: ResultStage 1 (count at job.py:3) has failed the "
        "maximum allowable number of times: 4. Most recent failure reason:\nFetchFailed("
    )
    assert not waiter.failure.cancelled
    assert world.later == []
    world.scheduler.assert_empty()


def test_a_success_between_fetch_failures_starts_the_count_again(world, lineage):
    middle = lineage.shuffled(lineage.source(2), 2)
    waiter = world.submit(lineage.shuffled(middle, 2))
    world.complete(world.task_sets[0])
    middle_set = world.task_sets[1]
    for _ in range(3):
        middle_set = fail_and_run_again(world, middle_set, 0)
    world.complete(middle_set)

    stage = middle_set.stage

    assert stage.failed_attempts == set()
    assert not waiter.done


def test_a_fetch_failure_of_an_old_attempt_changes_nothing_but_the_outputs(world, lineage):
    world.submit(lineage.shuffled(lineage.source(2), 3))
    world.complete(world.task_sets[0])
    old = world.task_sets[1]
    (late,) = world.launch(old, 1)
    fail_and_run_again(world, old, 0)
    story = list(world.story)

    reason = FetchFailed(0, 0, 0, "old news")
    old.failed(late, reason, 0)
    world.scheduler.fetch_failed(
        old, FetchFailure(0, 0, 0, "old news", {0: "a file of long ago"}), reason
    )

    assert world.story == story
    assert world.later == []
    assert world.tracker.missing_partitions(0, 2) == []


def test_a_result_of_an_old_attempt_counts_once(world, lineage):
    waiter = world.submit(lineage.shuffled(lineage.source(2), 2))
    world.complete(world.task_sets[0])
    old = world.task_sets[1]
    (late,) = world.launch(old, 1)
    new = fail_and_run_again(world, old, 0)
    world.updates.clear()

    world.succeed(old, late)
    world.complete(new)

    assert waiter.done
    assert len(world.updates) == 2
    world.scheduler.assert_empty()


def test_an_output_lost_while_its_stage_runs_is_computed_again_before_the_reduce(world, lineage):
    world.submit(lineage.shuffled(lineage.source(2), 2))
    map_set = world.task_sets[0]
    first, second = world.launch(map_set)
    world.succeed(map_set, first)
    world.tracker.unregister_map_output(0, 0)

    world.succeed(map_set, second)

    assert names(world.task_sets) == ["0.0", "0.1"]
    assert list(world.task_sets[1].partitions) == [0]


def test_a_map_task_of_a_job_that_ended_leaves_no_output_behind(world, lineage):
    world.submit(lineage.shuffled(lineage.source(1), 1))
    map_set = world.task_sets[0]
    (late,) = world.launch(map_set)
    world.scheduler.stop("SparkContext was shut down")

    info, _, _ = map_set.succeeded(late, 0)
    world.scheduler.map_task_succeeded(map_set, info, MapOutput("late.data", 1), b"")

    assert world.tracker.missing_partitions(0, 1) == [0]
    world.scheduler.assert_empty()


def test_an_output_knows_its_writer_until_it_is_lost(world, lineage):
    world.submit(lineage.shuffled(lineage.source(2), 2))
    assert world.tracker.writer(0, 0) is None
    world.complete(world.task_sets[0])

    assert str(world.tracker.writer(0, 1)).startswith("BlockManagerId(")
    world.fail_fetch(world.task_sets[1], 0, 1)
    assert world.tracker.writer(0, 1) is None
    assert world.tracker.writer(0, -1) is None
    assert world.tracker.writer(9, 0) is None
