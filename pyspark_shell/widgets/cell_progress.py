"""Shows the progress of each cell's jobs under it, wherever in its threads they were started.

Owns    the drawing thread, and what each cell with jobs shows.
Thread  `SparkCellProgress` draws, four times a second while a job of a cell runs; IPython calls
        `_cell_begins` and `_cell_ended`, the listener bus `onJobStart`.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from pyspark_shell.api.context import SparkContext
from pyspark_shell.common.cell import Cell, current_cell
from pyspark_shell.common.threads import CELL_PROGRESS, start_daemon
from pyspark_shell.engines.native import NativeEngine
from pyspark_shell.listener.events import SparkListenerJobStart
from pyspark_shell.rest.port import Engine, KillOrder, Refusal
from pyspark_shell.widgets.progress_text import Json, summary_text
from pyspark_shell.widgets.progress_view import ProgressView

log: Final = logging.getLogger("pyspark_shell.CellProgress")

# Four times a second at most; the eye does not follow more, and each update costs the front end.
_PERIOD_S: Final = 0.25
_COUNT_EVERY_MS: Final = 1000
# A cell whose jobs take less shows nothing.
_SHOW_AFTER_MS: Final = 500
# A line is folded after so long without a job, if its cell goes on.
_QUIET_MS: Final = 1000
# Cells whose threads may still start jobs.
_REMEMBERED_CELLS: Final = 200
_ORDER: Final = KillOrder("killed by its Kill button", "the notebook")


class CellProgress:
    """The progress lines of one kernel.

    Parameters
    ----------
    shell
        ipykernel's shell.
    is_wanted
        Whether the user wants to see progress.
    """

    def __init__(self, shell: Any, is_wanted: Callable[[], bool]) -> None:
        self._shell = shell
        self._is_wanted = is_wanted
        self._lock = threading.Lock()  # guards `_cells`
        self._cells: OrderedDict[Cell, _CellJobs] = OrderedDict()
        self._running: dict[int, Cell] = {}
        self._wanted = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Begin to show progress; the thread starts with the first job."""
        self._shell.events.register("pre_run_cell", self._cell_begins)
        self._shell.events.register("post_run_cell", self._cell_ended)
        SparkContext._on_start.append(self._listen)
        context = SparkContext._active_spark_context
        if context is not None:
            self._listen(context)

    def end(self) -> None:
        """Show no more."""
        self._shell.events.unregister("pre_run_cell", self._cell_begins)
        self._shell.events.unregister("post_run_cell", self._cell_ended)
        SparkContext._on_start.remove(self._listen)
        self._ended.set()
        self._wanted.set()

    # In the cell's thread -----------------------------------------------------------------

    def _cell_begins(self, info: Any) -> None:
        cell = current_cell()
        if cell is None:
            return
        kernel = self._shell.kernel
        with self._lock:
            self._cells[cell] = _CellJobs(cell, kernel, kernel.get_parent())
            while len(self._cells) > _REMEMBERED_CELLS:
                self._cells.popitem(last=False)
        self._running[id(info)] = cell

    def _cell_ended(self, result: Any) -> None:
        """What has ended is folded at once, before the cell's reply."""
        begun = id(result.info) if result is not None else next(reversed(self._running), 0)
        cell = self._running.pop(begun, None)
        with self._lock:
            jobs = None if cell is None else self._cells.get(cell)
        if jobs is not None:
            jobs.cell_ended(_engine())

    # In the listener bus's thread ----------------------------------------------------------

    def _listen(self, context: SparkContext) -> None:
        context._engine.bus.add(self, "appStatus")

    def onJobStart(self, event: SparkListenerJobStart) -> None:
        """There is something to draw."""
        if self._ended.is_set():
            return
        self._wanted.set()
        if self._thread is None:
            self._thread = start_daemon(CELL_PROGRESS, self._run)

    # In the drawing thread -----------------------------------------------------------------

    def _run(self) -> None:
        pause = threading.Event()
        while not self._ended.is_set():
            self._wanted.wait()
            self._wanted.clear()
            began_s = time.monotonic()
            if self._draw():
                self._wanted.set()
            pause.wait(max(0.0, _PERIOD_S - (time.monotonic() - began_s)))

    def _draw(self) -> bool:
        """Draw all cells with jobs that have not ended; says whether there are any."""
        engine = _engine()
        with self._lock:
            cells = dict(self._cells)
        if not self._is_wanted():
            return False
        if engine is None:
            for jobs in cells.values():
                jobs.cell_ended(None)
            return False
        try:
            running = _by_cell(engine.jobs(("RUNNING",)))
            return any([jobs.draw(engine, running.get(cell, [])) for cell, jobs in cells.items()])
        except Exception:  # the context is being stopped: the next round sees that
            log.debug("progress could not be drawn", exc_info=True)
            return False


class _CellJobs:
    """The jobs of one run of a cell, and what it shows of them."""

    def __init__(self, cell: Cell, kernel: Any, parent: Json) -> None:
        self._cell = cell
        self._kernel = kernel
        self._parent = parent
        self._lock = threading.Lock()  # held while the view is drawn or folded
        self._live: dict[int, Json] = {}
        self._first_at_ms = 0
        self._last_at_ms = 0
        self._counted_at_ms = 0
        self._has_ended = False
        self._ended = 0
        self._view: ProgressView | None = None
        self._engine: Engine | None = None  # of the application whose jobs are shown

    def draw(self, engine: Engine, running: list[Json]) -> bool:
        """Show the jobs that run; says whether there will be more to draw."""
        if not running and not self._live and not self._is_open:
            return False
        with self._lock:
            now_ms = time.time_ns() // 1_000_000
            rows, had_live = self._with_dying(engine, running), bool(self._live)
            self._live = {row["jobId"]: row for row in rows}
            if rows:
                self._last_at_ms = now_ms
                self._first_at_ms = self._first_at_ms or min(row["submittedAt"] for row in rows)
            if rows and self._is_worth_a_line(running, now_ms):
                self._engine = engine
                self._show().draw(rows, self._count_ended(engine, now_ms), now_ms)
            elif not rows:
                self._fold_when_quiet(engine, now_ms, had_live)
            return bool(rows) or self._is_open

    @property
    def _is_open(self) -> bool:
        return self._view is not None and not self._view.is_folded

    def _is_worth_a_line(self, running: list[Json], now_ms: int) -> bool:
        if self._is_open:
            return True
        return bool(running) and now_ms - self._first_at_ms >= _SHOW_AFTER_MS

    def _fold_when_quiet(self, engine: Engine, now_ms: int, had_live: bool) -> None:
        """Jobs of a loop follow one another: between two of them the line stays."""
        is_quiet = self._has_ended or now_ms - self._last_at_ms >= _QUIET_MS
        if self._is_open and is_quiet:
            self._fold(engine)
        elif self._view is not None and had_live and not self._is_open:
            self._fold(engine)  # the last task of a killed job has ended

    def cell_ended(self, engine: Engine | None) -> None:
        """The cell's own code has ended, or the application has; the cell's threads may go on.

        A killed job whose tasks still end is told again when they have.
        """
        with self._lock:
            self._has_ended = True
            is_over, engine = engine is None, engine or self._engine
            if not self._is_open or engine is None:
                return
            rows = [] if is_over else engine.jobs(("RUNNING",))
            running = _by_cell(rows).get(self._cell, [])
            if not running:
                self._live = {row["jobId"]: row for row in self._with_dying(engine, [])}
                self._fold(engine)

    def _with_dying(self, engine: Engine, running: list[Json]) -> list[Json]:
        """The running jobs, and those that were killed and have tasks left."""
        ids = {row["jobId"] for row in running}
        rows = list(running)
        for job_id in self._live.keys() - ids:
            with suppress(Refusal):
                row = engine.job(job_id)
                if row.get("killState") == "KILLING":
                    rows.append(row)
        return sorted(rows, key=lambda row: int(row["jobId"]))

    def _show(self) -> ProgressView:
        if self._view is None:
            display_id = f"spark-progress-{uuid.uuid4().hex}"
            self._view = ProgressView(self._kernel, self._parent, display_id, _kill_job)
        return self._view

    def _count_ended(self, engine: Engine, now_ms: int) -> int:
        """How many jobs of the cell have ended, counted once a second."""
        if now_ms - self._counted_at_ms >= _COUNT_EVERY_MS:
            self._counted_at_ms = now_ms
            of_cell = [row for row in engine.jobs() if _is_of(row, self._cell)]
            self._ended = sum(row["status"] != "RUNNING" for row in of_cell)
        return self._ended

    def _fold(self, engine: Engine) -> None:
        assert self._view is not None
        self._engine = None
        rows = [row for row in engine.jobs() if _is_of(row, self._cell)]
        ended_ms = max((row.get("completedAt") or 0 for row in rows), default=0)
        began_ms = min((row["submittedAt"] for row in rows), default=0)
        self._view.fold(summary_text(rows, ended_ms - began_ms))


def _kill_job(job_id: int) -> None:
    engine = _engine()
    if engine is not None:
        with suppress(Refusal):  # it has just ended
            engine.kill_job(job_id, _ORDER)


def _engine() -> Engine | None:
    """The engine of the running application; asking does not start one."""
    context = SparkContext._active_spark_context
    driver = None if context is None else context._driver
    return None if driver is None else NativeEngine(driver)


def _by_cell(rows: list[Json]) -> Mapping[Cell, list[Json]]:
    cells: dict[Cell, list[Json]] = {}
    for row in rows:
        cell = row.get("cell")
        if cell:
            cells.setdefault(Cell(cell["id"], cell["prompt"]), []).append(row)
    return cells


def _is_of(row: Json, cell: Cell) -> bool:
    of = row.get("cell")
    return of is not None and Cell(of["id"], of["prompt"]) == cell
