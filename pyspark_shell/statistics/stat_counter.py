"""Running count, mean, variance, minimum and maximum of numbers, in one pass.

Thread  any one thread at a time.
Source  PySpark's StatCounter, with its results as they are where numpy is installed: extremes are
        floats, NaN wins over all. numpy itself is needed only for values that are arrays.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from typing import Any, Final

from pyspark_shell.common.html_table import Fact, facts_table

_PLAIN: Final = frozenset({int, float, bool})


class StatCounter:
    """Statistics that can be fed with values and with other statistics.

    Parameters
    ----------
    values
        Numbers, or numpy arrays of one shape, which are counted elementwise.

    Examples
    --------
    >>> StatCounter([1, 2, 3])
    (count: 3, mean: 2.0, stdev: 0.816496580927726, max: 3.0, min: 1.0)
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        self.n = 0
        self.mu: Any = 0.0
        self.m2: Any = 0.0
        """Sum of the squared distances from the mean."""
        self.maxValue: Any = -math.inf
        self.minValue: Any = math.inf
        if values is not None:
            self._merge_all(values)

    def merge(self, value: Any) -> StatCounter:
        """Take in one value; gives the counter itself."""
        distance = value - self.mu
        self.n += 1
        self.mu = self.mu + distance / self.n
        self.m2 = self.m2 + distance * (value - self.mu)
        self.maxValue = _larger(self.maxValue, value)
        self.minValue = _smaller(self.minValue, value)
        return self

    def mergeStats(self, other: StatCounter) -> StatCounter:
        """Take in all that another counter (or this one) has seen; gives the counter itself.

        Examples
        --------
        >>> StatCounter([1, 2]).mergeStats(StatCounter([3])).mean()
        2.0
        """
        if not isinstance(other, StatCounter):
            raise TypeError(f"Can only merge StatCounter but got {type(other)}")
        if other.n == 0:
            return self
        if self.n == 0:
            self.__dict__.update(other.copy().__dict__)
            return self
        mine, theirs = self.n, other.n
        total = mine + theirs
        distance = other.mu - self.mu
        mu, m2 = self.mu, other.m2 + distance * distance * mine * theirs / total
        # Spark's three cases: with very unequal counts the weighted mean would lose digits.
        if theirs * 10 < mine:
            self.mu = mu + distance * theirs / total
        elif mine * 10 < theirs:
            self.mu = other.mu - distance * mine / total
        else:
            self.mu = (mu * mine + other.mu * theirs) / total
        self.m2 = self.m2 + m2
        self.n = total
        self.maxValue = _larger(self.maxValue, other.maxValue)
        self.minValue = _smaller(self.minValue, other.minValue)
        return self

    def copy(self) -> StatCounter:
        """Make a counter that goes on separately."""
        return copy.deepcopy(self)

    def count(self) -> int:
        """How many values were taken in."""
        return int(self.n)

    def mean(self) -> Any:
        """Mean of the values, 0.0 if there are none."""
        return self.mu

    def sum(self) -> Any:
        """Sum of the values, as count times mean."""
        return self.n * self.mu

    def min(self) -> Any:
        """Smallest value, infinity if there are none."""
        return self.minValue

    def max(self) -> Any:
        """Largest value, minus infinity if there are none."""
        return self.maxValue

    def variance(self) -> Any:
        """Variance of the values themselves, NaN if there are none."""
        return self.m2 / self.n if self.n else math.nan

    def sampleVariance(self) -> Any:
        """Variance of what the values are a sample of (divides by n-1), NaN below two values."""
        return self.m2 / (self.n - 1) if self.n > 1 else math.nan

    def stdev(self) -> Any:
        """Square root of `variance`."""
        return _root(self.variance())

    def sampleStdev(self) -> Any:
        """Square root of `sampleVariance`."""
        return _root(self.sampleVariance())

    def asDict(self, sample: bool = False) -> dict[str, Any]:
        """Give all statistics by name.

        Parameters
        ----------
        sample
            As PySpark has it: False divides the variance by n-1, True by n.

        Examples
        --------
        >>> StatCounter([1, 3]).asDict()["variance"]
        2.0
        >>> StatCounter([1, 3]).asDict(sample=True)["variance"]
        1.0
        """
        return {
            "count": self.count(),
            "mean": self.mean(),
            "sum": self.sum(),
            "min": self.min(),
            "max": self.max(),
            "stdev": self.stdev() if sample else self.sampleStdev(),
            "variance": self.variance() if sample else self.sampleVariance(),
        }

    def __repr__(self) -> str:
        return (
            f"(count: {self.count()}, mean: {self.mean()}, stdev: {self.stdev()}, "
            f"max: {self.max()}, min: {self.min()})"
        )

    def _repr_html_(self) -> str:
        facts = {
            "count": self.count(),
            "mean": self.mean(),
            "stdev": self.stdev(),
            "max": self.max(),
            "min": self.min(),
        }
        return facts_table("Statistics", [Fact(name, str(facts[name])) for name in facts])

    def _merge_all(self, values: Iterable[Any]) -> None:
        """Do the same as `merge` for each value, with plain numbers in a loop of their own."""
        remaining = iter(values)
        n, mu, m2, largest, smallest = 0, 0.0, 0.0, -math.inf, math.inf
        odd: list[Any] = []
        for value in remaining:
            if type(value) not in _PLAIN:
                odd.append(value)
                break
            n += 1
            distance = value - mu
            mu += distance / n
            m2 += distance * (value - mu)
            if value >= largest or value != value:
                largest = value
            if value <= smallest or value != value:
                smallest = value
        self.n, self.mu, self.m2 = n, mu, m2
        self.maxValue, self.minValue = float(largest), float(smallest)
        for value in odd:
            self.merge(value)
        for value in remaining:
            self.merge(value)


def _larger(left: Any, right: Any) -> Any:
    if _is_plain(left, right):
        return float(right) if right >= left or right != right else left
    if _is_numpy(left, right):
        import numpy

        return numpy.maximum(left, right)
    return right if right > left else left


def _smaller(left: Any, right: Any) -> Any:
    if _is_plain(left, right):
        return float(right) if right <= left or right != right else left
    if _is_numpy(left, right):
        import numpy

        return numpy.minimum(left, right)
    return right if right < left else left


def _root(value: Any) -> Any:
    if type(value) in _PLAIN or not _is_numpy(value, value):
        return math.sqrt(value)
    import numpy

    return numpy.sqrt(value)


def _is_plain(left: Any, right: Any) -> bool:
    return type(left) in _PLAIN and type(right) in _PLAIN


def _is_numpy(left: Any, right: Any) -> bool:
    return hasattr(left, "__array_ufunc__") or hasattr(right, "__array_ufunc__")
