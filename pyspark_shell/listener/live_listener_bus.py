"""Carries events from the scheduler to listeners, on threads of its own, in order.

Owns    one queue and one daemon thread per group of listeners.
Thread  `post` from any; listeners are called on `spark-listener-group-<name>`.
Source  Spark's LiveListenerBus and AsyncEventQueue; differs in that life-cycle events are never
        dropped.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from pyspark_shell.common.bell import Bell
from pyspark_shell.common.record import record
from pyspark_shell.common.threads import LISTENER_PREFIX, start_daemon
from pyspark_shell.listener.events import (
    SparkListenerEvent,
    SparkListenerExecutorMetricsUpdate,
    SparkListenerSchedulerState,
    SparkListenerTaskEnd,
    SparkListenerTaskGettingResult,
    SparkListenerTaskStart,
)

log: Final = logging.getLogger("pyspark_shell.LiveListenerBus")

# Events are handled in batches: a wake-up for each would take the interpreter from the scheduler
# twice per task. Nobody looks more often than this; whoever wants to see all at once flushes.
_GATHER_S: Final = 0.01
# Between two lines about dropped events.
_TELL_DROPPED_S: Final = 60.0
_MINOR: Final = frozenset(
    {
        SparkListenerTaskStart,
        SparkListenerTaskGettingResult,
        SparkListenerTaskEnd,
        SparkListenerExecutorMetricsUpdate,
        SparkListenerSchedulerState,
    }
)
_DROPPABLE: Final = (SparkListenerExecutorMetricsUpdate,)


class SparkListener:
    """Base for listeners: each event `SparkListenerJobStart` calls the method `onJobStart(event)`,
    if there is one.

    Any object with such methods will do. Methods run on a thread of the bus; an exception is
    logged and the listener stays.
    """


def handler_name(event_type: type[SparkListenerEvent]) -> str:
    """`onJobStart` for `SparkListenerJobStart`."""
    return "on" + event_type.__name__.removeprefix("SparkListener")


@record
class _Marker:
    """A place in a queue, and who is told when it is reached; must not raise."""

    tell: Callable[[], object]


class AsyncEventQueue:
    """Listeners that share one thread, and the events that wait for them.

    Parameters
    ----------
    name
        Of the group; the thread is called after it.
    capacity
        Events that may wait before metrics updates are dropped; if `strict`, before any event is.
    """

    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, name: str, capacity: int, strict: bool) -> None:
        self.name = name
        self.capacity = capacity
        self._strict = strict
        self._events: deque[SparkListenerEvent | _Marker] = deque()
        self._wake = Bell()  # there is something to do
        self._asleep = True
        self._urgent = Bell()
        self._listeners: list[Any] = []
        self._handlers: dict[type, list[Callable[[Any], Any]]] = {}
        self._thread: threading.Thread | None = None
        self._stopped = False
        self.dropped = 0
        self._told_dropped = 0
        self._told_at_s: float | None = None
        self._told_since = "the application started"

    # From any thread ------------------------------------------------------------

    def add(self, listener: Any) -> None:
        """Call `listener` for events posted from now on."""
        self._listeners = [*self._listeners, listener]
        self._handlers = {}
        if self._thread is None and not self._stopped:
            self._thread = start_daemon(LISTENER_PREFIX + self.name, self._run)

    def remove(self, listener: Any) -> None:
        """Call it no more."""
        self._listeners = [other for other in self._listeners if other is not listener]
        self._handlers = {}

    @property
    def is_used(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    @property
    def depth(self) -> int:
        """Events that wait."""
        return len(self._events)

    def post(self, event: SparkListenerEvent) -> None:
        """Queue an event; never waits."""
        if len(self._events) >= self.capacity and (self._strict or isinstance(event, _DROPPABLE)):
            self._drop()
        else:
            self._events.append(event)
        if self.dropped > self._told_dropped:
            self._tell_of_dropped()
        if self._asleep:
            self._rouse()

    def _rouse(self) -> None:
        self._asleep = False
        self._wake.ring()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all events posted before have been handled; False when the time is over."""
        thread = self._thread
        if thread is None or threading.current_thread() is thread or not thread.is_alive():
            return True
        reached = threading.Event()
        self._mark(reached.set)
        return reached.wait(timeout_s)

    def when_through(self, tell: Callable[[], object]) -> bool:
        """Call `tell`, in the queue's thread, once all events posted before have been handled; True
        if they have already, and then nothing is called.
        """
        thread = self._thread
        if thread is None or not thread.is_alive() or (self._asleep and not self._events):
            return True
        self._mark(tell)
        return False

    def _mark(self, tell: Callable[[], object]) -> None:
        self._events.append(_Marker(tell))
        self._urgent.ring()
        self._rouse()

    def stop(self, timeout_s: float) -> None:
        """Handle what waits, then end the thread."""
        self._stopped = True
        if self._thread is not None and threading.current_thread() is not self._thread:
            self._urgent.ring()
            self._rouse()
            self._thread.join(timeout_s)

    def is_current_thread(self) -> bool:
        """Whether the caller is a listener of this queue."""
        return threading.current_thread() is self._thread

    def _drop(self) -> None:
        if not self.dropped:
            log.error(
                "Dropping event from queue %s. This likely means one of the listeners is too "
                "slow and cannot "
                "keep up with the rate at which tasks are being started by the scheduler.",
                self.name,
            )
        self.dropped += 1

    def _tell_of_dropped(self) -> None:
        """Say how many were dropped, once a minute at most."""
        now_s = self.clock()
        if self._told_at_s is not None and now_s - self._told_at_s < _TELL_DROPPED_S:
            return
        number, since = self.dropped - self._told_dropped, self._told_since
        self._told_dropped, self._told_at_s = self.dropped, now_s
        self._told_since = time.strftime("%a %b %d %H:%M:%S %Z %Y")
        log.warning("Dropped %d events from %s since %s.", number, self.name, since)

    # In the queue's thread --------------------------------------------------------

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._urgent.wait(_GATHER_S)
            while self._events:
                self._handle(self._events.popleft())
            if self._stopped:
                return
            self._asleep = True
            if self._events:  # posted between the last look and the line above
                self._rouse()

    def _handle(self, event: SparkListenerEvent | _Marker) -> None:
        if isinstance(event, _Marker):
            event.tell()
            return
        for handler in self._handlers_of(type(event)):
            try:
                handler(event)
            except Exception:
                log.exception("Listener %s threw an exception", handler)

    def _handlers_of(self, event_type: type) -> list[Callable[[Any], Any]]:
        handlers = self._handlers.get(event_type)
        if handlers is None:
            name = handler_name(event_type)
            found = (getattr(listener, name, None) for listener in self._listeners)
            handlers = self._handlers[event_type] = [h for h in found if h is not None]
        return handlers


class LiveListenerBus:
    """All queues of an application.

    Parameters
    ----------
    capacity
        Events that may wait in a queue, unless `capacities` has the queue's name.

    Attributes
    ----------
    milestones
        Grows with every event but those of single tasks.
    """

    def __init__(self, capacity: int = 10_000, capacities: Mapping[str, int] | None = None) -> None:
        self._capacity = capacity
        self._capacities = dict(capacities or {})
        self.milestones = 0
        self._queues: dict[str, AsyncEventQueue] = {}
        self._used: tuple[AsyncEventQueue, ...] = ()

    def add(self, listener: Any, queue: str = "shared") -> None:
        """Add a listener to a queue; `shared` is for the user's, its events may be dropped when it
        is full.
        """
        group = self._queues.get(queue)
        if group is None:
            group = self._queues[queue] = AsyncEventQueue(
                queue,
                self._capacities.get(queue, self._capacity),
                strict=queue == "shared",
            )
        group.add(listener)
        self._used = tuple(q for q in self._queues.values() if q.is_used)

    def remove(self, listener: Any) -> None:
        """Remove a listener from wherever it is."""
        for queue in self._queues.values():
            queue.remove(listener)
        self._used = tuple(q for q in self._queues.values() if q.is_used)

    def post(self, event: SparkListenerEvent) -> None:
        """Give an event to every queue; never waits."""
        if event.__class__ not in _MINOR:
            self.milestones += 1
        for queue in self._used:
            queue.post(event)

    def flush(self, timeout_s: float = 10.0, name: str | None = None) -> bool:
        """Wait until everything posted before was handled by every queue, or by one of them."""
        queues = [queue for queue in self._queues.values() if name in (None, queue.name)]
        return all([queue.flush(timeout_s) for queue in queues])

    def when_through(self, tell: Callable[[], object], name: str) -> bool:
        """Call `tell` once one queue has handled all that was posted before; True if it has."""
        queue = self._queues.get(name)
        return queue is None or queue.when_through(tell)

    def queues(self) -> list[AsyncEventQueue]:
        """All queues, for those who want to know how full they are."""
        return list(self._queues.values())

    def dropped(self) -> dict[str, int]:
        """Events dropped so far, by queue."""
        return {queue.name: queue.dropped for queue in self._queues.values()}

    def is_listener_thread(self) -> bool:
        """Whether the caller is a listener."""
        return any(queue.is_current_thread() for queue in self._queues.values())

    def stop(self, timeout_s: float = 10.0) -> None:
        """Deliver what waits, then end all threads."""
        for queue in self._queues.values():
            queue.stop(timeout_s)
