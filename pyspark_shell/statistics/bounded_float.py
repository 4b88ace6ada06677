"""A number that an approximate job gives, with the bounds within which the true one should lie."""

from __future__ import annotations


class BoundedFloat(float):
    """The mean of a distribution, with an interval around it.

    Parameters
    ----------
    mean
        The number itself.
    confidence
        Probability that the true value is between `low` and `high`.
    low, high
        The bounds.

    Examples
    --------
    >>> guess = BoundedFloat(100.0, 0.95, 95.0, 105.0)
    >>> guess, guess.high - guess.low
    (100.0, 10.0)
    """

    confidence: float
    low: float
    high: float

    def __new__(cls, mean: float, confidence: float, low: float, high: float) -> BoundedFloat:
        value = super().__new__(cls, mean)
        value.confidence = confidence
        value.low = low
        value.high = high
        return value

    def __getnewargs__(self) -> tuple[float, float, float, float]:  # type: ignore[override]
        return float(self), self.confidence, self.low, self.high
