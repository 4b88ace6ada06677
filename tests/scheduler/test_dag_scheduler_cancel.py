"""Jobs are cancelled by id, stage, group, tag, or all of them; in Spark's words and order."""

from __future__ import annotations

import pytest
from scheduler_fakes import World

from pyspark_shell.common.cell import CELL_ID, CELL_PROMPT, CELL_THREAD, Cell
from pyspark_shell.executor.task_outcome import ResultFile
from pyspark_shell.scheduler.dag_scheduler_event import (
    AllJobsCancelled,
    CellCancelled,
    JobCancelled,
    JobGroupCancelled,
    JobTagCancelled,
    StageCancelled,
)


@pytest.fixture
def world():
    return World(cancelled_groups=2)


@pytest.fixture
def lineage(world):
    return world.lineage


def text(job_id, reason):
    return f"[SPARK_JOB_CANCELLED] Job {job_id} cancelled {reason} SQLSTATE: XXKDA"


def messages(waiters):
    return [waiter.failure.message if waiter.failure else None for waiter in waiters]


def test_a_cancelled_job_ends_in_spark_s_order(world, lineage):
    waiter = world.submit(lineage.source())
    world.launch(world.task_sets[0])

    world.scheduler.process(JobCancelled(0, "by me"))

    assert world.story == [
        ("JobStart", 0),
        ("StageSubmitted", "0.0"),
        ("StageFailed", "0.0"),
        ("JobEnd", 0),
    ]
    assert waiter.failure.message == text(0, "by me")
    assert waiter.failure.cancelled
    assert world.kills == [(0, False, f"Stage cancelled: {text(0, 'by me')}")]
    world.scheduler.assert_empty()


def test_listeners_hear_of_the_cause(world, lineage):
    world.submit(lineage.source())

    world.scheduler.process(JobCancelled(0, "by me"))

    completed, ended = world.events[-2:]
    assert completed.stage_info.failure_reason == text(0, "by me")
    assert (ended.error, ended.cancelled) == (text(0, "by me"), True)


def test_a_cancelled_job_s_waiting_stages_are_forgotten_without_a_word(world, lineage):
    world.submit(lineage.shuffled(lineage.shuffled(lineage.source())))

    world.scheduler.process(JobCancelled(0, None))

    assert [told for told, _ in world.story].count("StageFailed") == 1
    assert [kill[0] for kill in world.kills] == [0]
    world.scheduler.assert_empty()


@pytest.mark.parametrize(
    ("property_value", "order", "interrupts"),
    [("true", None, True), ("false", None, False), ("true", False, False), ("false", True, True)],
)
def test_tasks_are_interrupted_as_the_job_or_the_order_says(
    world, lineage, property_value, order, interrupts
):
    world.submit(lineage.source(), job_interruptOnCancel=property_value)

    world.scheduler.process(JobCancelled(0, "x", order))

    assert world.kills[0][1] is interrupts


def test_an_unknown_job_or_stage_is_no_error(world, lineage):
    waiter = world.submit(lineage.source())

    world.scheduler.process(JobCancelled(99, "x"))
    world.scheduler.process(StageCancelled(99, "x"))

    assert not waiter.done
    assert world.kills == []


def test_a_job_that_ended_cannot_be_cancelled(world, lineage):
    waiter = world.submit(lineage.source())
    world.complete(world.task_sets[0])
    story = list(world.story)

    world.scheduler.process(JobCancelled(0, "too late"))

    assert waiter.failure is None
    assert world.story == story


@pytest.mark.parametrize(
    ("reason", "told"), [(None, "Stage 0 was cancelled"), ("it is slow", "it is slow")]
)
def test_a_cancelled_stage_ends_all_its_jobs(world, lineage, reason, told):
    node = lineage.shuffled(lineage.source())
    waiters = [world.submit(node), world.submit(node), world.submit(lineage.source())]

    world.scheduler.process(StageCancelled(0, reason))

    assert messages(waiters) == [text(0, f"because {told}"), text(1, f"because {told}"), None]


@pytest.mark.parametrize(
    ("reason", "told"), [(None, "part of cancelled job group g"), ("enough", "enough")]
)
def test_a_cancelled_group_ends_its_jobs_only(world, lineage, reason, told):
    of_g = world.submit(lineage.source(), jobGroup_id="g")
    others = [world.submit(lineage.source(), jobGroup_id="h"), world.submit(lineage.source())]

    world.scheduler.process(JobGroupCancelled("g", False, reason))
    later = world.submit(lineage.source(), jobGroup_id="g")

    assert messages([of_g]) == [text(0, told)]
    assert messages([*others, later]) == [None] * 3


def test_future_jobs_of_a_cancelled_group_are_not_even_begun(world, lineage):
    world.scheduler.process(JobGroupCancelled("g", True, "enough"))

    waiter = world.submit(lineage.source(), jobGroup_id="g")

    assert messages([waiter]) == [text(0, "part of cancelled job group g")]
    assert waiter.failure.cancelled
    assert world.story == []
    world.scheduler.assert_empty()


def test_cancelled_groups_are_forgotten_first_in_first_out(world, lineage):
    for group in "abac":
        world.scheduler.process(JobGroupCancelled(group, True, None))

    waiters = [world.submit(lineage.source(), jobGroup_id=group) for group in "abc"]

    assert [waiter.done for waiter in waiters] == [False, True, True]


@pytest.mark.parametrize(
    ("reason", "told"), [(None, "part of cancelled job tags x"), ("enough", "enough")]
)
def test_a_cancelled_tag_ends_all_jobs_that_carry_it(world, lineage, reason, told):
    waiters = [
        world.submit(lineage.source(), job_tags=tags) for tags in ("x", "y,x", "xx", "y", "")
    ]

    world.scheduler.process(JobTagCancelled("x", reason))

    assert messages(waiters) == [text(0, told), text(1, told), None, None, None]


def test_all_jobs_are_cancelled_oldest_first(world, lineage):
    waiters = [world.submit(lineage.source()) for _ in range(3)]

    world.scheduler.process(AllJobsCancelled())

    assert messages(waiters) == [
        text(job_id, "as part of cancellation of all jobs") for job_id in range(3)
    ]
    assert [e for e in world.story if e[0].startswith("JobEnd")] == [
        ("JobEnd", 0), ("JobEnd", 1), ("JobEnd", 2)
    ]  # fmt: skip
    world.scheduler.assert_empty()


def test_a_shared_stage_survives_the_end_of_one_of_its_jobs(world, lineage):
    node = lineage.shuffled(lineage.source())
    first, second = world.submit(node), world.submit(node)
    shared = world.task_sets[0]

    world.scheduler.process(JobCancelled(0, "by me"))
    killed = list(world.kills)
    world.complete(shared)
    world.complete(world.task_sets[1])

    assert first.failure is not None
    assert killed == []
    assert (second.failure, second.done) == (None, True)
    assert len(world.task_sets) == 2
    world.scheduler.assert_empty()


def test_a_stage_that_waits_for_its_next_attempt_is_not_submitted_after_a_cancel(world, lineage):
    world.submit(lineage.shuffled(lineage.source()))
    world.complete(world.task_sets[0])
    world.fail_fetch(world.task_sets[1], 0, 0)

    world.scheduler.process(JobCancelled(0, "by me"))
    world.resubmit()

    assert len(world.task_sets) == 2
    assert [kill[0] for kill in world.kills] == [1]
    world.scheduler.assert_empty()


def test_a_result_after_the_cancel_is_wanted_by_nobody(world, lineage):
    waiter = world.submit(lineage.source(1))
    tasks = world.task_sets[0]
    (late,) = world.launch(tasks)
    world.scheduler.process(JobCancelled(0, "by me"))

    info, _, _ = tasks.succeeded(late, 0)
    wanted = world.scheduler.result_task_succeeded(tasks, info, b"late", b"updates")

    assert not wanted
    assert world.updates == []
    assert waiter.finished() == {}


def test_result_files_of_a_cancelled_job_are_removed(world, lineage, tmp_path):
    world.submit(lineage.source(2))
    tasks = world.task_sets[0]
    first, _ = world.launch(tasks)
    path = tmp_path / "taskresult_0"
    path.write_bytes(b"large")
    info, _, _ = tasks.succeeded(first, 0)
    world.scheduler.result_task_succeeded(tasks, info, ResultFile(str(path), 5), b"")

    world.scheduler.process(JobCancelled(0, "by me"))

    assert not path.exists()


def test_a_stopped_scheduler_ends_all_jobs_and_takes_no_more(world, lineage):
    running = world.submit(lineage.source())

    world.scheduler.stop("SparkContext was shut down")
    later = world.submit(lineage.source())

    assert messages([running, later]) == [
        "Job 0 cancelled because SparkContext was shut down", "SparkContext was shut down"
    ]  # fmt: skip
    assert world.kills[0][1] is True
    assert later.failure.cancelled
    world.scheduler.assert_empty()


def test_a_killed_application_says_so_to_every_job(world, lineage):
    waiters = [world.submit(lineage.source()) for _ in range(2)]

    world.scheduler.application_killed("the application was killed")

    assert messages(waiters) == ["the application was killed"] * 2
    assert all(waiter.failure.application_killed for waiter in waiters)
    world.scheduler.assert_empty()


def test_a_job_fails_for_all_when_nothing_can_run(world, lineage):
    waiter = world.submit(lineage.source())

    world.scheduler.abort_all("no executor can be started")

    assert messages([waiter]) == ["Job aborted due to stage failure: no executor can be started"]
    assert not waiter.failure.cancelled
    world.scheduler.assert_empty()


def test_the_stages_that_only_the_killed_one_of_two_jobs_needs_end_with_it(world, lineage):
    shared = lineage.shuffled(lineage.source())
    own = lineage.shuffled(lineage.source())
    killed = world.submit(lineage.mapped(shared, own))
    other = world.submit(lineage.mapped(shared))
    names = {task_set.stage.node: task_set for task_set in world.task_sets}
    shared_maps, own_maps = (names[node.shuffle.parent] for node in (shared, own))
    for task_set in (shared_maps, own_maps):
        world.launch(task_set)

    world.scheduler.process(JobCancelled(0, "one of two"))

    assert killed.failure.message == text(0, "one of two")
    assert not other.done
    assert [kill[0] for kill in world.kills] == [own_maps.stage.stage_id]
    assert shared_maps.owners == {1}
    assert shared_maps.owner == 1


def test_a_suspended_set_still_knows_whose_it_was(world, lineage):
    world.submit(lineage.source())
    [tasks] = world.task_sets
    (first, _) = world.launch(tasks)
    tasks.stage.job_ids |= {3, 5}
    tasks.stage.job_ids -= {0}
    assert tasks.owners == {3, 5}

    tasks.suspend()
    tasks.stage.job_ids.clear()

    assert tasks.owners == {3, 5}
    assert tasks.commit_denied(first).job_id == 3


def of_cell(prompt, thread=""):
    keys = {CELL_ID: "a", CELL_PROMPT: str(prompt), CELL_THREAD: thread}
    return {key.removeprefix("spark.").replace(".", "_"): value for key, value in keys.items()}


def test_an_interrupted_cell_s_threads_submit_no_more_jobs(world, lineage):
    first = world.submit(lineage.source(), **of_cell(7, "pool-1"))
    heard = []

    world.scheduler.process(CellCancelled(Cell("a", 7), heard.append))
    later = world.submit(lineage.source(), **of_cell(7, "pool-1"))
    cleaning_up = world.submit(lineage.source(), **of_cell(7))
    of_the_next_cell = world.submit(lineage.source(), **of_cell(8, "pool-1"))

    assert heard == [0]
    assert messages([first, later]) == [
        text(0, "because In[7] was interrupted"),
        text(1, "because In[7] was interrupted"),
    ]
    assert messages([cleaning_up, of_the_next_cell]) == [None, None]
    assert sorted(world.scheduler.jobs) == [2, 3]


def test_interrupted_cells_are_forgotten_first_in_first_out(world, lineage):
    for prompt in (1, 2, 3):
        world.scheduler.process(CellCancelled(Cell("a", prompt), lambda _: None))

    waiters = [world.submit(lineage.source(), **of_cell(prompt, "pool-1")) for prompt in (1, 2, 3)]

    assert [waiter.failure is None for waiter in waiters] == [True, False, False]
