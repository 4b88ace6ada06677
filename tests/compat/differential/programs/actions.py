"""Actions: what comes back to the driver."""

from __future__ import annotations

from operator import add

from compat.differential.engine import statcounter
from compat.differential.registry import caught, program


@program
def collect_count_first_is_empty(sc):
    numbers = sc.parallelize(range(10), 3)
    nothing = sc.parallelize([], 3)
    return (
        numbers.collect(),
        numbers.count(),
        numbers.first(),
        numbers.isEmpty(),
        nothing.collect(),
        nothing.count(),
        nothing.isEmpty(),
        sc.emptyRDD().isEmpty(),
        caught(nothing.first, "RDD is empty"),
    )


@program
def take(sc):
    numbers = sc.parallelize(range(100), 10)
    late = numbers.filter(lambda x: x > 90)
    return (
        [numbers.take(count) for count in (0, 1, 5, 15, 100, 200)],
        [late.take(count) for count in (0, 1, 5, 20)],
        sc.parallelize([], 2).take(3),
    )


@program
def take_computes_only_what_it_needs(sc):
    seen = sc.accumulator(0)

    def note(part):
        seen.add(1)
        return part

    rdd = sc.parallelize(range(40), 8).mapPartitions(note)
    counts = []
    for count in (1, 5, 6, 30):
        rdd.take(count)
        counts.append(seen.value)
        seen.value = 0
    rdd.filter(lambda x: x > 38).take(1)
    return counts, seen.value


@program
def take_runs_as_many_jobs(sc):
    late = sc.parallelize(range(100), 20).filter(lambda x: x >= 90)
    sc.setJobGroup("taking", "")
    late.take(3)
    late.isEmpty()
    jobs = len(sc.statusTracker().getJobIdsForGroup("taking"))
    sc.setJobGroup("rest", "")
    return jobs


@program
def top_and_take_ordered(sc):
    numbers = sc.parallelize([10, 4, 2, 12, 3, 7, 7], 3)
    return (
        numbers.top(3),
        numbers.top(3, key=lambda x: -x),
        numbers.takeOrdered(4),
        numbers.takeOrdered(4, key=lambda x: -x),
        numbers.top(0),
        numbers.takeOrdered(100),
        sc.parallelize(["bb", "a", "ccc"], 2).top(2, key=len),
        sc.parallelize([(1, "b"), (0, "z"), (1, "a")], 2).takeOrdered(2),
    )


@program
def reduce_and_fold(sc):
    numbers = sc.parallelize(range(1, 11), 3)
    return (
        numbers.reduce(add),
        numbers.reduce(lambda a, b: a - b),
        numbers.fold(0, add),
        numbers.fold(1, add),
        sc.parallelize([], 4).fold(7, add),
        sc.parallelize(["a", "b", "c"], 2).fold("-", add),
        caught(lambda: sc.parallelize([], 2).reduce(add), "Can not reduce() empty RDD"),
    )


@program
def aggregate(sc):
    numbers = sc.parallelize(range(1, 11), 3)
    return (
        numbers.aggregate(
            (0, 0), lambda a, x: (a[0] + x, a[1] + 1), lambda a, b: (a[0] + b[0], a[1] + b[1])
        ),
        numbers.aggregate([], lambda a, x: [*a, x], add),
        sc.parallelize([], 2).aggregate(5, add, add),
        numbers.aggregate(100, add, add),
    )


@program
def aggregate_does_not_share_its_zero(sc):
    numbers = sc.parallelize(range(6), 3)
    return numbers.aggregate([], lambda a, x: a.append(x) or a, lambda a, b: a.extend(b) or a)


@program
def tree_reduce_and_tree_aggregate(sc):
    numbers = sc.parallelize(range(-5, 30), 10)
    return (
        [numbers.treeReduce(add, depth) for depth in (1, 2, 3, 5, 10)],
        [numbers.treeAggregate(1, add, add, depth) for depth in (1, 2, 3, 5, 10)],
        caught(lambda: numbers.treeReduce(add, 0), "Depth cannot be smaller than 1 but got 0."),
        caught(
            lambda: numbers.treeAggregate(0, add, add, 0),
            "Depth cannot be smaller than 1 but got 0.",
        ),
        sc.parallelize([], 2).treeAggregate(3, add, add),
        caught(lambda: sc.parallelize([], 2).treeReduce(add), "empty RDD"),
    )


@program
def max_min_sum(sc):
    words = sc.parallelize(["ccc", "a", "dd", "bbb"], 3)
    numbers = sc.parallelize([1.5, -2.0, 30], 2)
    return (
        words.max(),
        words.min(),
        words.max(key=len),
        words.min(key=len),
        numbers.sum(),
        sc.parallelize([], 2).sum(),
        caught(lambda: sc.parallelize([], 2).max(), "Can not reduce() empty RDD"),
        caught(lambda: sc.parallelize([], 2).min(key=len), "Can not reduce() empty RDD"),
    )


@program
def stats_of_numbers(sc):
    numbers = sc.parallelize([1.0, 2.5, 4.0, -3.0, 7, 11], 4)
    stats = numbers.stats()
    return (
        str(stats),
        stats.asDict(),
        stats.asDict(sample=True),
        numbers.mean(),
        numbers.variance(),
        numbers.stdev(),
        numbers.sampleVariance(),
        numbers.sampleStdev(),
    )


@program
def stats_of_one_and_none(sc):
    return (
        str(sc.parallelize([3], 1).stats()),
        str(sc.parallelize([], 2).stats()),
        sc.parallelize([3]).sampleStdev(),
    )


@program
def stat_counters_merge(sc):
    left, right = statcounter.StatCounter([1, 2, 3]), statcounter.StatCounter([10.0])
    merged = left.copy().mergeStats(right)
    return str(left), str(merged), merged.merge(4).asDict(), left.mergeStats(left).count()


@program
def histograms(sc):
    numbers = sc.parallelize(range(51), 3)
    floats = sc.parallelize([0.5, 1.0, 2.25, 2.5, 9.75], 2)
    return (
        numbers.histogram(2),
        numbers.histogram([0, 5, 25, 50]),
        numbers.histogram([0, 15, 30, 45, 60]),
        numbers.histogram(1),
        floats.histogram(4),
        floats.histogram([0.0, 2.5, 10.0]),
        sc.parallelize(["ab", "ac", "b", "bd", "ef"], 2).histogram(("a", "b", "c")),
        sc.parallelize([1, None, 2, float("nan"), 3], 2).histogram([0, 2, 4]),
        sc.parallelize([1] * 4, 2).histogram(3),
    )


@program
def histograms_that_cannot_be(sc):
    numbers = sc.parallelize(range(5), 2)
    return (
        caught(lambda: numbers.histogram([]), "buckets should have more than one value"),
        caught(lambda: numbers.histogram([1]), "buckets should have more than one value"),
        caught(lambda: numbers.histogram([2, 1]), "buckets should be sorted"),
        caught(lambda: numbers.histogram([1, 1]), "buckets should not contain duplicated values"),
        caught(lambda: numbers.histogram([1, None]), "can not have None or NaN in buckets"),
        caught(lambda: numbers.histogram(0), "number of buckets must be >= 1"),
        caught(
            lambda: numbers.histogram(2.5),
            "buckets should be a list or tuple or number(int or long)",
        ),
        caught(lambda: sc.parallelize([], 2).histogram(2), "Can not reduce() empty RDD"),
        caught(
            lambda: sc.parallelize([float("inf"), 1.0], 2).histogram(2),
            "Can not generate buckets with infinite value",
        ),
        sc.parallelize([1] * 3, 1).histogram([0, 1]),
    )


@program
def count_by_value_and_key(sc):
    pairs = sc.parallelize([("a", 1), ("b", 1), ("a", 1)], 2)
    by_value, by_key = pairs.countByValue(), pairs.countByKey()
    return (
        sorted(by_value.items()),
        sorted(by_key.items()),
        type(by_value).__name__,
        by_key["missing"],
    )


@program
def collect_as_map_and_reduce_locally(sc):
    pairs = sc.parallelize([("a", 1), ("b", 2), ("a", 3)], 2)
    return pairs.collectAsMap(), sorted(pairs.reduceByKeyLocally(add).items())


@program
def lookup(sc):
    pairs = sc.parallelize([(x % 5, x) for x in range(20)], 4)
    partitioned = pairs.partitionBy(3)
    tuples = sc.parallelize([(("a", 1), "x"), (("b", 2), "y")], 2).partitionBy(2)
    return (
        sorted(pairs.lookup(3)),
        sorted(partitioned.lookup(3)),
        partitioned.lookup(77),
        tuples.lookup(("a", 1)),
        pairs.sortByKey().lookup(2),
    )


@program
def lookup_runs_one_partition(sc):
    touched = sc.accumulator(0)

    def note(pair):
        touched.add(1)
        return True

    rdd = sc.parallelize([(x, x) for x in range(12)], 3).partitionBy(4).filter(note)
    return rdd.lookup(5), touched.value


@program
def foreach_and_foreach_partition(sc):
    total = sc.accumulator(0)
    parts = sc.accumulator(0)
    numbers = sc.parallelize(range(10), 3)

    def each(part):
        parts.add(1)
        for x in part:
            total.add(x)

    def each_as_generator(part):
        for x in part:
            total.add(x)
            yield x

    results = [
        numbers.foreach(total.add),
        numbers.foreachPartition(each),
        numbers.foreachPartition(each_as_generator),
    ]
    return results, total.value, parts.value


@program
def approximate_counts(sc):
    numbers = sc.parallelize(range(1000), 4)
    mean = numbers.meanApprox(10_000)
    total = numbers.sumApprox(10_000)
    return (
        numbers.countApprox(10_000, 1.0),
        (float(total), total.low <= 499_500 <= total.high, total.confidence),
        (float(mean), mean.low <= 499.5 <= mean.high, mean.confidence),
    )


@program
def count_approx_distinct(sc):
    numbers = sc.parallelize(range(10_000), 4).map(str)
    return (
        numbers.countApproxDistinct(),
        numbers.countApproxDistinct(0.01),
        numbers.countApproxDistinct(0.4),
        sc.parallelize([x % 20 for x in range(1000)], 3).countApproxDistinct(0.02),
        sc.parallelize([], 2).countApproxDistinct(),
        sc.parallelize([None, (1, "a"), 2.5, None], 2).countApproxDistinct(),
        caught(
            lambda: numbers.countApproxDistinct(0.00000001),
            "relativeSD should be greater than 0.000017",
        ),
    )


@program
def run_job_on_chosen_partitions(sc):
    numbers = sc.parallelize(range(12), 4)
    return (
        sc.runJob(numbers, lambda part: [x * x for x in part]),
        sc.runJob(numbers, lambda part: [sum(part)], [2, 0]),
        sc.runJob(numbers, lambda part: part, [1], True),
        sc.runJob(numbers, lambda part: [len(list(part))], []),
    )


@program
def to_local_iterator(sc):
    numbers = sc.parallelize(range(20), 5)
    started = sc.accumulator(0)

    def note(part):
        started.add(1)
        return part

    iterator = numbers.mapPartitions(note).toLocalIterator()
    first = [next(iterator) for _ in range(5)]
    return (
        first,
        started.value < 5,
        list(iterator),
        list(numbers.toLocalIterator(prefetchPartitions=True)),
    )


@program
def to_local_iterator_meets_an_error(sc):
    def check(x):
        if x == 7:
            raise KeyError("seven")
        return x

    iterator = sc.parallelize(range(10), 5).map(check).toLocalIterator()
    return [next(iterator) for _ in range(6)], caught(lambda: next(iterator), "KeyError", "seven")


@program
def collect_with_job_group(sc):
    numbers = sc.parallelize(range(4), 2)
    answer = numbers.collectWithJobGroup("collected in group", "described")
    return answer, len(sc.statusTracker().getJobIdsForGroup("collected in group"))


@program
def special_floats_and_large_numbers(sc):
    values = [float("inf"), -float("inf"), 1e300, -0.0, 2**200, 10**30 + 0.5]
    rdd = sc.parallelize(values, 3)
    return rdd.collect(), rdd.max(), rdd.min(), sc.parallelize([2**63, 2**64], 2).sum()
