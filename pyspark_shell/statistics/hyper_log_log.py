"""Estimates how many different numbers there are, in a fixed number of bytes.

Thread  any one thread at a time.
Source  HyperLogLog++ (Heule, Nunkesser, Hall 2013) in the dense form that Spark uses for RDDs, with
        the same hash, registers and thresholds; differs in that the bias of middle-sized estimates
        is computed from the theory, where Spark's has a table of measured values.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

_MASK: Final = 0xFFFFFFFFFFFFFFFF
_MULTIPLIER: Final = 0xC6A4A7935BD1E995
_SEED: Final = 0xE17A1465

_LINEAR_COUNTING_BELOW: Final = (
    10, 20, 40, 80, 220, 400, 900, 1800, 3100, 6500, 11500, 20000, 50000, 120000, 350000,
)  # fmt: skip
"""For p = 4 to 18: up to here counting empty registers errs less. Table of the paper."""

_MAX_CORRECTED_P: Final = 18
"""Finer sketches are not corrected, as in Spark; they are kept sparse here."""

_BATCH: Final = 50_000


class HyperLogLog:
    """A sketch of a set of whole numbers.

    Parameters
    ----------
    p
        It has 2 ** p registers; the standard error is about 1.04 / sqrt(2 ** p).

    Examples
    --------
    >>> sketch = HyperLogLog.with_error(0.05)
    >>> sketch.add_all(n % 20 for n in range(1000))
    >>> sketch.cardinality()
    19
    """

    def __init__(self, p: int) -> None:
        self.p = p
        self._registers: bytearray | dict[int, int] = (
            bytearray(1 << p) if p <= _MAX_CORRECTED_P else {}
        )

    @classmethod
    def with_error(cls, relative_sd: float) -> HyperLogLog:
        """Make the smallest sketch with this relative standard deviation, by Spark's formula."""
        return cls(max(4, math.ceil(2.0 * math.log(1.054 / relative_sd) / math.log(2))))

    def __repr__(self) -> str:
        return f"<HyperLogLog p={self.p}: about {self.cardinality()} values>"

    def add_all(self, values: Iterable[int]) -> None:
        """Take in numbers from 0 to 2 ** 32 - 1, the hashes of the elements."""
        registers, p = self._registers, self.p
        rest_bits = 64 - p
        rest_mask = (1 << rest_bits) - 1
        known = (
            registers.__getitem__ if isinstance(registers, bytearray) else _sparse_get(registers)
        )
        remaining = iter(values)
        while batch := list(islice(remaining, _BATCH)):
            for value in set(batch):
                hashed = murmur_hash_of_decimal(value)
                register = hashed >> rest_bits
                rank = rest_bits - (hashed & rest_mask).bit_length() + 1
                if rank > known(register):
                    registers[register] = rank

    def merge(self, other: HyperLogLog) -> HyperLogLog:
        """Take in all that another sketch of the same size has seen; gives the sketch itself."""
        if other.p != self.p:
            raise ValueError(
                f"cannot merge sketches of different sizes: p is {self.p} and {other.p}"
            )
        mine, theirs = self._registers, other._registers
        if isinstance(mine, bytearray) and isinstance(theirs, bytearray):
            mine[:] = bytes(map(max, mine, theirs))
        elif isinstance(mine, dict) and isinstance(theirs, dict):
            for register, rank in theirs.items():
                mine[register] = max(rank, mine.get(register, 0))
        return self

    def cardinality(self) -> int:
        """Estimate the number of different values."""
        m = 1 << self.p
        empty, raw = self._empty_registers(), self._raw_estimate()
        corrected = raw
        if raw <= 5 * m and self.p <= _MAX_CORRECTED_P:
            corrected = _unbiased(raw, self.p)
        counted = m * math.log(m / empty) if empty else corrected
        if self.p <= _MAX_CORRECTED_P:
            small = counted < _LINEAR_COUNTING_BELOW[self.p - 4]
        else:
            small = raw <= 5 * m
        return math.floor((counted if small else corrected) + 0.5)

    def _empty_registers(self) -> int:
        if isinstance(self._registers, bytearray):
            return self._registers.count(0)
        return (1 << self.p) - len(self._registers)

    def _raw_estimate(self) -> float:
        m = 1 << self.p
        if isinstance(self._registers, bytearray):
            counts = {rank: self._registers.count(rank) for rank in set(self._registers)}
            total = math.fsum(count * 2.0**-rank for rank, count in counts.items())
        else:
            total = self._empty_registers() + math.fsum(2.0**-r for r in self._registers.values())
        return _alpha(self.p) * m * m / total


def murmur_hash_of_decimal(value: int) -> int:
    """Hash a number from 0 to 10 ** 15 as MurmurHash64A does its decimal digits, Spark's way.

    Examples
    --------
    >>> murmur_hash_of_decimal(1) == murmur_hash_of_decimal(1) < 2 ** 64
    True
    """
    digits = b"%d" % value
    length = len(digits)
    hashed = _SEED ^ (length * _MULTIPLIER & _MASK)
    if length >= 8:
        block = int.from_bytes(digits[:8], "little") * _MULTIPLIER & _MASK
        block = (block ^ block >> 47) * _MULTIPLIER & _MASK
        hashed = (hashed ^ block) * _MULTIPLIER & _MASK
        digits = digits[8:]
    if digits:
        hashed = (hashed ^ int.from_bytes(digits, "little")) * _MULTIPLIER & _MASK
    hashed = (hashed ^ hashed >> 47) * _MULTIPLIER & _MASK
    return hashed ^ hashed >> 47


def _sparse_get(registers: dict[int, int]) -> Any:
    get = registers.get
    return lambda register: get(register, 0)


def _alpha(p: int) -> float:
    return {4: 0.673, 5: 0.697, 6: 0.709}.get(p, 0.7213 / (1 + 1.079 / (1 << p)))


def _unbiased(raw: float, p: int) -> float:
    """Find the cardinality whose raw estimates have the mean `raw`."""
    low, high = 0.0, float(6 << p)
    for _ in range(60):
        middle = (low + high) / 2
        if _expected_raw(middle, p) < raw:
            low = middle
        else:
            high = middle
    return low


def _expected_raw(n: float, p: int) -> float:
    """Mean raw estimate of `n` different values.

    A register sees a Poisson number of values, about n / m; from the distribution of the largest of
    their ranks come the moments of 2 ** -rank, from these the mean of one over the sum of m of
    them, to the second order in 1 / m.
    """
    m = 1 << p
    load = n / m
    moments = [0.0, 0.0, 0.0]
    below = 0.0
    for rank in range(64 - p + 2):
        up_to = math.exp(-load * 2.0**-rank) if rank <= 64 - p else 1.0
        for order in range(3):
            moments[order] += (up_to - below) * 2.0 ** (-rank * (order + 1))
        below = up_to
    mean, square, cube = moments
    variance = square - mean * mean
    skewness = cube - 3 * mean * square + 2 * mean**3
    second = variance / (m * mean**2)
    third = skewness / (m * m * mean**3)
    return _alpha(p) * m / mean * (1 + second - third + 3 * second * second)
