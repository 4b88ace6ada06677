"""Estimates after half of the tasks; the numbers are those of Spark 4.3.0."""

from __future__ import annotations

import math

import pytest

from pyspark_shell.statistics.approximate_evaluators import estimate_mean, estimate_sum
from pyspark_shell.statistics.stat_counter import StatCounter


def half_of(size):
    numbers = [(x * 7) % 13 + 0.5 for x in range(size)]
    return [numbers[i * size // 8 : (i + 1) * size // 8] for i in range(4)]


@pytest.mark.parametrize(
    ("size", "confidence", "estimate", "low", "high"),
    [
        (8, 0.95, 36.0, -15.512393602169794, 87.5123936021698),
        (80, 0.95, 508.0, -65.08780502160835, 1081.0878050216083),
        (80, 0.5, 508.0, 370.25990210926227, 645.7400978907377),
        (2000, 0.5, 13000.0, 9484.372793697568, 16515.62720630243),
    ],
)
def test_sum(size, confidence, estimate, low, high):
    ended = [StatCounter([sum(part)]) for part in half_of(size)]

    guess = estimate_sum(ended, 8, confidence)

    assert guess == estimate
    assert (guess.low, guess.high) == pytest.approx((low, high), rel=1e-6)
    assert guess.confidence == confidence


@pytest.mark.parametrize(
    ("size", "confidence", "estimate", "low", "high"),
    [
        (8, 0.95, 4.5, -1.9961413172555131, 10.996141317255514),
        (80, 0.5, 6.35, 5.934468976664597, 6.765531023335402),
        (2000, 0.95, 6.5, 6.267861911774021, 6.732138088225979),
    ],
)
def test_mean(size, confidence, estimate, low, high):
    guess = estimate_mean(map(StatCounter, half_of(size)), 8, confidence)

    assert guess == pytest.approx(estimate)
    assert (guess.low, guess.high) == pytest.approx((low, high), rel=1e-6)


@pytest.mark.parametrize("estimate", [estimate_sum, estimate_mean])
def test_all_tasks_leave_no_doubt(estimate):
    guess = estimate([StatCounter([1.0, 3.0])], 1, 0.9)

    assert guess.low == guess == guess.high
    assert guess.confidence == 1.0


@pytest.mark.parametrize("estimate", [estimate_sum, estimate_mean])
def test_no_task_leaves_every_doubt(estimate):
    guess = estimate([], 3, 0.9)

    assert (guess, guess.confidence, guess.low, guess.high) == (0.0, 0.0, -math.inf, math.inf)


@pytest.mark.parametrize("estimate", [estimate_sum, estimate_mean])
def test_one_value_has_no_bounds(estimate):
    guess = estimate([StatCounter([2.0])], 2, 0.9)

    assert (guess.low, guess.high) == (-math.inf, math.inf)


def test_no_tasks_at_all():
    assert estimate_sum([], 0, 0.95).confidence == 1.0
