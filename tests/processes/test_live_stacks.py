"""Stacks of tasks that run: of those that run Python, and of those whose C code lets nobody in."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager

from pyspark_shell.executor.thread_states import ThreadWatch
from tests.kill.victims import running_task_ids, spin
from tests.processes.engine import Background, executors
from tests.processes.waiting import wait_for


@contextmanager
def held(sc, gate, function):
    """Run a job of one task, and wait until it runs; yields the task's id."""

    def work(_):
        gate.report()
        function(0)

    running = Background(lambda: sc.parallelize([0], 1).foreach(work))
    wait_for(gate.pids, "the task to run")
    try:
        (task_id,) = running_task_ids(sc)
        yield task_id
    finally:
        sc.cancelAllJobs()
        running.error()


def hold_in_c(_):
    import re

    re.match(r"(a|a)*b", "a" * 60 + "c")


def sleep_long(_):
    import time

    time.sleep(600)


def test_a_task_that_runs_python_describes_itself(sc, gate):
    with held(sc, gate, spin) as task_id:
        row = sc._driver.describe_task(task_id)

        assert (row["taskId"], row["sampledBy"]) == (task_id, "python")
        assert row["jobId"] in sc.statusTracker().getActiveJobsIds()
        assert "in spin" in row["stackTrace"]["elems"][-1]
        assert row["nativeId"] == gate.pids()[0]
        wait_for(lambda: sc._driver.describe_task(task_id)["cpuPercent"], "its processor time")


def test_a_task_whose_c_code_holds_the_interpreter_is_described_by_faulthandler(sc, gate):
    with held(sc, gate, hold_in_c) as task_id:
        look = sc._driver.describe_task
        wait_for(
            lambda: (
                "in match" in look(task_id)["stackTrace"]["elems"][-1]
                and look(task_id)["sampledBy"] == "faulthandler"
            ),
            "the task to be in C",
        )

        row = look(task_id)

        assert row["taskId"] == task_id
        assert row["threadState"] == "RUNNABLE"
        assert any("in hold_in_c\n    re.match(" in each for each in row["stackTrace"]["elems"])
        threads = sc._driver.describe_threads(executor_of(sc, task_id))
        assert {each["threadName"] for each in threads} == {"MainThread", "executor-messages"}


def executor_of(sc, task_id):
    return next(e.executor_id for e in executors(sc) if e.running and e.running.task_id == task_id)


def test_many_looks_at_a_task_in_c_ask_its_executor_once(sc, gate):
    with held(sc, gate, hold_in_c) as task_id:
        look = sc._driver.describe_task
        wait_for(lambda: look(task_id)["sampledBy"] == "faulthandler", "the task to be in C")
        asked = sc._driver.scheduler._backend._next_request

        rows = [look(task_id) for _ in range(5)]

        assert {row["sampledBy"] for row in rows} == {"faulthandler"}
        assert sc._driver.scheduler._backend._next_request == asked


def test_the_time_in_one_line_grows(sc, gate):
    with held(sc, gate, sleep_long) as task_id:

        def seconds():
            return sc._driver.describe_task(task_id)["sameLineSeconds"]

        assert seconds() < 60
        wait_for(lambda: seconds() >= 0.3, "time to pass in one line")


def test_a_stopped_executor_has_no_threads_to_show(sc, gate):
    with held(sc, gate, sleep_long) as task_id:
        (pid,) = gate.pids()
        os.kill(pid, signal.SIGSTOP)
        try:
            assert sc._driver.describe_task(task_id) is None
        finally:
            os.kill(pid, signal.SIGCONT)

        wait_for(lambda: sc._driver.describe_task(task_id), "it to answer again")


def test_what_does_not_run_has_no_thread(sc):
    assert sc._driver.describe_task(10**6) is None
    assert sc._driver.describe_threads("no such executor") is None


def test_the_drivers_threads_tell_since_when_they_are_where_they_are(sc):
    [row] = [r for r in sc._driver.describe_threads() if r["threadName"] == "MainThread"]

    assert row["sampledBy"] == "python"
    assert row["nativeId"] == os.getpid()
    watch = ThreadWatch()
    assert all(state.same_line_s == 0 for state in watch.describe())
