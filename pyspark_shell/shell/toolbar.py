"""The line below the prompt, and the mark in the prompt: what runs while one types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pyspark_shell.shell.row_words import job_name, job_state, seconds_text, tasks_text
from pyspark_shell.shell.tables import cut

Json = dict[str, Any]

# Columns kept for how many more there are.
_MORE: Final = 14


def toolbar_text(
    master: str, running: Sequence[Json], now_ms: int, width: int, close_at_ms: int | None = None
) -> str:
    """The line for the jobs that run, oldest first.

    Parameters
    ----------
    close_at_ms
        When the application is closed if nobody uses it; None: not soon.

    Examples
    --------
    >>> toolbar_text("local[2]", [], 0, 60)
    ' spark  local[2]  no job runs'
    >>> job = {"jobId": 7, "status": "RUNNING", "callSite": "count at In[2]:1", "numTasks": 6,
    ...        "numCompletedTasks": 2, "numActiveTasks": 2, "submittedAt": 1000}
    >>> toolbar_text("local[2]", [job, job, job], 5200, 60)
    ' #7 count at In[2]:1  2+2/6  4.2 s │ 2 more   %jobs'
    """
    if not running and close_at_ms is not None:
        left = seconds_text(max(0, close_at_ms - now_ms))
        return cut_line(f" spark  {master}  idle, closes in {left}", width)
    if not running:
        return cut_line(f" spark  {master}  no job runs", width)
    ending = f"%kill {running[0]['jobId']}" if len(running) == 1 else "%jobs"
    line = f" {_job_text(running[0], now_ms)}"
    shown = 1
    for row in running[1:]:
        longer = f"{line} │ {_job_text(row, now_ms)}"
        if len(longer) + len(ending) + _MORE > width:
            break
        line = longer
        shown += 1
    more = f" │ {len(running) - shown} more" if shown < len(running) else ""
    return cut_line(f"{line}{more}   {ending}", width)


def _job_text(row: Json, now_ms: int) -> str:
    state = job_state(row)
    words = "" if state == "running" else f" {state}"
    elapsed = seconds_text(now_ms - (row.get("submittedAt") or now_ms))
    return f"#{row['jobId']} {cut(job_name(row), 40)}{words}  {tasks_text(row)}  {elapsed}"


def idle_hint(running: Sequence[Json]) -> str:
    """What a Ctrl-C at the prompt says while jobs run: it ends none of them.

    Examples
    --------
    >>> idle_hint([{"jobId": 7}])
    'Job 7 runs on in the background: %kill 7 ends it, %jobs shows it.'
    """
    ids = [str(row["jobId"]) for row in running]
    if not ids:
        return "Nothing runs."
    if len(ids) == 1:
        return f"Job {ids[0]} runs on in the background: %kill {ids[0]} ends it, %jobs shows it."
    return (
        f"Jobs {', '.join(ids)} run on in the background: %kill {ids[0]} ends one, "
        "%kill all ends all, %jobs shows them."
    )


def cut_line(line: str, width: int) -> str:
    """The line, no longer than the terminal is wide."""
    return line if len(line) <= width else line[: width - 1] + "…"
