"""Functions are replaced by quicker ones only where these mean the same."""

from __future__ import annotations

import operator

import pytest

from pyspark_shell.shuffle.aggregator import identity, is_addition, is_identity


def add(a, b):
    return a + b


@pytest.mark.parametrize("function", [operator.add, add, lambda x, y: x + y])
def test_additions_are_recognised(function):
    assert is_addition(function)


@pytest.mark.parametrize(
    "function",
    [
        operator.sub,
        lambda x, y: y + x,
        lambda x, y: x + x,
        lambda x, y: x - y,
        lambda x, y: x + y + 1,
        lambda x, y=1: x + y,
        lambda x, *y: x + y,
        lambda x, y, z: x + y,
        sum,
    ],
)
def test_other_functions_are_not(function):
    assert not is_addition(function)


def test_inplace_addition_is_another_thing():
    def add_in_place(a, b):
        a += b
        return a

    assert not is_addition(add_in_place)


def test_identities_are_recognised():
    assert is_identity(identity)
    assert is_identity(lambda x: x)
    assert not is_identity(lambda x: [x])
    assert not is_identity(lambda x: identity)
