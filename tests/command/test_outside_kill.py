"""A driver that cannot answer: its tasks are ended all the same, and it learns why."""

from __future__ import annotations

import os
import signal

import pytest

from pyspark_shell.common.process_table import KillIntent, KillScope
from pyspark_shell.rest.outside_kill import CannotKill, kill_from_outside, running_rows
from pyspark_shell.rest.runtime_file import RuntimeEntry
from tests.command.conftest import entry_of
from tests.processes.waiting import has_ended, wait_for, wait_for_end

STUCK = """
import ctypes
from pyspark_shell.common.process_identity import start_time

def spin(_):
    while True:
        pass

def hold(_):
    from itertools import repeat
    sum(repeat(1))

def refuse(_):
    while True:
        try:
            open(f"{os.environ['GATE']}-{os.getpid()}-in", "w").close()
            time.sleep(0.01)
        except BaseException:
            pass

class Ends:
    def __init__(self):
        self.tasks, self.jobs = [], []
    def onTaskEnd(self, event):
        self.tasks.append(event.reason)
    def onJobEnd(self, event):
        self.jobs.append(event)
    def __getattr__(self, name):
        if name.startswith("on"):
            return lambda event: None
        raise AttributeError(name)

sc = start(**{"spark__task__reaper__killTimeout": os.environ.get("KILL_TIMEOUT", "20s")})
ends = Ends()
sc.addSparkListener(ends)
errors = []
files = sys.argv[1:] or [os.environ["GATE"]]

def work(task):
    gate = os.environ["GATE"]
    def run(number):
        try:
            open(f"{gate}-{os.getpid()}", "w").close()
            task(number)
        finally:
            time.sleep(0.6)  # longer than from one signal to the next
            open(f"{gate}-{os.getpid()}-finally", "w").close()
    return run

def job(task, partitions=2):
    def collect():
        try:
            sc.parallelize(range(partitions), partitions).map(work(task)).collect()
        except Exception as error:
            errors.append(error)
    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    return thread

def about():
    tell(about=dict(
        id=sc.applicationId, pid=os.getpid(), start_time=start_time(os.getpid()),
        process_table=sc._driver.local_dirs.process_table))

def gates():
    from glob import glob
    return [n for n in glob(os.environ["GATE"] + "-*") if n[-1].isdigit()]

def wait_for_tasks(count):
    while len(gates()) < count:
        time.sleep(0.01)

def finish(thread):
    thread.join(20)
    sc._driver.bus.flush()
    tell(error=str(errors[0]) if errors else "", kind=type(errors[0]).__name__ if errors else "",
         reasons=[repr(r) for r in ends.tasks], left=sc.parallelize(range(10), 2).sum())
"""


@pytest.fixture
def stuck(drive, tmp_path):
    """Yield a function that starts a driver whose job runs `task` and whose main thread `holds`."""

    def begin(task, hold_s=4, **environment):
        body = f"""{STUCK}
about()
thread = job({task})
wait_for_tasks(2)
tell(running=True)
ctypes.PyDLL(None).sleep({hold_s})
finish(thread)
"""
        gate = str(tmp_path / "gate")
        driver = drive(body, environment={"GATE": gate, **environment})
        entry = entry_of(driver)
        driver.hear("running")
        wait_for(lambda: len(running_rows(entry)) >= 2, "the rows of two executors")
        return driver, entry

    return begin


def pids_of(entry):
    return [row.pid for row in running_rows(entry) if row.task_id >= 0]


def test_a_job_is_killed_while_one_call_holds_the_interpreter(stuck, tmp_path):
    driver, entry = stuck("spin")
    pids = pids_of(entry)
    assert len(pids) == 2

    report = kill_from_outside(entry, KillIntent(KillScope.JOB, 0, "because of me", "the test"))

    assert [each.forced for each in report.ended] == [False, False]
    assert sorted(each.pid for each in report.ended) == sorted(pids)
    assert report.left == ()
    wait_for_end(pids, 1)
    assert len(list(tmp_path.glob("gate-*-finally"))) == 2, "tasks clean up"
    driver.finish()
    assert driver.news["kind"] == "SparkJobCancelled"
    assert "Job 0 cancelled because of me" in driver.news["error"]
    assert all("TaskKilled" in reason for reason in driver.news["reasons"])
    assert all("because of me" in reason for reason in driver.news["reasons"])
    assert driver.news["left"] == 45


@pytest.mark.parametrize("task", ["hold", "refuse"])
def test_a_task_that_does_not_stop_loses_its_process_past_the_deadline(stuck, task):
    driver, entry = stuck(task, KILL_TIMEOUT="400ms")
    told = []

    report = kill_from_outside(
        entry, KillIntent(KillScope.JOB, 0, "because of me", "the test"), tell=told.append
    )

    assert len(report.ended) == 2
    assert any(each.forced for each in report.ended), "one may be hit before it stops its ears"
    assert report.left == ()
    assert told[0] == "2 processes to end"
    assert any("did not stop within 0.4 s" in line for line in told)
    driver.finish()
    assert driver.news["kind"] == "SparkJobCancelled"
    assert "because of me" in driver.news["error"]
    assert all("TaskKilled" in reason for reason in driver.news["reasons"])
    assert driver.news["left"] == 45


def test_without_a_deadline_what_does_not_stop_is_left_and_told(stuck, tmp_path):
    driver, entry = stuck("refuse", KILL_TIMEOUT="-1")
    wait_for(lambda: len(list(tmp_path.glob("gate-*-in"))) == 2, "the tasks to stop their ears")

    report = kill_from_outside(entry, KillIntent(KillScope.JOB, 0, "why", "the test"))

    assert len(report.left) == 2
    assert report.to_json()["result"] == "killing"
    driver.close()


def test_another_job_is_not_touched(stuck):
    _, entry = stuck("spin")
    pids = pids_of(entry)

    report = kill_from_outside(entry, KillIntent(KillScope.JOB, 5, "why", "the test"))

    assert report.ended == ()
    assert not any(has_ended(pid) for pid in pids)


@pytest.mark.parametrize("scope", [KillScope.TASK, KillScope.STAGE, KillScope.EXECUTOR])
def test_one_task_or_stage_or_executor_is_meant_by_its_id(stuck, scope):
    driver, entry = stuck("spin")
    row = running_rows(entry)[0]
    target = {
        KillScope.TASK: row.task_id,
        KillScope.STAGE: row.stage_id,
        KillScope.EXECUTOR: row.executor_id,
    }[scope]

    report = kill_from_outside(entry, KillIntent(scope, target, "why", "the test"))

    assert len(report.ended) == (2 if scope is KillScope.STAGE else 1)
    assert row.pid in [each.pid for each in report.ended]
    if scope is KillScope.STAGE:
        driver.finish()
        assert "why" in driver.news["error"]
    else:  # the task runs again: only it was killed, not its job
        wait_for(lambda: len(pids_of(entry)) == 2, "the task's next attempt")
        driver.close()


def test_the_application_ends_when_its_driver_wakes(stuck):
    driver, entry = stuck("spin")
    pids = [row.pid for row in running_rows(entry)]

    report = kill_from_outside(
        entry, KillIntent(KillScope.APPLICATION, -1, "all of it", "the test")
    )

    assert sorted(each.pid for each in report.ended) == sorted(pids)
    wait_for_end([entry.pid], 30)
    assert "Application has been killed. Reason: all of it" in driver.process.stderr.read()


def test_a_stopped_driver_is_no_hindrance(stuck):
    driver, entry = stuck("spin", hold_s=0)
    os.kill(entry.pid, signal.SIGSTOP)
    try:
        report = kill_from_outside(entry, KillIntent(KillScope.JOB, 0, "why", "the test"))
    finally:
        os.kill(entry.pid, signal.SIGCONT)

    assert len(report.ended) == 2
    driver.finish()
    assert driver.news["kind"] == "SparkJobCancelled"


def test_the_driver_is_interrupted_if_wanted(stuck):
    driver, entry = stuck("spin", hold_s=1)

    report = kill_from_outside(
        entry, KillIntent(KillScope.JOB, 0, "why", "the test"), interrupt_driver=True
    )

    assert report.driver_interrupted
    assert driver.wait() != 0
    assert "KeyboardInterrupt" in driver.process.stderr.read()


def test_a_kill_that_came_while_nothing_ran_is_taken_over_all_the_same(stuck):
    driver, entry = stuck("time.sleep", hold_s=1)

    kill_from_outside(entry, KillIntent(KillScope.JOB, 0, "early", "the test"))

    driver.finish()
    assert "early" in driver.news["error"]


def test_a_table_of_another_process_is_not_trusted(stuck):
    _, entry = stuck("spin")
    other = RuntimeEntry("other", "local-1", "", pid=os.getpid(), process_table=entry.process_table)

    with pytest.raises(CannotKill, match="not that of driver other"):
        kill_from_outside(other, KillIntent(KillScope.JOB, 0, "why", "the test"))


def test_no_table_is_told():
    with pytest.raises(CannotKill, match="has no process table"):
        running_rows(RuntimeEntry("x", "y", ""))
    with pytest.raises(CannotKill, match="No such file"):
        running_rows(RuntimeEntry("x", "y", "", process_table="/nonexistent/table"))
