"""The texts of the progress line: of one job while it runs, and of a whole cell afterwards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any, Final

Json = dict[str, Any]

_BAR_BLOCKS: Final = 12
_DONE_BLOCKS: Final = re.compile("█+")
_SECONDS: Final = 10.0  # above, tenths say nothing
_STYLE: Final = (
    "font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);"
    "color:var(--jp-ui-font-color2,#777);white-space:pre"
)


def duration_text(milliseconds: float) -> str:
    """A time as people read it.

    Examples
    --------
    >>> duration_text(3140), duration_text(42_000), duration_text(75_000)
    ('3.1 s', '42 s', '1 min 15 s')
    """
    seconds = max(0.0, milliseconds / 1000)
    if seconds < _SECONDS:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def bar_text(done: int, running: int, tasks: int) -> str:
    """How far a job is, in blocks; one that is half done shows half of them.

    Examples
    --------
    >>> bar_text(14, 2, 30)
    '██████░░░░░░'
    """
    blocks = 0 if tasks <= 0 else (done + running // 2) * _BAR_BLOCKS // tasks
    filled = min(_BAR_BLOCKS, blocks)
    return "█" * filled + "░" * (_BAR_BLOCKS - filled)


def job_text(row: Json, now_ms: int) -> str:
    """One job that has not ended: bar, tasks, time.

    Examples
    --------
    >>> job_text({"numTasks": 30, "numCompletedTasks": 14, "numActiveTasks": 2,
    ...           "submittedAt": 1000, "status": "RUNNING"}, 4100)
    '██████░░░░░░ 14+2/30 · 3.1 s'
    """
    tasks = row.get("numTasks", 0) - row.get("numSkippedTasks", 0)
    done, running = row.get("numCompletedTasks", 0), row.get("numActiveTasks", 0)
    elapsed = duration_text(now_ms - (row.get("submittedAt") or now_ms))
    if row.get("killState") == "KILLING":
        left = row.get("zombieTasks", 0)
        return f"killing · {counted(left, 'task')} still running · {elapsed}"
    if not running and not done:
        return f"{bar_text(0, 0, tasks)} waiting · 0/{tasks} · {elapsed}"
    return f"{bar_text(done, running, tasks)} {done}+{running}/{tasks} · {elapsed}"


def counted(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"


def summary_text(rows: Sequence[Json], elapsed_ms: float) -> str:
    """What a cell's jobs came to.

    Examples
    --------
    >>> jobs = [{"status": "SUCCEEDED", "numCompletedTasks": 20},
    ...         {"status": "FAILED", "killState": "KILLED", "numCompletedTasks": 10}]
    >>> summary_text(jobs, 4200)
    '2 jobs · 30 tasks · 4.2 s · 1 killed'
    """
    tasks = sum(row.get("numCompletedTasks", 0) for row in rows)
    killing = sum(row.get("killState") == "KILLING" for row in rows)
    killed = sum(row.get("killState") == "KILLED" for row in rows)
    failed = sum(row.get("status") == "FAILED" for row in rows) - killed - killing
    parts = [counted(len(rows), "job"), counted(tasks, "task"), duration_text(elapsed_ms)]
    parts += [f"{killing} killing"] if killing else []
    parts += [f"{killed} killed"] if killed else []
    parts += [f"{failed} failed"] if failed else []
    return " · ".join(parts)


def as_html(text: str, tooltip: str = "") -> str:
    """A line of text for a page; nothing in it is taken for markup."""
    title = f' title="{escape(tooltip)}"' if tooltip else ""
    coloured = _DONE_BLOCKS.sub(_coloured, escape(text))
    return f'<span style="{_STYLE}"{title}>{coloured}</span>'


def _coloured(blocks: re.Match[str]) -> str:
    return f'<span style="color:var(--jp-brand-color1,#1976d2)">{blocks[0]}</span>'
