"""The texts of the progress line: of one job while it runs, and of a whole cell afterwards."""

from __future__ import annotations

import re
from html import escape
from typing import Any, Final

Json = dict[str, Any]

_BAR_BLOCKS: Final = 12
_BLOCKS: Final = re.compile("▮*▯+|▮+")
_BLOCK_PX: Final = 7
_DONE: Final = "var(--jp-brand-color1,#1976d2)"
_OPEN: Final = "var(--jp-border-color2,#ccc)"
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
    """How far a job is, in blocks; one that is half done shows half of them, one that has begun
    to be done shows one.

    Examples
    --------
    >>> bar_text(14, 2, 30)
    '▮▮▮▮▮▮▯▯▯▯▯▯'
    >>> bar_text(1, 2, 1000)
    '▮▯▯▯▯▯▯▯▯▯▯▯'
    """
    blocks = 0 if tasks <= 0 else (done + running // 2) * _BAR_BLOCKS // tasks
    blocks = max(blocks, 1 if done else 0)
    filled = min(_BAR_BLOCKS, blocks)
    return "▮" * filled + "▯" * (_BAR_BLOCKS - filled)


def job_text(row: Json, now_ms: int) -> str:
    """One job that has not ended: bar, tasks, time.

    Examples
    --------
    >>> job_text({"numTasks": 30, "numCompletedTasks": 14, "numActiveTasks": 2,
    ...           "submittedAt": 1000, "status": "RUNNING"}, 4100)
    '▮▮▮▮▮▮▯▯▯▯▯▯ 14+2/30 · 3.1 s'
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


def as_html(text: str, tooltip: str = "") -> str:
    """A line of text for a page; nothing in it is taken for markup."""
    title = f' title="{escape(tooltip)}"' if tooltip else ""
    return f'<span style="{_STYLE}"{title}>{_BLOCKS.sub(_bar_html, escape(text))}</span>'


def _bar_html(blocks: re.Match[str]) -> str:
    """A bar that looks alike in every font; few have such blocks in the size of letters."""
    done = blocks[0].count("▮") * 100 // len(blocks[0])
    return (
        f'<span role="img" aria-label="{done} %" style="display:inline-block;'
        f"width:{len(blocks[0]) * _BLOCK_PX}px;height:.7em;border-radius:2px;"
        f'background:linear-gradient(90deg,{_DONE} {done}%,{_OPEN} {done}%)"></span>'
    )
