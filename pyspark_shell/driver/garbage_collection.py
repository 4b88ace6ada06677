"""Collects reference cycles: now and then, when much was stored since, and when somebody asks.

Owns    the time of the next collection, and what the last one found.
Thread  `context-cleaner-periodic-gc`; anybody may ask.
Source  Spark's periodic GC in ContextCleaner; the one that follows stored bytes is ours.

Python frees most objects at once; only those in a cycle wait for a collection. It holds the
interpreter as long as it takes.
"""

from __future__ import annotations

import gc
import logging
import math
import threading
import time
from contextlib import suppress
from typing import Final

from pyspark_shell.common.record import record
from pyspark_shell.common.threads import PERIODIC_GC, start_daemon
from pyspark_shell.listener.events import SparkListenerBlockUpdated, SparkListenerTaskEnd

log: Final = logging.getLogger("pyspark_shell.ContextCleaner")

# Longer pauses are felt: keys typed into a notebook wait for them.
_LONG_PAUSE_MS: Final = 200
# The oldest generation: the others take microseconds, and are not worth a word.
_FULL: Final = 2


@record
class CollectionRun:
    """One collection.

    Attributes
    ----------
    by
        Who wanted it: `periodic`, `user`, `pressure`; `automatic` for a full one of Python's own.
    took_ms
        As long as no other thread ran.
    collected
        Unreachable objects that were found.
    """

    at_ms: int
    by: str
    took_ms: float
    collected: int


class GarbageCollection:
    """Collections of one application.

    Attributes
    ----------
    last
        None before the first one.
    next_at_ms
        When the next periodic one is due; None when there will be none.

    Parameters
    ----------
    interval_s
        Between two periodic collections, and before the first; 0 or less: there are none.
    pressure_bytes
        Bytes stored since the last collection that call for the next one.
    """

    def __init__(self, interval_s: float, pressure_bytes: int) -> None:
        self._interval_s = interval_s
        self._pressure_bytes = pressure_bytes
        self._stored_bytes = 0
        self._wake = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._collects = False
        self._automatic_began_s = 0.0
        self._next_s = math.inf
        self.last: CollectionRun | None = None
        self.next_at_ms: int | None = None

    def start(self) -> None:
        """Begin to count the time."""
        if self._interval_s > 0:
            self._plan(time.monotonic() + self._interval_s)
        self._thread = start_daemon(PERIODIC_GC, self._run)
        gc.callbacks.append(self._hear)

    def stop(self, timeout_s: float) -> None:
        """Collect no more."""
        self._stopped = True
        with suppress(ValueError):
            gc.callbacks.remove(self._hear)
        self.next_at_ms = None
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def collect(self, by: str) -> CollectionRun:
        """Collect now, in the calling thread."""
        self._stored_bytes = 0
        at_ms = time.time_ns() // 1_000_000
        began_s = time.perf_counter()
        self._collects = True
        try:
            collected = gc.collect()
        finally:
            self._collects = False
        took_ms = (time.perf_counter() - began_s) * 1000
        self.last = CollectionRun(at_ms, by, round(took_ms, 1), collected)
        if took_ms > _LONG_PAUSE_MS:
            log.warning(
                "a garbage collection (%s) stopped all threads of this process for %.0f ms and "
                "found %d objects; spark.cleaner.periodicGC.interval says how often there is one",
                by, took_ms, collected,
            )  # fmt: skip
        return self.last

    def _hear(self, phase: str, info: dict[str, int]) -> None:
        """Note a full collection that Python began by itself; called in the midst of any thread's
        code, so nothing is logged or locked here.
        """
        if info["generation"] < _FULL or self._collects:
            return
        now_s = time.perf_counter()
        if phase == "start":
            self._automatic_began_s = now_s
            return
        took_ms = round((now_s - self._automatic_began_s) * 1000, 1)
        at_ms = time.time_ns() // 1_000_000 - int(took_ms)
        self.last = CollectionRun(at_ms, "automatic", took_ms, info["collected"])

    # On the listener bus ----------------------------------------------------------------

    def onTaskEnd(self, event: SparkListenerTaskEnd) -> None:
        """Count what a task wrote for a shuffle."""
        if event.task_metrics is not None:
            self._grow(event.task_metrics.shuffle_write_bytes)

    def onBlockUpdated(self, event: SparkListenerBlockUpdated) -> None:
        """Count what was cached."""
        self._grow(event.memory_bytes + event.disk_bytes)

    def _grow(self, size_bytes: int) -> None:
        self._stored_bytes += size_bytes
        if self._stored_bytes > self._pressure_bytes:
            self._wake.set()

    # In its own thread --------------------------------------------------------------------

    def _plan(self, next_s: float) -> None:
        self._next_s = next_s
        self.next_at_ms = int((time.time() + next_s - time.monotonic()) * 1000)

    def _run(self) -> None:
        while True:
            left_s = self._next_s - time.monotonic()
            self._wake.wait(None if math.isinf(left_s) else max(0.0, left_s))
            if self._stopped:
                return
            self._wake.clear()
            if time.monotonic() >= self._next_s:
                self._plan(max(self._next_s + self._interval_s, time.monotonic()))
                self._try("periodic")
            elif self._stored_bytes > self._pressure_bytes:
                self._try("pressure")

    def _try(self, by: str) -> None:
        try:
            self.collect(by)
        except Exception:
            log.exception("a garbage collection failed")
