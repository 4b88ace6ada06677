"""A few daemon threads that wait for slow answers, so that the server's loop never does.

Owns    its threads; made when there is work, ended when there was none for a while.
Thread  any may submit. `concurrent.futures` will not do: the interpreter would wait for its
        threads at exit, and show them as what keeps the process alive.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

from pyspark_shell.common.threads import start_daemon
from pyspark_shell.rest.port import Refusal

T = TypeVar("T")

MAX_THREADS: Final = 4
MAX_WAITING: Final = 64
_IDLE_S: Final = 10.0

_Work = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class Workers:
    """Runs functions for coroutines of one loop; `name` stands before the threads' numbers."""

    def __init__(self, name: str, max_threads: int = MAX_THREADS, idle_s: float = _IDLE_S) -> None:
        self._name = name
        self._max_threads = max_threads
        self._idle_s = idle_s
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._lock = threading.Lock()  # guards the counts; nothing is called under it
        self._threads = 0
        self._unfinished = 0
        self._is_closed = False

    async def run(self, function: Callable[[], T]) -> T:
        """Call a function in one of the threads.

        Raises
        ------
        Refusal
            503: too many wait already, or the interpreter starts no more threads.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._lock:
            if self._unfinished >= MAX_WAITING:
                raise Refusal(503, "Too many requests wait for slow answers; ask again later.")
            self._unfinished += 1
            new = self._unfinished > self._threads and self._threads < self._max_threads
            self._threads += new
            number = self._threads
        if new and not self._start(number):
            raise Refusal(503, "Python is shutting down.")
        self._queue.put((function, future, loop))
        return await future

    def close(self) -> None:
        """Have the threads end when they are through."""
        self._is_closed = True
        for _ in range(self._max_threads):
            self._queue.put(None)

    def _start(self, number: int) -> bool:
        try:
            start_daemon(f"{self._name}-{number}", self._work)
        except RuntimeError:  # at the interpreter's end
            with self._lock:
                self._threads -= 1
                self._unfinished -= 1
            return False
        return True

    def _work(self) -> None:
        while (work := self._next()) is not None:
            function, future, loop = work
            try:
                value, error = function(), None
            except BaseException as problem:
                value, error = None, problem
            with self._lock:
                self._unfinished -= 1
            with suppress(RuntimeError):  # the loop has ended meanwhile: nobody waits
                loop.call_soon_threadsafe(_settle, future, value, error)
            del function, future, work, value, error  # they may hold what users want to be freed

    def _next(self) -> _Work | None:
        """Wait for work; None if the thread has to end, which then counts no more."""
        while True:
            try:
                work = self._queue.get(timeout=self._idle_s)
            except queue.Empty:
                work = None
            with self._lock:
                if work is not None:
                    return work
                if self._is_closed or self._unfinished < self._threads:
                    self._threads -= 1
                    return None


def _settle(future: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:
    if future.done():
        return  # the reader has gone
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)
