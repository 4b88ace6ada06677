"""Many jobs, many tasks, many threads: exact, and nothing grows."""

import gc
import os
import random
import threading
from operator import add

import pytest

from pyspark_shell.common.errors import SparkJobCancelled
from tests.conftest import descendants, open_files
from tests.processes.engine import Background, assert_settled, scheduler_of, wait_until_up
from tests.processes.waiting import Stopwatch, rss_bytes, wait_for, within

JOBS = 10_000
WARM_UP = 3_000
TASKS = 100_000


class Footprint:
    """What the driver takes of the machine at one moment."""

    def __init__(self):
        gc.collect()
        self.memory = rss_bytes(os.getpid())
        self.descriptors = len(open_files())
        self.threads = threading.active_count()
        self.processes = len(descendants())

    def assert_not_grown(self, now):
        assert now.memory <= self.memory * 1.1 + (8 << 20)
        assert now.descriptors <= self.descriptors + 2
        assert now.threads <= self.threads + 1
        assert now.processes == self.processes


def run_jobs(sc, numbers):
    for number in numbers:
        if number % 10:
            assert sc.parallelize(range(10), 2).map(lambda n: n + 1).sum() == 55
        elif number % 100:
            pairs = sc.parallelize([(n % 3, n) for n in range(12)], 2)
            assert pairs.reduceByKey(add, 2).collectAsMap() == {0: 18, 1: 22, 2: 26}
        else:
            total = sc.accumulator(0)
            factor = sc.broadcast([2])
            cached = sc.parallelize(range(10), 2).map(lambda n: n * factor.value[0]).cache()  # noqa: B023
            cached.foreach(total.add)
            assert (total.value, cached.count()) == (90, 10)


@pytest.mark.slow
def test_ten_thousand_jobs_leave_no_trace(sc):
    wait_until_up(sc, 2)
    run_jobs(sc, range(WARM_UP))
    before = Footprint()

    run_jobs(sc, range(WARM_UP, JOBS))

    assert_settled(sc)
    before.assert_not_grown(Footprint())
    executors = [rss_bytes(executor.pid) for executor in scheduler_of(sc).executors()]
    assert max(executors) < 120 << 20


@pytest.mark.slow
def test_a_hundred_thousand_tasks_are_exact(sc):
    before = rss_bytes(os.getpid())
    seen = sc.accumulator(0)

    numbers = sc.parallelize(range(2 * TASKS), TASKS)
    assert numbers.map(lambda n: (seen.add(1), n)[1]).sum() == TASKS * (2 * TASKS - 1)

    assert seen.value == 2 * TASKS
    assert rss_bytes(os.getpid()) - before < 200 << 20
    assert_settled(sc)


def test_two_hundred_jobs_of_sixteen_threads_keep_apart(sc):
    threads, jobs = 16, 200
    groups = {f"group-{number}": [] for number in range(threads)}

    def work(group):
        sc.setJobGroup(group, f"jobs of {group}")
        choose = random.Random(group)
        for _ in range(jobs // threads + 1):
            size, parts = choose.randrange(1, 400), choose.randrange(1, 7)
            pairs = sc.parallelize(range(size), parts).map(lambda n: (n % 5, n))
            expected = {k: sum(range(k, size, 5)) for k in range(min(5, size))}
            assert pairs.reduceByKey(add, 3).collectAsMap() == expected
            assert sc.getLocalProperty("spark.jobGroup.id") == group
            groups[group].append(size)
        return list(sc.statusTracker().getJobIdsForGroup(group))

    before = threading.active_count()
    workers = [Background(work, group) for group in groups]
    ids = [worker.result(60) for worker in workers]

    flat = [job for group in ids for job in group]
    assert len(flat) == len(set(flat)) == sum(map(len, groups.values())) >= jobs
    assert sorted(map(len, ids)) == sorted(map(len, groups.values()))
    wait_for(lambda: threading.active_count() == before, "the threads' end")


def test_a_group_that_is_cancelled_takes_no_other_with_it(sc):
    def work(group, seconds):
        sc.setJobGroup(group, "")
        wait = threading.Event  # tasks wait for something that never comes
        numbers = sc.parallelize(range(4), 4)
        return numbers.map(lambda n: (wait().wait(seconds), n)[1]).sum()

    doomed = [Background(work, "doomed", 3600) for _ in range(4)]
    others = [Background(work, f"other-{n}", 0.001) for n in range(4)]
    wait_for(lambda: len(sc.statusTracker().getJobIdsForGroup("doomed")) == 4, "four jobs")

    sc.cancelJobGroup("doomed")

    assert all(isinstance(job.error(), SparkJobCancelled) for job in doomed)
    assert [job.result() for job in others] == [6] * 4


def test_jobs_of_many_threads_share_one_map_stage(sc, counter):
    def counted(number):
        counter.add()
        return number % 7, number

    shared = sc.parallelize(range(700), 4).map(counted).reduceByKey(add, 3)
    expected = {key: sum(range(key, 700, 7)) for key in range(7)}

    workers = [Background(shared.collectAsMap) for _ in range(12)]

    assert all(worker.result() == expected for worker in workers)
    assert counter.count == 700


def test_a_long_lineage_of_shuffles(sc):
    rdd = sc.parallelize(range(60), 2).map(lambda n: (n % 10, 1))
    for step in range(40):
        rdd = rdd.reduceByKey(add, 2 + step % 3).mapValues(lambda value: value + 1)

    assert rdd.collectAsMap() == {key: 46 for key in range(10)}
    assert rdd.count() == 10


def test_twenty_thousand_tasks_in_each_of_two_stages(sc):
    with Stopwatch() as watch:
        pairs = sc.parallelize(range(20_000), 20_000).map(lambda n: (n % 4, 1))
        # Few maps have a record for it: what counts is the number of tasks on both sides.
        small = sc.parallelize(range(8), 4).map(lambda n: (n, 1)).reduceByKey(add, 20_000)
        assert pairs.reduceByKey(add, 2).collectAsMap() == dict.fromkeys(range(4), 5_000)
        assert small.count() == 8

    assert watch.seconds < within(60)


def test_what_nobody_refers_to_any_more_is_given_back(start):
    sc = start()
    roots = sc._driver.local_dirs.all_roots
    base = used_bytes(roots)

    for _ in range(3):
        big = sc.parallelize(range(8), 4).map(lambda n: (n, os.urandom(1 << 20)))
        kept = big.groupByKey(4).cache()
        assert kept.count() == 8
        value = sc.broadcast(os.urandom(4 << 20))
        assert sc.parallelize([1], 1).map(lambda n, v=value: len(v.value)).sum() == 4 << 20
    assert used_bytes(roots) > base + (4 << 20)
    del big, kept, value

    wait_for(lambda: used_bytes(roots) <= base + (1 << 20), "the disk to be given back", 20)


def used_bytes(roots):
    total = 0
    for root in roots:
        for directory, _, names in os.walk(root):
            for name in names:
                try:
                    total += os.stat(os.path.join(directory, name)).st_blocks * 512
                except OSError:
                    continue
    return total
