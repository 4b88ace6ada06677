"""A hint to whoever starts a thread that will keep the process when the shell is left.

Thread  the one that runs cells.
"""

from __future__ import annotations

import sys
import threading
from typing import Any, Final

from pyspark_shell.shell.leaving import keepers
from pyspark_shell.shell.running import running_context

# Threads of pools end by themselves at the exit once they are idle.
_POOLS: Final = "ThreadPoolExecutor"


class ThreadHint:
    """Looks at the threads before and after each cell of an IPython shell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._known: set[int | None] = set()

    def begin(self) -> None:
        """Begin to look."""
        self._shell.events.register("pre_run_cell", self._before)
        self._shell.events.register("post_run_cell", self._after)

    def end(self) -> None:
        """Look no more."""
        self._shell.events.unregister("pre_run_cell", self._before)
        self._shell.events.unregister("post_run_cell", self._after)

    def _before(self, info: object) -> None:
        self._known = {thread.ident for thread in keepers()}

    def _after(self, result: object) -> None:
        new = [
            thread
            for thread in keepers()
            if thread.ident not in self._known and not thread.name.startswith(_POOLS)
        ]
        if new and running_context() is not None:
            print(hint_text(new), file=sys.stderr)


def hint_text(threads: list[threading.Thread]) -> str:
    """What is said, in lines that fit beside a panel.

    Examples
    --------
    >>> print(hint_text([threading.Thread(name="loader")]))
    Hint: thread "loader" will keep the process when you leave;
    daemon=True or sc.thread() do not.
    """
    names = ", ".join(f'"{thread.name}"' for thread in threads)
    plural = "s" if len(threads) > 1 else ""
    return (
        f"Hint: thread{plural} {names} will keep the process when you leave;\n"
        "daemon=True or sc.thread() do not."
    )
