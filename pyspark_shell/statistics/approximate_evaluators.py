"""Estimates the sum or the mean of a job's data from the tasks that have ended.

Source  Spark's SumEvaluator and MeanEvaluator: the data not seen yet is taken to be like the data
        seen, and as many tasks are taken to have as much of it. Student's distribution is computed
        here, from the incomplete beta function; Spark asks a library.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import NormalDist
from typing import Final

from pyspark_shell.statistics.bounded_float import BoundedFloat
from pyspark_shell.statistics.stat_counter import StatCounter

# Above so many values the normal distribution stands for Student's, as in Spark.
_MANY: Final = 100
_NOTHING_KNOWN: Final = BoundedFloat(0.0, 0.0, -math.inf, math.inf)


def estimate_mean(ended: Iterable[StatCounter], tasks: int, confidence: float) -> BoundedFloat:
    """The mean of all data, from the statistics of the tasks that have ended.

    Examples
    --------
    >>> half = estimate_mean([StatCounter([1.0, 2.0, 3.0])], 2, 0.95)
    >>> half, round(half.low, 3), round(half.high, 3)
    (2.0, -0.484, 4.484)
    """
    counter, outputs = _merged(ended)
    count, mean = counter.count(), float(counter.mean())
    if outputs == tasks:
        return BoundedFloat(mean, 1.0, mean, mean)
    if count == 0:
        return _NOTHING_KNOWN
    if count == 1:
        return BoundedFloat(mean, confidence, -math.inf, math.inf)
    margin = _factor(count, confidence) * math.sqrt(counter.sampleVariance() / count)
    return BoundedFloat(mean, confidence, mean - margin, mean + margin)


def estimate_sum(ended: Iterable[StatCounter], tasks: int, confidence: float) -> BoundedFloat:
    """The sum of all data, from the statistics of the tasks that have ended.

    Examples
    --------
    >>> estimate_sum([StatCounter([1.0, 2.0, 3.0])], 2, 0.95)
    12.0
    """
    counter, outputs = _merged(ended)
    count, seen = counter.count(), float(counter.sum())
    if outputs == tasks:
        return BoundedFloat(seen, 1.0, seen, seen)
    if count == 0:
        return _NOTHING_KNOWN
    share = outputs / tasks
    mean = counter.mean()
    unseen_count = count * (1 - share) / share
    unseen = mean * unseen_count
    variance_of_mean = counter.sampleVariance() / count
    if count == 1 or math.isnan(variance_of_mean):
        return BoundedFloat(seen + unseen, confidence, -math.inf, math.inf)
    # Of a negative binomial distribution: how many more there are until all tasks have ended.
    variance_of_count = count * (1 - share) / (share * share)
    variance = (
        mean * mean * variance_of_count
        + unseen_count * unseen_count * variance_of_mean
        + variance_of_mean * variance_of_count
    )
    margin = _factor(count, confidence) * math.sqrt(variance)
    return BoundedFloat(seen + unseen, confidence, seen + unseen - margin, seen + unseen + margin)


def _merged(ended: Iterable[StatCounter]) -> tuple[StatCounter, int]:
    counter, outputs = StatCounter(), 0
    for other in ended:
        counter.mergeStats(other)
        outputs += 1
    return counter, outputs


def _factor(count: int, confidence: float) -> float:
    """Half the width of the interval, in standard deviations of the mean."""
    probability = (1 + confidence) / 2
    if count > _MANY:
        return NormalDist().inv_cdf(probability)
    return _student_quantile(count - 1, probability)


def _student_quantile(degrees: int, probability: float) -> float:
    """Where Student's distribution reaches a probability above one half, by bisection."""
    low, high = 0.0, 1.0
    while _student_cdf(degrees, high) < probability:
        low, high = high, high * 2
        if math.isinf(high):
            return high
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if _student_cdf(degrees, middle) < probability:
            low = middle
        else:
            high = middle


def _student_cdf(degrees: int, x: float) -> float:
    """Probability of at most `x`, which is not negative."""
    return 1 - _incomplete_beta(degrees / 2, 0.5, degrees / (degrees + x * x)) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function."""
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    logarithm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(logarithm + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1 - front * _beta_fraction(b, a, 1 - x) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1.0 / _not_zero(1 - (a + b) * x / (a + 1), tiny)
    fraction = d
    for m in range(1, 300):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / _not_zero(1 + term * d, tiny)
            c = _not_zero(1 + term / c, tiny)
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return fraction


def _not_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny
