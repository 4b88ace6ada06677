"""How data is cut into partitions, and how partitions are counted."""

from __future__ import annotations

from compat.differential.registry import layout, program


@program
def parallelize_ranges(sc):
    return {
        (size, slices): layout(sc.parallelize(range(size), slices))
        for size in (0, 1, 5, 10, 17)
        for slices in (1, 2, 3, 4, 7)
    }


@program
def parallelize_ranges_with_steps(sc):
    return [
        layout(sc.parallelize(range(*args), 3))
        for args in [(3, 20, 4), (20, 3, -4), (5, 5), (-3, 4)]
    ]


@program
def parallelize_lists(sc):
    return {
        (size, slices): layout(sc.parallelize(list(range(size)), slices))
        for size in (0, 1, 5, 10, 17, 100)
        for slices in (1, 2, 3, 4, 7)
    }


@program
def parallelize_a_long_list_in_batches(sc):
    return [len(part) for part in layout(sc.parallelize(list(range(10_000)), 3))]


@program
def parallelize_other_collections(sc):
    return (
        layout(sc.parallelize("abcdefg", 3)),
        layout(sc.parallelize((1, 2, 3), 2)),
        layout(sc.parallelize({"a": 1, "b": 2}, 2)),
        layout(sc.parallelize((x * x for x in range(7)), 3)),
        layout(sc.parallelize(iter([5, 6, 7]), 2)),
        layout(sc.parallelize(b"xyz", 2)),
    )


@program
def range_slices(sc):
    return (
        layout(sc.range(5, numSlices=2)),
        layout(sc.range(2, 9, numSlices=3)),
        layout(sc.range(1, 20, 6, 2)),
        layout(sc.range(10, 0, -3, 2)),
        layout(sc.range(10**15, 10**15 + 5, 2, 2)),
    )


@program
def default_numbers_of_partitions(sc):
    numbers = sc.parallelize(range(10))
    return (
        numbers.getNumPartitions(),
        sc.emptyRDD().getNumPartitions(),
        sc.range(3).getNumPartitions(),
        sc.parallelize([]).getNumPartitions(),
        sc.defaultParallelism,
        sc.defaultMinPartitions,
    )


@program
def numbers_of_partitions_after(sc):
    two = sc.parallelize([(x, x) for x in range(10)], 2)
    five = sc.parallelize([(x, x) for x in range(10)], 5)
    results = {
        "reduceByKey": five.reduceByKey(max),
        "groupByKey": five.groupByKey(),
        "join": two.join(five),
        "leftOuterJoin": two.leftOuterJoin(five, 3),
        "cogroup": two.cogroup(five),
        "union": two.union(five),
        "cartesian": two.cartesian(five),
        "intersection": two.intersection(five),
        "subtract": two.subtract(five),
        "subtractByKey": two.subtractByKey(five),
        "distinct": five.distinct(),
        "distinct in 3": five.distinct(3),
        "sortByKey": five.sortByKey(),
        "sortBy": five.sortBy(lambda pair: -pair[0]),
        "partitionBy": five.partitionBy(7),
        "groupBy": five.groupBy(lambda pair: pair[0] % 2),
        "countless coalesce": five.coalesce(9),
        "repartition": five.repartition(9),
        "mapPartitions": five.mapPartitions(list),
        "zip": two.zip(two),
    }
    return {name: rdd.getNumPartitions() for name, rdd in results.items()}


@program
def coalesce_groups_neighbours(sc):
    return {
        (parts, wanted): layout(sc.parallelize(range(20), parts).coalesce(wanted))
        for parts in (1, 3, 5, 8)
        for wanted in (1, 2, 3, 4, 8)
    }


@program
def coalesce_of_derived(sc):
    numbers = sc.parallelize(range(12), 6)
    return (
        layout(numbers.map(lambda x: -x).coalesce(4)),
        layout(numbers.union(numbers).coalesce(5)),
        layout(numbers.coalesce(4).coalesce(2).map(str)),
    )


@program
def coalesce_with_shuffle(sc):
    numbers = sc.parallelize(range(50), 3)
    return layout(numbers.coalesce(2, shuffle=True)), layout(numbers.coalesce(5, True))


@program
def repartition_moves_batches(sc):
    return {
        (size, parts, wanted): layout(sc.parallelize(range(size), parts).repartition(wanted))
        for size in (0, 1, 10, 100)
        for parts, wanted in [(2, 3), (3, 2), (1, 4), (4, 4), (5, 1)]
    }


@program
def repartition_of_a_list_and_of_a_map(sc):
    words = sc.parallelize([str(x) for x in range(64)], 4)
    return layout(words.repartition(3)), layout(words.map(len).repartition(6))
