"""Wakes a thread that waits, and holds no lock while it does.

`threading.Event` has a lock of its own. A signal, or a finalizer, may come in any line, also where
that is held; one that rings, or waits for a thread that rings, would then wait for ever.

Thread  one waits; any may ring.
"""

from __future__ import annotations

import threading
from typing import Final

_FOR_EVER: Final = -1.0


class Bell:
    """Rings until somebody has heard it.

    Examples
    --------
    >>> bell = Bell()
    >>> bell.ring()
    >>> bell.ring()
    >>> bell.wait(), bell.wait(0.0)
    (True, False)
    """

    __slots__ = ("_silence",)

    def __init__(self) -> None:
        self._silence = threading.Lock()  # held while it does not ring
        self._silence.acquire()

    def ring(self) -> None:
        """Wake the thread that waits, or else the next that does at once."""
        try:
            self._silence.release()
        except RuntimeError:
            return  # it rings already

    def wait(self, timeout_s: float = _FOR_EVER) -> bool:
        """Wait until it rings, and silence it; False when the time is over."""
        return self._silence.acquire(timeout=timeout_s)
