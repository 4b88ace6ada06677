"""Kills of jobs and stages: what the caller is told, in which order, and who else is touched."""

import logging

import pytest

from pyspark_shell.common.errors import SparkJobCancelled
from tests.kill.victims import (
    assert_next_job_is_exact,
    held,
    job_data,
    newest_job,
    sleep,
    swallow_everything,
)
from tests.processes.engine import Background, assert_settled
from tests.processes.waiting import Stopwatch, wait_for, within


def killed_text(job_id, reason):
    return f"[SPARK_JOB_CANCELLED] Job {job_id} cancelled {reason} SQLSTATE: XXKDA"


def error_of(running):
    with Stopwatch() as watch:
        error = running.error()
    assert watch.seconds < within(1)
    assert isinstance(error, SparkJobCancelled)
    return str(error)


def test_kill_job_tells_the_caller_and_the_listeners_in_order(start, gate, record):
    sc = start("local[4]")
    events = record(sc)
    running, _ = held(sc, gate, sleep, tasks=4)

    sc.cancelJob(0, "killed via test")

    text = killed_text(0, "killed via test")
    assert error_of(running) == text
    ends = events.wait_for_ends()
    assert events.names() == [
        "JobStart",
        "StageSubmitted",
        *["TaskStart"] * 4,
        "StageCompleted",
        "JobEnd",
        *["TaskEnd"] * 4,
    ]
    assert [str(end.reason) for end in ends] == [f"TaskKilled (Stage cancelled: {text})"] * 4
    [stage], [job] = events.of("StageCompleted"), events.of("JobEnd")
    assert stage.stage_info.failure_reason == job.error == text
    with Stopwatch() as watch:
        assert sc.parallelize(range(8), 4).map(lambda n: n).sum() == 28
    assert watch.seconds < within(3)
    assert_settled(sc)


def test_status_of_a_killed_job_is_spark_s_with_the_truth_beside_it(sc, gate):
    running, _ = held(sc, gate, swallow_everything)
    job_id = newest_job(sc)

    sc.cancelJob(job_id, "enough")

    text = killed_text(job_id, "enough")
    assert error_of(running) == text
    job = job_data(sc, job_id)
    assert job.describe_kill(job.completion_time_ms + 3100) == (
        "KILLING (2 tasks still running, 3.1 s)"
    )
    wait_for(lambda: str(job_data(sc, job_id).kill_state) == "KILLED", "the job to be KILLED")
    assert sc.statusTracker().getJobInfo(job_id).status == "FAILED"
    assert (job.num_killed_tasks, job.num_failed_tasks, job.num_failed_stages) == (2, 0, 1)
    assert job.failure_reason == text
    assert all(reason.startswith(f"Stage cancelled: {text}") for reason in job.killed_tasks_summary)


def test_tasks_that_were_never_launched_are_counted_nowhere(sc, gate):
    def work(number):
        gate.report()
        sleep(number)

    running = Background(sc.parallelize(range(4), 4).map(work).collect)
    wait_for(lambda: len(gate.pids()) == 2, "two of four tasks")
    job_id = newest_job(sc)

    sc.cancelJob(job_id)

    assert error_of(running) == killed_text(job_id, "")
    assert_settled(sc)
    job = job_data(sc, job_id)
    assert (job.num_tasks, job.num_killed_tasks) == (4, 2)
    assert sum(job.killed_tasks_summary.values()) == 2


def test_kill_before_start_launches_nothing(sc, gate, counter, record):
    blocker, _ = held(sc, gate, sleep)
    queued = Background(sc.parallelize(range(4), 2).foreach, lambda _: counter.add())
    wait_for(lambda: len(sc.statusTracker().getActiveJobsIds()) == 2, "the second job")
    job_id = newest_job(sc)
    events = record(sc)

    sc.cancelJob(job_id, "too late")

    assert error_of(queued) == killed_text(job_id, "too late")
    sc.cancelAllJobs()
    blocker.error()
    events.wait_for_ends()
    job = job_data(sc, job_id)
    stage = sc._driver.status_store.last_stage_attempt(job.stage_ids[0])
    assert (str(job.status), str(stage.status), job.num_killed_tasks) == ("FAILED", "FAILED", 0)
    assert str(job.kill_state) == "KILLED"
    assert (counter.count, events.of("TaskStart")) == (0, [])


def test_kill_after_the_end_twice_or_of_nothing_is_silent(sc, gate, record):
    assert sc.parallelize(range(10), 2).sum() == 45
    ended = newest_job(sc)
    running, _ = held(sc, gate, sleep)
    killed = newest_job(sc)
    events = record(sc)

    sc.cancelJob(ended, "after its end")
    sc.cancelStage(job_data(sc, ended).stage_ids[0])
    sc.cancelJob(99_999)
    sc.cancelStage(99_999)
    sc.cancelJobsWithTag("nobody")
    sc._driver.scheduler.ask(lambda: None)
    assert events.names() == []
    sc.cancelJob(killed, "once")
    sc.cancelJob(killed, "twice")

    assert error_of(running) == killed_text(killed, "once")
    events.wait_for_ends()
    wait_for(lambda: len(events.names()) == 4, "both ends of tasks")
    assert events.names() == ["StageCompleted", "JobEnd", "TaskEnd", "TaskEnd"]


def test_a_second_kill_with_interrupt_speeds_the_first_one_up(start, gate):
    sc = start(spark__pyshell__task__interruptAfter="1h", spark__task__reaper__killTimeout="1h")
    running, _ = held(sc, gate, sleep)
    [task_ids] = [sorted(task_set.running) for task_set in sc._driver.scheduler._tasks.pools.all()]

    sc.cancelAllJobs()
    running.error()
    assert sc._driver.scheduler.tasks_running() == 2
    for task_id in task_ids:
        assert sc.killTaskAttempt(task_id, interruptThread=True)

    assert_settled(sc)


def two_jobs_with_one_map_stage(sc, gate):
    def hold(number):
        gate.report()
        gate.hold()
        return number % 2, number

    grouped = sc.parallelize(range(4), 2).map(hold).groupByKey(2).mapValues(sorted)

    def run(group, action):
        sc.setJobGroup(group, group)
        return action(grouped)

    jobs = [
        Background(run, "first", lambda rdd: rdd.count()),
        Background(run, "second", lambda rdd: sorted(rdd.collect())),
    ]
    wait_for(lambda: len(gate.pids()) == 2, "the map stage")
    tracker = sc.statusTracker()
    wait_for(lambda: len(tracker.getActiveJobsIds()) == 2, "both jobs")
    first, second = (max(tracker.getJobIdsForGroup(group)) for group in ("first", "second"))
    return jobs, first, second


def test_a_shared_stage_goes_on_for_the_job_that_was_not_killed(sc, gate, record):
    (first, second), killed, _ = two_jobs_with_one_map_stage(sc, gate)
    events = record(sc)

    sc.cancelJob(killed, "one of two")

    assert error_of(first) == killed_text(killed, "one of two")
    gate.open()
    assert second.result() == [(0, [0, 2]), (1, [1, 3])]
    sc._driver.bus.flush()
    assert [e.stage_info.failure_reason for e in events.of("StageCompleted")] == [None, None]
    assert {str(end.reason) for end in events.of("TaskEnd")} == {"Success"}


def test_kill_of_a_shared_stage_fails_all_its_jobs(sc, gate):
    (first, second), one, other = two_jobs_with_one_map_stage(sc, gate)
    [shared_stage] = sc.statusTracker().getActiveStageIds()

    sc.cancelStage(shared_stage)

    why = f"because Stage {shared_stage} was cancelled"
    assert error_of(first) == killed_text(one, why)
    assert error_of(second) == killed_text(other, why)
    assert_next_job_is_exact(sc)


def test_kill_of_a_stage_says_why(sc, gate, caplog):
    running, _ = held(sc, gate, sleep)
    [stage] = sc.statusTracker().getActiveStageIds()

    sc.cancelStage(stage, "killed via the Web UI")

    why = "because killed via the Web UI"
    assert error_of(running) == killed_text(newest_job(sc), why)
    with caplog.at_level(logging.INFO, "pyspark_shell"):
        sc.cancelStage(77_777)
        sc._driver.scheduler.ask(lambda: None)
    assert "No active jobs to kill for Stage 77777" in caplog.text


@pytest.mark.parametrize("interrupt", [False, True], ids=["patient", "interrupt"])
def test_an_interrupt_comes_at_once_only_if_the_job_asks_for_it(start, gate, record, interrupt):
    sc = start(spark__pyshell__task__interruptAfter="1h", spark__task__reaper__killTimeout="400ms")
    events = record(sc)
    wanted = "true" if interrupt else "false"
    running, _ = held(sc, gate, sleep, spark__job__interruptOnCancel=wanted)

    sc.cancelAllJobs()

    running.error()
    ends = events.wait_for_ends()
    assert ["forced" in end.reason.reason for end in ends] == [not interrupt] * 2
