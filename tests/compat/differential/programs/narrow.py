"""Transformations that stay within a partition, and those that only put partitions together."""

from __future__ import annotations

from compat.differential.registry import layout, program, sorted_layout


@program
def map_flat_map_filter(sc):
    numbers = sc.parallelize(range(12), 3)
    mapped = numbers.map(lambda x: x * x)
    flat = numbers.flatMap(lambda x: range(x % 3))
    kept = numbers.filter(lambda x: x % 5)
    return layout(mapped), layout(flat), layout(kept)


@program
def flat_map_of_strings_and_dicts(sc):
    words = sc.parallelize(["ab", "", "cde"], 2)
    return layout(words.flatMap(lambda word: word)), layout(words.flatMap(lambda word: {word: 1}))


@program
def map_partitions(sc):
    numbers = sc.parallelize(range(10), 3)
    sums = numbers.mapPartitions(lambda part: [sum(part)])
    indexed = numbers.mapPartitionsWithIndex(lambda index, part: ((index, x) for x in part))
    return layout(sums), layout(indexed)


@program
def map_partitions_gets_an_iterator(sc):
    def first_two(part):
        return [next(part), next(part), hasattr(part, "__next__")]

    return layout(sc.parallelize(list(range(10)), 3).mapPartitions(first_two))


@program
def map_partitions_may_return_any_iterable(sc):
    numbers = sc.parallelize(range(6), 2)
    return (
        layout(numbers.mapPartitions(lambda part: tuple(part))),
        layout(numbers.mapPartitions(lambda part: {x: 0 for x in part})),
        layout(numbers.mapPartitions(lambda part: "ab")),
    )


@program
def long_chain_is_one_pipeline(sc):
    rdd = sc.parallelize(range(5), 2)
    for step in range(60):
        rdd = rdd.map(lambda x, step=step: x + step)
    return layout(rdd)


@program
def key_by_keys_values(sc):
    words = sc.parallelize(["a", "bb", "cc", "ddd"], 2)
    pairs = words.keyBy(len)
    return layout(pairs), layout(pairs.keys()), layout(pairs.values())


@program
def map_values_flat_map_values(sc):
    pairs = sc.parallelize([("a", [1, 2]), ("b", []), ("c", [3])], 2)
    return layout(pairs.mapValues(len)), layout(pairs.flatMapValues(lambda values: values))


@program
def glom_of_empty_partitions(sc):
    return layout(sc.parallelize([1, 2], 5)), layout(sc.parallelize([], 3)), layout(sc.emptyRDD())


@program
def union_keeps_partitions_in_order(sc):
    left = sc.parallelize([1, 2, 3], 2)
    right = sc.parallelize([3, 4], 1)
    return layout(left.union(right)), layout(left + right), layout(sc.union([right, left, right]))


@program
def union_of_one(sc):
    rdd = sc.parallelize([1, 2, 3], 2)
    return layout(sc.union([rdd])), layout(sc.union([rdd]).map(str))


@program
def union_of_mixed_kinds(sc, folder):
    (folder / "lines").write_text("a\nb\n")
    lines = sc.textFile(str(folder / "lines"), 1)
    numbers = sc.parallelize([1, 2], 1)
    pairs = numbers.map(lambda x: (x, x)).groupByKey(1).mapValues(list)
    return layout(lines.union(numbers)), layout(sc.union([pairs, lines]))


@program
def union_of_many(sc):
    parts = [sc.parallelize([index], 1) for index in range(20)]
    rdd = sc.union(parts)
    return rdd.getNumPartitions(), rdd.collect()


@program
def cartesian(sc):
    left = sc.parallelize([1, 2, 3], 2)
    right = sc.parallelize("ab", 2)
    product = left.cartesian(right)
    return layout(product), product.getNumPartitions(), layout(left.cartesian(left))


@program
def cartesian_with_empty_and_of_products(sc):
    numbers = sc.parallelize([1, 2], 2)
    return (
        layout(numbers.cartesian(sc.parallelize([], 2))),
        layout(numbers.cartesian(numbers).cartesian(numbers.map(str))),
    )


@program
def cartesian_of_many_batches(sc):
    left = sc.parallelize(range(30), 2)
    right = sc.parallelize(range(40), 2)
    return sorted_layout(left.cartesian(right))


@program
def zip_of_two(sc):
    left = sc.parallelize(range(7), 3)
    right = left.map(lambda x: x * 10)
    return layout(left.zip(right)), layout(left.zip(left))


@program
def zip_of_unlike_batches(sc):
    left = sc.range(0, 10, numSlices=2)
    right = sc.parallelize(list("abcdefghij"), 2)
    return left.zip(right).collect()


@program
def zip_with_index(sc):
    rdd = sc.parallelize(list("abcdefg"), 3)
    return layout(rdd.zipWithIndex()), layout(sc.parallelize("xy", 1).zipWithIndex())


@program
def zip_with_index_over_empty_partitions(sc):
    return layout(sc.parallelize(range(10), 4).filter(lambda x: x > 6).zipWithIndex())


@program
def zip_with_unique_id(sc):
    return layout(sc.parallelize(list("abcdefg"), 3).zipWithUniqueId())


@program
def pipe_lines(sc):
    rdd = sc.parallelize(["1", "2", "", "3 4"], 2)
    return layout(rdd.pipe("cat")), layout(rdd.pipe("grep -c ''"))


@program
def pipe_environment_and_quotes(sc):
    rdd = sc.parallelize(["x"], 1)
    quoted = rdd.pipe("""sh -c 'echo "$GREETING  there"'""", env={"GREETING": "hello"})
    return layout(quoted), layout(sc.parallelize(["é", "b"], 1).pipe("cat"))


@program
def pipe_of_other_types(sc):
    return layout(sc.parallelize([1, 2.5, None, ("a", 1)], 1).pipe("cat"))


@program
def pipe_ignores_exit_code_unless_asked(sc):
    return layout(sc.parallelize(["a", "b"], 2).pipe("sh -c 'cat; exit 3'"))


@program
def generators_are_taken_lazily(sc):
    def endless(part):
        number = 0
        while True:
            yield number
            number += 1

    return sc.parallelize(range(2), 2).mapPartitions(endless).take(5)


@program
def nested_functions_and_globals(sc):
    offsets = {"by": 3}

    def add(x):
        return x + offsets["by"]

    numbers = sc.parallelize(range(3), 1)
    lazy = numbers.map(add)
    offsets["by"] = 5
    first = lazy.collect()
    offsets["by"] = 10
    return first, numbers.map(add).collect()


@program
def elements_are_copies(sc):
    lists = [[], [0], []]
    rdd = sc.parallelize(lists, 1).map(lambda x: x.append(1) or x)
    return rdd.collect(), rdd.collect(), lists
