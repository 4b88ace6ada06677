"""Removes what the user's program no longer refers to: blocks, shuffle files, broadcasts.

Owns    a weak reference per tracked object, with what is to be cleaned when it dies.
Thread  `Spark Context Cleaner` cleans, `context-cleaner-periodic-gc` collects cycles. References
        die in any thread, in the middle of its code, so their callback only puts a task on a
        queue.
Source  Spark's ContextCleaner; Python's reference counts make it work within milliseconds.
"""

from __future__ import annotations

import gc
import logging
import os
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Final, Protocol

from pyspark_shell.common.exhaustive import assert_never
from pyspark_shell.common.threads import CONTEXT_CLEANER, PERIODIC_GC, start_daemon

log: Final = logging.getLogger("pyspark_shell.ContextCleaner")


@dataclass(frozen=True, slots=True)
class CleanRDD:
    """Remove the cached partitions of an RDD."""

    rdd_id: int

    def __str__(self) -> str:
        return f"RDD {self.rdd_id}"


@dataclass(frozen=True, slots=True)
class CleanShuffle:
    """Remove the files of a shuffle."""

    shuffle_id: int

    def __str__(self) -> str:
        return f"shuffle {self.shuffle_id}"


@dataclass(frozen=True, slots=True)
class CleanBroadcast:
    """Remove a broadcast's file and values."""

    broadcast_id: int

    def __str__(self) -> str:
        return f"broadcast {self.broadcast_id}"


@dataclass(frozen=True, slots=True)
class CleanCheckpoint:
    """Remove the files of a reliable checkpoint."""

    rdd_id: int
    directory: str

    def __str__(self) -> str:
        return f"rdd checkpoint data {self.rdd_id}"


CleanupTask = CleanRDD | CleanShuffle | CleanBroadcast | CleanCheckpoint


class CleaningActions(Protocol):
    """How the driver removes things; each may be called twice."""

    def remove_rdd(self, rdd_id: int) -> None: ...

    def remove_shuffle(self, shuffle_id: int) -> bool: ...

    def remove_broadcast(self, broadcast_id: int) -> None: ...

    def remove_checkpoint(self, directory: str) -> None: ...


class _Tracked(weakref.ref[Any]):
    """A weak reference that knows what to clean."""

    __slots__ = ("key", "task")

    task: CleanupTask
    key: int


class ContextCleaner:
    """Cleans for one application.

    Parameters
    ----------
    gc_interval_s
        Seconds between two collections of reference cycles.
    """

    def __init__(self, actions: CleaningActions, gc_interval_s: float) -> None:
        self._actions = actions
        self._gc_interval_s = gc_interval_s
        self._queue: SimpleQueue[_Tracked | None] = SimpleQueue()
        self._references: dict[int, _Tracked] = {}
        self._listeners: list[Any] = []
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._pid = os.getpid()

    def start(self) -> None:
        """Begin to clean."""
        self._threads = [
            start_daemon(CONTEXT_CLEANER, self._keep_cleaning),
            start_daemon(PERIODIC_GC, self._keep_collecting),
        ]

    def stop(self, timeout_s: float) -> None:
        """Finish the item at hand, then end; what waits is dropped, the application's end removes
        it.
        """
        self._stopped.set()
        self._queue.put(None)
        for thread in self._threads:
            thread.join(timeout_s)
        self._references.clear()

    def attachListener(self, listener: Any) -> None:
        """Call `rddCleaned(id)`, `shuffleCleaned(id)`, `broadcastCleaned(id)`,
        `checkpointCleaned(id)` of `listener`.
        """
        self._listeners = [*self._listeners, listener]

    def track(self, referent: Any, task: CleanupTask) -> None:
        """Do `task` when nobody refers to `referent` any more."""
        reference = _Tracked(referent, self._callback())
        reference.task = task
        reference.key = id(reference)
        self._references[reference.key] = reference

    def _callback(self) -> Callable[[Any], None]:
        put, pid, getpid = self._queue.put, self._pid, os.getpid

        def enqueue(reference: Any) -> None:
            if getpid() == pid:
                put(reference)

        return enqueue

    def clean(self, task: CleanupTask) -> None:
        """Do a task now, in the calling thread."""
        log.debug("Cleaning %s", task)
        try:
            if self._remove(task):
                self._tell(task)
        except Exception:
            log.exception("Error cleaning %s", task)
            return
        log.debug("Cleaned %s", task)

    # In the cleaner's threads -----------------------------------------------------------

    def _keep_cleaning(self) -> None:
        while True:
            reference = self._queue.get()
            if reference is None or self._stopped.is_set():
                return
            self._references.pop(reference.key, None)
            log.debug("Got cleaning task %r", reference.task)
            self.clean(reference.task)

    def _keep_collecting(self) -> None:
        while not self._stopped.wait(self._gc_interval_s):
            gc.collect()

    def _remove(self, task: CleanupTask) -> bool:
        match task:
            case CleanRDD(rdd_id):
                self._actions.remove_rdd(rdd_id)
            case CleanShuffle(shuffle_id):
                known = self._actions.remove_shuffle(shuffle_id)
                if not known:
                    log.debug(
                        "Asked to cleanup non-existent shuffle (maybe it was already removed)"
                    )
                return known
            case CleanBroadcast(broadcast_id):
                self._actions.remove_broadcast(broadcast_id)
            case CleanCheckpoint(_, directory):
                self._actions.remove_checkpoint(directory)
            case _:
                assert_never(task)
        return True

    def _tell(self, task: CleanupTask) -> None:
        match task:
            case CleanRDD(number):
                name = "rddCleaned"
            case CleanShuffle(number):
                name = "shuffleCleaned"
            case CleanBroadcast(number):
                name = "broadcastCleaned"
            case CleanCheckpoint(number, _):
                name = "checkpointCleaned"
            case _:
                assert_never(task)
        for listener in self._listeners:
            method = getattr(listener, name, None)
            if method is not None:
                method(number)

    @property
    def tracked(self) -> int:
        """Objects that are watched."""
        return len(self._references)
