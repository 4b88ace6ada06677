"""`sc.panel()`: jobs, executors, cache and threads in the notebook.

Its buttons work while a cell runs.

Owns    its widgets, and the thread that keeps them up to date.
Thread  `SparkPanel` draws while some front end shows the panel, and sleeps otherwise; clicks come
        in a subshell's.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final

from pyspark_shell.common.threads import PANEL, start_daemon
from pyspark_shell.engines.native import NativeEngine
from pyspark_shell.rest.port import Engine, Json, KillOrder, Refusal
from pyspark_shell.widgets.kill_button import kill_button
from pyspark_shell.widgets.line_list import Action, Line, LineList
from pyspark_shell.widgets.panel_text import (
    application_line,
    cached_line,
    cleaner_line,
    executor_line,
    job_line,
    job_state,
    thread_line,
)
from pyspark_shell.widgets.progress_text import as_html
from pyspark_shell.widgets.subshells import prefer_frontend_subshell

log: Final = logging.getLogger("pyspark_shell.SparkPanel")

TABS: Final = ("Jobs", "Executors", "Cache", "Threads")
_PERIOD_S: Final = 0.5
# How long a hidden panel may take to notice that its application has ended.
_HIDDEN_S: Final = 10.0
_MAX_LINES: Final = 20
_ORDER: Final = KillOrder("killed from sc.panel()", "the notebook's panel")


class SparkPanel:
    """The panel of one application; displayed by being a cell's last value.

    Parameters
    ----------
    context
        A running SparkContext.
    """

    def __init__(self, context: Any) -> None:
        from ipywidgets import HTML, HBox, Tab, VBox

        self._context = context
        self._engine = NativeEngine(context._engine)
        kernel = _kernel()
        self._header = HTML("")
        self._kill = kill_button(
            kernel, "the application", self._kill_application, "Kill application", asks_again=True
        )
        self._lists = {
            "Jobs": LineList(kernel, "No job has run yet."),
            "Executors": LineList(kernel, "No executor runs; they start with the first job."),
            "Cache": LineList(kernel, "Nothing is cached."),
            "Threads": LineList(kernel, "No thread."),
        }
        self._tabs = Tab([self._lists[name].box for name in TABS], titles=TABS, selected_index=0)
        self.box = VBox([HBox([self._header, self._kill]), self._tabs])
        # Front ends count the views of a widget whose count is not None.
        self.box._view_count = 0
        for widget in (self.box, self._tabs):
            prefer_frontend_subshell(widget)
        self._wanted = threading.Event()
        self.box.observe(lambda _: self._look_whether_shown(), "_view_count")
        self._tabs.observe(lambda _: self._draw_quietly(), "selected_index")
        self._lock = threading.Lock()  # held while the panel is drawn
        self.draw()
        self._thread = start_daemon(PANEL, self._run)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.box._repr_mimebundle_(**kwargs)

    def __repr__(self) -> str:
        return f"<SparkPanel of {self._context!r}>"

    # In the drawing thread ------------------------------------------------------------------

    def _look_whether_shown(self) -> None:
        if self.box._view_count:
            self._wanted.set()
        else:
            self._wanted.clear()

    def _run(self) -> None:
        pause = threading.Event()
        while not self._engine_has_ended():
            if self._wanted.wait(_HIDDEN_S):
                self._draw_quietly()
            pause.wait(_PERIOD_S)
        self._draw_quietly()

    def _engine_has_ended(self) -> bool:
        return self._context._driver is None

    def _draw_quietly(self) -> None:
        try:
            self.draw()
        except Exception:  # the application ends meanwhile: the next round says so
            log.debug("the panel could not be drawn", exc_info=True)

    def draw(self) -> None:
        """Show the application as it is now, in the header and the tab that is open."""
        with self._lock:
            now_ms = time.time_ns() // 1_000_000
            header = as_html(application_line(self._engine.application(), now_ms))
            if self._header.value != header:
                self._header.value = header
            name = TABS[self._tabs.selected_index or 0]
            make: dict[str, Callable[[], list[Line]]] = {
                "Jobs": lambda: job_lines(self._engine, now_ms),
                "Executors": lambda: executor_lines(self._engine),
                "Cache": lambda: cache_lines(self._engine),
                "Threads": lambda: thread_lines(self._engine),
            }
            self._lists[name].draw(make[name]())

    # Clicks -----------------------------------------------------------------------------------

    def _kill_application(self) -> None:
        with suppress(Refusal):  # it ends already
            self._engine.kill_application(_ORDER)


def panel_of(context: Any) -> SparkPanel | None:
    """The panel where a notebook can show it; elsewhere None, and what to do is said."""
    if _kernel() is not None:
        return SparkPanel(context)
    url = f" The page with buttons: {context.uiWebUrl}" if context.uiWebUrl else ""
    print(f"sc.panel() is for notebooks. Here: %jobs, %executors, %threads, %cleaner, %kill.{url}")
    return None


def job_lines(engine: Engine, now_ms: int) -> list[Line]:
    """Jobs that have not ended first, then the newest."""
    rows = engine.jobs()
    live = [row for row in rows if job_state(row) in ("running", "waiting", "killing")]
    ended = [row for row in rows if row not in live]
    shown = [*live, *ended][:_MAX_LINES]
    lines = [
        Line(f"job {row['jobId']}", job_line(row, now_ms), _kill_job(engine, row)) for row in shown
    ]
    return lines + _more(len(rows) - len(shown))


def _kill_job(engine: Engine, row: Json) -> Action | None:
    if row["status"] != "RUNNING":
        return None
    job_id = row["jobId"]
    return Action("Kill", f"job {job_id}", _quietly(partial(engine.kill_job, job_id, _ORDER)))


def executor_lines(engine: Engine) -> list[Line]:
    """Executors; a kill loses what they have cached, so it asks again."""
    rows = [row for row in engine.executors() if row["id"] != "driver"]
    lines = []
    for row in rows[:_MAX_LINES]:
        name = f"executor {row['id']}"
        kill = _quietly(partial(engine.kill_executor, row["id"], _ORDER))
        lines.append(Line(name, executor_line(row), Action("Kill", name, kill, asks_again=True)))
    return lines + _more(len(rows) - len(lines))


def cache_lines(engine: Engine) -> list[Line]:
    """The cleaner, then cached RDDs."""
    lines = [Line("cleaner", cleaner_line(engine.cleaner()))]
    rows = engine.storage()
    for row in rows[:_MAX_LINES]:
        name = f"RDD {row['id']}"
        unpersist = _quietly(partial(engine.unpersist, row["id"]))
        lines.append(
            Line(name, cached_line(row), Action("Unpersist", name, unpersist, asks_again=True))
        )
    return lines + _more(len(rows) - len(lines) + 1)


def thread_lines(engine: Engine) -> list[Line]:
    """The driver's threads: the user's first, then the others."""
    rows = engine.executor_threads("driver")
    rows.sort(key=lambda row: (row.get("owner") != "user", row.get("owner"), row["threadName"]))
    lines = [Line(f"thread {row['threadId']}", thread_line(row)) for row in rows[:_MAX_LINES]]
    return lines + _more(len(rows) - len(lines))


def _more(number: int) -> list[Line]:
    return [Line("more", f"+{number} more")] if number > 0 else []


def _quietly(order: Callable[[], object]) -> Callable[[], None]:
    """An order that may come too late."""

    def give() -> None:
        with suppress(Refusal):
            order()

    return give


def _kernel() -> Any:
    """ipykernel's kernel of this process; None elsewhere."""
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None)
