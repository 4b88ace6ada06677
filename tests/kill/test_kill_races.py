"""Kills that meet the ends of tasks and other kills, and what of a killed task's work counts."""

import select

import pytest

from pyspark_shell.common.errors import SparkJobCancelled
from pyspark_shell.scheduler.dag_scheduler_event import JobCancelled
from tests.kill.victims import held, newest_job, sleep, swallow_everything
from tests.processes.engine import Background, assert_settled
from tests.processes.waiting import Stopwatch, wait_for, wait_for_end, within


def cancelled(running):
    error = running.error()
    assert isinstance(error, SparkJobCancelled)
    return str(error)


def test_a_task_that_ended_before_its_job_s_kill_is_told_as_a_success(sc, gate, record):
    events = record(sc)

    def work(number):
        gate.stop_here()
        return number

    running = Background(sc.parallelize([7], 1).map(work).collect)
    wait_for(gate.pids, "the task to run")
    job, scheduler = newest_job(sc), sc._driver.scheduler

    def kill_first():
        """Kill while the task's success waits to be read: nothing else happens meanwhile."""
        [busy] = [e for e in scheduler.executors() if e.running]
        gate.open()
        told, _, _ = select.select([busy.tasks.fd], [], [], within(10))
        assert told
        scheduler._dag.process(JobCancelled(job, "after its task"))

    scheduler.ask(kill_first)

    assert f"Job {job} cancelled after its task" in cancelled(running)
    assert [str(end.reason) for end in events.wait_for_ends()] == ["Success"]
    assert_settled(sc)


def test_a_second_ctrl_c_forces_tasks_of_a_stage_that_another_job_began(start, gate):
    sc = start(spark__task__reaper__killTimeout="1h")

    def stubborn(number):
        gate.report()
        swallow_everything(number)
        return number % 2, number

    grouped = sc.parallelize(range(2), 2).map(stubborn).groupByKey(2)
    first = Background(grouped.count)
    wait_for(lambda: len(gate.pids()) == 2, "the map stage")
    began = newest_job(sc)
    second = Background(grouped.collect)
    wait_for(lambda: newest_job(sc) > began, "the second job")
    joined, scheduler = newest_job(sc), sc._driver.scheduler
    [task, _] = scheduler.ask(lambda: [e.running.task_id for e in scheduler.executors()])

    assert scheduler.ask(lambda: scheduler.job_of(task)) == began
    sc.cancelJob(began)
    cancelled(first)
    assert scheduler.ask(lambda: scheduler.job_of(task)) == joined
    assert set(scheduler.running_jobs()) == {joined}
    sc.cancelJob(joined)
    cancelled(second)
    assert scheduler.ask(lambda: scheduler.job_of(task)) == joined

    scheduler.force_kills({began})  # it has no tasks any more
    scheduler.ask(lambda: None)
    assert scheduler.tasks_running() == 2
    with Stopwatch() as watch:
        scheduler.force_kills({joined})
        wait_for_end(gate.pids(), 1)
    assert watch.seconds < within(1)
    assert_settled(sc)


def test_what_a_killed_task_added_to_an_accumulator_is_dropped(sc, gate):
    added = sc.accumulator(0)

    def work(number):
        added.add(1)
        if number == 1:
            gate.report()
            sleep(number)
        return number

    running = Background(sc.parallelize(range(2), 2).map(work).collect)
    wait_for(gate.pids, "the task that is killed")
    store = sc._driver.status_store
    wait_for(lambda: store.job(newest_job(sc)).num_completed_tasks == 1, "the other task's end")

    sc.cancelAllJobs()

    cancelled(running)
    assert_settled(sc)
    assert added.value == 1


REASONS = {
    "job": (lambda sc, job, stage: sc.cancelJob(job, "my reason"), "my reason"),
    "stage": (lambda sc, job, stage: sc.cancelStage(stage, "my reason"), "because my reason"),
    "group": (lambda sc, job, stage: sc.cancelJobGroup("grouped", "my reason"), "my reason"),
    "tag": (lambda sc, job, stage: sc.cancelJobsWithTag("tagged", "my reason"), "my reason"),
}


@pytest.mark.parametrize(("kill", "told"), REASONS.values(), ids=REASONS)
def test_each_verb_takes_a_reason(sc, gate, kill, told):
    running, _ = held(sc, gate, sleep, 1, spark__jobGroup__id="grouped", spark__job__tags="tagged")
    job = newest_job(sc)
    [stage] = sc.statusTracker().getJobInfo(job).stageIds

    kill(sc, job, stage)

    assert f"Job {job} cancelled {told} SQLSTATE" in cancelled(running)


def test_a_submitted_job_can_be_cancelled_by_its_handle(sc, gate):
    def work(number):
        gate.report()
        sleep(number)

    handle = sc._submit_on_partitions(sc.parallelize([1], 1).map(work), list)
    wait_for(gate.pids, "the task to run")

    handle.cancel("by its handle")

    with pytest.raises(SparkJobCancelled, match=f"Job {handle.job_id} cancelled by its handle"):
        handle.result()


@pytest.mark.parametrize("interrupt", [False, True])
def test_a_group_s_wish_for_interrupts_is_heeded(start, gate, record, interrupt):
    sc = start(spark__pyshell__task__interruptAfter="1h", spark__task__reaper__killTimeout="400ms")
    events = record(sc)

    def work(number):
        gate.report()
        sleep(number)

    def run():
        sc.setJobGroup("mine", "", interruptOnCancel=interrupt)
        sc.parallelize([1], 1).foreach(work)

    running = Background(run)
    wait_for(gate.pids, "the task to run")

    sc.cancelJobGroup("mine")

    cancelled(running)
    [end] = events.wait_for_ends()
    assert ("forced" in end.reason.reason) == (not interrupt)


def test_a_group_that_is_cancelled_before_its_job_is_submitted_does_not_end_it(sc):
    sc.setJobGroup("later", "")
    sc.cancelJobGroup("later")

    assert sc.parallelize(range(4), 2).sum() == 6


def test_a_thread_keeps_its_copy_of_what_it_inherited(sc):
    sc.setJobGroup("parent's", "")
    seen = []
    thread = sc.thread(lambda: seen.append(own_group(sc)))
    sc.setJobGroup("parent's next", "")
    thread.join()

    assert seen == [("parent's", "child's")]
    assert sc.getLocalProperty("spark.jobGroup.id") == "parent's next"


def own_group(sc):
    inherited = sc.getLocalProperty("spark.jobGroup.id")
    sc.setJobGroup("child's", "")
    return inherited, sc.getLocalProperty("spark.jobGroup.id")
