import time

import pytest

from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.task_end import ExceptionFailure, Success, TaskKilled
from pyspark_shell.listener.events import (
    SparkListenerExecutorAdded,
    SparkListenerExecutorRemoved,
    SparkListenerJobEnd,
    SparkListenerJobStart,
    SparkListenerSchedulerState,
    SparkListenerStageCompleted,
    SparkListenerStageSubmitted,
    SparkListenerTaskEnd,
    SparkListenerTaskStart,
    StageInfo,
    TaskInfo,
)
from pyspark_shell.status.api import JobStatus, StageStatus
from pyspark_shell.status.app_status_listener import AppStatusListener
from pyspark_shell.status.app_status_store import AppStatusStore


@pytest.fixture
def store():
    return AppStatusStore(retained_jobs=20, retained_stages=20, retained_dead_executors=2)


@pytest.fixture
def events(store):
    return Events(AppStatusListener(store))


SUCCESS = Success()


class Events:
    def __init__(self, listener):
        self.listener = listener
        self.task_id = 0

    def executor(self, name="1"):
        self.listener.onExecutorAdded(SparkListenerExecutorAdded(1, name, "localhost:1", 1, 99))

    def start_job(self, job_id, *stages, **properties):
        self.listener.onJobStart(SparkListenerJobStart(job_id, 1000, stages, properties))

    def end_job(self, job_id, error=None):
        self.listener.onJobEnd(SparkListenerJobEnd(job_id, 2000, error))

    def submit(self, info, **properties):
        info.submission_time_ms = 1100
        self.listener.onStageSubmitted(SparkListenerStageSubmitted(info, properties))

    def complete(self, info, reason=None):
        info.completion_time_ms, info.failure_reason = 1900, reason
        self.listener.onStageCompleted(SparkListenerStageCompleted(info))

    def launch(self, info, index=0):
        task = TaskInfo(self.task_id, index, 0, index, 1200, "1", "localhost", "PROCESS_LOCAL")
        self.task_id += 1
        self.listener.onTaskStart(SparkListenerTaskStart(info.stage_id, info.attempt_number, task))
        return task

    def finish(self, info, task, reason=SUCCESS, metrics=None):
        task.finish_time_ms = 1250
        self.listener.onTaskEnd(
            SparkListenerTaskEnd(
                info.stage_id, info.attempt_number, "ResultTask", reason, task, metrics
            )
        )


def stage(stage_id, tasks=2, attempt=0):
    return StageInfo(stage_id, attempt, f"count at job.py:{stage_id}", tasks, (), ())


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
        events.listener.onExecutorRemoved(SparkListenerExecutorRemoved(5, name, "killed"))

    assert store.executor_list() == []
    assert [row.id for row in store.executor_list(active_only=False)] == ["4", "5"]
    assert store.executors["5"].remove_reason == "killed"


def test_the_driver_is_no_executor_that_the_scheduler_could_miss(store, events):
    events.executor("driver")
    events.executor("1")

    events.listener.onSchedulerState(SparkListenerSchedulerState(9, executor_ids=frozenset()))

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

    began = time.process_time()
    for start in starts:
        events.listener.onTaskStart(start)
    for end in ends:
        events.listener.onTaskEnd(end)
    seconds = time.process_time() - began

    assert store.job(0).num_completed_tasks == 20_000
    assert seconds / 40_000 < 20e-6
