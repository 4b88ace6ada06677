"""How long the interpreter lets one thread run before another, shortened while jobs run.

With Python's 5 ms, a loop in one thread of the driver makes each small job of another wait for that
long at every step.
"""

from __future__ import annotations

import sys
from typing import Final

# Measured: shorter than this gains nothing, and longer ones make small jobs slower.
WHILE_JOBS_RUN_S: Final = 0.0005


class SwitchInterval:
    """Shortens the interval while wanted, and puts back what it found.

    Thread  `dag-scheduler-event-loop`.
    """

    def __init__(self) -> None:
        self._found_s: float | None = None

    def shorten(self, wanted: bool) -> None:
        """Shorten it, or put it back; a value that somebody else has set meanwhile stays."""
        if wanted and self._found_s is None:
            found_s = sys.getswitchinterval()
            if found_s > WHILE_JOBS_RUN_S:
                self._found_s = found_s
                sys.setswitchinterval(WHILE_JOBS_RUN_S)
        elif not wanted and self._found_s is not None:
            if abs(sys.getswitchinterval() - WHILE_JOBS_RUN_S) < 1e-5:
                sys.setswitchinterval(self._found_s)
            self._found_s = None
