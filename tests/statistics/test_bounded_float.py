"""A bounded float is a float that keeps its bounds."""

from __future__ import annotations

import pickle

from pyspark_shell.statistics.bounded_float import BoundedFloat


def test_it_is_a_number():
    assert BoundedFloat(100.0, 0.95, 95.0, 105.0) + 1 == 101.0
    assert repr(BoundedFloat(100.0, 0.95, 95.0, 105.0)) == "100.0"


def test_bounds_travel():
    copy = pickle.loads(pickle.dumps(BoundedFloat(100.0, 0.95, 95.0, 105.0)))

    assert (copy, copy.confidence, copy.low, copy.high) == (100.0, 0.95, 95.0, 105.0)
