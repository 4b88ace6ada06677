"""What tasks start does not outlive their executor, nor a task that was killed."""

import os
import subprocess
import sys
import time

import pytest

from pyspark_shell.common.errors import JobFailed, SparkJobCancelled
from tests.processes.engine import Background, wait_until_up
from tests.processes.waiting import kill, wait_for, wait_for_end


def start_children(report):
    """Start processes in all the ways that leave them behind; `report` is told each pid."""
    sleep = [sys.executable, "-c", "import time; time.sleep(3600)"]
    report(subprocess.Popen(sleep).pid)
    report(subprocess.Popen(sleep, start_new_session=True).pid)
    shell = subprocess.Popen(
        "sleep 3600 & echo $!; wait", shell=True, start_new_session=True, stdout=subprocess.PIPE
    )
    report(shell.pid)
    report(int(shell.stdout.readline()))
    nested = subprocess.Popen(
        [sys.executable, "-c", NESTED], start_new_session=True, stdout=subprocess.PIPE, text=True
    )
    for line in (nested.stdout.readline(), nested.stdout.readline(), nested.stdout.readline()):
        report(int(line))


# A daemon in a session of its own that starts one in another, which starts one in another.
NESTED = """
import os, time
for _ in range(3):
    print(os.getpid(), flush=True)
    if os.fork():
        time.sleep(3600)
    os.setsid()
time.sleep(3600)
"""


def children_of_task(sc, gate):
    """An RDD whose one task starts processes and then waits at the gate."""

    def work(number):
        reported = []
        start_children(reported.append)
        for pid in reported:
            with open(os.path.join(gate.directory, f"{pid}.{time.monotonic_ns()}.pid"), "w"):
                pass
        gate.stop_here()
        return number

    return sc.parallelize([1], 1).map(work)


COUNT = 8  # seven children and the task


def test_children_of_a_killed_executor_are_gone(sc, gate):
    wait_until_up(sc, 2)
    running = Background(children_of_task(sc, gate).collect)
    pids = wait_for(lambda: len(gate.pids()) == COUNT and gate.pids(), "the children")

    gate.shut()
    kill(pids[-1])

    wait_for_end(pids, 2)
    later = wait_for(lambda: len(gate.pids()) == COUNT and gate.pids(), "the second attempt")
    sc.cancelAllJobs()
    with pytest.raises(SparkJobCancelled):
        running.result()
    wait_for_end(later[:-1], 2)


def test_children_of_a_task_that_exits_are_gone(sc, gate):
    def work(number):
        subprocess.Popen(["sleep", "3600"], start_new_session=True)
        for name in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{name}/children") as file:
                for pid in file.read().split():
                    with open(os.path.join(gate.directory, f"{pid}.0.pid"), "w"):
                        pass
        os._exit(3)

    with pytest.raises(JobFailed, match="exit code 3"):
        sc.parallelize([1], 1).map(work).collect()

    assert len(gate.pids()) == 1
    wait_for_end(gate.pids(), 2)


def test_children_of_a_killed_task_are_gone_though_its_executor_goes_on(sc, gate):
    before = wait_until_up(sc, 2)
    running = Background(children_of_task(sc, gate).collect)
    pids = wait_for(lambda: len(gate.pids()) == COUNT and gate.pids(), "the children")

    sc.cancelAllJobs()

    with pytest.raises(SparkJobCancelled):
        running.result()
    wait_for_end(pids[:-1], 2)
    assert set(wait_until_up(sc, 2)) == set(before)


def test_children_of_a_task_that_ended_well_are_its_own_affair(sc):
    def work(number):
        return subprocess.Popen(["sleep", "3600"]).pid

    [pid] = sc.parallelize([1], 1).map(work).collect()

    assert sc.parallelize(range(10), 2).sum() == 45
    assert os.path.exists(f"/proc/{pid}")
    for executor in wait_until_up(sc, 2):
        kill(executor)
    wait_for_end([pid], 2)
