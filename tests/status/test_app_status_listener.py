"""What each event does to the rows of jobs, stages, tasks and executors."""

import time

import pytest

from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.task_end import (
    ExceptionFailure,
    Success,
    TaskCommitDenied,
    TaskKilled,
)
from pyspark_shell.listener.events import (
    SparkListenerApplicationEnd,
    SparkListenerTaskEnd,
    SparkListenerTaskStart,
    TaskInfo,
)
from pyspark_shell.status.api import JobStatus, KillState, StageStatus
from pyspark_shell.status.app_status_store import AppStatusStore
from tests.status.listener_events import Events, stage


@pytest.fixture
def store():
    return AppStatusStore(retained_jobs=20, retained_stages=20, retained_dead_executors=2)


@pytest.fixture
def events(store):
    return Events(store)


def test_a_job_is_named_after_its_last_stage_and_counts_its_tasks(store, events):
    events.start_job(0, stage(0, tasks=3), stage(1, tasks=2), **{"spark.jobGroup.id": "g"})

    job = store.job(0)
    assert job.name == "count at job.py:1"
    assert (job.num_tasks, job.job_group, job.status) == (5, "g", JobStatus.RUNNING)
    assert list(job.stage_ids) == [0, 1]
    assert store.last_stage_attempt(1).status is StageStatus.PENDING


def test_stages_that_are_there_already_do_not_count(store, events):
    done = stage(0, tasks=3)
    done.completion_time_ms = 5

    events.start_job(0, done, stage(1, tasks=2))

    assert store.job(0).num_tasks == 2


def test_tasks_move_the_counts_of_stage_job_and_executor(store, events):
    info = stage(0, tasks=3)
    events.executor()
    events.start_job(0, info)
    events.submit(info)

    tasks = [events.launch(info, index) for index in range(3)]
    running = store.last_stage_attempt(0).num_active_tasks, store.job(0).num_active_tasks
    events.finish(info, tasks[0])
    events.finish(info, tasks[1], ExceptionFailure("ValueError", "x", "trace"))
    events.finish(info, tasks[2], TaskKilled("enough"))

    row, job, executor = store.last_stage_attempt(0), store.job(0), store.executors["1"]
    assert running == (3, 3)
    assert (row.num_complete_tasks, row.num_failed_tasks, row.num_killed_tasks) == (1, 1, 1)
    assert (job.num_completed_tasks, job.num_failed_tasks, job.num_killed_tasks) == (1, 1, 1)
    assert job.killed_tasks_summary == {"enough": 1}
    assert (executor.active_tasks, executor.total_tasks, executor.completed_tasks) == (0, 3, 1)
    assert executor.total_duration_ms == 150


def test_a_partition_that_ran_twice_is_one(store, events):
    info = stage(0, tasks=1)
    events.start_job(0, info)
    events.submit(info)

    for _ in range(2):
        events.finish(info, events.launch(info, index=0))

    assert store.job(0).num_completed_tasks == 2
    assert store.job(0).num_completed_indices == 1


def test_a_job_succeeds(store, events):
    info = stage(0)
    events.start_job(0, info)
    events.submit(info, **{"spark.job.description": "counting"})
    active = store.active_job_ids(), store.active_stage_ids()
    events.complete(info)
    events.end_job(0)

    assert active == ([0], [0])
    assert (store.active_job_ids(), store.active_stage_ids()) == ([], [])
    assert store.job(0).status is JobStatus.SUCCEEDED
    assert store.job(0).num_completed_stages == 1
    assert store.last_stage_attempt(0).status is StageStatus.COMPLETE
    assert store.last_stage_attempt(0).description == "counting"


def test_a_job_fails_and_its_waiting_stages_were_skipped(store, events):
    first, second = stage(0), stage(1, tasks=4)
    events.start_job(0, first, second)
    events.submit(first)
    events.complete(first, reason="killed")
    events.end_job(0, error="killed")

    job = store.job(0)
    assert (job.status, job.failure_reason) == (JobStatus.FAILED, "killed")
    assert (job.num_failed_stages, job.num_skipped_stages, job.num_skipped_tasks) == (1, 1, 4)
    assert store.last_stage_attempt(1).status is StageStatus.SKIPPED


def test_a_stage_that_another_job_waits_for_is_not_skipped(store, events):
    shared = stage(0)
    events.start_job(0, shared)
    events.start_job(1, shared)

    events.end_job(0, error="cancelled")

    assert store.last_stage_attempt(0).status is StageStatus.PENDING


def test_zombie_tasks_of_a_killed_job_still_count_down(store, events):
    info = stage(0)
    events.start_job(0, info)
    events.submit(info)
    task = events.launch(info)
    events.complete(info, reason="killed")
    events.end_job(0, error="killed")
    zombies = store.job(0).num_active_tasks

    events.finish(info, task, TaskKilled("killed"))

    assert zombies == 1
    assert store.job(0).num_active_tasks == 0


def test_a_second_attempt_has_its_own_row(store, events):
    first, second = stage(0), stage(0, attempt=1)
    events.start_job(0, first)
    events.submit(first)
    events.complete(first, reason="fetch failed")
    events.submit(second)

    assert store.last_stage_attempt(0).attempt_id == 1
    assert [row.status for row in store.stage_attempts(0)] == [
        StageStatus.FAILED,
        StageStatus.ACTIVE,
    ]
    assert store.last_stage_attempt(0).job_ids == (0,)


def test_metrics_of_many_tasks_add_up(store, events):
    info = stage(0, tasks=1200)
    events.start_job(0, info)
    events.submit(info)

    for index in range(1200):
        metrics = TaskMetrics(executor_run_time_ms=2, peak_execution_memory_bytes=index)
        events.finish(info, events.launch(info, index), metrics=metrics)

    row = store.last_stage_attempt(0)
    assert row.metrics().executor_run_time_ms == 2400
    assert row.metrics().peak_execution_memory_bytes == 1199
    assert len(row.unfolded) < 512


def test_groups_are_found_newest_first(store, events):
    for job_id, group in enumerate(["a", None, "a", "b"]):
        events.start_job(job_id, **({"spark.jobGroup.id": group} if group else {}))
        events.end_job(job_id)

    assert store.job_ids_for_group("a") == [2, 0]
    assert store.job_ids_for_group(None) == [1]
    assert store.job_ids_for_group("nobody") == []


def test_tags_are_kept_sorted(store, events):
    events.start_job(0, **{"spark.job.tags": "z,a"})

    assert store.job(0).job_tags == ("a", "z")


def test_old_finished_jobs_are_forgotten_and_running_ones_never(store, events):
    running = stage(0)
    events.start_job(0, running)
    events.submit(running)

    for job_id in range(1, 60):
        info = stage(job_id)
        events.start_job(job_id, info)
        events.submit(info)
        events.complete(info)
        events.end_job(job_id)

    assert store.job(0) is not None
    assert store.last_stage_attempt(0) is not None
    assert 20 <= len(store.jobs) <= 22
    assert 20 <= len(store.stages) <= 22
    assert store.job(59) is not None
    assert store.job(1) is None


def test_dead_executors_are_remembered_for_a_while(store, events):
    for name in "12345":
        events.executor(name)
        events.lose_executor(name)

    assert store.executor_list() == []
    assert [row.id for row in store.executor_list(active_only=False)] == ["4", "5"]
    assert store.executors["5"].remove_reason == "killed"


def test_the_driver_is_no_executor_that_the_scheduler_could_miss(store, events):
    events.executor("driver")
    events.executor("1")

    events.tell_state()

    assert [row.id for row in store.executor_list()] == ["driver"]


def test_events_of_what_was_forgotten_are_harmless(store, events):
    info = stage(7)

    events.finish(info, events.launch(info))
    events.end_job(99)

    assert store.job(99) is None


def test_a_tasks_events_cost_microseconds(store, events):
    info = stage(0, tasks=20_000)
    events.executor()
    events.start_job(0, info)
    events.submit(info)
    tasks = [TaskInfo(i, i, 0, i, 1, "1", "h", "ANY", finish_time_ms=2) for i in range(20_000)]
    metrics, success = TaskMetrics(), Success()
    starts = [SparkListenerTaskStart(0, 0, task) for task in tasks]
    ends = [SparkListenerTaskEnd(0, 0, "ResultTask", success, task, metrics) for task in tasks]

    listener = events.listeners[0]
    began = time.process_time()
    for start in starts:
        listener.onTaskStart(start)
    for end in ends:
        listener.onTaskEnd(end)
    seconds = time.process_time() - began

    assert store.job(0).num_completed_tasks == 20_000
    assert seconds / 40_000 < 20e-6


def test_a_killed_job_is_killing_until_its_last_task_has_ended(store, events):
    info = stage(0, tasks=4)
    events.begin(0, info)
    tasks = [events.launch(info, index) for index in range(2)]
    error = "[SPARK_JOB_CANCELLED] Job 0 cancelled by hand SQLSTATE: XXKDA"
    events.complete(info, reason=error)
    events.end_job(0, error, cancelled=True, at_ms=2000)
    job = store.job(0)

    seen = [(job.status, job.kill_state, job.zombie_tasks, job.describe_kill(5100))]
    for at_ms, task in zip((2100, 2200), tasks, strict=True):
        events.finish(info, task, TaskKilled(f"Stage cancelled: {error}"), at_ms=at_ms)
        seen.append((job.status, job.kill_state, job.zombie_tasks, job.describe_kill(5100)))

    failed = JobStatus.FAILED
    assert seen == [
        (failed, KillState.KILLING, 2, "KILLING (2 tasks still running, 3.1 s)"),
        (failed, KillState.KILLING, 1, "KILLING (1 task still running, 3.1 s)"),
        (failed, KillState.KILLED, 0, "KILLED"),
    ]
    assert (job.num_killed_tasks, job.num_failed_stages, job.killed_at_ms) == (2, 1, 2200)
    assert job.killed_tasks_summary == {f"Stage cancelled: {error}": 2}
    assert (job.kill_reason, job.kill_who) == ("by hand", "")


def test_a_killed_job_leaves_a_shared_stage_to_the_other_one(store, events):
    shared = stage(0, tasks=2)
    events.begin(0, shared)
    task = events.launch(shared)
    events.start_job(1, shared)
    events.submit(shared)

    events.end_job(0, "cancelled", cancelled=True)

    assert store.job(0).kill_state is KillState.KILLED
    assert (store.job(0).num_active_tasks, store.job(1).num_active_tasks) == (0, 1)
    events.finish(shared, task)
    assert (store.job(0).num_completed_tasks, store.job(1).num_completed_tasks) == (0, 1)
    assert store.job(1).num_active_tasks == 0


def test_a_denied_commit_counts_as_killed(store, events):
    info = stage(0)
    events.begin(0, info)

    events.finish(info, events.launch(info), TaskCommitDenied(0, 1, 0))

    assert (store.job(0).num_killed_tasks, store.job(0).num_failed_tasks) == (1, 0)


def test_the_newest_event_of_each_task_is_kept(store, events):
    info = stage(0)
    events.begin(0, info)
    first, second = events.launch(info, 0), events.launch(info, 1)
    events.finish(info, first)

    rows = store.stage(0, 0).tasks

    assert list(rows) == [0, 1]
    assert isinstance(rows[0], SparkListenerTaskEnd)
    assert isinstance(rows[1], SparkListenerTaskStart)
    assert list(store.stage(0, 0).running) == [second.task_id]


def test_ended_rows_hold_nothing_to_count_by(store, events):
    info = stage(0)
    events.begin(0, info)
    events.finish(info, events.launch(info), metrics=TaskMetrics(input_records=3))
    events.complete(info)
    events.end_job(0)

    job, row = store.job(0), store.stage(0, 0)

    assert (job.live_stages, job.completed_indices, row.completed_indices) == ((), set(), set())
    assert (row.unfolded, row.metrics().input_records) == ([], 3)
    assert (job.num_completed_indices, row.num_completed_indices) == (1, 1)


def test_rows_are_put_right_by_what_the_scheduler_knows(store, events):
    info = stage(0)
    events.executor("1")
    events.executor("2")
    events.begin(0, info)
    lost, running = events.launch(info, 0), events.launch(info, 1)
    events.begin(1, stage(1))  # of which no end ever comes

    events.tell_state(jobs=[0], tasks=[running.task_id], executors=["1"])

    assert list(store.stage(0, 0).running) == list(store.executors["1"].running) == [1]
    assert lost.task_id not in store.stage(0, 0).running
    assert (store.job(0).status, store.job(1).status) == (JobStatus.RUNNING, JobStatus.UNKNOWN)
    assert store.stage(1, 0).status is StageStatus.FAILED
    assert [row.id for row in store.executor_list()] == ["1"]


def test_after_the_end_of_the_application_nothing_runs(store, events):
    info = stage(0)
    events.executor()
    events.begin(0, info)
    events.launch(info)

    events.post(SparkListenerApplicationEnd(3000))

    assert store.active_job_ids() == store.active_stage_ids() == store.executor_list() == []
    assert store.application.end_time_ms == 3000
