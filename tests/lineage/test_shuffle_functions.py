"""Both sides of shuffles, and what they do beyond the memory."""

from __future__ import annotations

import operator
import pickle

import pytest

from pyspark_shell.lineage import shuffle_functions
from pyspark_shell.lineage.shuffle_functions import (
    CombineValues,
    CountAndSample,
    DealBatches,
    DistinctKeys,
    DistinctLocally,
    GroupValues,
    MergeCombiners,
    MergeGroups,
    RangePartition,
    SortByKey,
    pairs_of,
    range_partition,
)
from pyspark_shell.shuffle.aggregator import SimpleAggregator
from pyspark_shell.statistics.sampler import RDDSampler

PLENTY = 1 << 20


def test_pairs_of_reads_two_items():
    assert list(pairs_of([])) == []
    assert list(pairs_of([(1, 2), (3, 4)])) == [(1, 2), (3, 4)]
    assert list(pairs_of([(1, 2, 3), [4, 5]])) == [(1, 2), (4, 5)]


def test_combine_on_both_sides():
    add = SimpleAggregator(operator.add)

    combined = list(CombineValues(add, PLENTY)([("b", 1), ("a", 2), ("b", 3)]))
    merged = list(MergeCombiners(add, PLENTY)([*combined, ("a", 10)]))

    assert combined == [("b", 4), ("a", 2)]
    assert merged == [("b", 4), ("a", 12)]


def test_groups_keep_the_order_of_values():
    grouped = list(GroupValues(PLENTY)([("a", 1), ("b", 2), ("a", 3)]))

    assert grouped == [("a", [1, 3]), ("b", [2])]
    merged = MergeGroups(PLENTY)([("a", [1, 3]), ("b", [2]), ("a", [0])])
    assert [(key, list(values)) for key, values in merged] == [("a", [1, 3, 0]), ("b", [2])]


@pytest.mark.parametrize("memory_mb", [PLENTY, 0.001])
def test_distinct_within_and_beyond_memory(memory_mb, monkeypatch):
    monkeypatch.setattr(shuffle_functions, "_CHUNK", 100)
    records = [n % 700 for n in range(3000)]

    dealt = list(DistinctLocally(memory_mb)(iter(records)))
    kept = list(DistinctKeys(memory_mb)(iter(dealt)))

    assert sorted(kept) == list(range(700))
    assert set(map(len, dealt)) == {1}


def test_distinct_keeps_the_first_of_equals_in_order():
    dealt = DistinctLocally(PLENTY)([3, 1, 3.0, True, 2])

    assert [repr(key) for key in DistinctKeys(PLENTY)(dealt)] == ["3", "1", "2"]


@pytest.mark.parametrize("keyfunc", [None, lambda key: key])
@pytest.mark.parametrize("ascending", [True, False])
def test_range_partitions_are_in_order(keyfunc, ascending):
    partition = range_partition([3, 7], keyfunc, ascending)

    partitions = [partition(key) for key in range(10)]

    expected = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
    assert partitions == (expected if ascending else [2 - p for p in expected])


def test_plain_range_partition_is_not_python_code():
    assert not isinstance(range_partition([1], None, True), RangePartition)


@pytest.mark.parametrize("keyfunc", [None, abs])
def test_sort_is_stable_in_both_directions(keyfunc):
    pairs = [(2, "a"), (1, "b"), (2, "c"), (1, "d")]

    assert list(SortByKey(keyfunc, True, PLENTY)(pairs)) == [
        (1, "b"),
        (1, "d"),
        (2, "a"),
        (2, "c"),
    ]
    assert list(SortByKey(keyfunc, False, PLENTY)(pairs)) == [
        (2, "a"),
        (2, "c"),
        (1, "b"),
        (1, "d"),
    ]


@pytest.mark.parametrize("size", [5, 6000, 50_000])
def test_one_pass_samples_what_two_would(size):
    pairs = [(n, None) for n in range(size)]
    expected = list(RDDSampler(False, min(40 / size, 1.0), 1).func(3, range(size)))

    [(count, kept)] = CountAndSample(40.0, 1)(3, pairs)

    assert count == size
    assert [key for draw, key in kept if draw < min(40 / size, 1.0)] == expected
    assert len(kept) <= 1000


def test_batches_count_up_from_a_start_of_their_partition():
    batches = list(DealBatches(5, 10)(1, range(25)))

    numbers = [number for number, _ in batches]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    assert [len(batch) for _, batch in batches] == [10, 10, 5]


def test_unlimited_batch_is_the_whole_partition():
    assert [batch for _, batch in DealBatches(5, -1)(0, range(25))] == [list(range(25))]


@pytest.mark.parametrize(
    "function",
    [
        CombineValues(SimpleAggregator(operator.add), 1),
        GroupValues(1),
        MergeGroups(1),
        DistinctLocally(1),
        SortByKey(None, True, 1),
        DealBatches(2, 10),
    ],
    ids=lambda function: type(function).__name__,
)
def test_task_side_functions_pickle_small(function):
    pickled = pickle.dumps(function)

    assert type(pickle.loads(pickled)) is type(function)
    assert len(pickled) < 300
