"""Closes the application of a shell that nobody has used for a while, if that is wanted.

The shell and its variables stay; `sc` then means an application that starts, with the same
settings, when it is used. An RDD of the closed one says why it is closed.

Owns    when the shell was used last.
Thread  `idle-watch`, one an application, while it runs; cells tell it from theirs.
Source  Fusion's driver idle time; off for shells unless `spark.pyshell.driver.idleTime` is set.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from pyspark_shell.api.context import SparkContext
from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.common.threads import IDLE_WATCH, start_daemon
from pyspark_shell.common.ui_config import DRIVER_IDLE_TIME, FUSION_IDLE_TIME
from pyspark_shell.shell.background import background_code
from pyspark_shell.shell.namespace import replace_context
from pyspark_shell.shell.running import running_engine

# What an application has set itself; its successor does so too.
_OF_THE_OLD_ONE: Final = ("spark.app.id", "spark.app.startTime", "spark.executor.id")
_SHORTEST_LOOK_S: Final = 0.05
# How long before the end it is told; at half time if that is less.
_WARN_S: Final = 60.0


class IdleWatch:
    """Watches one IPython shell.

    Parameters
    ----------
    shell
        An IPython `InteractiveShell`.
    tell
        Called with a sentence for people before an application is closed, and when it was.
    """

    def __init__(self, shell: Any, tell: Callable[[str], object] = print) -> None:
        self._shell = shell
        self._tell = tell
        self._used_s = time.monotonic()
        self._cells = 0
        self.rounds = 0  # how often it has looked
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
        is_wanted = conf.contains(DRIVER_IDLE_TIME.key) or conf.contains(FUSION_IDLE_TIME.key)
        if is_wanted and limit_s > 0:
            start_daemon(IDLE_WATCH, lambda: self._close_when_idle(context, limit_s))

    # In its thread ---------------------------------------------------------------------------

    def _close_when_idle(self, context: SparkContext, limit_s: float) -> None:
        pause = threading.Event()
        self._used_s = max(self._used_s, time.monotonic())
        warn_s = min(_WARN_S, limit_s / 2)
        while not context.isStopped:
            self.rounds += 1
            with self._lock:
                if self._is_busy(context):
                    self._used_s = time.monotonic()
                left_s = self._used_s + limit_s - time.monotonic()
                if left_s <= 0:
                    self._close(context, limit_s)
                    return
                self._warn(context, left_s if left_s <= warn_s else None)
            # Work that begins and ends between two looks must not go unseen.
            next_s = left_s - warn_s if left_s > warn_s else left_s
            pause.wait(max(min(next_s, 1.0, limit_s / 4), _SHORTEST_LOOK_S))

    def _warn(self, context: SparkContext, left_s: float | None) -> None:
        """Say once, and let front ends show, when it ends; None: not so soon."""
        driver = context._driver
        if driver is None or (left_s is None) == (driver.idle_close_at_ms is None):
            return
        if left_s is None:
            driver.idle_close_at_ms = None
            return
        driver.idle_close_at_ms = int((time.time() + left_s) * 1000)
        self._tell(f"The application is idle and will be closed in {math.ceil(left_s)} s.")

    def _is_busy(self, context: SparkContext) -> bool:
        """Whether something runs, or reads: a cell, a job, `%bg` code, a `toLocalIterator`."""
        if self._cells > 0 or background_code() or context._open_iterators:
            return True
        engine = running_engine()
        return engine is not None and bool(engine.jobs(("RUNNING",)))

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
