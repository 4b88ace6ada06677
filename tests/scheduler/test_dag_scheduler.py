"""Jobs go through their stages; events are fed in by hand and what is done is collected."""

from __future__ import annotations

import pytest
from scheduler_fakes import RAISED, World

from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.common.task_end import FetchFailed, TaskKilled
from pyspark_shell.executor.task_outcome import FetchFailure, MapOutput
from pyspark_shell.scheduler.dag_scheduler_event import RDDRemoved, ShuffleRemoved


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


def test_a_job_of_one_stage(world, lineage):
    waiter = world.submit(lineage.source(3))

    world.complete(world.task_sets[0])

    assert waiter.payloads() == [b"result 0", b"result 1", b"result 2"]
    assert world.updates == [b"updates"] * 3
    assert world.story == [
        ("JobStart", 0),
        ("StageSubmitted", "0.0"),
        ("StageCompleted", "0.0"),
        ("JobEnd", 0),
    ]
    world.scheduler.assert_empty()


def test_a_reduce_stage_waits_for_its_map_stage(world, lineage):
    waiter = world.submit(lineage.shuffled(lineage.source(3), 2))
    before = names(world.task_sets), world.scheduler.snapshot()["waiting"]

    world.complete(world.task_sets[0])
    between = names(world.task_sets), waiter.done
    world.complete(world.task_sets[1])

    assert before == (["0.0"], 1)
    assert between == (["0.0", "1.0"], False)
    assert waiter.failure is None
    assert [told for told, _ in world.story] == [
        "JobStart", "StageSubmitted", "StageCompleted", "StageSubmitted", "StageCompleted",
        "JobEnd",
    ]  # fmt: skip
    world.scheduler.assert_empty()


def test_both_sides_of_a_join_run_before_it_and_the_lower_stage_first(world, lineage):
    left, right = (lineage.shuffled(lineage.source()) for _ in range(2))
    waiter = world.submit(lineage.mapped(left, right))

    first = names(world.task_sets)
    world.complete(world.task_sets[1])
    after_one = names(world.task_sets)
    world.complete(world.task_sets[0])
    world.complete(world.task_sets[2])

    assert first == after_one == ["0.0", "1.0"]
    assert waiter.done
    world.scheduler.assert_empty()


def test_a_second_job_skips_the_map_stage_and_still_names_it(world, lineage):
    node = lineage.shuffled(lineage.source())
    world.submit(node)
    world.complete(world.task_sets[0])
    world.complete(world.task_sets[1])
    world.story.clear()

    waiter = world.submit(node)
    world.complete(world.task_sets[2])

    start = next(e for e in world.events if type(e).__name__ == "SparkListenerJobStart" and
                 e.job_id == 1)  # fmt: skip
    assert [info.stage_id for info in start.stage_infos] == [2, 3]
    assert world.task_sets[2].name == "3.0"
    assert ("StageSubmitted", "2.0") not in world.story
    assert waiter.done
    world.scheduler.assert_empty()


def test_a_job_without_partitions_starts_and_ends_at_once(world, lineage):
    waiter = world.submit(lineage.shuffled(lineage.source()), partitions=[])

    assert world.story == [("JobStart", 0), ("JobEnd", 0)]
    assert (waiter.done, waiter.failure, waiter.payloads()) == (True, None, [])
    assert world.task_sets == []
    world.scheduler.assert_empty()


def test_a_job_on_some_partitions_runs_only_those(world, lineage):
    waiter = world.submit(lineage.source(5), partitions=[4, 2])

    world.complete(world.task_sets[0])

    assert world.task_sets[0].num_tasks == 2
    assert waiter.payloads() == [b"result 0", b"result 1"]


def test_cached_partitions_hide_the_stages_above(world, lineage):
    cached = lineage.mapped(lineage.shuffled(lineage.source(), 2))
    cached.storage_level = StorageLevel.MEMORY_ONLY
    world.cache(cached, 0, 1)

    world.submit(lineage.mapped(cached))

    assert names(world.task_sets) == ["1.0"]
    assert world.task_sets[0].choose("1") == (1, "PROCESS_LOCAL", False)


def test_one_uncached_partition_brings_the_stages_above_back(world, lineage):
    cached = lineage.mapped(lineage.shuffled(lineage.source(), 2))
    cached.storage_level = StorageLevel.MEMORY_ONLY
    world.cache(cached, 0)

    world.submit(cached)

    assert names(world.task_sets) == ["0.0"]


def test_a_removed_rdd_is_computed_again(world, lineage):
    cached = lineage.mapped(lineage.shuffled(lineage.source(), 2))
    cached.storage_level = StorageLevel.MEMORY_ONLY
    world.cache(cached, 0, 1)

    world.scheduler.process(RDDRemoved(cached.id))
    world.submit(cached)

    assert names(world.task_sets) == ["0.0"]


def test_a_removed_shuffle_is_written_again(world, lineage):
    node = lineage.shuffled(lineage.source())
    world.submit(node)
    world.complete(world.task_sets[0])
    world.complete(world.task_sets[1])

    world.scheduler.process(ShuffleRemoved(node.shuffle.shuffle_id))
    world.submit(node)

    assert names(world.task_sets)[-1] == "2.0"


def test_a_pool_is_named_by_the_job_s_property(world, lineage):
    world.submit(lineage.source(), scheduler_pool="etl")

    assert world.pools == ["etl"]


# Fetch failures ------------------------------------------------------------------


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


# Failed and barrier stages --------------------------------------------------------


def test_a_task_set_that_is_aborted_ends_the_job_with_what_the_task_raised(world, lineage):
    waiter = world.submit(lineage.source())

    world.scheduler.task_set_aborted(world.task_sets[0], "Task 0 failed 4 times", RAISED)

    assert waiter.failure.message == "Job aborted due to stage failure: Task 0 failed 4 times"
    assert (waiter.failure.failure, waiter.failure.stage_id) == (RAISED, 0)
    assert world.kills == [(0, False, f"Stage cancelled: {waiter.failure.message}")]
    assert [told for told, _ in world.story[-2:]] == ["StageFailed", "JobEnd"]
    world.scheduler.assert_empty()


def test_a_failed_shared_stage_fails_all_its_jobs(world, lineage):
    node = lineage.shuffled(lineage.source())
    waiters = [world.submit(node), world.submit(node)]

    world.scheduler.task_set_aborted(world.task_sets[0], "broken", None)

    assert [waiter.done for waiter in waiters] == [True, True]
    assert [e for e in world.story if e[0] == "StageFailed"] == [("StageFailed", "0.0")]
    world.scheduler.assert_empty()


def test_news_of_a_stage_that_is_gone_is_ignored(world, lineage):
    world.submit(lineage.source())
    gone = world.task_sets[0]
    world.scheduler.abort_all("no executor is left")
    story = list(world.story)

    world.scheduler.task_set_aborted(gone, "broken", None)
    world.scheduler.barrier_task_failed(gone, RAISED)

    assert world.story == story


def test_a_failed_barrier_map_stage_starts_again_as_a_whole(world, lineage):
    source = lineage.source(2)
    source.is_barrier = True
    waiter = world.submit(lineage.shuffled(source, 1))
    first, _ = world.launch(world.task_sets[0])
    world.succeed(world.task_sets[0], first)

    world.scheduler.barrier_task_failed(world.task_sets[0], RAISED)
    world.resubmit()

    assert world.kills[0][:2] == (0, True)
    assert (world.task_sets[1].name, list(world.task_sets[1].partitions)) == ("0.1", [0, 1])
    assert not waiter.done


def test_a_failed_barrier_result_stage_ends_the_job(world, lineage):
    source = lineage.source(2)
    source.is_barrier = True
    waiter = world.submit(source)
    world.launch(world.task_sets[0])

    world.scheduler.barrier_task_failed(world.task_sets[0], RAISED)

    assert "Could not recover from a failed barrier ResultStage." in waiter.failure.message
    assert waiter.failure.failure is RAISED
    world.scheduler.assert_empty()


def test_a_barrier_stage_with_more_tasks_than_slots_is_refused(world, lineage):
    source = lineage.source(5)
    source.is_barrier = True

    waiter = world.submit(source)

    assert "[SPARK-24819]" in waiter.failure.message
    assert world.task_sets == []
    world.scheduler.assert_empty()


def test_a_barrier_stage_on_some_partitions_is_refused(world, lineage):
    source = lineage.source(3)
    source.is_barrier = True

    waiter = world.submit(source, partitions=[0])

    assert "[SPARK-24820][SPARK-24821]" in waiter.failure.message
    world.scheduler.assert_empty()


def test_a_killed_task_is_not_the_end_of_its_job(world, lineage):
    waiter = world.submit(lineage.source(1))
    tasks = world.task_sets[0]
    (task_id,) = world.launch(tasks)

    tasks.failed(task_id, TaskKilled("by hand"), 0)
    world.complete(tasks)

    assert waiter.payloads() == [b"result 0"]


def test_copies_that_still_run_are_killed_when_the_job_is_done(world, lineage):
    world.submit(lineage.source(1))
    tasks = world.task_sets[0]
    (original,) = world.launch(tasks)
    tasks.launch(999, 0, "2", "ANY", True, 0)

    world.succeed(tasks, original)

    assert world.kills == [(0, True, "Stage finished")]
    world.scheduler.assert_empty()


def test_a_chain_of_thousands_of_shuffles_runs_without_recursion(world, lineage):
    node = lineage.source(1)
    for _ in range(2000):
        node = lineage.shuffled(node, 1)
    waiter = world.submit(node)

    done = 0
    while not waiter.done:
        world.complete(world.task_sets[done])
        done += 1

    assert done == 2001
    world.scheduler.assert_empty()


def test_a_job_of_thousands_of_shuffles_is_ended_without_recursion(world, lineage):
    node = lineage.source(1)
    for _ in range(2000):
        node = lineage.shuffled(node, 1)

    waiter = world.submit(node)
    world.scheduler.stop("the end")

    assert waiter.done
    assert names(world.task_sets) == ["0.0"]
    world.scheduler.assert_empty()
