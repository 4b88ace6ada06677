"""Jobs go through their stages; events are fed in by hand and what is done is collected."""

from __future__ import annotations

import pytest
from scheduler_fakes import RAISED, World

from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.common.task_end import TaskKilled
from pyspark_shell.scheduler.dag_scheduler_event import RDDRemoved, ShuffleRemoved


@pytest.fixture
def world():
    return World()


@pytest.fixture
def lineage(world):
    return world.lineage


def names(task_sets):
    return [task_set.name for task_set in task_sets]


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
    assert world.task_sets[0].choose("1") == (0, "PROCESS_LOCAL", False)


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
    [task_id, *_] = world.launch(gone)
    info = gone.running[task_id].info
    world.scheduler.abort_all("no executor is left")
    story = list(world.story)

    world.scheduler.task_set_aborted(gone, "broken", None)
    world.scheduler.barrier_task_failed(gone, info, RAISED)

    assert world.story == story


def test_a_failed_barrier_map_stage_starts_again_as_a_whole(world, lineage):
    source = lineage.source(2)
    source.is_barrier = True
    waiter = world.submit(lineage.shuffled(source, 1))
    first, second = world.launch(world.task_sets[0])
    world.succeed(world.task_sets[0], first)
    failed = world.task_sets[0].running[second].info

    world.scheduler.barrier_task_failed(world.task_sets[0], failed, RAISED)
    world.resubmit()

    assert world.kills[0][:2] == (0, True)
    assert (world.task_sets[1].name, list(world.task_sets[1].partitions)) == ("0.1", [0, 1])
    assert not waiter.done


def test_a_success_after_a_barrier_stages_failure_counts_for_nothing(world, lineage):
    source = lineage.source(2)
    source.is_barrier = True
    waiter = world.submit(lineage.shuffled(source, 1))
    first, second = world.launch(world.task_sets[0])
    failed = world.task_sets[0].running[second].info

    world.scheduler.barrier_task_failed(world.task_sets[0], failed, RAISED)
    world.succeed(world.task_sets[0], first)
    world.resubmit()

    assert list(world.task_sets[1].partitions) == [0, 1]
    world.complete(world.task_sets[1])
    world.complete(world.task_sets[2])
    assert waiter.done


def test_a_failed_barrier_result_stage_ends_the_job(world, lineage):
    source = lineage.source(2)
    source.is_barrier = True
    waiter = world.submit(source)
    _, second = world.launch(world.task_sets[0])
    failed = world.task_sets[0].running[second].info

    world.scheduler.barrier_task_failed(world.task_sets[0], failed, RAISED)

    assert "Could not recover from a failed barrier ResultStage." in waiter.failure.message
    sentence = "Stage failed because barrier task ResultTask(0, 1) finished unsuccessfully."
    assert sentence in waiter.failure.message
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
