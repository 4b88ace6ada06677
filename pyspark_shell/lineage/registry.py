"""Gives one application's RDDs and shuffles their ids."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any


class LineageRegistry:
    """Counters of one application.

    Thread  any: the counters are atomic.

    Parameters
    ----------
    on_new_shuffle
        Called with each new `ShuffleDependency`, once it has its id.
    """

    def __init__(self, on_new_shuffle: Callable[[Any], None] | None = None) -> None:
        self._rdd_ids = count()
        self._shuffle_ids = count()
        self.on_new_shuffle = on_new_shuffle

    def new_rdd_id(self) -> int:
        """The next RDD id."""
        return next(self._rdd_ids)

    def new_shuffle_id(self) -> int:
        """The next shuffle id."""
        return next(self._shuffle_ids)
