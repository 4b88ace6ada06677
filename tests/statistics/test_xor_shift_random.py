"""The numbers that Spark 4.3.0 draws, recorded through where `repartition` puts batches."""

from __future__ import annotations

import pytest

from pyspark_shell.statistics.xor_shift_random import XORShiftRandom


@pytest.mark.parametrize(
    ("bound", "drawn"),
    [
        (1, [0, 0, 0, 0, 0]),
        (2, [0, 0, 1, 1, 1]),
        (3, [2, 0, 1, 2, 1]),
        (16, [3, 3, 15, 11, 9]),
    ],
)
def test_first_number_of_each_seed(bound, drawn):
    assert [XORShiftRandom(seed).next_int(bound) for seed in range(5)] == drawn


def test_numbers_are_in_range():
    generator = XORShiftRandom(7)

    drawn = [generator.next_int(10) for _ in range(1000)]

    assert set(drawn) == set(range(10))
