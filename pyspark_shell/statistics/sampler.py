"""Draws samples of partitions, element for element the same as PySpark does with the same seed.

Thread  the task's; a sampler travels with the task and makes its generator there.
Source  PySpark's rddsampler: one generator for each partition, seeded with seed XOR partition.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from itertools import compress, repeat
from random import Random, randint
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

_WASTED_DRAWS: Final = 10
"""Draws that are thrown away first, since seeds of neighbouring partitions differ by a few bits."""

_LARGE_MEAN: Final = 20.0
"""From this mean on, exp(-mean) would be too small to multiply down to; PySpark's number."""


class RDDSamplerBase:
    """What all samplers share: the seed and the generator of the partition at hand.

    Parameters
    ----------
    withReplacement
        Whether an element can be drawn more than once.
    seed
        Two samplers with one seed draw the same; None for a random one.
    """

    def __init__(self, withReplacement: bool, seed: int | None = None) -> None:
        self._seed = seed if seed is not None else randint(0, sys.maxsize)
        self._withReplacement = withReplacement
        self._random: Random | None = None

    def initRandomGenerator(self, split: int) -> None:
        """Begin the draws of partition `split`."""
        self._random = Random(self._seed ^ split)
        for _ in range(_WASTED_DRAWS):
            self._random.randint(0, 1)

    def getUniformSample(self) -> float:
        """Draw from [0, 1)."""
        return self._generator().random()

    def getPoissonSample(self, mean: float) -> int:
        """Draw a count from the Poisson distribution."""
        return _poisson_draws(self._generator(), mean)()

    def func(self, split: int, iterator: Iterable[Any]) -> Iterator[Any]:
        """Give the sample of one partition."""
        raise NotImplementedError

    def _generator(self) -> Random:
        if self._random is None:
            raise RuntimeError(
                "no partition to draw for yet: call initRandomGenerator(split) first"
            )
        return self._random

    def _draws_of(self, split: int) -> Iterator[float]:
        """Numbers from [0, 1) without end, made in C."""
        self.initRandomGenerator(split)
        return iter(self._generator().random, None)


class RDDSampler(RDDSamplerBase):
    """Draws each element with the same probability, or the same mean count.

    Examples
    --------
    >>> list(RDDSampler(False, 0.1, seed=17).func(0, range(25)))
    [19]
    """

    def __init__(self, withReplacement: bool, fraction: float, seed: int | None = None) -> None:
        super().__init__(withReplacement, seed)
        self._fraction = fraction

    def func(self, split: int, iterator: Iterable[T]) -> Iterator[T]:
        """Give the sample of one partition."""
        if self._withReplacement:
            self.initRandomGenerator(split)
            count = _poisson_draws(self._generator(), self._fraction)
            return (element for element in iterator for _ in repeat(None, count()))
        below = float(self._fraction).__gt__
        return compress(iterator, map(below, self._draws_of(split)))


class RDDRangeSampler(RDDSamplerBase):
    """Draws the elements whose number falls into a range: disjoint ranges make disjoint samples.

    Examples
    --------
    >>> halves = [RDDRangeSampler(low, low + 0.5, seed=7) for low in (0.0, 0.5)]
    >>> sorted(element for half in halves for element in half.func(0, range(5)))
    [0, 1, 2, 3, 4]
    """

    def __init__(self, lowerBound: float, upperBound: float, seed: int | None = None) -> None:
        super().__init__(False, seed)
        self._lowerBound = lowerBound
        self._upperBound = upperBound

    def func(self, split: int, iterator: Iterable[T]) -> Iterator[T]:
        """Give the sample of one partition."""
        low, high = self._lowerBound, self._upperBound
        return compress(iterator, (low <= drawn < high for drawn in self._draws_of(split)))


class RDDStratifiedSampler(RDDSamplerBase, Generic[K]):
    """Draws pairs, each with the probability that its key has.

    Examples
    --------
    >>> sampler = RDDStratifiedSampler(False, {"a": 1.0, "b": 0.0}, seed=3)
    >>> list(sampler.func(0, [("a", 1), ("b", 2), ("a", 3)]))
    [('a', 1), ('a', 3)]
    """

    def __init__(
        self, withReplacement: bool, fractions: Mapping[K, float], seed: int | None = None
    ) -> None:
        super().__init__(withReplacement, seed)
        self._fractions = fractions

    def func(self, split: int, iterator: Iterable[tuple[K, T]]) -> Iterator[tuple[K, T]]:
        """Give the sample of one partition; a key without a fraction raises KeyError."""
        fractions = self._fractions
        self.initRandomGenerator(split)
        if self._withReplacement:
            poisson = self.getPoissonSample
            return (
                (key, value)
                for key, value in iterator
                for _ in repeat(None, poisson(fractions[key]))
            )
        draw = self._generator().random
        return ((key, value) for key, value in iterator if draw() < fractions[key])


def _poisson_draws(generator: Random, mean: float) -> Callable[[], int]:
    """Make a function that draws Poisson counts by multiplying uniform numbers, after Knuth."""
    draw = generator.random
    floor = math.exp(-mean) if mean < _LARGE_MEAN else 0.0

    def by_product() -> int:
        product = draw()
        count = 0
        while product > floor:
            count += 1
            product *= draw()
        return count

    def by_waiting_times() -> int:
        elapsed = generator.expovariate(mean)
        count = 0
        while elapsed < 1.0:
            count += 1
            elapsed += generator.expovariate(mean)
        return count

    return by_product if mean < _LARGE_MEAN else by_waiting_times
