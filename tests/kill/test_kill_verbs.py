"""Groups, tags, all jobs and single tasks: which jobs each verb ends, and what it says."""

import logging
import threading

import pytest

from pyspark_shell.common.errors import IllegalArgumentException, SparkJobCancelled
from tests.kill.victims import assert_next_job_is_exact, held, newest_job, running_task_ids, sleep
from tests.processes.engine import Background, assert_settled
from tests.processes.waiting import wait_for


def error_of(running):
    error = running.error()
    assert isinstance(error, SparkJobCancelled)
    return str(error)


def in_group(sc, group, action, interrupt=False):
    """Run an action in a thread of its own whose jobs belong to a group."""

    def run():
        sc.setJobGroup(group, "of the test", interrupt)
        return action()

    return Background(run)


def test_cancel_job_group_ends_its_jobs_and_no_other(sc, gate):
    killed, _ = held(sc, gate, sleep, 1, spark__jobGroup__id="killed")
    job_id = newest_job(sc)
    other = in_group(sc, "other", sc.parallelize(range(10), 1).sum)
    assert other.result() == 45

    sc.cancelJobGroup("killed")

    assert f"Job {job_id} cancelled part of cancelled job group killed " in error_of(killed)


def test_cancel_job_group_without_jobs_warns(sc, caplog):
    with caplog.at_level(logging.INFO, "pyspark_shell"):
        sc.cancelJobGroup("nobody")
        sc._driver.scheduler.ask(lambda: None)

    assert "Asked to cancel job group nobody with cancelFutureJobs=false" in caplog.text
    assert "Failed to cancel job group nobody. Cannot find active jobs for it." in caplog.text


def test_the_group_of_a_running_job_stays_when_its_thread_takes_another(sc, gate):
    done = threading.Event()

    def run():
        sc.setJobGroup("first", "")
        handle = sc._submit_on_partitions(sc.parallelize([1], 1).map(hold(gate)), list)
        sc.setJobGroup("second", "")
        done.set()
        return handle.result()

    running = Background(run)
    assert done.wait(10)
    wait_for(gate.pids, "the task")

    sc.cancelJobGroup("second")
    sc._driver.scheduler.ask(lambda: None)
    assert sc.statusTracker().getActiveJobsIds() != []
    sc.cancelJobGroup("first")

    assert "part of cancelled job group first" in error_of(running)


def hold(gate):
    def work(number):
        gate.report()
        gate.hold()
        return number

    return work


def test_a_group_cancelled_for_the_future_refuses_jobs_without_a_trace(sc, gate, record, caplog):
    caplog.set_level(logging.INFO, "pyspark_shell.DAGScheduler")
    running, _ = held(sc, gate, sleep, 1, spark__jobGroup__id="over")
    job_id = newest_job(sc)

    sc.cancelJobGroupAndFutureJobs("over")

    assert f"Job {job_id} cancelled part of cancelled job group over " in error_of(running)
    assert_settled(sc)
    events = record(sc)
    text = error_of(in_group(sc, "over", sc.parallelize([1], 1).count))
    assert f"Job {job_id + 1} cancelled part of cancelled job group over " in text
    sc._driver.bus.flush()
    assert events.names() == []
    assert "Add job group over into cancelled job groups" in caplog.text
    assert "Skip running a job that belongs to the cancelled job group over" in caplog.text
    assert in_group(sc, "another", sc.parallelize([1], 1).count).result() == 1


def test_only_so_many_cancelled_groups_are_remembered(sc):
    for number in range(1001):
        sc.cancelJobGroupAndFutureJobs(f"group-{number}")

    count = sc.parallelize([1], 1).count
    assert in_group(sc, "group-0", count).result() == 1
    for remembered in ("group-1", "group-1000"):
        assert remembered in error_of(in_group(sc, remembered, count))


def test_cancel_jobs_with_tag_ends_those_that_have_it(sc, gate):
    tagged, _ = held(sc, gate, sleep, 1, spark__job__tags="one,two")
    other = Background(sc.parallelize([1], 1).map(hold(gate)).collect)
    wait_for(lambda: len(gate.pids()) == 2, "both tasks")

    sc.cancelJobsWithTag("tw")
    sc.cancelJobsWithTag("two")

    assert " cancelled part of cancelled job tags two " in error_of(tagged)
    gate.open()
    assert other.result() == [1]


@pytest.mark.parametrize("tag", [None, "", "a,b"])
def test_a_tag_that_cannot_be_is_refused(sc, tag):
    for verb in (sc.addJobTag, sc.removeJobTag, sc.cancelJobsWithTag):
        with pytest.raises(IllegalArgumentException, match="Spark job tag cannot"):
            verb(tag)


def test_a_thread_of_the_context_inherits_group_and_tags_and_is_a_daemon(sc, gate):
    errors = []

    def run():
        try:
            sc.parallelize([1], 1).map(hold(gate)).collect()
        except SparkJobCancelled as error:
            errors.append(str(error))

    sc.setJobGroup("family", "")
    sc.addJobTag("blue")
    thread = sc.thread(run, name="child")
    wait_for(gate.pids, "the task")
    [job_id] = sc.statusTracker().getJobIdsForGroup("family")
    assert sc._driver.status_store.job(job_id).job_tags == ("blue",)
    assert thread.daemon

    sc.cancelJobGroup("family")

    thread.join(10)
    assert "part of cancelled job group family" in errors[0]


def test_cancel_all_jobs_ends_the_waiting_ones_too(sc, gate, counter):
    running, _ = held(sc, gate, sleep)
    waiting = [
        Background(sc.parallelize(range(2), 2).foreach, lambda _: counter.add()) for _ in range(2)
    ]
    wait_for(lambda: len(sc.statusTracker().getActiveJobsIds()) == 3, "three jobs")

    sc.cancelAllJobs()

    for job in (running, *waiting):
        assert " cancelled as part of cancellation of all jobs " in error_of(job)
    assert counter.count == 0
    assert_next_job_is_exact(sc)


def test_a_killed_task_runs_again_and_counts_as_no_failure(sc, gate, record, caplog):
    events = record(sc)
    running = Background(sc.parallelize([7], 1).map(first_time_forever(gate)).collect)
    wait_for(gate.pids, "the first attempt")
    [task_id] = running_task_ids(sc)

    assert sc.killTaskAttempt(task_id)
    assert not sc.killTaskAttempt(99_999)

    assert running.result() == [7]
    first, second = events.wait_for_ends()
    assert str(first.reason) == "TaskKilled (killed via SparkContext.killTaskAttempt)"
    assert (first.task_info.status, second.task_info.status) == ("KILLED", "SUCCESS")
    assert (first.task_info.attempt_number, second.task_info.attempt_number) == (0, 1)
    assert "Could not kill task 99999 because no task with that ID was found." in caplog.text
    sc._driver.bus.flush()
    job = sc._driver.status_store.job(newest_job(sc))
    assert (job.num_failed_tasks, job.num_killed_tasks, job.num_completed_tasks) == (0, 1, 1)
    assert job.kill_state is None


def first_time_forever(gate):
    def work(number):
        if not gate.pids():
            gate.report()
            sleep(number)
        return number

    return work
