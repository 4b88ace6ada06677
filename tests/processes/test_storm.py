"""kill -9 at random while jobs run: every answer is exact, nothing gets stuck, nothing is left.

PYSPARK_SHELL_STORM_S is the length of each storm in seconds; a release run takes 300.
"""

import os
import random
import threading
import time
from operator import add
from pathlib import Path

import pytest

from tests.processes.engine import (
    Background,
    executor_pids,
    scheduler_of,
    wait_until_up,
    zygote_pid,
)
from tests.processes.waiting import kill, wait_for

STORM_S = float(os.environ.get("PYSPARK_SHELL_STORM_S", "6"))
MEAN_PAUSE_S = 0.4
NUMBERS = range(2_000)
SUMS = {key: sum(range(key, 2_000, 11)) for key in range(11)}


class Storm:
    """Kills executors, and now and then the zygote, until its block ends."""

    def __init__(self, sc, seed):
        self._sc = sc
        self._random = random.Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._rage)
        self.kills = 0

    def _rage(self):
        while not self._over.wait(self._random.expovariate(1 / MEAN_PAUSE_S)):
            victims = executor_pids(self._sc)
            if self._random.random() < 0.1:
                victims = [zygote_pid(self._sc)]
            if victims:
                kill(self._random.choice(victims))
                self.kills += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


class Jobs:
    """Jobs that use every part of the engine, each with the answer that it must give."""

    def __init__(self, sc):
        self._sc = sc
        self._cached = sc.parallelize(NUMBERS, 4).map(lambda n: n * n).cache()
        self._factor = sc.broadcast({"factor": 3})

    def run_all(self):
        self.shuffle()
        self.accumulate()
        self.sort()
        self.cached_sum()
        self.large_results()
        self.broadcast()

    def shuffle(self):
        pairs = self._sc.parallelize(NUMBERS, 4).map(lambda n: (n % 11, n))
        assert pairs.reduceByKey(add, 3).collectAsMap() == SUMS
        joined = pairs.groupByKey(2).mapValues(sum).join(pairs.reduceByKey(add, 3))
        assert joined.collectAsMap() == {key: (value, value) for key, value in SUMS.items()}

    def accumulate(self):
        seen = self._sc.accumulator(0)
        self._sc.parallelize(NUMBERS, 6).foreach(lambda n: seen.add(n))
        assert seen.value == sum(NUMBERS)

    def sort(self):
        backwards = self._sc.parallelize(NUMBERS[::-1], 4).sortBy(lambda n: n, numPartitions=3)
        assert backwards.collect() == list(NUMBERS)

    def cached_sum(self):
        assert self._cached.sum() == sum(n * n for n in NUMBERS)

    def large_results(self):
        values = self._sc.parallelize(range(3), 3).map(lambda n: bytes([n]) * (2 << 20)).collect()
        assert [value[:1] + value[-1:] for value in values] == [bytes([n, n]) for n in range(3)]

    def broadcast(self):
        factor = self._factor
        tripled = self._sc.parallelize(NUMBERS, 4).map(lambda n: n * factor.value["factor"]).sum()
        assert tripled == 3 * sum(NUMBERS)


def work(sc, until):
    jobs, rounds = Jobs(sc), 0
    while time.monotonic() < until:
        jobs.run_all()
        rounds += 1
    return rounds


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 6])
def test_a_storm_of_kills_changes_no_answer(sc, threads):
    wait_until_up(sc, 2)

    with Storm(sc, seed=threads) as storm:
        until = time.monotonic() + STORM_S
        workers = [Background(work, sc, until) for _ in range(threads)]
        rounds = [worker.result(STORM_S + 60) for worker in workers]

    assert min(rounds) > 0
    assert storm.kills > STORM_S / MEAN_PAUSE_S / 3
    wait_until_up(sc, 2)
    assert work(sc, time.monotonic() + 0.1) > 0


def test_a_storm_leaves_neither_results_nor_unfinished_files(sc):
    wait_until_up(sc, 2)
    dirs = sc._driver.local_dirs

    with Storm(sc, seed=7):
        work(sc, time.monotonic() + STORM_S / 3)
    wait_until_up(sc, 2)

    assert os.listdir(dirs.path("results")) == []
    unfinished = [
        path.name
        for root in dirs.all_roots
        for path in Path(root).rglob("*")
        if ".tmp" in path.name or ".spill" in path.name
    ]
    assert unfinished == []
    wait_for(lambda: os.listdir(dirs.memory_path("results")) == [], "results to be removed")
    assert scheduler_of(sc).ask(lambda: True)
