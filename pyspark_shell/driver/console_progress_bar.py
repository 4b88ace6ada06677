"""Draws the running stages on the last line of a terminal, as Spark's shells do.

Owns    that line while something is drawn on it.
Thread  `refresh progress` draws; any thread erases.
Source  Spark's ConsoleProgressBar, to the character. Ours follows the terminal's width, and stops
        drawing while it is paused: at a prompt the line is the user's.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Sequence
from typing import Final, TextIO

from pyspark_shell.common.bell import Bell
from pyspark_shell.common.clock import Clock
from pyspark_shell.common.record import record
from pyspark_shell.common.threads import PROGRESS, start_daemon
from pyspark_shell.status.api import StageStatus
from pyspark_shell.status.app_status_store import AppStatusStore

# Spark's: what a stage has to last before it is shown, and how long nothing is after a job's end.
FIRST_DELAY_MS: Final = 500
MAX_STAGES: Final = 3
# Spark's: a line that does not change is drawn again, so that a connection does not count as idle.
REDRAW_MS: Final = 60_000


@record
class StageProgress:
    """What is drawn of one stage."""

    stage_id: int
    done: int
    active: int
    total: int
    submitted_ms: int


def draw(stages: Sequence[StageProgress], width: int) -> str:
    """The line for these stages, which share the width.

    Examples
    --------
    >>> draw([StageProgress(3, 6, 2, 10, 0)], 40)
    '[Stage 3:==========>       (6 + 2) / 10]'
    """
    share = width // len(stages)
    return "".join(_segment(stage, share) for stage in stages)


def draw_fitting(stages: Sequence[StageProgress], width: int) -> str:
    """The line for as many of the stages as fit: one that wraps could not be erased.

    Examples
    --------
    >>> draw_fitting([StageProgress(number, 6, 2, 10, 0) for number in range(3)], 50)
    '[Stage 0:=> (6 + 2) / 10][Stage 1:=> (6 + 2) / 10]'
    """
    while len(line := draw(stages, width)) > width and len(stages) > 1:
        stages = stages[:-1]
    return line[:width]


def _segment(stage: StageProgress, width: int) -> str:
    head = f"[Stage {stage.stage_id}:"
    tail = f"({stage.done} + {stage.active}) / {stage.total}]"
    room = width - len(head) - len(tail)
    filled = room * stage.done // max(stage.total, 1)
    bar = ("=" * filled + ">").ljust(room)[: max(room, 0)]
    return head + bar + tail


def running_stages(store: AppStatusStore) -> list[StageProgress]:
    """What a status store knows of the stages that run, in order of their ids."""
    rows = [
        StageProgress(
            stage.stage_id,
            stage.num_complete_tasks,
            stage.num_active_tasks,
            stage.num_tasks,
            stage.submission_time_ms or 0,
        )
        for stage in store.stage_list()
        if stage.status is StageStatus.ACTIVE
    ]
    return sorted(rows, key=lambda row: row.stage_id)


def terminal_width() -> int:
    """`COLUMNS` if it is set, as in Spark; else the terminal's own width."""
    return shutil.get_terminal_size((80, 24)).columns


class ConsoleProgressBar:
    """The line of one application.

    Parameters
    ----------
    stages
        The stages that run.
    is_busy
        Whether jobs run; while none does, nobody looks at the stages.
    interval_s
        Seconds between two looks.
    width
        Columns of the terminal, now.
    """

    def __init__(
        self,
        stages: Callable[[], Sequence[StageProgress]],
        is_busy: Callable[[], bool],
        interval_s: float,
        stream: TextIO,
        clock: Clock,
        width: Callable[[], int] = terminal_width,
    ) -> None:
        self._stages = stages
        self._is_busy = is_busy
        self._interval_s = interval_s
        self._stream = stream
        self._clock = clock
        self._width = width
        # Guards the line, held while it is written; a Ctrl-C may come meanwhile and write too.
        self._lock = threading.RLock()
        self._line = ""
        self._drawn_ms = 0
        self._finished_ms = 0
        self._paused = False
        self._wanted = True
        self._wake = Bell()
        self._stopped = False

    def start(self) -> None:
        """Begin to draw."""
        start_daemon(PROGRESS, self._run)

    def stop(self) -> None:
        """Erase the line and draw no more."""
        self._stopped = True
        self._wake.ring()
        self.erase()

    def job_started(self) -> None:
        """Look at the stages from now on."""
        self._wake.ring()

    def finish_all(self) -> None:
        """Erase the line before a job's result or error is shown."""
        with self._lock:
            self._finished_ms = self._clock.time_ms()
            self._erase()

    def pause(self) -> None:
        """Leave the terminal to others, such as a prompt."""
        with self._lock:
            self._paused = True
            self._erase()

    def resume(self) -> None:
        """Draw again."""
        with self._lock:
            self._paused = False

    @property
    def wanted(self) -> bool:
        """Whether the user wants it."""
        return self._wanted

    @wanted.setter
    def wanted(self, value: bool) -> None:
        self._wanted = value
        self.erase()

    def erase(self) -> None:
        """Clear the line, for somebody who writes to the terminal; it is drawn again later."""
        if self._line:
            with self._lock:
                self._erase()

    def refresh(self) -> None:
        """Draw what is to be drawn now."""
        now_ms = self._clock.time_ms()
        stages = [s for s in self._stages() if now_ms - s.submitted_ms > FIRST_DELAY_MS]
        with self._lock:
            is_time = now_ms - self._finished_ms >= FIRST_DELAY_MS
            if stages and is_time and self._wanted and not self._paused:
                self._show(draw_fitting(stages[:MAX_STAGES], self._width()), now_ms)

    def _show(self, line: str, now_ms: int) -> None:
        if line != self._line or now_ms - self._drawn_ms > REDRAW_MS:
            self._write(f"\r{line}\r")
            self._drawn_ms = now_ms
        self._line = line

    def _erase(self) -> None:
        line, self._line = self._line, ""
        if line:
            self._write(f"\r{' ' * len(line)}\r")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # the terminal is gone
            self._stopped = True

    def _run(self) -> None:
        interval = threading.Event()
        while not self._stopped:
            self._wake.wait()
            interval.wait(self._interval_s)  # what was submitted before is known then
            while self._is_busy() and not self._stopped:
                self.refresh()
                interval.wait(self._interval_s)
