"""The driver's accumulators, and the updates of tasks that wait to be merged into them.

Owns    a weak table of accumulators by id; a queue of pickled updates.
Thread  any thread may enqueue, which costs one `put`. Merging, where user code may run, is done by
        whoever asks for a value or finishes a job, one thread at a time.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Final
from weakref import WeakValueDictionary

from pyspark_shell.shared_variables.accumulators import (
    Accumulator,
    install_driver_accumulators,
    load_updates,
)

log: Final = logging.getLogger(__name__)


class AccumulatorRegistry:
    """Merges every update of every successful task exactly once.

    Parameters
    ----------
    on_new
        Called with each new accumulator.
    """

    def __init__(self, on_new: Callable[[Accumulator[Any]], object] | None = None) -> None:
        self._on_new = on_new
        self._live: WeakValueDictionary[int, Accumulator[Any]] = WeakValueDictionary()
        self._pending: SimpleQueue[bytes] = SimpleQueue()
        # Held while values change, so user code (`addInPlace`) runs under it; reentrant, as that
        # code may use accumulators itself.
        self._merging = threading.RLock()
        self._inside = False
        self._missed: set[int] = set()  # gone, and told so
        os.register_at_fork(after_in_child=self._renew_lock)

    def install(self) -> None:
        """Make this process a driver for accumulators that are unpickled in it."""
        install_driver_accumulators(self)

    def tell_nobody(self) -> None:
        """Let go of who was told of new accumulators; the values stay readable."""
        self._on_new = None

    # From any thread ------------------------------------------------------------

    def register(self, accumulator: Accumulator[Any]) -> None:
        """Take updates for `accumulator` from now on, for as long as somebody holds it."""
        accumulator._registry = self
        self._live[accumulator.aid] = accumulator
        if self._on_new is not None:
            self._on_new(accumulator)

    def forget(self, accumulator_id: int) -> None:
        """Take no more updates for an accumulator, though somebody may still hold it."""
        self._live.pop(accumulator_id, None)

    def find(self, accumulator_id: int) -> Accumulator[Any] | None:
        """The accumulator of this id, if somebody still holds it."""
        return self._live.get(accumulator_id)

    def enqueue(self, updates: bytes) -> None:
        """Keep one successful task's updates for the next `drain`; empty ones are nothing."""
        if updates:
            self._pending.put(updates)

    def drain(self) -> None:
        """Merge all pending updates.

        An update that cannot be merged is logged and costs nobody else.
        """
        with self._merging:
            if self._inside:
                return
            self._inside = True
            try:
                self._merge_pending()
            finally:
                self._inside = False

    def exclusively_add(self, accumulator: Accumulator[Any], term: Any) -> None:
        """Add a term on the driver while no other thread changes a value."""
        with self._merging:
            accumulator.merge(term)

    def assert_empty(self) -> None:
        """Raise if a task's updates wait to be merged."""
        waiting = self._pending.qsize()
        assert not waiting, f"accumulator updates of {waiting} tasks are not merged"

    # Under the lock only --------------------------------------------------------

    def _merge_pending(self) -> None:
        while True:
            try:
                updates = self._pending.get_nowait()
            except Empty:
                return
            try:
                pairs = load_updates(updates)
            except Exception:
                log.exception("accumulator updates of one task cannot be unpickled and are lost")
                continue
            for accumulator_id, update in pairs:
                self._merge(accumulator_id, update)

    def _merge(self, accumulator_id: int, update: Any) -> None:
        accumulator = self._live.get(accumulator_id)
        if accumulator is None:
            if accumulator_id not in self._missed:
                self._missed.add(accumulator_id)
                log.warning("Attempted to access garbage collected accumulator %d", accumulator_id)
            return
        try:
            accumulator.merge(update)
        except Exception:
            log.exception("accumulator %d: an update cannot be added and is lost", accumulator_id)

    def _renew_lock(self) -> None:
        self._merging = threading.RLock()
        self._inside = False
