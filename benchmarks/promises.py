"""What PERFORMANCE asks of the engine alone, beside the workloads: `python -m benchmarks.promises`.

Prints one JSON object: seconds, ratios and megabytes by name. Each figure is of one process with
two executors, in one run, so that the ratios among them hold on any machine.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.processes import descendants, seconds_until_gone, tree_pss_mb
from pyspark_shell import SparkContext

TASKS = (100, 1_000, 10_000, 100_000)
THREADS = 16
JOBS = 320
ARRAY_BYTES = 100_000_000
VICTIM = """
import sys, time
from pyspark_shell import SparkContext
sc = SparkContext("local[2]", "victim")
sc.parallelize(range(2), 2).count()
print("up", flush=True)
sc.parallelize(range(2), 2).foreach(lambda n: time.sleep(3600))
"""


def timed(action: Callable[[], Any]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def count(sc: SparkContext) -> None:
    assert sc.parallelize(range(100), 2).count() == 100


def cost_of_a_task(sc: SparkContext) -> Iterator[tuple[str, float]]:
    """Seconds for each task of jobs from a hundred tasks to a hundred thousand."""
    for tasks in TASKS:
        times = max(1, 2_000 // tasks)
        rdd = sc.parallelize([], tasks)
        taken = statistics.median(timed(rdd.count) for _ in range(times))
        yield f"cost a task, {tasks:,} tasks", taken / tasks


def many_threads(sc: SparkContext) -> Iterator[tuple[str, float]]:
    """Small jobs a second from 16 threads, against those from one."""

    def jobs(number: int) -> None:
        for _ in range(number):
            count(sc)

    def together() -> None:
        threads = [threading.Thread(target=jobs, args=(JOBS // THREADS,)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    jobs(JOBS)
    alone = [timed(lambda: jobs(JOBS)) for _ in range(3)]
    of_many = [timed(together) for _ in range(3)]
    yield (
        f"throughput of {THREADS} threads / one",
        statistics.median(alone) / statistics.median(of_many),
    )


def beside_a_tight_loop(sc: SparkContext) -> Iterator[tuple[str, float]]:
    """A small job while another thread of the driver never waits."""
    over = threading.Event()

    def spin() -> None:
        while not over.is_set():
            for _ in range(10_000):
                pass

    spinning = threading.Thread(target=spin)
    spinning.start()
    try:
        yield (
            "small job beside a tight loop",
            statistics.median(timed(lambda: count(sc)) for _ in range(100)),
        )
    finally:
        over.set()
        spinning.join()


def large_broadcast(sc: SparkContext) -> Iterator[tuple[str, float]]:
    """Memory that an array takes that both executors use, and what a job with it costs."""
    import numpy

    def use(number: int, holder: Any) -> int:
        return int(holder.value[number]) if holder is not None else number

    def job(holder: Any) -> None:
        numbers = sc.parallelize(range(8), 8).map(lambda n: use(n, holder))
        assert numbers.sum() == 28

    job(None)
    before_mb = tree_pss_mb(os.getpid())
    shared = sc.broadcast(numpy.arange(ARRAY_BYTES // 8))
    job(shared)
    touched = sc.parallelize(range(8), 8).map(lambda _: int(shared.value.sum())).collect()
    assert len(set(touched)) == 1
    yield "100 MB broadcast, memory of all (PSS)", tree_pss_mb(os.getpid()) - before_mb
    with_it = [timed(lambda: job(shared)) for _ in range(30)]
    without = [timed(lambda: job(None)) for _ in range(30)]
    yield (
        "job that uses it again / one without it",
        statistics.median(with_it) / statistics.median(without),
    )
    shared.destroy()


def killed_driver() -> Iterator[tuple[str, float]]:
    """From `kill -9` of a driver with two tasks until none of its processes is left."""
    taken = []
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", VICTIM], stdout=subprocess.PIPE, text=True
        ) as driver:
            assert driver.stdout is not None
            assert driver.stdout.readline().strip() == "up"
            family = descendants(driver.pid)
            driver.send_signal(signal.SIGKILL)
            taken.append(seconds_until_gone([driver.pid, *family]))
    yield "`kill -9` of the driver to everything gone", statistics.median(taken)


def main() -> None:
    figures: dict[str, float] = {}
    with SparkContext("local[2]", "promises") as sc:
        count(sc)
        for measure in (many_threads, beside_a_tight_loop, large_broadcast, cost_of_a_task):
            figures.update(measure(sc))
    figures.update(killed_driver())
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
