"""Shows the progress of each cell's jobs under it, wherever in its threads they were started.

Owns    the drawing thread, and what each cell with jobs shows.
Thread  `SparkCellProgress` draws, three times a second while a job of a cell runs; IPython calls
        `_cell_begins` and `_cell_ended`, the listener bus `job_starts` and `job_ended`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from pyspark_shell.api.context import SparkContext
from pyspark_shell.common.bell import Bell
from pyspark_shell.common.cell import Cell, current_cell
from pyspark_shell.common.threads import CELL_PROGRESS, start_daemon
from pyspark_shell.engines.native import NativeEngine
from pyspark_shell.listener.events import SparkListenerJobEnd, SparkListenerJobStart
from pyspark_shell.rest.port import Engine, KillOrder, Refusal
from pyspark_shell.status.rest_jobs import job_row
from pyspark_shell.widgets.cell_jobs import CellJobs
from pyspark_shell.widgets.line_boxes import LineBoxes
from pyspark_shell.widgets.progress_text import Json

log: Final = logging.getLogger("pyspark_shell.CellProgress")

# With the line's last word that is at most four changes in any second; the eye does not follow
# more, and each costs the front end.
_PERIOD_S: Final = 0.34
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
        # Replaced with each new cell, one at a time, so that the bus reads it without a lock: the
        # lock's holder may wait for the bus, and be it in a finalizer.
        self._cells: dict[Cell, CellJobs] = {}
        self._lock = threading.Lock()
        self._running: dict[int, Cell] = {}
        self._boxes = LineBoxes(getattr(shell, "kernel", None), _kill_job)
        self._wanted = Bell()
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
        self._wanted.ring()
        self._boxes.close()

    # In the cell's thread -----------------------------------------------------------------

    def _cell_begins(self, info: Any) -> None:
        cell = current_cell()
        if cell is None:
            return
        kernel = self._shell.kernel
        jobs = CellJobs(cell, kernel, kernel.get_parent(), self._boxes)
        with self._lock:
            older = [each for each in self._cells.items() if each[0] != cell]
            self._cells = dict([*older[1 - _REMEMBERED_CELLS :], (cell, jobs)])
        self._running[id(info)] = cell

    def _cell_ended(self, result: Any) -> None:
        """What has ended is folded at once, before the cell's reply."""
        begun = id(result.info) if result is not None else next(reversed(self._running), 0)
        cell = self._running.pop(begun, None)
        jobs = None if cell is None else self._cells.get(cell)
        if jobs is not None:
            engine = _engine()
            rows = engine.jobs(("RUNNING",)) if engine is not None and jobs.is_open else []
            jobs.cell_ended(engine, _by_cell(rows).get(jobs.cell, []))

    # In the listener bus's thread ----------------------------------------------------------

    def _listen(self, context: SparkContext) -> None:
        context._engine.bus.add(_JobListener(self, context), "appStatus")

    def job_starts(self) -> None:
        """There is something to draw."""
        if self._ended.is_set():
            return
        self._wanted.ring()
        if self._thread is None:
            self._thread = start_daemon(CELL_PROGRESS, self._run)

    def job_ended(self, application_id: str, row: Json) -> None:
        """Keep what it came to, for the sums of its cell."""
        cell = _cell_of(row)
        jobs = None if cell is None else self._cells.get(cell)
        if jobs is not None:
            jobs.job_ended(application_id, row)

    # In the drawing thread -----------------------------------------------------------------

    def _run(self) -> None:
        pause = threading.Event()
        while not self._ended.is_set():
            self._wanted.wait()
            began_s = time.monotonic()
            if self._draw():
                self._wanted.ring()
            pause.wait(max(0.0, _PERIOD_S - (time.monotonic() - began_s)))

    def _draw(self) -> bool:
        """Draw all cells with jobs that have not ended; says whether there are any."""
        engine = _engine()
        cells = self._cells
        if engine is None:
            for jobs in cells.values():
                jobs.cell_ended(None, [])
            return False
        try:
            running = _by_cell(engine.jobs(("RUNNING",)))
            is_wanted = self._is_wanted()
            return any(
                [
                    jobs.draw(engine, running.get(cell, []), is_wanted)
                    for cell, jobs in cells.items()
                ]
            )
        except Exception:  # the context is being stopped: the next round sees that
            log.debug("progress could not be drawn", exc_info=True)
            return False


class _JobListener:
    """Hears of the jobs of one application."""

    def __init__(self, progress: CellProgress, context: SparkContext) -> None:
        self._progress = progress
        self._application_id = context.applicationId
        self._store = context._engine.status_store

    def onJobStart(self, event: SparkListenerJobStart) -> None:
        """There is something to draw."""
        self._progress.job_starts()

    def onJobEnd(self, event: SparkListenerJobEnd) -> None:
        """Its numbers are final, and the store may forget it soon."""
        job = self._store.job(event.job_id)
        if job is not None:
            self._progress.job_ended(self._application_id, job_row(job))


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
        cell = _cell_of(row)
        if cell is not None:
            cells.setdefault(cell, []).append(row)
    return cells


def _cell_of(row: Json) -> Cell | None:
    cell = row.get("cell")
    return None if cell is None else Cell(cell["id"], cell["prompt"])
