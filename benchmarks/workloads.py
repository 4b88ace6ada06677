"""The user programs: the same text for PySpark and for us.

A program is `run(sc, prepared)`; what `prepare(sc, inputs)` makes is not timed. It returns a small
answer, which must be the same on every engine and in the hand-written version (`floors.py`), which
uses the same functions below.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from operator import add
from pathlib import Path
from typing import Any

from benchmarks.report import Target

INTS = 5_000_000
PAIRS = 2_000_000
SORTED = 1_000_000
GROUPED = 1_000_000
JOINED = 300_000
DISTINCT = 1_000_000
EDGES, NODES, RANK_ITERATIONS = 50_000, 10_000, 8
BLOCKS, BLOCK_ROWS, COLUMNS, CENTRES, MEANS_ITERATIONS = 8, 25_000, 16, 10, 10
CACHED = 1_000_000
COLLECTED = 1_000_000
ARRAYS, ARRAY_BYTES = 8, 12_500_000
DARTS = 4_000_000
BROADCAST_BYTES = 100_000_000
DICT_ENTRIES = 1_000_000
OBJECTS = 1_000_000
WIDE, WIDE_RECORDS = 200, 500_000
UNIONS = 200
CHAINED, CHAIN_RECORDS = 300, 10_000
BIG_RECORDS, BIG_BYTES = 2_800_000, 640

increment = lambda x: x + 1  # noqa: E731
is_odd = lambda x: x % 2 == 1  # noqa: E731
split = lambda line: line.split()  # noqa: E731
with_one = lambda word: (word, 1)  # noqa: E731
few_keys = lambda x: (x % 10_007, x)  # noqa: E731
shuffled_key = lambda x: (x * 7919 % 1_000_003, str(x))  # noqa: E731
grouped_key = lambda x: (x % 10_000, x)  # noqa: E731
left_pair = lambda x: (x, x)  # noqa: E731
right_pair = lambda x: (x, -x)  # noqa: E731
tenth = lambda x: x % 100_000  # noqa: E731
small_tuple = lambda x: (x, x + 1)  # noqa: E731
damped = lambda rank: 0.15 + 0.85 * rank  # noqa: E731
wide_pair = lambda x: (x, 1)  # noqa: E731
big_record = lambda x: (x * 7919 % 1_000_003, str(x).ljust(BIG_BYTES, "."))  # noqa: E731


def ends(part):
    """Return the first and last key of a sorted partition and its length, reading it all."""
    first = last = None
    count = 0
    for last in part:
        if not count:
            first = last
        count += 1
    return [(first[0], last[0], count)] if count else []


def edges():
    chosen = random.Random(3)
    return [(chosen.randrange(NODES), chosen.randrange(NODES)) for _ in range(EDGES)]


def contributions(pair):
    _, (targets, rank) = pair
    share = rank / len(targets)
    return [(target, share) for target in targets]


def block(index):
    import numpy

    return numpy.random.default_rng(index).random((BLOCK_ROWS, COLUMNS))


def assigned(rows, centres):
    """Return for each centre the sum and the number of the rows nearest to it."""
    import numpy

    distances = (rows * rows).sum(1)[:, None] - 2 * rows @ centres.T + (centres * centres).sum(1)
    nearest = distances.argmin(1)
    sums = numpy.array([rows[nearest == centre].sum(0) for centre in range(len(centres))])
    return sums, numpy.bincount(nearest, minlength=len(centres))


def moved(centres, sums, counts):
    return sums / counts.clip(1)[:, None]


def array(index):
    import numpy

    return numpy.full(ARRAY_BYTES // 8, float(index))


def darts(seed, count):
    chosen = random.Random(seed).random
    hits = 0
    for _ in range(count):
        x, y = chosen(), chosen()
        if x * x + y * y < 1:
            hits += 1
    return hits


def map_filter_sum(sc, prepared):
    return sc.range(INTS, numSlices=2).map(increment).filter(is_odd).sum()


def word_count(sc, path):
    counts = sc.textFile(path, 2).flatMap(split).map(with_one).reduceByKey(add, 2)
    return counts.takeOrdered(5, key=lambda pair: (-pair[1], pair[0]))


def reduce_by_key(sc, prepared):
    return sc.range(PAIRS, numSlices=2).map(few_keys).reduceByKey(add, 2).values().sum()


def sort_by_key(sc, prepared):
    parts = (
        sc.range(SORTED, numSlices=2)
        .map(shuffled_key)
        .sortByKey(numPartitions=2)
        .mapPartitions(ends)
        .collect()
    )
    return parts[0][0], parts[-1][1], sum(part[2] for part in parts)


def group_by_key(sc, prepared):
    return (
        sc.range(GROUPED, numSlices=2).map(grouped_key).groupByKey(2).mapValues(sum).values().max()
    )


def join(sc, prepared):
    left = sc.range(JOINED, numSlices=2).map(left_pair)
    right = sc.range(JOINED, numSlices=2).map(right_pair)
    return left.join(right, 2).filter(lambda pair: pair[1][0] + pair[1][1] == 0).count()


def distinct(sc, prepared):
    return sc.range(DISTINCT, numSlices=2).map(tenth).distinct(2).count()


def page_rank(sc, prepared):
    links = sc.parallelize(prepared, 2).groupByKey(2).cache()
    ranks = links.mapValues(lambda targets: 1.0)
    for _ in range(RANK_ITERATIONS):
        ranks = links.join(ranks, 2).flatMap(contributions).reduceByKey(add, 2).mapValues(damped)
    total = round(ranks.values().sum(), 6)
    links.unpersist()
    return total


def blocks(sc, inputs):
    cached = sc.parallelize(range(BLOCKS), 2).map(block).cache()
    cached.count()
    return cached


def k_means(sc, cached):
    centres = block(99)[:CENTRES]
    for _ in range(MEANS_ITERATIONS):
        shared = sc.broadcast(centres)
        sums, counts = cached.map(lambda rows, shared=shared: assigned(rows, shared.value)).reduce(
            lambda a, b: (a[0] + b[0], a[1] + b[1])
        )
        shared.unpersist()
        centres = moved(centres, sums, counts)
    return round(float(centres.sum()), 6)


def cached_records(sc, inputs):
    cached = sc.range(CACHED, numSlices=2).map(small_tuple).cache()
    cached.count()
    return cached


def cached_pass(sc, cached):
    return cached.filter(lambda pair: pair[1] % 2).count()


def collect_tuples(sc, prepared):
    return len(sc.range(COLLECTED, numSlices=2).map(small_tuple).collect())


def collect_arrays(sc, prepared):
    return sum(float(found[-1]) for found in sc.parallelize(range(ARRAYS), 2).map(array).collect())


def pi(sc, prepared):
    return sc.parallelize(range(2), 2).map(lambda seed: darts(seed, DARTS // 2)).sum()


def large_array(sc, inputs):
    import numpy

    return numpy.arange(BROADCAST_BYTES // 8, dtype=float)


def broadcast_array(sc, values):
    shared = sc.broadcast(values)
    total = sc.parallelize(range(8), 8).map(lambda index: float(shared.value[-1 - index])).sum()
    shared.destroy()
    return total


def array_in_use(sc, inputs):
    shared = sc.broadcast(large_array(sc, inputs))
    sc.parallelize(range(8), 8).map(lambda index: float(shared.value[index])).sum()
    return shared


def broadcast_again(sc, shared):
    return sc.parallelize(range(8), 8).map(lambda index: float(shared.value[-1 - index])).sum()


def large_dict(sc, inputs):
    return {str(key): key for key in range(DICT_ENTRIES)}


def broadcast_dict(sc, table):
    shared = sc.broadcast(table)
    total = sc.parallelize(range(8), 2).map(lambda index: shared.value[str(index)]).sum()
    shared.destroy()
    return total


def many_objects(sc, inputs):
    return [(index, str(index)) for index in range(OBJECTS)]


def parallelize(sc, objects):
    return sc.parallelize(objects, 2).count()


def wide_shuffle(sc, prepared):
    return sc.range(WIDE_RECORDS, numSlices=WIDE).map(wide_pair).partitionBy(WIDE).count()


def union(sc, prepared):
    return sc.union([sc.parallelize(range(10), 2) for _ in range(UNIONS)]).count()


def chained_maps(sc, prepared):
    rdd = sc.range(CHAIN_RECORDS, numSlices=2)
    for _ in range(CHAINED):
        rdd = rdd.map(increment)
    return rdd.sum()


def hundred_in_two(sc, inputs):
    return sc.parallelize(range(100), 2)


def hundred_in_one(sc, inputs):
    return sc.parallelize(range(100), 1)


def count(sc, rdd):
    return rdd.count()


def collect(sc, rdd):
    return len(rdd.collect())


def shuffle(sc, prepared):
    return sc.parallelize([(1, 1), (2, 2), (3, 3), (4, 4)], 2).reduceByKey(add, 2).count()


def empty_tasks(number):
    def run(sc, prepared):
        sc.parallelize(range(number), number).foreach(lambda x: None)
        return number

    return run


def big_group(sc, prepared):
    grouped = sc.range(BIG_RECORDS, numSlices=8).map(big_record).groupByKey(8)
    return grouped.mapValues(lambda values: sum(map(len, values))).values().sum()


def big_sort(sc, prepared):
    parts = (
        sc.range(BIG_RECORDS, numSlices=8)
        .map(big_record)
        .sortByKey(numPartitions=8)
        .mapPartitions(ends)
    )
    return sum(part[2] for part in parts.collect())


def nothing(sc: Any, inputs: Path) -> None:
    return None


COUNT = Target(0.0006, least_of_pyspark=60, text="<= 0.6 ms, >= 60 x PySpark")
SHUFFLE = Target(0.002, text="<= 2 ms")


@dataclass(frozen=True)
class Workload:
    """One row of the table."""

    title: str
    run: Callable[[Any, Any], Any]
    prepare: Callable[[Any, Path], Any] = nothing
    #: The hand-written version does exactly this work, record by record: the limit is strict.
    strict: bool = False
    #: Times over which one measurement takes the median, for what lasts milliseconds.
    times: int = 1
    #: Measurements at most, whatever --repeats says: for what takes long on PySpark.
    repeats: int = 100
    #: What ours should take; by default so many times the floor.
    target: Target | None = None
    #: Engines that do not run it.
    without: frozenset[str] = frozenset()

    @property
    def wanted(self) -> Target:
        """The target, by PERFORMANCE: at most so many times the floor, never below PySpark."""
        most = 1.25 if self.strict else 2.0
        usual = Target(
            most_of_floor=most, least_of_pyspark=1.0, text=f"<= {most:g} x floor, >= PySpark"
        )
        return usual if self.target is None else self.target

    def measure(self, sc: Any, prepared: Any) -> tuple[float, Any]:
        """Return the seconds of one run, and its answer."""
        seconds = []
        answer = None
        for _ in range(self.times):
            began = time.perf_counter()
            answer = self.run(sc, prepared)
            seconds.append(time.perf_counter() - began)
        return statistics.median(seconds), answer


NO_FLOOR = frozenset({"floor"})
TOO_SLOW_FOR_PYSPARK = frozenset({"pyspark"})

WORKLOADS = {
    "count": Workload(
        "two-partition `count()` of 100 numbers", count, hundred_in_two, times=30, target=COUNT
    ),
    "collect": Workload(
        "one-partition `collect()` of 100 numbers", collect, hundred_in_one, times=30
    ),
    "shuffle": Workload("two-partition shuffle job", shuffle, times=15, target=SHUFFLE),
    "empty_tasks_1000": Workload("1,000 empty tasks", empty_tasks(1_000), repeats=1),
    "empty_tasks_10000": Workload(
        "10,000 empty tasks", empty_tasks(10_000), without=TOO_SLOW_FOR_PYSPARK
    ),
    "map_filter_sum": Workload("map/filter/sum, 5 M ints", map_filter_sum, strict=True),
    "word_count": Workload(
        "word count, 150 MB of text",
        word_count,
        lambda sc, inputs: str(inputs / "text"),
        strict=True,
    ),
    "reduce_by_key": Workload("reduceByKey, 2 M pairs", reduce_by_key, strict=True),
    "sort_by_key": Workload("sortByKey, 1 M (int, str)", sort_by_key),
    "group_by_key": Workload("groupByKey, 1 M pairs, 10 k keys", group_by_key),
    "join": Workload("join, 300 k x 300 k", join),
    "distinct": Workload("distinct, 1 M", distinct),
    "page_rank": Workload(
        "pagerank, 50 k edges, 8 iterations, cached links", page_rank, lambda sc, inputs: edges()
    ),
    "k_means": Workload(
        "k-means on cached numpy blocks, 10 iterations, broadcast centres", k_means, blocks
    ),
    "cached_pass": Workload(
        "a pass over 1 M cached records", cached_pass, cached_records, strict=True, times=5
    ),
    "collect_tuples": Workload("collect of 1 M small tuples", collect_tuples, strict=True),
    "collect_arrays": Workload("collect of 100 MB of numpy arrays", collect_arrays),
    "pi": Workload("Monte Carlo pi, pure Python loop", pi),
    "broadcast_array": Workload(
        "broadcast of a 100 MB array, used in 8 tasks", broadcast_array, large_array
    ),
    "broadcast_again": Workload(
        "second job with that broadcast", broadcast_again, array_in_use, times=5
    ),
    "broadcast_dict": Workload("broadcast of a dict of 1 M entries", broadcast_dict, large_dict),
    "parallelize": Workload("`parallelize` of 1 M objects", parallelize, many_objects),
    "wide_shuffle": Workload(
        "shuffle of 500 k records, 200 x 200 partitions", wide_shuffle, repeats=1
    ),
    "union": Workload("union of 200 RDDs", union, repeats=1),
    "chained_maps": Workload("300 chained maps over 10 k ints", chained_maps),
}

#: Run with little memory; `roomy` is our engine with plenty, for comparison.
BEYOND_MEMORY = {
    "big_group": Workload("groupByKey of 2 GB", big_group, repeats=1),
    "big_sort": Workload("sortByKey of 2 GB", big_sort, repeats=1),
}
