"""Data four times the executors' memory: sorted and grouped, within one and a half of it."""

import threading
from hashlib import blake2b, sha256

import pytest

from pyspark_shell import SparkConf, SparkContext
from tests.processes.engine import executor_pids, wait_until_up
from tests.processes.waiting import rss_bytes

MEMORY_BYTES = 64 << 20
VALUE_BYTES = 1_000
RECORDS = 4 * 2 * MEMORY_BYTES // VALUE_BYTES


class Peaks:
    """Samples the memory of all executors while its block runs."""

    def __init__(self, sc):
        self._sc = sc
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.bytes = 0

    def _sample(self):
        while not self._over.wait(0.01):
            self.bytes = max(self.bytes, *map(rss_bytes, executor_pids(self._sc)), 0)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


@pytest.fixture(scope="module")
def small(shared):
    shared.stop()
    conf = SparkConf().setMaster("local[2]").setAppName("small")
    conf.set("spark.executor.memory", str(MEMORY_BYTES >> 20) + "m")
    conf.set("spark.python.worker.memory", str(MEMORY_BYTES >> 20) + "m")
    with SparkContext(conf=conf) as context:
        yield context


def records(sc):
    """`RECORDS` pairs of a number, in no order, and a value of `VALUE_BYTES`."""

    def make(number):
        key = number * 7_919 % RECORDS
        return key, key.to_bytes(8, "big") * (VALUE_BYTES // 8)

    return sc.parallelize(range(RECORDS), 8).map(make)


def is_right(pair):
    return pair[1] == pair[0].to_bytes(8, "big") * (VALUE_BYTES // 8)


def assert_within_budget(peaks):
    assert peaks.bytes < MEMORY_BYTES * 1.5, f"{peaks.bytes >> 20} MiB"


@pytest.mark.slow
def test_it_is_sorted_within_the_budget(small):
    wait_until_up(small, 2)

    def check(pairs):
        last, count = -1, 0
        for pair in pairs:
            assert pair[0] > last
            assert is_right(pair)
            last, count = pair[0], count + 1
        return [(last, count)]

    with Peaks(small) as peaks:
        parts = records(small).sortByKey(numPartitions=2).mapPartitions(check).collect()

    assert [last for last, _ in parts] == sorted(last for last, _ in parts)
    assert sum(count for _, count in parts) == RECORDS
    assert_within_budget(peaks)


@pytest.mark.slow
def test_it_is_grouped_within_the_budget(small):
    wait_until_up(small, 2)
    groups = 1_000

    def check(group):
        key, values = group
        count = 0
        for value in values:
            number = int.from_bytes(value[:8], "big")
            assert number % groups == key
            assert is_right((number, value))
            count += 1
        return count

    with Peaks(small) as peaks:
        grouped = records(small).map(lambda pair: (pair[0] % groups, pair[1])).groupByKey(2)
        counts = grouped.map(check).collect()

    assert len(counts) == groups
    assert sum(counts) == RECORDS
    assert_within_budget(peaks)


@pytest.mark.slow
def test_it_is_combined_within_the_budget(small):
    wait_until_up(small, 2)

    with Peaks(small) as peaks:
        longest = records(small).reduceByKey(max, 2).values().map(len).sum()

    assert longest == RECORDS * (VALUE_BYTES // 8 * 8)
    assert_within_budget(peaks)


@pytest.mark.slow
def test_it_is_cached_beyond_memory_and_read_back(small):
    wait_until_up(small, 2)

    with Peaks(small) as peaks:
        cached = records(small).persist()
        assert cached.filter(is_right).count() == RECORDS
        assert cached.filter(is_right).count() == RECORDS

    assert_within_budget(peaks)
    cached.unpersist()


@pytest.mark.slow
def test_256_mib_are_shuffled_and_collected_exactly(shared, small):
    def make(number):
        return number % 64, sha256(b"%d" % number).digest() * 256

    count = (256 << 20) // (32 * 256)
    expected = digest_of(sha256(b"%d" % n).digest() * 256 for n in range(count))

    pairs = small.parallelize(range(count), 16).map(make).partitionBy(8)
    collected = digest_of(value for _, value in pairs.toLocalIterator())

    assert collected == expected


def digest_of(values):
    """A digest that does not depend on the order."""
    total = 0
    for value in values:
        total += int.from_bytes(blake2b(value, digest_size=16).digest(), "big")
    return total % (1 << 128)
