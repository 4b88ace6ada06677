"""kill -9 of executors at every point of a job: the answer is exact, nothing counts twice."""

import signal
from operator import add
from os import kill as send
from time import monotonic

import pytest

from pyspark_shell import StorageLevel
from tests.processes.engine import Background, executor_pids, wait_until_up, zygote_pid
from tests.processes.gate import StopsWhenPickled, StopsWhenUnpickled
from tests.processes.waiting import kill, wait_for, wait_for_end, within

NUMBERS = range(200)


class Job:
    """One job that stops at the gate, and the value that it must have."""

    def __init__(self, sc, gate):
        self.sc = sc
        self.gate = gate
        self.seen = sc.accumulator(0)
        self.numbers = sc.parallelize(NUMBERS, 4).map(self._counted())

    def _counted(self):
        seen = self.seen

        def count(number):
            seen.add(1)
            return number

        return count


def in_the_middle_of_a_task(job):
    gate = job.gate
    return job.numbers.map(lambda n: (gate.stop_here(), n)[1]).sum(), sum(NUMBERS)


def while_map_output_is_written(job):
    gate = job.gate
    pairs = job.numbers.map(lambda n: (n % 7, StopsWhenPickled(gate, n))).groupByKey(3)
    return pairs.mapValues(lambda vs: sum(v.number for v in vs)).collectAsMap(), SUMS


def after_the_map_stage(job):
    gate = job.gate

    def stop(records):
        gate.stop_here()
        return records

    sums = job.numbers.map(lambda n: (n % 7, n)).reduceByKey(add, 3)
    return sums.mapPartitions(stop).collectAsMap(), SUMS


def while_map_outputs_are_fetched(job):
    gate = job.gate
    pairs = job.numbers.map(lambda n: (n % 7, StopsWhenUnpickled(gate, n))).groupByKey(3)
    return pairs.mapValues(lambda vs: sum(v.number for v in vs)).collectAsMap(), SUMS


def while_values_are_merged(job):
    gate = job.gate
    pairs = job.numbers.map(lambda n: (n % 50, n))  # each key once a map partition
    sums = pairs.reduceByKey(lambda a, b: (gate.stop_here(), a + b)[1], 3)
    return sums.values().sum(), sum(NUMBERS)


def while_a_broadcast_is_unpickled(job):
    factor = job.sc.broadcast(StopsWhenUnpickled(job.gate, 3))
    return job.numbers.map(lambda n: n * factor.value.number).sum(), 3 * sum(NUMBERS)


def while_a_result_is_pickled(job):
    gate = job.gate
    values = job.numbers.map(lambda n: StopsWhenPickled(gate, n)).collect()
    return [value.number for value in values], list(NUMBERS)


SUMS = {key: sum(range(key, 200, 7)) for key in range(7)}
PHASES = [
    in_the_middle_of_a_task,
    while_map_output_is_written,
    after_the_map_stage,
    while_map_outputs_are_fetched,
    while_values_are_merged,
    while_a_broadcast_is_unpickled,
    while_a_result_is_pickled,
]


def assert_next_job_is_quick(sc):
    began = monotonic()
    assert sc.parallelize(range(10), 2).sum() == 45
    assert monotonic() - began < within(2)


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.__name__)
@pytest.mark.parametrize("victims", ["the one", "all", "the zygote"])
def test_an_executor_that_dies_costs_nothing(sc, gate, phase, victims):
    wait_until_up(sc, 2)
    job = Job(sc, gate)

    running = Background(phase, job)
    [pid] = wait_for(gate.pids, "the task to reach the gate")
    targets = {"the one": [pid], "all": executor_pids(sc), "the zygote": [zygote_pid(sc)]}[victims]
    for target in targets:
        kill(target)

    value, expected = running.result()
    assert value == expected
    assert job.seen.value == len(NUMBERS)
    assert_next_job_is_quick(sc)
    wait_for_end([pid], 1)


def test_executors_that_die_idle_are_replaced(sc):
    before = wait_until_up(sc, 2)

    for pid in before:
        kill(pid)

    wait_for_end(before, 1)
    assert_next_job_is_quick(sc)
    assert not set(wait_until_up(sc, 2)) & set(before)


def test_executors_that_die_just_before_a_job_do_not_harm_it(sc):
    for _ in range(20):
        for pid in executor_pids(sc):
            kill(pid)

        assert sc.parallelize(NUMBERS, 4).map(lambda n: (n % 7, n)).reduceByKey(add).count() == 7


def test_executors_that_die_while_results_are_opened_do_not_harm_them(sc):
    wait_until_up(sc, 2)
    large = sc.parallelize(range(4), 4).map(lambda n: Deadly(n, b"x" * (2 << 20)))
    Deadly.victims = executor_pids(sc)

    values = large.collect()

    assert [(value.number, len(value.data)) for value in values] == [(n, 2 << 20) for n in range(4)]
    assert Deadly.victims == []
    assert_next_job_is_quick(sc)


class Deadly:
    """Kills the victims when it is unpickled on the driver."""

    victims = ()

    def __init__(self, number, data):
        self.number = number
        self.data = data

    def __setstate__(self, state):
        self.__dict__ = state
        while Deadly.victims:
            kill(Deadly.victims.pop())


def test_an_executor_that_dies_while_it_reads_the_cache_costs_nothing(sc, gate, counter):
    def made(number):
        counter.add()
        return StopsWhenUnpickled(gate, number)

    cached = sc.parallelize(NUMBERS, 4).map(made).persist(StorageLevel.MEMORY_AND_DISK)
    gate.open()
    assert cached.count() == len(NUMBERS)
    gate.shut()

    running = Background(lambda: cached.map(lambda value: value.number).collect())
    [pid] = wait_for(gate.pids, "the task to reach the gate")
    kill(pid)

    assert running.result() == list(NUMBERS)
    assert counter.count == len(NUMBERS), "cached partitions were computed again"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGHUP])
def test_signals_from_outside_never_fail_a_job(sc, gate, number):
    running = Background(
        lambda: Job(sc, gate).numbers.map(lambda n: (gate.stop_here(), n)[1]).sum()
    )
    [pid] = wait_for(gate.pids, "the task to reach the gate")

    send(pid, number)
    gate.open()

    assert running.result() == sum(NUMBERS)


def test_map_output_outlives_the_executor_that_wrote_it(sc, counter):
    def counted(number):
        counter.add()
        return number % 7, number

    sums = sc.parallelize(NUMBERS, 4).map(counted).reduceByKey(add, 3)
    assert sums.count() == 7
    for pid in executor_pids(sc):
        kill(pid)

    assert sums.collectAsMap() == SUMS
    assert counter.count == len(NUMBERS)


def test_a_task_whose_executors_are_killed_again_and_again_ends_its_job(sc, tmp_path):
    pids = tmp_path / "pids"

    def wait_to_be_killed(number):
        import os
        import time

        with open(pids, "a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(60)

    running = Background(lambda: sc.parallelize([1], 1).map(wait_to_be_killed).collect())
    for attempt in range(4):
        wait_for(lambda: len(told(pids)) > attempt, f"attempt {attempt}")  # noqa: B023
        kill(told(pids)[attempt])

    error = str(running.error())
    assert "failed 4 times" in error
    assert "SIGKILL (-9)" in error
    assert len(told(pids)) == 4


def told(path):
    return [int(line) for line in path.read_text().split()] if path.exists() else []
