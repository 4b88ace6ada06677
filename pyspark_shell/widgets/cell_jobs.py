"""The jobs of one run of a cell, and when its line opens and folds.

Thread  the drawing thread; the one that runs the cell calls `cell_ended`, the listener bus
        `job_ended`.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from contextlib import suppress
from typing import Any, Final

from pyspark_shell.common.cell import Cell
from pyspark_shell.rest.port import Engine, Refusal
from pyspark_shell.widgets.job_sums import JobSums
from pyspark_shell.widgets.line_boxes import LineBoxes
from pyspark_shell.widgets.progress_text import Json
from pyspark_shell.widgets.progress_view import ProgressView

# A cell whose jobs take less shows nothing.
_SHOW_AFTER_MS: Final = 500
# A line is folded after so long without a job, if its cell goes on.
_QUIET_MS: Final = 1000


class CellJobs:
    """What one cell shows of its jobs.

    Parameters
    ----------
    kernel
        ipykernel's.
    parent
        The request that runs the cell.
    boxes
        Where its widgets come from.
    """

    def __init__(self, cell: Cell, kernel: Any, parent: Json, boxes: LineBoxes) -> None:
        self.cell = cell
        self._kernel = kernel
        self._parent = parent
        self._boxes = boxes
        self._lock = threading.Lock()  # held while the view is drawn or folded
        self._live: dict[int, Json] = {}
        self._engine: Engine | None = None  # of the application whose jobs are live
        # Filled by the bus, which must not wait for the lock: its holder may wait for the bus.
        self._news: deque[tuple[str, Json]] = deque()
        self._sums = JobSums()
        self._sums_of = ""  # the application of the newest job in them
        self._first_at_ms = 0
        self._last_at_ms = 0
        self._has_ended = False
        self._view: ProgressView | None = None

    def job_ended(self, application_id: str, row: Json) -> None:
        """Take note of a job's last numbers; returns at once."""
        self._news.append((application_id, row))

    def draw(self, engine: Engine, running: list[Json], is_wanted: bool) -> bool:
        """Show the jobs that run; says whether there will be more to draw."""
        if not running and not self._live and not self.is_open:
            return False
        with self._lock:
            self._let_go_of_another(engine)
            now_ms = time.time_ns() // 1_000_000
            rows, had_live = self._take_rows(engine, running), bool(self._live)
            self._live = {row["jobId"]: row for row in rows}
            if rows:
                self._engine = engine
                self._last_at_ms = now_ms
                self._first_at_ms = self._first_at_ms or min(row["submittedAt"] for row in rows)
            if not is_wanted:
                self._fold_unwanted(rows)
            elif rows and self._is_worth_a_line(running, now_ms):
                self._show().draw(rows, self._sums.jobs, now_ms)
            elif not rows:
                self._fold_when_quiet(now_ms, had_live)
            return bool(rows) or self.is_open

    def cell_ended(self, engine: Engine | None, running: list[Json]) -> None:
        """The cell's own code has ended, or the application has; the cell's threads may go on.

        A killed job whose tasks still end is told again when they have.
        """
        with self._lock:
            self._has_ended = True
            if engine is not None:
                self._let_go_of_another(engine)
            else:
                self._application_ended()
            if self.is_open and not running:
                rows = [] if engine is None else self._take_rows(engine, [])
                self._live = {row["jobId"]: row for row in rows}
                self._fold()

    @property
    def is_open(self) -> bool:
        """Whether widgets stand under the cell."""
        return self._view is not None and not self._view.is_folded

    # With the lock held -----------------------------------------------------------------------

    def _let_go_of_another(self, engine: Engine) -> None:
        """The numbers of another application's jobs mean others in this one."""
        if self._engine is not None and self._engine.application_id != engine.application_id:
            self._application_ended()

    def _application_ended(self) -> None:
        self._take_news()
        for job_id in self._live.keys() - self._sums.ended:
            self._sums.add(self._live[job_id])
        self._live.clear()
        self._engine = None

    def _take_news(self) -> None:
        while self._news:
            application_id, row = self._news.popleft()
            if application_id != self._sums_of:
                self._sums_of = application_id
                self._sums.new_application()
            self._sums.add(row)

    def _take_rows(self, engine: Engine, running: list[Json]) -> list[Json]:
        """The running jobs, and those that were killed and have tasks left."""
        ids = {row["jobId"] for row in running}
        rows = list(running)
        for job_id in self._live.keys() - ids:
            with suppress(Refusal):
                row = engine.job(job_id)
                if row.get("killState") == "KILLING":
                    rows.append(row)
        self._take_news()
        return sorted(rows, key=lambda row: int(row["jobId"]))

    def _is_worth_a_line(self, running: list[Json], now_ms: int) -> bool:
        if self.is_open:
            return True
        return bool(running) and now_ms - self._first_at_ms >= _SHOW_AFTER_MS

    def _fold_when_quiet(self, now_ms: int, had_live: bool) -> None:
        """Jobs of a loop follow one another: between two of them the line stays."""
        is_quiet = self._has_ended or now_ms - self._last_at_ms >= _QUIET_MS
        if self.is_open and is_quiet:
            self._fold()
        elif self._view is not None and had_live and not self.is_open:
            self._fold()  # the last task of a killed job has ended

    def _fold_unwanted(self, rows: list[Json]) -> None:
        """Progress was turned off: the text stays, and is right again when the jobs have ended."""
        if self._view is not None and (self.is_open or not rows):
            self._fold()

    def _show(self) -> ProgressView:
        if self._view is None:
            display_id = f"spark-progress-{uuid.uuid4().hex}"
            self._view = ProgressView(self._kernel, self._parent, display_id, self._boxes)
        return self._view

    def _fold(self) -> None:
        assert self._view is not None
        self._view.fold(self._sums.text(list(self._live.values())))
