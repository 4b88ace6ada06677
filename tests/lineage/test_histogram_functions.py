"""Ranges and bucket counts."""

from __future__ import annotations

import pytest

from pyspark_shell.lineage.histogram_functions import BucketCounter, count_comparable, range_of

NAN = float("nan")


def test_range_ignores_what_cannot_be_compared():
    assert range_of([None, NAN, 3, 1.5, 2]) == ((1.5, 3),)
    assert range_of([None, NAN]) == ()
    assert count_comparable([None, NAN, 1, "a"]) == 2


@pytest.mark.parametrize(
    ("bounds", "width", "records", "counts"),
    [
        ([1, 2, 3], 1, [1, 1.9, 2, 3, 3.1, 0.9], [2, 2]),
        ([0, 1, 5], None, [0, 1, 4, 5, NAN, None], [1, 3]),
        (["a", "b", "d"], None, ["a", "az", "b", "d", "e"], [2, 2]),
    ],
)
def test_buckets_are_open_on_the_right_but_the_last(bounds, width, records, counts):
    assert BucketCounter(bounds, width)(records) == counts
