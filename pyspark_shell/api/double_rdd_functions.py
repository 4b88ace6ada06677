"""The part of RDD for numbers: sums, moments, histograms."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from math import isinf, isnan
from typing import Any

from pyspark_shell.api.rdd_base import RDDPart, T
from pyspark_shell.lineage.histogram_functions import BucketCounter, count_comparable, range_of
from pyspark_shell.lineage.partition_functions import stats_of
from pyspark_shell.statistics.stat_counter import StatCounter

_EMPTY_REDUCE = "Can not reduce() empty RDD"


class DoubleRDDFunctions(RDDPart[T]):
    """Numbers."""

    def sum(self: RDDPart[Any]) -> Any:
        """Add up the records; 0 if there are none.

        Examples
        --------
        >>> sc.parallelize([1.0, 2.0, 3.0]).sum()
        6.0
        """
        return reduce(operator.add, self._run(sum), 0)

    def stats(self: RDDPart[Any]) -> StatCounter:
        """Compute count, mean, variance and extremes in one pass.

        Examples
        --------
        >>> stats = sc.parallelize([1, 2, 3, 4]).stats()
        >>> stats.count(), stats.mean(), stats.max()
        (4, 2.5, 4.0)
        """
        counters = self._run(stats_of)
        if not counters:
            raise ValueError(_EMPTY_REDUCE)
        return reduce(StatCounter.mergeStats, counters)

    def mean(self: RDDPart[Any]) -> float:
        """Compute the mean.

        Examples
        --------
        >>> sc.parallelize([1, 2, 3]).mean()
        2.0
        """
        return self.stats().mean()  # type: ignore[no-any-return]

    def variance(self: RDDPart[Any]) -> float:
        """Compute the variance, dividing by the number of records.

        Examples
        --------
        >>> sc.parallelize([1, 3]).variance()
        1.0
        """
        return self.stats().variance()  # type: ignore[no-any-return]

    def stdev(self: RDDPart[Any]) -> float:
        """Compute the standard deviation, dividing by the number of records.

        Examples
        --------
        >>> sc.parallelize([1, 3]).stdev()
        1.0
        """
        return self.stats().stdev()  # type: ignore[no-any-return]

    def sampleVariance(self: RDDPart[Any]) -> float:
        """Compute the variance of what the records are a sample of: divided by count - 1.

        Examples
        --------
        >>> sc.parallelize([1, 2, 3]).sampleVariance()
        1.0
        """
        return self.stats().sampleVariance()  # type: ignore[no-any-return]

    def sampleStdev(self: RDDPart[Any]) -> float:
        """Compute the standard deviation of what the records are a sample of.

        Examples
        --------
        >>> sc.parallelize([1, 2, 3]).sampleStdev()
        1.0
        """
        return self.stats().sampleStdev()  # type: ignore[no-any-return]

    def histogram(
        self: RDDPart[Any], buckets: int | Sequence[Any]
    ) -> tuple[Sequence[Any], list[int]]:
        """Count the records by buckets.

        Parameters
        ----------
        buckets
            How many buckets of equal width between the least and the greatest record, or their
            bounds, sorted. Each bucket includes its lower bound; the last one its upper bound too.
            Buckets of equal width are faster to count into.

        Returns
        -------
        The bounds, and the count of each bucket. None, not-a-numbers, and what is outside of the
        bounds do not count.

        Examples
        --------
        >>> numbers = sc.parallelize(range(51))
        >>> numbers.histogram(2)
        ([0, 25, 50], [25, 26])
        >>> numbers.histogram([0, 5, 25, 50])
        ([0, 5, 25, 50], [5, 20, 26])
        >>> sc.parallelize(["ab", "ac", "b", "bd", "ef"]).histogram(("a", "b", "c"))
        (('a', 'b', 'c'), [2, 2])
        """
        bounds: Sequence[Any]
        if isinstance(buckets, int):
            if buckets < 1:
                raise ValueError("number of buckets must be >= 1")
            lowest, highest = _range_of(self)
            if lowest == highest or buckets == 1:
                return [lowest, highest], [sum(self._run(count_comparable))]
            width = _width(lowest, highest, buckets)
            bounds = [i * width + lowest for i in range(buckets)] + [highest]
        elif isinstance(buckets, (list, tuple)):
            _check_bounds(buckets)
            bounds, width = buckets, _common_width(buckets)
        else:
            raise TypeError("buckets should be a list or tuple or number(int or long)")
        counts = self._run(BucketCounter(bounds, width))
        if not counts:
            raise ValueError(_EMPTY_REDUCE)
        return bounds, [sum(column) for column in zip(*counts, strict=True)]


def _range_of(rdd: RDDPart[Any]) -> tuple[Any, Any]:
    ranges = [one for found in rdd._run(range_of) for one in found]
    if not ranges:
        raise ValueError(_EMPTY_REDUCE)
    return min(lowest for lowest, _ in ranges), max(highest for _, highest in ranges)


def _width(lowest: Any, highest: Any, buckets: int) -> Any:
    """Width of each of `buckets`; an int where that is exact."""
    try:
        width = (highest - lowest) / buckets
    except TypeError:
        raise TypeError("Can not generate buckets with non-number in RDD") from None
    if isinf(width):
        raise ValueError("Can not generate buckets with infinite value")
    whole = int(width)
    if whole * buckets == highest - lowest:
        return whole
    return (highest - lowest) * 1.0 / buckets


def _check_bounds(bounds: Sequence[Any]) -> None:
    if len(bounds) < 2:
        raise ValueError("buckets should have more than one value")
    if any(bound is None or (isinstance(bound, float) and isnan(bound)) for bound in bounds):
        raise ValueError("can not have None or NaN in buckets")
    if sorted(bounds) != list(bounds):
        raise ValueError("buckets should be sorted")
    if len(set(bounds)) != len(bounds):
        raise ValueError("buckets should not contain duplicated values")


def _common_width(bounds: Sequence[Any]) -> Any:
    """Width of all buckets if they are equally wide, else None."""
    try:
        widths = [upper - lower for lower, upper in pairwise(bounds)]
    except TypeError:
        return None
    if max(widths) - min(widths) < 1e-10:
        return (bounds[-1] - bounds[0]) / (len(bounds) - 1)
    return None
