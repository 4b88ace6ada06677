"""The scheduler's thread: waits for calls, sockets and deadlines, and does one thing at a time.

Thread  `dag-scheduler-event-loop`; `post` may be called from any thread.
"""

from __future__ import annotations

import heapq
import logging
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Final

from pyspark_shell.common.threads import DAG_SCHEDULER, start_daemon

log: Final = logging.getLogger("pyspark_shell.DAGScheduler")

# A round that takes longer delays everybody.
_SLOW_S: Final = 0.1

Callback = Callable[[], None]


class Timer:
    """A callback that is due at a time; `cancel` makes it do nothing."""

    __slots__ = ("callback", "due_s")

    def __init__(self, due_s: float, callback: Callback) -> None:
        self.due_s = due_s
        self.callback: Callback | None = callback

    def cancel(self) -> None:
        """Do not call it."""
        self.callback = None


class SelectorLoop:
    """A selector, an inbox and a heap of deadlines.

    Parameters
    ----------
    after_each_round
        Called after all that was ready has been handled.
    before_each_round
        Called once it is known what is ready, before any of it is handled.
    on_error
        Called with an exception that a handler let escape, which is a defect of the engine.
    """

    def __init__(
        self,
        after_each_round: Callback,
        on_error: Callable[[Exception], None],
        before_each_round: Callback = lambda: None,
    ) -> None:
        self._after_each_round = after_each_round
        self._before_each_round = before_each_round
        self._on_error = on_error
        self._selector = selectors.DefaultSelector()
        self._inbox: deque[Callback] = deque()
        self._awake = False
        self._stopping = False
        self._ended = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)
        self._timers: list[tuple[float, int, Timer]] = []
        self._timer_order = count()
        self._thread: threading.Thread | None = None
        self._cpu_s = 0.0  # processor time of the thread at the end of the last round

    # From any thread ------------------------------------------------------------

    def start(self) -> None:
        """Begin to serve."""
        self._thread = start_daemon(DAG_SCHEDULER, self._run)

    def post(self, callback: Callback) -> None:
        """Have `callback` run in the loop's thread, after what was posted before.

        After the end of that thread it runs in the caller's: nobody may wait for ever.
        """
        self._inbox.append(callback)
        if not self._awake:
            self._awake = True
            with suppress(OSError):  # it is awake anyway, or it has ended
                os.write(self._wake_write, b"!")
        if self._ended:
            self._drain()

    def stop(self, timeout_s: float) -> bool:
        """End the thread after what was posted before; False if it did not end in time."""
        self.post(self._stop)
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return False
        thread.join(timeout_s)
        return not thread.is_alive()

    def is_current_thread(self) -> bool:
        """Whether the caller is the loop."""
        return threading.current_thread() is self._thread

    def close_in_forked_child(self) -> None:
        """Close the copies of the loop's descriptors in a fork of this process, where the thread
        is not.
        """
        self._close()

    def _close(self) -> None:
        self._selector.close()
        read, write = self._wake_read, self._wake_write
        self._wake_read = (
            self._wake_write
        ) = -1  # a late post must not write into what takes its number
        os.close(read)
        os.close(write)

    # In the loop's thread only ----------------------------------------------------

    def call_later(self, delay_s: float, callback: Callback) -> Timer:
        """Have `callback` called once `delay_s` seconds have passed."""
        timer = Timer(time.monotonic() + delay_s, callback)
        heapq.heappush(self._timers, (timer.due_s, next(self._timer_order), timer))
        return timer

    def watch(self, fd: int, on_readable: Callback) -> None:
        """Call `on_readable` whenever the descriptor can be read."""
        self._selector.register(fd, selectors.EVENT_READ, (on_readable, None))

    def watch_writes(self, fd: int, on_readable: Callback, on_writable: Callback | None) -> None:
        """Also call `on_writable` when it can be written, or no longer if None."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if on_writable else 0)
        self._selector.modify(fd, events, (on_readable, on_writable))

    def forget(self, fd: int) -> None:
        """Watch a descriptor no more."""
        try:
            self._selector.unregister(fd)
        except (KeyError, ValueError):
            return

    def _stop(self) -> None:
        self._stopping = True

    def _run(self) -> None:
        while not self._stopping:
            self._wait_and_handle()
        self._close()
        self._ended = True
        self._drain()

    def _drain(self) -> None:
        while True:
            try:
                callback = self._inbox.popleft()
            except IndexError:
                return
            self._call(callback)

    def _wait_and_handle(self) -> None:
        ready = self._selector.select(self._next_deadline_s())
        self._call(self._before_each_round)
        for key, events in ready:
            if key.data is None:
                os.read(self._wake_read, 64)
                continue
            on_readable, on_writable = key.data
            if events & selectors.EVENT_WRITE and on_writable is not None:
                self._call(on_writable)
            if events & selectors.EVENT_READ:
                self._call(on_readable)
        # In every round, since a KeyboardInterrupt may have hit a post before it wrote; and before
        # the inbox is looked at, since a later post has to wake again.
        self._awake = False
        while self._inbox:
            self._call(self._inbox.popleft())
        if self._timers:
            self._call_due()
        self._call(self._after_each_round)
        cpu_s = time.thread_time()  # waiting costs none, so this is the next round's beginning too
        if cpu_s - self._cpu_s > _SLOW_S:
            took_ms = (cpu_s - self._cpu_s) * 1000
            log.info("a round of the scheduler took %.0f ms of processor time", took_ms)
        self._cpu_s = cpu_s

    def _next_deadline_s(self) -> float | None:
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        if not self._timers:
            return None
        return max(0.0, self._timers[0][0] - time.monotonic())

    def _call_due(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            callback = heapq.heappop(self._timers)[2].callback
            if callback is not None:
                self._call(callback)

    def _call(self, callback: Callback) -> None:
        try:
            callback()
        except Exception as error:
            log.exception("the scheduler's handler %s failed", callback)
            self._report(error)

    def _report(self, error: Exception) -> None:
        try:
            self._on_error(error)
        except Exception:
            log.exception("the scheduler cannot tell of its failure")
