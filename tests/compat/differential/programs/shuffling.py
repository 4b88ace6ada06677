"""Everything that moves records by their key: which partition, which order, which values."""

from __future__ import annotations

from operator import add

from compat.differential.engine import portable_hash
from compat.differential.registry import caught, layout, program, sorted_layout

PAIRS = [(x % 7, x) for x in range(30)]
NAMED = [("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5), ("e", 6)]
OTHER = [("a", 10), ("b", 20), ("b", 21), ("d", 40)]


def lists(rdd):
    return sorted((key, list(values)) for key, values in rdd.collect())


def cogroups(rdd):
    return sorted((key, [list(values) for values in groups]) for key, groups in rdd.collect())


@program
def portable_hash_values(sc):
    keys = [
        None,
        0,
        1,
        -1,
        2**70,
        1.5,
        True,
        "",
        "a",
        "spark",
        b"x",
        (),
        (1, 2),
        (None, 1),
        ("a", ("b", None)),
        (1,),
    ]
    return [portable_hash(key) for key in keys]


@program
def partition_by(sc):
    return (
        layout(sc.parallelize(PAIRS, 3).partitionBy(4)),
        layout(sc.parallelize(PAIRS, 2).partitionBy(3, lambda key: key // 3)),
        layout(sc.parallelize(NAMED, 2).partitionBy(2)),
        layout(sc.parallelize([(-x, x) for x in range(6)], 2).partitionBy(4)),
    )


@program
def partition_by_of_mixed_keys(sc):
    keys = [None, (1, "a"), "a", 2.0, 2, True, b"z", (None, None)]
    return layout(
        sc.parallelize([(key, index) for index, key in enumerate(keys)], 2).partitionBy(5)
    )


@program
def partition_by_again_is_the_same_rdd(sc):
    once = sc.parallelize(PAIRS, 3).partitionBy(4)
    return (
        once.partitionBy(4) is once,
        once.partitionBy(5) is once,
        once.partitionBy(4, hash) is once,
        once.mapValues(str).partitionBy(4).partitioner == once.partitioner,
    )


@program
def partitioner_is_kept_or_dropped(sc):
    rdd = sc.parallelize(PAIRS, 3).partitionBy(4)
    derived = {
        "mapValues": rdd.mapValues(str),
        "flatMapValues": rdd.flatMapValues(lambda value: [value]),
        "filter": rdd.filter(lambda pair: pair[0]),
        "map": rdd.map(lambda pair: pair),
        "map, preserving": rdd.map(lambda pair: pair, preservesPartitioning=True),
        "mapPartitions, preserving": rdd.mapPartitions(list, True),
        "union with itself": rdd.union(rdd),
        "union with another": rdd.union(sc.parallelize(PAIRS, 3)),
        "groupByKey": rdd.groupByKey(),
        "reduceByKey": rdd.reduceByKey(add),
        "sortByKey": rdd.sortByKey(),
        "distinct": rdd.distinct(),
        "join": rdd.join(rdd),
        "coalesce": rdd.coalesce(2),
        "cache": rdd.cache(),
        "sample": rdd.sample(False, 0.5, 1),
    }
    return {
        name: (
            other.partitioner is not None,
            other.partitioner == rdd.partitioner,
            other.getNumPartitions(),
        )
        for name, other in derived.items()
    }


@program
def union_of_co_partitioned(sc):
    left = sc.parallelize(PAIRS, 3).partitionBy(3)
    right = sc.parallelize([(x, -x) for x in range(9)], 2).partitionBy(3)
    return sorted_layout(left.union(right))


@program
def reduce_by_key(sc):
    return (
        layout(sc.parallelize(PAIRS, 3).reduceByKey(add)),
        layout(sc.parallelize(NAMED, 2).reduceByKey(max, 2)),
        layout(sc.parallelize(PAIRS, 3).reduceByKey(add, 2, lambda key: 1)),
    )


@program
def reduce_by_key_does_not_need_to_commute(sc):
    words = sc.parallelize([(x % 2, str(x)) for x in range(12)], 3)
    return sorted(words.reduceByKey(add).collect())


@program
def fold_aggregate_combine_by_key(sc):
    pairs = sc.parallelize(NAMED, 3)
    folded = pairs.foldByKey(
        [], lambda left, right: [*left, right] if isinstance(right, int) else left + right
    )
    aggregated = pairs.aggregateByKey(
        (0, 0), lambda a, v: (a[0] + v, a[1] + 1), lambda a, b: (a[0] + b[0], a[1] + b[1])
    )
    combined = pairs.combineByKey(lambda v: [v], lambda a, v: [*a, v], lambda a, b: a + b)
    return sorted(folded.collect()), sorted(aggregated.collect()), sorted(combined.collect())


@program
def zero_value_is_not_shared(sc):
    pairs = sc.parallelize([(x % 3, x) for x in range(9)], 2)
    rdd = pairs.aggregateByKey([], lambda a, v: a.append(v) or a, lambda a, b: a + b)
    return sorted(rdd.collect()), sorted(rdd.collect())


@program
def group_by_key(sc):
    grouped = sc.parallelize(PAIRS, 3).groupByKey()
    lengths = grouped.mapValues(len)
    return layout(grouped.mapValues(list)), layout(lengths)


@program
def groups_can_be_read_twice(sc):
    grouped = sc.parallelize(NAMED, 2).groupByKey(2)
    return sorted(
        grouped.mapValues(lambda values: (sum(values), max(values), len(values))).collect()
    )


@program
def group_by(sc):
    rdd = sc.parallelize(range(20), 4).groupBy(lambda x: x % 3)
    named = sc.parallelize(["one", "two", "three", "four"], 2).groupBy(len, 3)
    return layout(rdd.mapValues(list)), layout(named.mapValues(list))


@program
def joins(sc):
    left, right = sc.parallelize(NAMED, 2), sc.parallelize(OTHER, 3)
    return (
        sorted(left.join(right).collect()),
        sorted(left.leftOuterJoin(right).collect()),
        sorted(left.rightOuterJoin(right).collect(), key=repr),
        sorted(left.fullOuterJoin(right).collect(), key=repr),
    )


@program
def layouts_of_joins(sc):
    left, right = sc.parallelize(NAMED, 2), sc.parallelize(OTHER, 3)
    return sorted_layout(left.join(right)), sorted_layout(left.fullOuterJoin(right, 2))


@program
def join_with_itself_and_with_nothing(sc):
    rdd = sc.parallelize(NAMED, 2)
    nothing = sc.parallelize([], 2)
    return (
        sorted(rdd.join(rdd).collect()),
        rdd.join(nothing).collect(),
        sorted(rdd.leftOuterJoin(nothing).collect()),
        rdd.rightOuterJoin(nothing).collect(),
    )


@program
def co_partitioned_join_adds_no_shuffle(sc):
    left = sc.parallelize(NAMED, 2).partitionBy(3)
    right = sc.parallelize(OTHER, 2).partitionBy(3)
    sc.setJobGroup("co-partitioned", "")
    answer = sorted(left.join(right).collect())
    tracker = sc.statusTracker()
    job = tracker.getJobInfo(tracker.getJobIdsForGroup("co-partitioned")[0])
    sc.setJobGroup("rest", "")
    return answer, len(job.stageIds)


@program
def cogroup_and_group_with(sc):
    left, right = sc.parallelize(NAMED, 2), sc.parallelize(OTHER, 3)
    third = sc.parallelize([("a", "x"), ("z", "y")], 1)
    return (
        cogroups(left.cogroup(right)),
        cogroups(left.groupWith(right)),
        cogroups(left.groupWith(right, third, left)),
    )


@program
def distinct(sc):
    rdd = sc.parallelize([3, 1, 2, 3, 1, 1, 5, 8, 8], 3)
    return (
        layout(rdd.distinct()),
        layout(rdd.distinct(2)),
        sorted(sc.parallelize("abca", 2).distinct().collect()),
    )


@program
def set_operations(sc):
    left = sc.parallelize([1, 1, 2, 3, 4, 4], 2)
    right = sc.parallelize([3, 4, 4, 5], 3)
    return (
        sorted(left.intersection(right).collect()),
        sorted(left.subtract(right).collect()),
        sorted(left.subtract(right, 1).collect()),
        sorted_layout(left.subtract(right)),
    )


@program
def subtract_by_key(sc):
    left, right = sc.parallelize(NAMED, 2), sc.parallelize([("a", None), ("e", 0)], 1)
    return sorted(left.subtractByKey(right).collect()), sorted_layout(left.subtractByKey(right, 2))


@program
def equal_keys_of_different_types(sc):
    pairs = sc.parallelize([(1, "int"), (1.0, "float"), (True, "bool"), ("1", "str")], 2)
    return sorted(
        sorted(values) for values in pairs.groupByKey(3).mapValues(list).values().collect()
    )


@program
def values_that_are_none(sc):
    pairs = sc.parallelize([("a", None), ("a", 1), (None, 2), (None, None)], 2)
    grouped = pairs.groupByKey(2).mapValues(lambda values: sorted(values, key=repr)).collect()
    return sorted(grouped, key=repr), sorted(pairs.countByKey().items(), key=repr)


@program
def many_reducers(sc):
    rdd = sc.parallelize([(x, 1) for x in range(500)], 5).reduceByKey(add, 40)
    return [len(part) for part in layout(rdd)]


@program
def stages_one_after_another(sc):
    words = sc.parallelize(
        ["to", "be", "or", "not", "to", "be", "that", "is", "to", "ask", "or"], 3
    )
    counts = words.map(lambda word: (word, 1)).reduceByKey(add, 3)
    lengths = counts.map(lambda pair: (pair[1], pair[0])).groupByKey(2).mapValues(sorted)
    return sorted(lengths.sortByKey(False).collect())


@program
def large_values_are_shuffled_whole(sc):
    rdd = sc.parallelize(range(12), 3).map(lambda x: (x % 4, chr(65 + x) * 50_000))
    return sorted(
        (key, len(value), sorted(set(value))) for key, value in rdd.reduceByKey(add).collect()
    )


@program
def shuffles_into_no_partition(sc):
    pairs = sc.parallelize([(1, 2), (3, 4)], 2)
    results = {}
    for count in (0, -1):
        results |= {
            (count, "partitionBy"): lambda n=count: pairs.partitionBy(n).collect(),
            (count, "reduceByKey"): lambda n=count: pairs.reduceByKey(add, n).collect(),
            (count, "foldByKey"): lambda n=count: pairs.foldByKey(0, add, n).collect(),
            (count, "aggregateByKey"): lambda n=count: pairs.aggregateByKey(
                0, add, add, n
            ).collect(),
            (count, "combineByKey"): lambda n=count: pairs.combineByKey(int, add, add, n).collect(),
            (count, "groupByKey"): lambda n=count: pairs.groupByKey(n).collect(),
            (count, "groupBy"): lambda n=count: pairs.groupBy(len, n).collect(),
            (count, "join"): lambda n=count: pairs.join(pairs, n).collect(),
            (count, "leftOuterJoin"): lambda n=count: pairs.leftOuterJoin(pairs, n).collect(),
            (count, "rightOuterJoin"): lambda n=count: pairs.rightOuterJoin(pairs, n).collect(),
            (count, "fullOuterJoin"): lambda n=count: pairs.fullOuterJoin(pairs, n).collect(),
            (count, "cogroup"): lambda n=count: pairs.cogroup(pairs, n).collect(),
            (count, "subtractByKey"): lambda n=count: pairs.subtractByKey(
                sc.parallelize([(7, 7)]), n
            ).collect(),
            (count, "subtract"): lambda n=count: pairs.subtract(
                sc.parallelize([(7, 7)]), n
            ).collect(),
            (count, "distinct"): lambda n=count: pairs.distinct(n).collect(),
            (count, "sortByKey"): lambda n=count: pairs.sortByKey(True, n).collect(),
            (count, "sortBy"): lambda n=count: pairs.sortBy(str, True, n).collect(),
            (count, "sortWithin"): lambda n=count: pairs.repartitionAndSortWithinPartitions(
                n
            ).collect(),
        }
    return {name: caught(action) for name, action in results.items()}
