"""Only lambdas that mean exactly the same as a C function are replaced by it."""

from __future__ import annotations

import operator

import pytest

from pyspark_shell.lineage.known_functions import known_function, known_pairing

one = 1


@pytest.mark.parametrize(
    ("function", "arguments", "known"),
    [
        (lambda a, b: a + b, (2, 3), operator.add),
        (lambda left, right: left * right, (2, 3), operator.mul),
        (lambda a, b: a - b, (2, 3), operator.sub),
        (lambda n: -n, (2,), operator.neg),
        (lambda pair: pair[0], ("ab",), operator.itemgetter(0)),
        (lambda pair: pair[1], ("ab",), operator.itemgetter(1)),
        (lambda triple: triple[-1], ("abc",), operator.itemgetter(-1)),
        (lambda pair: (pair[1], pair[0]), ("ab",), operator.itemgetter(1, 0)),
    ],
)
def test_trivial_lambda_becomes_a_c_function(function, arguments, known):
    replaced = known_function(function)

    assert repr(replaced) == repr(known)
    assert replaced(*arguments) == function(*arguments)


def test_lambda_inside_of_a_function_is_known_too():
    def make():
        return lambda a, b: a + b

    assert known_function(make()) is operator.add


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: b + a,
        lambda a, b=1: a + b,
        lambda a, *b: a + b,
        lambda *, a, b: a + b,
        lambda pair: pair[True],
        lambda pair: pair[5],
        lambda pair: pair[1][0],
        lambda pair: pair[one],
        lambda a, b: a + b + one,
        len,
        operator.add,
        str.split,
    ],
)
def test_anything_else_stays_as_it_is(function):
    assert known_function(function) is function


def test_closure_is_not_taken_for_a_constant():
    n = 1

    assert known_pairing(lambda word: (word, n)) is None


@pytest.mark.parametrize(
    ("function", "constant"),
    [
        (lambda word: (word, 1), 1),
        (lambda word: (word, 1.0), 1.0),
        (lambda word: (word, True), True),
        (lambda word: (word, None), None),
    ],
)
def test_pairing_with_a_constant_keeps_its_type(function, constant):
    step = known_pairing(function)

    assert step is not None
    pairs = list(step.apply(0, iter("ab")))
    assert pairs == [("a", constant), ("b", constant)]
    assert type(pairs[0][1]) is type(constant)


@pytest.mark.parametrize(
    "function", [lambda word: (1, word), lambda word: (word, 2), lambda word: (word, one), len]
)
def test_other_pairings_are_not_known(function):
    assert known_pairing(function) is None
