"""Groups are complete and in order, in memory, from disk, and when one key alone is too much."""

from __future__ import annotations

import pickle

import pytest

from pyspark_shell.shuffle import (
    Aggregator,
    ExternalGroupBy,
    ExternalListOfList,
    GroupAggregator,
    GroupByKey,
)

GENERIC = Aggregator(lambda v: [v], lambda c, v: c.append(v) or c, lambda a, b: a.extend(b) or a)


class Rising:
    """A meter that says at every look that more is in use."""

    def __init__(self) -> None:
        self.used = 100.0

    def __call__(self) -> float:
        self.used *= 1.1
        return self.used


@pytest.mark.parametrize("aggregator", [GroupAggregator(), GENERIC])
@pytest.mark.parametrize("limit", [10_000, 20, 0.001])
def test_groups_keep_the_order_of_their_values(aggregator, limit):
    groups = ExternalGroupBy(aggregator, limit, partitions=3, batch=100, used_memory=Rising())

    groups.mergeValues((n % 10, n) for n in range(20_000))

    assert {key: list(values) for key, values in groups.items()} == {
        key: list(range(key, 20_000, 10)) for key in range(10)
    }
    assert (groups.spills > 0) is (limit < 10_000)


def test_lists_of_the_map_side_are_joined():
    groups = ExternalGroupBy(GroupAggregator())

    groups.mergeCombiners([("a", [1, 2]), ("b", []), ("a", [3])])

    assert dict(groups.items()) == {"a": [1, 2, 3], "b": []}


def test_keys_need_not_be_comparable():
    keys = [None, 1, "a", (1, None), 2.5, frozenset([1])]
    groups = ExternalGroupBy(GroupAggregator(), 0.001, partitions=2, batch=4, used_memory=Rising())

    groups.mergeValues((key, n) for n in range(50) for key in keys)

    assert {key: list(values) for key, values in groups.items()} == {
        key: list(range(50)) for key in keys
    }


def test_different_keys_with_one_hash_stay_apart():
    keys = [n * (2**61 - 1) for n in range(4)]
    assert len({hash(key) for key in keys}) == 1
    groups = ExternalGroupBy(GroupAggregator(), 0.001, batch=7, used_memory=Rising())

    groups.mergeValues((keys[n % 4], n) for n in range(400))

    assert {key: list(values) for key, values in groups.items()} == {
        key: list(range(number, 400, 4)) for number, key in enumerate(keys)
    }


class NowAndThen:
    """A process that looks too large at every 50th look."""

    def __init__(self):
        self.looks = 0

    def __call__(self):
        self.looks += 1
        return float(self.looks % 50 == 0)


def test_huge_group_keeps_its_values_on_disk():
    groups = ExternalGroupBy(GroupAggregator(), 0.5, used_memory=NowAndThen())

    groups.mergeValues(("a", n) for n in range(600_000))

    ((key, values),) = groups.items()
    assert (key, len(values)) == ("a", 600_000)
    assert isinstance(values, ExternalListOfList)
    assert sum(map(len, values.values)) < 300_000
    assert sum(values) == sum(range(600_000))


def test_neighbours_are_grouped():
    groups = GroupByKey((n // 3, [n]) for n in range(6))

    assert [(key, list(values)) for key, values in groups] == [(0, [0, 1, 2]), (1, [3, 4, 5])]
    assert list(GroupByKey([])) == []


def test_group_that_spilled_can_be_pickled():
    ((_, values),) = GroupByKey(("a", [n]) for n in range(30_000))

    copy = pickle.loads(pickle.dumps(values))

    assert len(copy) == 30_000
    assert list(copy) == list(values) == list(range(30_000))
