"""Takes notice of each thread that starts: one replacement of `Thread.start` for all who ask.

Owns    the observers; while there is one, `threading.Thread.start` is ours.
Thread  any; an observer runs in the thread that starts another one.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

StartObserver = Callable[[threading.Thread, FrameType], None]


class ThreadStarts:
    """Calls observers with each thread before it starts, and the frame that starts it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards who observes, and whether `start` is ours
        self._observers: tuple[StartObserver, ...] = ()
        self._twice: list[StartObserver] = []
        self._original: Any = None

    def add(self, observer: StartObserver) -> None:
        """Call `observer` from now on; it must be quick and must not raise."""
        with self._lock:
            if observer in self._observers:  # for several who ask for the same
                self._twice.append(observer)
                return
            self._observers = (*self._observers, observer)
            if self._original is None:
                self._replace_start()

    def remove(self, observer: StartObserver) -> None:
        """Do not call it any more; the last one puts Python's own method back."""
        with self._lock:
            if observer in self._twice:
                self._twice.remove(observer)
                return
            self._observers = tuple(other for other in self._observers if other != observer)
            if not self._observers and self._original is not None:
                threading.Thread.start = self._original  # type: ignore[method-assign]
                self._original = None

    def _replace_start(self) -> None:
        original = self._original = threading.Thread.start

        def start(thread: threading.Thread) -> None:
            for observe in self._observers:
                observe(thread, sys._getframe(1))
            original(thread)

        threading.Thread.start = start  # type: ignore[method-assign,assignment]


THREAD_STARTS: Final = ThreadStarts()
