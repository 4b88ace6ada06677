"""Which jobs actions run, what they make of the results, and how they refuse."""

from __future__ import annotations

import math
import operator

import pytest

from pyspark_shell.common.errors import PySparkRuntimeError


@pytest.mark.parametrize(
    ("records", "partitions", "num", "jobs"),
    [
        (range(100), 10, 3, [[0]]),
        (range(100), 10, 25, [[0], [1, 2]]),
        (range(100), 10, 0, []),
        (range(100), 10, -1, []),
        ([], 10, 1, [[0], [1, 2, 3, 4], [5, 6, 7, 8, 9]]),
        ([1], 1, 5, [[0]]),
    ],
)
def test_take_looks_into_more_partitions_step_by_step(local, records, partitions, num, jobs):
    taken = local.parallelize(records, partitions).take(num)

    assert taken == list(records)[: max(num, 0)]
    assert local.jobs == jobs


def test_first_of_nothing(local):
    with pytest.raises(ValueError, match=r"^RDD is empty$"):
        local.parallelize([]).first()


def test_is_empty(local):
    assert local.emptyRDD().isEmpty()
    assert local.parallelize([], 3).isEmpty()
    assert not local.parallelize([None], 3).isEmpty()


@pytest.mark.parametrize(
    "action",
    [
        lambda rdd: rdd.reduce(operator.add),
        lambda rdd: rdd.max(),
        lambda rdd: rdd.min(key=str),
        lambda rdd: rdd.histogram(2),
    ],
)
@pytest.mark.parametrize("partitions", [0, 2])
def test_nothing_to_reduce(local, action, partitions):
    nothing = local.parallelize([], partitions) if partitions else local.emptyRDD()

    with pytest.raises(ValueError, match=r"^Can not reduce\(\) empty RDD$"):
        action(nothing)


@pytest.mark.parametrize(
    "action",
    [
        lambda rdd: rdd.top(1),
        lambda rdd: rdd.stats(),
        lambda rdd: rdd.countByValue(),
        lambda rdd: rdd.countByKey(),
        lambda rdd: rdd.reduceByKeyLocally(max),
        lambda rdd: rdd.histogram([1, 2]),
    ],
)
def test_no_partitions_to_reduce(local, action):
    with pytest.raises(ValueError, match=r"^Can not reduce\(\) empty RDD$"):
        action(local.emptyRDD())


def test_nothing_has_a_sum_and_no_tree(local):
    nothing = local.emptyRDD()

    assert (nothing.sum(), nothing.count(), nothing.fold(3, operator.add)) == (0, 0, 3)
    assert nothing.treeAggregate(7, operator.add, operator.add) == 7
    assert nothing.takeOrdered(2) == nothing.takeSample(False, 2) == []
    with pytest.raises(ValueError, match=r"^Cannot reduce empty RDD\.$"):
        nothing.treeReduce(operator.add)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_tree_keeps_the_sum(local, depth):
    numbers = local.parallelize(range(100), 30)

    assert numbers.treeReduce(operator.add, depth) == 4950
    assert numbers.treeAggregate(0, operator.add, operator.add, depth) == 4950


@pytest.mark.parametrize("method", ["treeReduce", "treeAggregate"])
def test_tree_without_depth(local, method):
    arguments = [operator.add] if method == "treeReduce" else [0, operator.add, operator.add]

    with pytest.raises(ValueError, match=r"^Depth cannot be smaller than 1 but got 0\.$"):
        getattr(local.parallelize([1]), method)(*arguments, depth=0)


def test_mutable_zero_value_is_not_shared(local):
    def append(items, more):
        items += more if isinstance(more, list) else [more]
        return items

    numbers = local.parallelize(range(4), 2)
    zero: list = []

    for _ in range(2):
        assert numbers.fold(zero, append) == [0, 1, 2, 3]
        assert numbers.aggregate(zero, append, append) == [0, 1, 2, 3]
        assert numbers.treeAggregate(zero, append, append) == [0, 1, 2, 3]
        pairs = numbers.map(lambda n: (n % 2, n))
        assert dict(pairs.foldByKey(zero, append).collect()) == {0: [0, 2], 1: [1, 3]}
    assert zero == []


def test_fold_counts_zero_once_more_than_partitions(local):
    assert local.parallelize(range(10), 3).fold(1, operator.add) == 49


def test_stop_iteration_in_the_driver(local):
    def stop(a, b):
        raise StopIteration

    with pytest.raises(PySparkRuntimeError, match="STOP_ITERATION_OCCURRED"):
        local.parallelize([1, 2], 2).reduce(stop)


def test_stop_iteration_while_dicts_are_merged(local):
    def stop(a, b):
        raise StopIteration

    pairs = local.parallelize([("a", 1), ("a", 2)], 2)

    with pytest.raises(PySparkRuntimeError, match="STOP_ITERATION_OCCURRED"):
        pairs.reduceByKeyLocally(stop)


def test_counts_are_defaultdicts(local):
    counts = local.parallelize(["a", "b", "a"], 2).countByValue()

    assert (list(counts.items()), counts["c"]) == ([("a", 2), ("b", 1)], 0)


@pytest.mark.parametrize(
    ("records", "buckets", "expected"),
    [
        ([1, 2, 3, 4, 5, 50], 2, ([1, 25.5, 50], [5, 1])),
        (range(51), 2, ([0, 25, 50], [25, 26])),
        ([1.5, 2, None, math.nan, 7], 3, ([1.5, 1.5 + 5.5 / 3, 1.5 + 11 / 3, 7], [2, 0, 1])),
        ([5, 5], 4, ([5, 5], [2])),
        ([5, 6, None], 1, ([5, 6], [2])),
        ([1], True, ([1, 1], [1])),
        ([1, 2, 3, 4, 5, 50], [0, 5, 25, 50], ([0, 5, 25, 50], [4, 1, 1])),
        (range(51), (0, 15, 30, 45, 60), ((0, 15, 30, 45, 60), [15, 15, 15, 6])),
    ],
)
def test_histogram(local, records, buckets, expected):
    assert local.parallelize(records, 3).histogram(buckets) == expected


@pytest.mark.parametrize(
    ("records", "buckets", "error", "text"),
    [
        ([1], 0, ValueError, "number of buckets must be >= 1"),
        ([1], [1], ValueError, "buckets should have more than one value"),
        ([1], [1, None], ValueError, "can not have None or NaN in buckets"),
        ([1], [2, 1], ValueError, "buckets should be sorted"),
        ([1], [1, 1], ValueError, "buckets should not contain duplicated values"),
        ([1], 2.0, TypeError, r"buckets should be a list or tuple or number\(int or long\)"),
        ("ab", 2, TypeError, "Can not generate buckets with non-number in RDD"),
        ([1.0, math.inf], 2, ValueError, "Can not generate buckets with infinite value"),
    ],
)
def test_histogram_refuses(local, records, buckets, error, text):
    with pytest.raises(error, match=f"^{text}$"):
        local.parallelize(records, 1).histogram(buckets)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda rdd: rdd.takeOrdered(-1), ValueError, "top N cannot be negative."),
        (lambda rdd: rdd.takeSample(False, -1), ValueError, "Sample size cannot be negative."),
        (lambda rdd: rdd.sample(False, -0.1), ValueError, "Fraction must be nonnegative."),
        (lambda rdd: rdd.randomSplit([-1]), ValueError, "Weights must be nonnegative"),
        (lambda rdd: rdd.randomSplit([0]), ValueError, "Sum of weights must be positive"),
        (lambda rdd: rdd.coalesce(0), ValueError, "Number of partitions must be positive."),
        (lambda rdd: rdd.repartition(-1), ValueError, "Number of partitions must be positive."),
        (
            lambda rdd: rdd.sampleByKey(False, {1: -1}),
            AssertionError,
            "Negative fraction value: -1",
        ),
        (
            lambda rdd: rdd.countApproxDistinct(1e-6),
            ValueError,
            "relativeSD should be greater than 0.000017",
        ),
    ],
)
def test_wrong_arguments(local, call, error, text):
    with pytest.raises(error) as refused:
        call(local.parallelize([1]))
    assert str(refused.value) == text


def test_zip_wants_as_many_partitions_and_records(local):
    numbers = local.parallelize(range(4), 2)

    with pytest.raises(ValueError, match="same number of partitions"):
        numbers.zip(local.parallelize(range(4), 1))
    with pytest.raises(ValueError, match="Can only zip RDDs with same number of elements"):
        numbers.zip(local.parallelize(range(5), 2)).collect()


def test_sort_runs_one_job_when_called(local):
    pairs = local.parallelize([(n % 7, n) for n in range(50)], 2)

    ordered = pairs.sortByKey()

    assert len(local.jobs) == 1
    assert ordered.keys().collect() == sorted(n % 7 for n in range(50))


def test_sort_with_keyfunc_of_another_type(local):
    words = local.parallelize([("to", 1), ("be", 1), ("question", 1), ("or", 1), ("not", 1)], 2)

    lengths = words.sortByKey(True, 3, len).keys().map(len).collect()

    assert lengths == sorted(lengths)


def test_sort_of_nothing_is_the_same_rdd(local):
    nothing = local.parallelize([], 2)

    assert nothing.sortByKey() is nothing


def test_number_job_is_needed_for_more_than_one_partition_only(local):
    assert local.parallelize("ab", 1).zipWithIndex().collect() == [("a", 0), ("b", 1)]
    assert len(local.jobs) == 1
    assert local.parallelize("ab", 2).zipWithIndex().collect() == [("a", 0), ("b", 1)]
    assert len(local.jobs) == 3


@pytest.mark.parametrize("key", [7, "seven", (7, None), None])
def test_lookup_computes_one_partition(local, key):
    pairs = local.parallelize([(key, 1), (8, 2), (key, 3)], 2).partitionBy(3)

    assert pairs.lookup(key) == [1, 3]
    assert len(local.jobs[-1]) == 1


def test_local_iterator_runs_a_job_a_partition(local):
    numbers = local.parallelize(range(4), 2).toLocalIterator()

    assert local.jobs == []
    assert [next(numbers), next(numbers)] == [0, 1]
    assert local.jobs == [[0]]
    assert list(numbers) == [2, 3]


def test_prefetching_iterator_is_one_job_ahead(local):
    numbers = local.parallelize(range(6), 3).toLocalIterator(prefetchPartitions=True)

    assert local.jobs == [[0]]
    assert next(numbers) == 0
    assert local.jobs == [[0], [1]]
    numbers.close()


def test_closing_the_iterator_cancels_the_job_ahead(local):
    numbers = local.parallelize(range(6), 3).toLocalIterator(prefetchPartitions=True)
    cancelled = []
    next(numbers)
    numbers.gi_frame.f_locals["job"].__class__.done = False
    numbers.gi_frame.f_locals["job"].__class__.cancel = lambda job, reason: cancelled.append(reason)

    numbers.close()

    assert cancelled == ["the iterator over the RDD was closed"]


def test_estimates_from_the_tasks_that_ended(local):
    local.late_after = 5
    numbers = local.parallelize(range(1000), 10)

    total, mean = numbers.sumApprox(10), numbers.meanApprox(10)

    assert total.low < total < total.high
    assert (total.confidence, mean) == (0.95, 249.5)
    assert numbers.countApprox(10) == 1000


def test_collect_with_job_group_warns(local):
    with pytest.warns(FutureWarning, match="Deprecated in 3.1"):
        assert local.parallelize([1]).collectWithJobGroup("group", "text") == [1]


def test_map_partitions_with_split_warns(local):
    with pytest.warns(FutureWarning, match="use mapPartitionsWithIndex instead"):
        local.parallelize([1]).mapPartitionsWithSplit(lambda i, records: records)


def test_values_of_triples_are_their_second_items(local):
    triples = local.parallelize([(1, 2, 3)], 1)

    assert triples.mapValues(str).collect() == [(1, "2")]
    assert triples.join(triples).collect() == [(1, (2, 2))]
    assert (triples.keys().collect(), triples.values().collect()) == ([1], [2])


def test_small_batches_of_the_context_make_small_batches_of_repartition(local):
    local._batchSize = 1

    parts = local.parallelize(range(6), 1).repartition(3).glom().collect()

    assert sorted(map(len, parts)) == [2, 2, 2]
