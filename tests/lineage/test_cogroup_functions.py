"""Values of several RDDs meet by key, grouped early or late, within memory or beyond."""

from __future__ import annotations

import pickle
from itertools import chain

import pytest

from pyspark_shell.lineage import cogroup_functions
from pyspark_shell.lineage.cogroup_functions import Cogroup, MarkValues

PLENTY = 1 << 20


def marked(*rdds):
    sides = (MarkValues(i, len(rdds), PLENTY)(pairs) for i, pairs in enumerate(rdds))
    return chain.from_iterable(sides)


def test_rare_keys_are_not_grouped_before_the_shuffle():
    assert list(MarkValues(1, 2, PLENTY)([("a", 1), ("b", 2)])) == [("a", 1, 1), ("b", 2, 1)]


def test_frequent_keys_are_grouped_before_the_shuffle():
    pairs = [("a", 1), ("b", 2), ("a", 3), ("a", 4)]

    assert list(MarkValues(1, 2, PLENTY)(pairs)) == [("a", [1, 3, 4], 3), ("b", [2], 3)]


@pytest.mark.parametrize("memory_mb", [PLENTY, 0.001])
def test_every_rdd_has_a_list(memory_mb, monkeypatch):
    monkeypatch.setattr(cogroup_functions, "_CHUNK", 2)
    ones = [("a", 1), ("a", 2), ("a", 3)]
    twos = [("b", 4), ("a", 5)]
    threes = [("c", 6), ("b", 7)]

    groups = Cogroup(3, memory_mb)(marked(ones, twos, threes))

    assert dict(groups) == {
        "a": [[1, 2, 3], [5], []],
        "b": [[], [4], [7]],
        "c": [[], [], [6]],
    }


@pytest.mark.parametrize("memory_mb", [PLENTY, 0.001])
def test_two_rdds(memory_mb, monkeypatch):
    monkeypatch.setattr(cogroup_functions, "_CHUNK", 100)
    left = [(n % 50, n) for n in range(500)]
    right = [(n, -n) for n in range(40, 300)]

    groups = dict(Cogroup(2, memory_mb)(marked(left, right)))

    assert groups[45] == [list(range(45, 500, 50)), [-45]]
    assert groups[299] == [[], [-299]]
    assert len(groups) == 300


def test_keys_come_in_the_order_of_their_first_value():
    groups = Cogroup(2, PLENTY)(marked([(3, 0), (1, 0)], [(2, 0), (1, 0), (0, 0)]))

    assert [key for key, _ in groups] == [3, 1, 2, 0]


@pytest.mark.parametrize("function", [MarkValues(0, 2, 1), Cogroup(2, 1)])
def test_functions_pickle_small(function):
    assert len(pickle.dumps(function)) < 200
