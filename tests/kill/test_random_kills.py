"""Kills at random moments of random jobs: no process survives, nothing burns, the next job is
exact.

PYSPARK_SHELL_TEST_KILLS is their number; a release run takes 500.
"""

import os
import random
import threading
import time
from itertools import product
from operator import add
from pathlib import Path

import pytest

from pyspark_shell.common.errors import SparkJobCancelled
from tests.conftest import descendants
from tests.kill.victims import (
    assert_next_job_is_exact,
    hold_the_interpreter,
    running_task_ids,
    sleep,
    spin,
    swallow_everything,
)
from tests.processes.engine import (
    Background,
    assert_settled,
    executor_pids,
    executors,
    wait_until_up,
    zygote_pid,
)
from tests.processes.waiting import has_ended, wait_for

KILLS = int(os.environ.get("PYSPARK_SHELL_TEST_KILLS", "40"))
LONGEST_WAIT_S = 0.15
MOST_TRIES = 20


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
    def job(sc):
        tasks = 2 * len(executors(sc))
        return sc.parallelize(range(tasks), tasks).foreach(work)

    job.__name__ = f"endless {work.__name__}"
    return job


JOBS = [
    shuffle, cache, results, endless(spin), endless(sleep), endless(start_processes),
    endless(hold_the_interpreter), endless(swallow_everything),
]  # fmt: skip


def active_jobs(sc):
    return sc._driver.scheduler.ask(lambda: sorted(sc._driver.scheduler._dag.jobs))


def active_stages(sc):
    return sc._driver.scheduler.ask(lambda: sorted(sc._driver.scheduler._dag._running))


class Verb:
    """A way to kill: what it can name now, and how it is said of that.

    Once it has named something, that has to end by this verb alone.
    """

    def __init__(self, name, names, kill, left=active_jobs):
        self.name, self.names, self.kill, self.left = name, names, kill, left

    def try_once(self, sc):
        """Kill what there is to kill; gives that."""
        named = self.names(sc)
        if named:
            self.kill(sc, named)
        return named

    def has_ended(self, sc, named):
        return not set(named) & set(self.left(sc))


def each(kill):
    return lambda sc, named: [kill(sc, one) for one in named]


VERBS = [
    Verb("all", active_jobs, lambda sc, _: sc.cancelAllJobs()),
    Verb("group", active_jobs, lambda sc, _: sc.cancelJobGroup("victim")),
    Verb("tag", active_jobs, lambda sc, _: sc.cancelJobsWithTag("victim")),
    Verb("job", active_jobs, each(lambda sc, job: sc.cancelJob(job))),
    Verb("stage", active_stages, each(lambda sc, stage: sc.cancelStage(stage)), active_stages),
    Verb(
        "task", running_task_ids, each(lambda sc, task: sc.killTaskAttempt(task)), running_task_ids
    ),
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


def assert_nothing_burns_or_survives(sc, outside, count):
    """Look from outside: the zygote and the idle executors are all there is."""

    def alive():
        found = {pid for pid in descendants() - outside if not has_ended(pid)}
        expected = {zygote_pid(sc), *executor_pids(sc)}
        return found if found == expected and len(found) == count + 1 else None

    pids = wait_for(alive, "the zygote and its executors, and nothing else", 4)

    def idle():
        before = {pid: cpu_ticks(pid) for pid in pids}
        threading.Event().wait(0.04)  # four ticks of the kernel
        return all(cpu_ticks(pid) == ticks for pid, ticks in before.items())

    wait_for(idle, "idle processes", 2)


def kill_at_random(sc, running, verb, chance, longest_s):
    """Kill with one verb until it has found something to kill; gives whether it has."""
    while running.is_alive:
        threading.Event().wait(chance.uniform(0, longest_s))  # the random moment
        named = verb.try_once(sc)
        if named:
            wait_for(lambda: verb.has_ended(sc, named), f"the end of {verb.name} {named}", 2)  # noqa: B023
            return True
    return False


# How many executors there are, and which part of the kills.
SHARES = {2: 0.6, 8: 0.4}


@pytest.mark.slow
@pytest.mark.parametrize("count", SHARES)
@pytest.mark.timeout(60 + 6 * KILLS)
def test_random_kills_leave_no_survivor_and_the_next_job_exact(start, count):
    outside = descendants()
    chance = random.Random(20)
    sc = start(f"local[{count}]", spark__task__reaper__killTimeout="300ms")
    wait_until_up(sc, count)
    pairs = list(product(JOBS, VERBS))
    chance.shuffle(pairs)
    kills = round(KILLS * SHARES[count])
    killed, hit = 0, set()
    for number in range(kills):
        job, verb = pairs[number % len(pairs)]
        for tries in range(MOST_TRIES):
            running = Background(run, sc, job, chance.random() < 0.5)
            longest_s = LONGEST_WAIT_S / 2 ** min(tries, 4)  # down to what a short job takes
            if kill_at_random(sc, running, verb, chance, longest_s):
                hit.add((job.__name__, verb.name))
                break
            running.result()  # it had ended before there was anything to kill
        if verb.name == "task":  # the job tries those tasks again
            wait_for(lambda: ended(sc, running), "the end of the job")  # noqa: B023
        killed += running.result()
        assert_next_job_is_exact(sc)
        assert_settled(sc)
        assert_nothing_burns_or_survives(sc, outside, count)
    assert killed > kills / 3
    missed = {(job.__name__, verb.name) for job, verb in pairs[:kills]} - hit
    assert not missed, "these had always ended before they were killed"


def ended(sc, running):
    """Whether the job's thread has ended, all jobs being cancelled."""
    sc.cancelAllJobs()
    return not running.is_alive
