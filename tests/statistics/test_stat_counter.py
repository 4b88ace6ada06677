"""Statistics are PySpark's, number for number."""

from __future__ import annotations

import math
import pickle

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.statcounter import StatCounter as SparkStatCounter

from pyspark_shell.statcounter import StatCounter

# Adding 0.0 makes 0.0 of -0.0: which of the two numpy calls the larger depends on the processor.
numbers = st.lists(
    st.one_of(st.integers(-1000, 1000), st.floats(-1e6, 1e6).map(lambda number: number + 0.0))
)


@settings(deadline=None)
@given(numbers)
def test_statistics_of_numbers_are_those_of_pyspark(values):
    assert repr(StatCounter(values)) == repr(SparkStatCounter(values))
    assert str(StatCounter(values).asDict(sample=True)) == str(
        {
            k: v if k == "count" else float(v)
            for k, v in SparkStatCounter(values).asDict(True).items()
        }
    )


@settings(deadline=None)
@given(numbers, numbers)
def test_merged_statistics_are_those_of_pyspark(left, right):
    merged = StatCounter(left).mergeStats(StatCounter(right))

    assert repr(merged) == repr(SparkStatCounter(left).mergeStats(SparkStatCounter(right)))


@pytest.mark.parametrize(("left", "right"), [(1, 50), (50, 1), (5, 6), (0, 3), (3, 0)])
def test_unequal_counts_merge_as_in_pyspark(left, right):
    ours = StatCounter(range(left)).mergeStats(StatCounter(range(right)))

    theirs = SparkStatCounter(range(left)).mergeStats(SparkStatCounter(range(right)))

    assert repr(ours) == repr(theirs)


def test_merge_with_itself_doubles_the_count():
    stats = StatCounter([1.0, 2.0, 3.0])

    stats.mergeStats(stats)

    assert (stats.count(), stats.mean(), stats.sum()) == (6, 2.0, 12.0)
    assert stats.variance() == pytest.approx(2 / 3)


def test_empty_statistics_are_nan_and_infinite():
    stats = StatCounter()

    assert (stats.count(), stats.mean(), stats.sum()) == (0, 0.0, 0.0)
    assert math.isnan(stats.variance())
    assert math.isnan(stats.stdev())
    assert math.isnan(StatCounter([1]).sampleStdev())
    assert (stats.min(), stats.max()) == (math.inf, -math.inf)


def test_nan_wins():
    for values in ([1, math.nan, 3], [math.nan, 1], [1, math.nan]):
        assert math.isnan(StatCounter(values).max())
        assert math.isnan(StatCounter(values[:1]).mergeStats(StatCounter(values[1:])).min())


def test_value_by_value_is_the_same_as_all_at_once():
    stats = StatCounter()
    for value in (3, 1.5, -2):
        assert stats.merge(value) is stats

    assert repr(stats) == repr(StatCounter([3, 1.5, -2]))


def test_arrays_are_counted_elementwise():
    stats = StatCounter([numpy.array([1.0, 4.0])])

    stats.mergeStats(StatCounter([numpy.array([2.0, 2.0]), numpy.array([3.0, 0.0])]))

    assert stats.mean().tolist() == [2.0, 2.0]
    assert stats.min().tolist() == [1.0, 0.0]
    assert stats.max().tolist() == [3.0, 4.0]
    assert stats.sampleStdev().tolist() == [1.0, 2.0]
    assert stats.asDict()["sum"].tolist() == [6.0, 6.0]


def test_numbers_before_and_after_numpy_ones_are_taken_in():
    values = [1, numpy.float64(5), 3, numpy.int32(2)]

    assert repr(StatCounter(values)) == repr(SparkStatCounter(values))


def test_arrays_are_left_alone():
    first = numpy.array([1.0, 2.0])

    stats = StatCounter([first, numpy.array([3.0, 0.0])])
    copy = stats.copy()
    copy.merge(numpy.array([9.0, 9.0]))

    assert first.tolist() == [1.0, 2.0]
    assert stats.max().tolist() == [3.0, 2.0]


def test_statistics_travel():
    stats = StatCounter([1, 2])

    assert repr(pickle.loads(pickle.dumps(stats))) == repr(stats)


def test_only_statistics_can_be_merged():
    with pytest.raises(TypeError, match="Can only merge StatCounter but got <class 'int'>"):
        StatCounter().mergeStats(3)
