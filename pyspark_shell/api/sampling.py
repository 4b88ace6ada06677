"""The part of RDD that chooses records at random, always the same ones for a seed.

Source  PySpark's draws are reproduced: random.Random(seed ^ partition), see statistics/sampler.py.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import log, sqrt
from typing import Any, Final, TypeVar

from pyspark_shell.api.rdd_base import RDDPart, T
from pyspark_shell.lineage.steps import MapPartitionsWithIndex
from pyspark_shell.statistics.sampler import (
    RDDRangeSampler,
    RDDSampler,
    RDDSamplerBase,
    RDDStratifiedSampler,
)

K = TypeVar("K")
V = TypeVar("V")

# So many standard deviations are kept free below sys.maxsize, as in PySpark.
_LARGEST_SAMPLE: Final = sys.maxsize - int(10.0 * sqrt(sys.maxsize))
# Probability that a sample drawn without replacement comes out too small and must be drawn again.
_TOO_FEW: Final = 0.00005


class Sampling(RDDPart[T]):
    """Random choices."""

    def _sampled(self, sampler: RDDSamplerBase) -> RDDPart[T]:
        return self._pipe(MapPartitionsWithIndex(sampler.func), True)

    def sample(self, withReplacement: bool, fraction: float, seed: int | None = None) -> RDDPart[T]:
        """Make an RDD of randomly chosen records.

        Parameters
        ----------
        withReplacement
            Whether a record may be chosen more than once.
        fraction
            Without replacement the probability of each record, else how often it is chosen on
            average. The size of the result is not exactly this share.
        seed
            Of the choice; a random one by default.

        Raises
        ------
        ValueError
            `fraction` is negative.

        Examples
        --------
        >>> sc.parallelize(range(100), 4).sample(False, 0.1, 17).collect()
        [19, 32, 35, 46, 55, 62, 63, 64]
        """
        if not fraction >= 0:
            raise ValueError("Fraction must be nonnegative.")
        return self._sampled(RDDSampler(withReplacement, fraction, seed))

    def randomSplit(
        self, weights: Sequence[int | float], seed: int | None = None
    ) -> list[RDDPart[T]]:
        """Make several RDDs that together have each record once.

        Parameters
        ----------
        weights
            Shares of the parts, of their sum.
        seed
            Of the choice; a random one by default.

        Raises
        ------
        ValueError
            A weight is negative, or their sum is 0.

        Examples
        --------
        >>> few, many = sc.parallelize(range(10), 2).randomSplit([1, 2], 7)
        >>> few.collect()
        [0, 2, 4, 5]
        >>> many.collect()
        [1, 3, 6, 7, 8, 9]
        """
        if not all(weight >= 0 for weight in weights):
            raise ValueError("Weights must be nonnegative")
        total = float(sum(weights))
        if not total > 0:
            raise ValueError("Sum of weights must be positive")
        bounds = [0.0]
        for weight in weights:
            bounds.append(bounds[-1] + weight / total)
        if seed is None:
            seed = random.randint(0, 2**32 - 1)
        return [
            self._sampled(RDDRangeSampler(lower, upper, seed)) for lower, upper in pairwise(bounds)
        ]

    def sampleByKey(
        self: RDDPart[tuple[K, V]],
        withReplacement: bool,
        fractions: Mapping[K, float],
        seed: int | None = None,
    ) -> RDDPart[tuple[K, V]]:
        """Make an RDD of randomly chosen pairs, with a share for each key.

        Parameters
        ----------
        withReplacement
            As in `sample`.
        fractions
            Share of each key, as in `sample`. A key without one fails the job.
        seed
            Of the choice; a random one by default.

        Raises
        ------
        AssertionError
            A fraction is negative.

        Examples
        --------
        >>> pairs = sc.parallelize([("a", n) for n in range(50)] + [("b", n) for n in range(50)])
        >>> pairs.sampleByKey(False, {"a": 1.0, "b": 0.0}, 1).countByKey() == {"a": 50}
        True
        """
        for fraction in fractions.values():
            assert fraction >= 0.0, f"Negative fraction value: {fraction}"
        sampler: Any = RDDStratifiedSampler(withReplacement, dict(fractions), seed)
        return self._pipe(MapPartitionsWithIndex(sampler.func), True)

    def takeSample(self, withReplacement: bool, num: int, seed: int | None = None) -> list[T]:
        """Choose exactly `num` records at random, in random order.

        Runs a job that counts, and one that samples, again if its sample was too small.

        Parameters
        ----------
        withReplacement
            Whether a record may be chosen more than once.
        num
            Without replacement at most as many as there are come back.
        seed
            Of the choice and of the order; a random one by default.

        Raises
        ------
        ValueError
            `num` is negative or enormous.

        Examples
        --------
        >>> sc.parallelize(range(20), 2).takeSample(False, 5, 1)
        [11, 5, 17, 19, 9]
        """
        if num < 0:
            raise ValueError("Sample size cannot be negative.")
        if num > _LARGEST_SAMPLE:
            raise ValueError(f"Sample size cannot be greater than {_LARGEST_SAMPLE}.")
        if num == 0 or self.getNumPartitions() == 0:
            return []
        total: int = self.count()
        if total == 0:
            return []
        generator = random.Random(seed)
        if not withReplacement and num >= total:
            records: list[T] = self.collect()
            generator.shuffle(records)
            return records
        fraction = self._computeFractionForSampleSize(num, total, withReplacement)
        records = self.sample(withReplacement, fraction, seed).collect()
        while len(records) < num:
            seed = generator.randint(0, sys.maxsize)
            records = self.sample(withReplacement, fraction, seed).collect()
        generator.shuffle(records)
        return records[:num]

    @staticmethod
    def _computeFractionForSampleSize(
        sampleSizeLowerBound: int, total: int, withReplacement: bool
    ) -> float:
        """The fraction with which a sample is almost surely at least as large as wished.

        Source  Meng, Scalable Simple Random Sampling and Stratified Sampling (2013), as Spark
                applies it.
        """
        fraction = float(sampleSizeLowerBound) / total
        if withReplacement:
            deviations = 9 if sampleSizeLowerBound < 12 else 5
            return fraction + deviations * sqrt(fraction / total)
        gamma = -log(_TOO_FEW) / total
        return min(1, fraction + gamma + sqrt(gamma * gamma + 2 * gamma * fraction))
