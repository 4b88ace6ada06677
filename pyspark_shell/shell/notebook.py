"""What makes an IPython a Spark shell: names, magics, cells, interrupts, progress.

Our kernel has it from the start; any other IPython gets it by `%load_ext pyspark_shell`.

Owns    what it registered with one IPython shell, from `begin` to `end`.
Thread  IPython's.
"""

from __future__ import annotations

import os
import sys
from pathlib import PurePath
from typing import Any, Final
from weakref import WeakKeyDictionary

from pyspark_shell.api.context import SparkContext
from pyspark_shell.common.spark_conf import SparkConf, set_command_line
from pyspark_shell.driver.main_thread import SIGINT
from pyspark_shell.executor.thread_states import StartSites
from pyspark_shell.shell.busy_status import BusyStatus
from pyspark_shell.shell.cells import CellTracker
from pyspark_shell.shell.idle_watch import IdleWatch
from pyspark_shell.shell.interrupts import SHOWN_HERE, InterruptReport
from pyspark_shell.shell.killed_jobs import tell_kills_in_one_line
from pyspark_shell.shell.magics import register_magics
from pyspark_shell.shell.namespace import SparkNames
from pyspark_shell.shell.notebook_log import NotebookLog
from pyspark_shell.shell.progress_switch import PROGRESS
from pyspark_shell.shell.rdd_text import register_rdd_text, unregister_rdd_text
from pyspark_shell.shell.third_interrupt import ThirdInterrupt
from pyspark_shell.shell.thread_hint import ThreadHint
from pyspark_shell.shell.weak_outputs import WeakOutputs
from pyspark_shell.widgets.cell_progress import CellProgress

# What jupyter-server tells a kernel of the notebook it is for.
_NOTEBOOK: Final = "JPY_SESSION_NAME"
_APP_NAME: Final = "PySparkShell"


class NotebookSupport:
    """The Spark side of one IPython shell.

    Parameters
    ----------
    shell
        An IPython `InteractiveShell`, in a kernel or a terminal.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._names: SparkNames | None = None
        self._cells = CellTracker(shell)
        self._start_sites = StartSites()
        self._kernel = getattr(shell, "kernel", None)
        self._status = None if self._kernel is None else BusyStatus(self._kernel)
        self._idle = IdleWatch(shell)
        self._outputs = WeakOutputs(shell)
        self._hints = ThreadHint(shell)
        self._interrupts = ThirdInterrupt(asks=False)
        self._log = NotebookLog()
        self._progress = CellProgress(shell, lambda: PROGRESS.is_on)

    def begin(self) -> None:
        """Give the shell all that a Spark shell has; nothing is started by it."""
        _name_the_application()
        self._names = SparkNames(self._shell.user_ns)
        active = SparkContext._active_spark_context
        if active is None:
            self._names.offer_unused()
        else:
            self._names.offer(active)
        register_magics(self._shell)
        self._idle.begin()
        self._outputs.begin()
        tell_kills_in_one_line()
        self._cells.begin()
        self._start_sites.watch()
        register_rdd_text(self._shell)
        self._hints.begin()
        self._interrupts.begin()
        self._shell.events.register("pre_run_cell", self._interrupts.new_cell)
        self._shell.events.register("pre_run_cell", self._take_interrupts)
        self._take_interrupts()
        if self._kernel is None:
            self._shell.set_custom_exc(SHOWN_HERE, InterruptReport())
        else:
            self._shell.set_custom_exc(SHOWN_HERE, InterruptReport(_show_as_error))
            self._progress.begin()
            self._log.begin()
        if self._status is not None:
            self._status.begin()

    def end(self) -> None:
        """Take it all back; a context that runs goes on."""
        if self._kernel is not None:
            self._progress.end()
            self._log.end()
        if self._status is not None:
            self._status.end()
        self._shell.events.unregister("pre_run_cell", self._take_interrupts)
        self._shell.set_custom_exc((), None)
        self._idle.end()
        self._outputs.end()
        self._start_sites.unwatch()
        unregister_rdd_text(self._shell)
        self._hints.end()
        self._shell.events.unregister("pre_run_cell", self._interrupts.new_cell)
        self._interrupts.end()
        self._cells.end()
        if self._names is not None:
            self._names.let_go()

    def _take_interrupts(self, info: Any = None) -> None:
        """Hear of the Interrupt button, in this cell and between cells."""
        SIGINT.take(from_anyone=True)
        if self._kernel is not None:  # ipykernel puts this one in place after each cell
            self._kernel.saved_sigint_handler = SIGINT.at_idle_prompt


_supported: Final[WeakKeyDictionary[Any, NotebookSupport]] = WeakKeyDictionary()


def load_ipython_extension(shell: Any) -> None:
    """Make a Spark shell of an IPython, if it is none yet: what `%load_ext pyspark_shell` does."""
    if shell not in _supported and not isinstance(shell, _our_terminal_shell()):
        support = _supported[shell] = NotebookSupport(shell)
        support.begin()


def unload_ipython_extension(shell: Any) -> None:
    """Make it a plain IPython again; a context that runs goes on."""
    support = _supported.pop(shell, None)
    if support is not None:
        support.end()


def _our_terminal_shell() -> Any:
    """The class of pyspark-shell's own terminal shell, if that is what runs; it has all this."""
    module = sys.modules.get("pyspark_shell.shell.terminal_shell")
    return () if module is None else module.SparkTerminalShell


def _show_as_error(shell: Any, kind: type[BaseException], error: BaseException, text: str) -> None:
    """Send it as the cell's error, so that front ends know how the cell ended."""
    shell._showtraceback(kind, error, text.splitlines())


def _name_the_application() -> None:
    """After its notebook, unless a configuration says otherwise."""
    notebook = PurePath(os.environ.get(_NOTEBOOK, "")).name
    conf = SparkConf().setIfMissing("spark.app.name", notebook or _APP_NAME)
    set_command_line({"spark.app.name": str(conf.get("spark.app.name"))})
