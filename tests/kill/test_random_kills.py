"""Kills at random moments of random jobs: no process survives, nothing burns, the next job is
exact.

PYSPARK_SHELL_TEST_KILLS is their number; a release run takes 500.
"""

import os
import random
import re
import threading
import time
from operator import add
from pathlib import Path

import pytest

from pyspark_shell.common.errors import SparkJobCancelled
from tests.conftest import descendants
from tests.kill.victims import assert_next_job_is_exact, running_task_ids
from tests.processes.engine import Background, assert_settled, executor_pids, zygote_pid
from tests.processes.waiting import has_ended, wait_for

KILLS = int(os.environ.get("PYSPARK_SHELL_TEST_KILLS", "40"))
LONGEST_WAIT_S = 0.15


def spin(number):
    while True:
        number += 1


def backtrack(_):
    re.match(r"(a|a)*b", "a" * 60 + "c")


def swallow(_):
    while True:
        try:
            time.sleep(0.005)
        except BaseException:
            continue


def start_processes(_):
    import subprocess

    subprocess.Popen(["sh", "-c", "while :; do :; done"], start_new_session=True)
    subprocess.Popen(["sleep", "1000"])
    time.sleep(1000)


def shuffle(sc):
    pairs = sc.parallelize(range(40_000), 4).map(lambda n: (n % 101, n))
    return pairs.reduceByKey(add, 3).sortByKey().collect()


def cache(sc):
    cached = sc.parallelize(range(40_000), 4).map(lambda n: n * n).cache()
    return cached.count() + cached.filter(lambda n: n % 2).count()


def results(sc):
    return sc.parallelize(range(4), 4).map(lambda n: bytes(3 << 20)).collect()


def endless(work):
    return lambda sc: sc.parallelize(range(4), 4).foreach(work)


JOBS = [
    shuffle, cache, results, endless(spin), endless(time.sleep), endless(start_processes),
    endless(lambda n: time.sleep(1000)), endless(backtrack), endless(swallow),
]  # fmt: skip
VERBS = [
    lambda sc: sc.cancelAllJobs(),
    lambda sc: sc.cancelJobGroup("victim"),
    lambda sc: sc.cancelJobsWithTag("victim"),
    lambda sc: [sc.cancelJob(job_id) for job_id in sc.statusTracker().getActiveJobsIds()],
    lambda sc: [sc.cancelStage(stage) for stage in sc.statusTracker().getActiveStageIds()],
    lambda sc: [sc.killTaskAttempt(task_id) for task_id in running_task_ids(sc)],
]


def run(sc, job, interrupt):
    """Run a job; gives whether it was killed."""
    sc.setJobGroup("victim", "", interrupt)
    sc.addJobTag("victim")
    try:
        job(sc)
    except SparkJobCancelled:
        return True
    return False


def cpu_ticks(pid):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def assert_nothing_burns_or_survives(sc, outside):
    """Look from outside: the zygote and two idle executors are all there is."""

    def alive():
        found = {pid for pid in descendants() - outside if not has_ended(pid)}
        expected = {zygote_pid(sc), *executor_pids(sc)}
        return found if found == expected and len(found) == 3 else None

    pids = wait_for(alive, "the zygote and two executors, and nothing else", 4)

    def idle():
        before = {pid: cpu_ticks(pid) for pid in pids}
        threading.Event().wait(0.04)  # four ticks of the kernel
        return all(cpu_ticks(pid) == ticks for pid, ticks in before.items())

    wait_for(idle, "idle processes", 2)


@pytest.mark.slow
@pytest.mark.timeout(60 + 6 * KILLS)
def test_random_kills_leave_no_survivor_and_the_next_job_exact(start):
    outside = descendants()
    chance = random.Random(20)
    sc = start("local[2]", spark__task__reaper__killTimeout="300ms")
    killed = 0
    for _ in range(KILLS):
        job, verb = chance.choice(JOBS), chance.choice(VERBS)
        running = Background(run, sc, job, chance.random() < 0.5)
        threading.Event().wait(chance.uniform(0, LONGEST_WAIT_S))
        verb(sc)
        threading.Event().wait(chance.uniform(0, 0.02))
        sc.cancelJobGroup("victim")
        wait_for(lambda: ended(sc, running), "the end of the job")  # noqa: B023
        killed += running.result()
        assert_next_job_is_exact(sc)
        assert_settled(sc)
        assert_nothing_burns_or_survives(sc, outside)
    assert killed > KILLS / 3


def ended(sc, running):
    """Whether the job's thread has ended; a later job of the same action is cancelled as well."""
    sc.cancelJobGroup("victim")
    return not running._thread.is_alive()
