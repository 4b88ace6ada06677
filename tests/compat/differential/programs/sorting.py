"""Sorting: which record lands where, and what stays in its old order."""

from __future__ import annotations

from compat.differential.registry import layout, program

WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "and", "runs"]
WORDS += ["into", "the", "wood"]


@program
def sort_by_key_ascending_and_descending(sc):
    pairs = sc.parallelize([(x * 7919 % 101, x) for x in range(200)], 5)
    return (
        layout(pairs.sortByKey()),
        layout(pairs.sortByKey(False)),
        layout(pairs.sortByKey(True, 3)),
    )


@program
def sort_by_key_with_keyfunc(sc):
    pairs = sc.parallelize([(word, index) for index, word in enumerate(WORDS)], 3)
    mixed = pairs.map(lambda pair: (pair[0].title() if pair[1] % 2 else pair[0], pair[1]))
    return (
        layout(pairs.sortByKey(True, 2, keyfunc=str.lower)),
        layout(mixed.sortByKey(True, 1, keyfunc=str.lower)),
        layout(pairs.sortByKey(False, 1, keyfunc=len)),
    )


@program
def sort_by(sc):
    rdd = sc.parallelize(WORDS, 4)
    return (
        layout(rdd.sortBy(lambda word: word)),
        layout(rdd.sortBy(len, ascending=False, numPartitions=2)),
        layout(rdd.sortBy(lambda word: (len(word), word), numPartitions=6)),
    )


@program
def sort_is_stable_in_one_partition(sc):
    pairs = sc.parallelize([(x % 3, x) for x in range(20)], 1)
    return pairs.sortByKey().collect(), pairs.sortByKey(ascending=False).collect()


@program
def sort_of_equal_keys(sc):
    return layout(sc.parallelize([(1, x) for x in range(30)], 3).sortByKey())


@program
def sort_of_few_and_none(sc):
    return (
        layout(sc.parallelize([(2, "b"), (1, "a")], 4).sortByKey()),
        layout(sc.parallelize([], 3).sortByKey()),
        layout(sc.parallelize([(1, 1)], 1).sortByKey(True, 4)),
    )


@program
def sort_of_a_large_range_uses_all_partitions(sc):
    pairs = sc.parallelize(range(5000), 4).map(lambda x: (x * 31 % 5003, x))
    return [(len(part), part[0], part[-1]) for part in layout(pairs.sortByKey(numPartitions=6))]


@program
def sort_of_floats_and_tuples(sc):
    return (
        sc.parallelize([3.5, -1.0, 2, 0, 7.25], 2).sortBy(lambda x: x).collect(),
        sc.parallelize([(2, "b"), (1, "z"), (2, "a")], 2).sortBy(lambda pair: pair).collect(),
    )


@program
def sort_twice(sc):
    rdd = sc.parallelize([(x % 4, -x) for x in range(24)], 3)
    return rdd.sortBy(lambda pair: pair[1]).sortByKey(numPartitions=1).collect()


@program
def repartition_and_sort_within_partitions(sc):
    pairs = sc.parallelize([(x * 13 % 17, x) for x in range(40)], 3)
    return (
        layout(pairs.repartitionAndSortWithinPartitions(2)),
        layout(pairs.repartitionAndSortWithinPartitions(3, lambda key: key // 6, False)),
        layout(pairs.repartitionAndSortWithinPartitions(2, keyfunc=lambda key: -key)),
    )


@program
def sort_starts_jobs_when_called(sc):
    sc.setJobGroup("sorting starts", "")
    sc.parallelize([(x, x) for x in range(100)], 4).sortByKey()
    jobs = len(sc.statusTracker().getJobIdsForGroup("sorting starts"))
    sc.setJobGroup("rest", "")
    return jobs > 0  # PySpark runs two, ours counts and samples in one
