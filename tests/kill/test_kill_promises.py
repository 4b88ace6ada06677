"""What a kill promises to others: no late file, an end for every start, losers that are no
failures.
"""

import os
import threading

import pytest

from pyspark_shell.common.errors import SparkJobCancelled
from tests.kill.victims import held, hold_the_interpreter, sleep, swallow_everything
from tests.processes.engine import COPIES_SOON, Background, assert_settled
from tests.processes.waiting import wait_for


def files_of(directory):
    return [name for _, _, names in os.walk(directory) for name in names]


@pytest.mark.parametrize("function", [sleep, swallow_everything], ids=lambda f: f.__name__)
def test_a_killed_save_publishes_no_file(sc, gate, tmp_path, function):
    def work(number):
        if number == 1:
            gate.report()
            function(number)
        return number

    out = tmp_path / "out"
    running = Background(sc.parallelize(range(4), 4).map(work).saveAsTextFile, str(out))
    wait_for(gate.pids, "the second task")

    sc.cancelAllJobs()

    assert isinstance(running.error(), SparkJobCancelled)
    assert_settled(sc)
    assert files_of(out) == []


def test_a_zombie_that_ends_well_after_its_kill_cannot_commit(sc, gate, tmp_path):
    def stubborn(records):
        yield from records
        gate.report()
        while not os.path.exists(gate._path("open")):
            try:
                threading.Event().wait(0.01)
            except BaseException:
                continue

    out = tmp_path / "out"
    rdd = sc.parallelize(range(2), 2).mapPartitions(stubborn)
    running = Background(rdd.saveAsTextFile, str(out))
    wait_for(lambda: len(gate.pids()) == 2, "both tasks to be about to commit")

    sc.cancelAllJobs()

    assert isinstance(running.error(), SparkJobCancelled)
    gate.open()
    assert_settled(sc)
    assert files_of(out) == []


def test_the_loser_of_a_speculation_is_killed_and_is_no_failure(start, gate, record):
    sc = start(**COPIES_SOON)
    events = record(sc)

    def work(number):
        if number == 1:
            gate.stop_here()
        return number

    assert sc.parallelize(range(2), 2).map(work).collect() == [0, 1]

    [loser] = [e for e in events.wait_for_ends() if e.task_info.killed]
    assert str(loser.reason) == "TaskKilled (another attempt succeeded)"
    assert not loser.task_info.speculative
    sc._driver.bus.flush()
    assert sc._driver.status_store.job(0).num_failed_tasks == 0
    assert_settled(sc)


@pytest.mark.parametrize(
    "function", [sleep, swallow_everything, hold_the_interpreter], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("kill_first", [False, True], ids=["stop", "kill and stop"])
def test_every_started_task_ends_also_across_stop(start, gate, record, function, kill_first):
    sc = start()
    events = record(sc)
    running, _ = held(sc, gate, function)

    if kill_first:
        sc.cancelAllJobs()
    sc.stop()

    assert isinstance(running.error(), SparkJobCancelled)
    started = [e.task_info.task_id for e in events.of("TaskStart")]
    ended = [e.task_info.task_id for e in events.of("TaskEnd")]
    assert sorted(started) == sorted(ended) == [0, 1]
    assert events.names().index("JobEnd") < events.names().index("TaskEnd")
    stuck = function is not sleep
    for end in events.of("TaskEnd"):
        assert str(end.reason).startswith("TaskKilled (")
        assert (end.task_metrics is None) == stuck, "a task that can tell of its end does"
        if stuck:
            assert str(end.reason) == "TaskKilled (SparkContext was shut down)"
    if not kill_first:
        assert "Job 0 cancelled because SparkContext was shut down" in events.of("JobEnd")[0].error


def test_tasks_of_many_jobs_all_end(sc, record):
    events = record(sc)
    stop = threading.Event()

    def submit():
        cancelled = 0
        while not stop.is_set():
            try:
                sc.parallelize(range(4), 4).map(lambda n: n).count()
            except SparkJobCancelled:
                cancelled += 1
        return cancelled

    submitters = [Background(submit) for _ in range(2)]
    for _ in range(30):
        stop.wait(0.01)
        sc.cancelAllJobs()
    stop.set()
    assert sum(submitter.result() for submitter in submitters) > 0

    assert_settled(sc)
    events.wait_for_ends()
    started = sorted(e.task_info.task_id for e in events.of("TaskStart"))
    assert sorted(e.task_info.task_id for e in events.of("TaskEnd")) == started
    jobs = sorted(e.job_id for e in events.of("JobStart"))
    assert sorted(e.job_id for e in events.of("JobEnd")) == jobs
