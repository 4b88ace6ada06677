"""`%bg`: code that runs in a thread of its own while the prompt is free.

Owns    the numbers of what was started; the names `_bg1`, `_bg2`, ... of results.
Thread  one a piece of code, a daemon: it does not keep the process.
"""

from __future__ import annotations

import threading
import time
from contextvars import copy_context
from itertools import count
from typing import Any, Final

from pyspark_shell.common.errors import SparkJobCancelled
from pyspark_shell.shell.cell_code import CellCode
from pyspark_shell.shell.killed_jobs import killed_job_line
from pyspark_shell.shell.row_words import seconds_text
from pyspark_shell.shell.running import running_context
from pyspark_shell.shell.tables import cut

_numbers: Final = count(1)
_SHOWN: Final = 60
_running: Final[set[str]] = set()


def background_code() -> set[str]:
    """The names of what runs now."""
    return set(_running)


class BackgroundCode:
    """One piece of code, from its start to its result.

    Parameters
    ----------
    shell
        IPython's: its namespace is the code's.
    """

    def __init__(self, shell: Any, source: str) -> None:
        self._shell = shell
        self.name = f"bg-{next(_numbers)}"
        self.result_name = f"_{self.name.replace('-', '')}"
        self._code = CellCode(shell, source)

    def start(self) -> threading.Thread:
        """Begin; the thread has the name that its jobs' group has.

        It runs in this cell's context, so that notebooks show its output below this cell, not
        below the one that runs then.
        """
        _running.add(self.name)
        run_here = copy_context().run
        thread = threading.Thread(
            target=run_here, args=(self._run_and_go,), name=self.name, daemon=True
        )
        thread.start()
        return thread

    def _run_and_go(self) -> None:
        try:
            self._run()
        finally:
            _running.discard(self.name)

    def _run(self) -> None:
        began_s = time.monotonic()
        try:
            self._join_group()
            value = self._code.run()
        except SparkJobCancelled as error:
            self._tell("was killed", began_s, killed_job_line(error))
            return
        except BaseException as error:
            self._tell("failed", began_s, _summary(error))
            return
        if value is not None:
            self._shell.user_ns[self.result_name] = value
            self._tell("is done", began_s, f"{self.result_name} = {cut(_short(value), _SHOWN)}")
        else:
            self._tell("is done", began_s, "")

    def _join_group(self) -> None:
        """Let the jobs of this thread be one group; the application may not run yet."""
        context = running_context() or self._shell.user_ns.get("sc")
        if hasattr(context, "setJobGroup"):
            context.setJobGroup(self.name, None)

    def _tell(self, how: str, began_s: float, what: str) -> None:
        elapsed = seconds_text((time.monotonic() - began_s) * 1000)
        print(f"{self.name} {how} after {elapsed}{': ' if what else ''}{what}")


def _short(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # the user's own class
        return f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"


def _summary(error: BaseException) -> str:
    text = str(error).strip()
    return cut(f"{type(error).__name__}: {text.splitlines()[0] if text else ''}", 200)
