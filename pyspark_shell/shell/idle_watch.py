"""Closes the application of a shell that nobody has used for a while, if that is wanted.

The shell and its variables stay; `sc` then means an application that starts, with the same
settings, when it is used. An RDD of the closed one says why it is closed.

Owns    when the shell was used last.
Thread  `idle-watch`, one an application, while it runs; cells tell it from theirs.
Source  Fusion's driver idle time; off for shells unless `spark.pyshell.driver.idleTime` is set.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from pyspark_shell.api.context import SparkContext
from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.common.threads import IDLE_WATCH, start_daemon
from pyspark_shell.common.ui_config import DRIVER_IDLE_TIME
from pyspark_shell.shell.namespace import replace_context
from pyspark_shell.shell.running import running_engine

# What an application has set itself; its successor does so too.
_OF_THE_OLD_ONE: Final = ("spark.app.id", "spark.app.startTime", "spark.executor.id")
_SHORTEST_LOOK_S: Final = 0.05


class IdleWatch:
    """Watches one IPython shell.

    Parameters
    ----------
    shell
        An IPython `InteractiveShell`.
    tell
        Called with a sentence for people when an application was closed.
    """

    def __init__(self, shell: Any, tell: Callable[[str], object] = print) -> None:
        self._shell = shell
        self._tell = tell
        self._used_s = time.monotonic()
        self._cells = 0
        # Held while an application is closed: a cell waits for that, and none is closed in a cell.
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Watch the applications that run now and later."""
        self._shell.events.register("pre_run_cell", self._cell_begins)
        self._shell.events.register("post_run_cell", self._cell_ended)
        SparkContext._on_start.append(self._watch)
        context = SparkContext._active_spark_context
        if context is not None:
            self._watch(context)

    def end(self) -> None:
        """Watch no more."""
        self._shell.events.unregister("pre_run_cell", self._cell_begins)
        self._shell.events.unregister("post_run_cell", self._cell_ended)
        SparkContext._on_start.remove(self._watch)

    def _cell_begins(self, info: object) -> None:
        with self._lock:
            self._cells += 1

    def _cell_ended(self, result: object) -> None:
        with self._lock:
            self._cells = max(0, self._cells - 1)
            self._used_s = time.monotonic()

    def _watch(self, context: SparkContext) -> None:
        conf = context._conf
        limit_s = DRIVER_IDLE_TIME.read(conf)
        if conf.contains(DRIVER_IDLE_TIME.key) and limit_s > 0:
            start_daemon(IDLE_WATCH, lambda: self._close_when_idle(context, limit_s))

    # In its thread ---------------------------------------------------------------------------

    def _close_when_idle(self, context: SparkContext, limit_s: float) -> None:
        pause = threading.Event()
        self._used_s = max(self._used_s, time.monotonic())
        while not context.isStopped:
            left_s = self._used_s + limit_s - time.monotonic()
            if left_s > 0:
                pause.wait(max(left_s, _SHORTEST_LOOK_S))
                continue
            with self._lock:
                if not self._is_busy():
                    self._close(context, limit_s)
                    return
            pause.wait(max(min(1.0, limit_s / 4), _SHORTEST_LOOK_S))

    def _is_busy(self) -> bool:
        """Whether something runs; a job's end counts as a use, however it was started."""
        engine = running_engine()
        is_busy = self._cells > 0 or (engine is not None and bool(engine.jobs(("RUNNING",))))
        if is_busy:
            self._used_s = time.monotonic()
        return is_busy

    def _close(self, context: SparkContext, limit_s: float) -> None:
        reason = f"idle for {limit_s:g} s"
        replace_context(context, _successor_conf(context))
        context._stop_because(reason)
        self._tell(f"The application was closed: {reason}. It starts again when sc is used.")


def _successor_conf(context: SparkContext) -> SparkConf:
    conf = SparkConf(loadDefaults=False)
    return conf.setAll(
        (key, value) for key, value in context._conf.getAll() if key not in _OF_THE_OLD_ONE
    )
