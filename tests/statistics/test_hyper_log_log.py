"""Estimates are Spark's; those of the real one were recorded from Spark 4.3.0."""

from __future__ import annotations

import pickle
import random

import pytest

from pyspark_shell.statistics.hyper_log_log import HyperLogLog


def sketch_of(count: int, relative_sd: float) -> HyperLogLog:
    """Sketch the numbers that were given to Spark, in two parts."""
    rng = random.Random(count)
    values = [rng.getrandbits(32) for _ in range(count)]
    parts = [HyperLogLog.with_error(relative_sd) for _ in range(2)]
    parts[0].add_all(values[: count // 2])
    parts[1].add_all(values[count // 2 :])
    return parts[0].merge(parts[1])


@pytest.mark.parametrize(
    ("relative_sd", "count", "spark_says"),
    [
        (0.05, 0, 0),
        (0.05, 1, 1),
        (0.05, 5, 5),
        (0.05, 20, 20),
        (0.05, 100, 105),
        (0.05, 390, 386),
        (0.05, 420, 399),
        (0.05, 700, 714),
        (0.05, 3000, 2950),
        (0.05, 20000, 19745),
        (0.3, 5, 6),
        (0.3, 50, 54),
        (0.3, 5000, 7963),
        (0.01, 500, 503),
        (0.01, 5000, 4969),
        (0.001, 3000, 2998),
    ],
)
def test_small_and_large_estimates_are_those_of_spark(relative_sd, count, spark_says):
    assert sketch_of(count, relative_sd).cardinality() == spark_says


@pytest.mark.parametrize(
    ("relative_sd", "count", "spark_says"),
    [
        (0.05, 500, 505),
        (0.05, 1000, 1026),
        (0.05, 1500, 1633),
        (0.05, 2000, 2056),
        (0.05, 2500, 2364),
        (0.1, 420, 441),
        (0.02, 5000, 5045),
        (0.01, 20000, 19976),
    ],
)
def test_middle_estimates_differ_by_less_than_half_a_percent(relative_sd, count, spark_says):
    assert sketch_of(count, relative_sd).cardinality() == pytest.approx(spark_says, rel=0.005)


def test_precision_follows_from_the_error():
    assert [HyperLogLog.with_error(sd).p for sd in (0.4, 0.05, 0.01, 0.001)] == [4, 9, 14, 21]


def test_very_fine_sketch_is_sparse():
    sketch = HyperLogLog.with_error(0.0001)
    sketch.add_all(range(1000))

    assert sketch.cardinality() == 1000
    assert len(pickle.dumps(sketch)) < 100_000


def test_order_and_repetition_do_not_matter():
    first, second = HyperLogLog(9), HyperLogLog(9)
    first.add_all(range(1000))
    second.add_all([*range(999, -1, -1), *range(500)])

    assert first.cardinality() == second.cardinality()
    assert first.merge(second).cardinality() == second.cardinality()


def test_sketches_of_different_sizes_do_not_merge():
    with pytest.raises(ValueError, match="p is 9 and 10"):
        HyperLogLog(9).merge(HyperLogLog(10))


def test_repr_tells_the_estimate():
    assert repr(HyperLogLog(9)) == "<HyperLogLog p=9: about 0 values>"
