"""Warnings below a cell: one line each, since they stay in the notebook.

A stuck task's stack is in the panel, in `%stack` and in the post-mortem of a kill; of it a notebook
keeps the line where the task hangs.

Owns    the handler of the engine's log, from `begin` to `end`.
Thread  any that logs.
"""

from __future__ import annotations

import logging
import sys
from typing import Final

_LOG: Final = logging.getLogger("pyspark_shell")


class NotebookLog(logging.Handler):
    """Shows what Python shows where nobody set up a log: warnings and worse, on stderr.

    A log that the user sets up, of the engine's or of everything, takes its place.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def begin(self) -> None:
        """Take the place of Python's last resort."""
        _LOG.addHandler(self)

    def end(self) -> None:
        """Give it back."""
        _LOG.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        if logging.getLogger().handlers or _LOG.handlers != [self]:
            return
        try:
            print(one_line(self.format(record)), file=sys.stderr, flush=True)
        except Exception:
            self.handleError(record)


def one_line(text: str) -> str:
    r"""The head of a text and, where a stack follows, its innermost line.

    Examples
    --------
    >>> one_line('Dump of task 0:\nFile "a.py", line 1, in f\n    g()\nFile "a.py", line 9, in g')
    'Dump of task 0: … File "a.py", line 9, in g'
    >>> one_line('Dump of task 0:\nFile "In[1]", line 2, in f\n    sleep(3600)')
    'Dump of task 0: … File "In[1]", line 2, in f: sleep(3600)'
    """
    head, *rest = text.splitlines() or [""]
    frames = [number for number, line in enumerate(rest) if line.lstrip().startswith("File ")]
    if not frames:
        return head
    return f"{head} … {': '.join(line.strip() for line in rest[frames[-1] :][:2])}"
