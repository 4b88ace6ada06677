"""The words and numbers of an application's rows, as all views have them: states, names, times.

Everything here is text made of rows; nothing is asked of an engine.
"""

from __future__ import annotations

import calendar
import time
from typing import Any, Final

from pyspark_shell.common.kill_text import short_reason

Json = dict[str, Any]

_STAGE_WORDS: Final = {
    "PENDING": "waiting",
    "COMPLETE": "done",
    "FAILED": "failed",
    "SKIPPED": "skipped",
}
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")


def job_state(row: Json) -> str:
    """One of waiting, running, killing, killed, failed, done: the words of all views.

    Examples
    --------
    >>> job_state({"status": "FAILED", "killState": "KILLING"})
    'killing'
    """
    status = row["status"]
    if status == "RUNNING":
        begun = row.get("numActiveTasks") or row.get("numCompletedTasks")
        return "running" if begun else "waiting"
    if status == "SUCCEEDED":
        return "done"
    return {"KILLING": "killing", "KILLED": "killed"}.get(row.get("killState") or "", "failed")


def job_name(row: Json) -> str:
    """What a job is and where it was asked for, unless somebody described it in words of his own.

    Examples
    --------
    >>> job_name({"callSite": "collect at In[3]:2", "description": "r.collect()",
    ...           "jobGroup": "In[3]", "cell": {"prompt": 3}})
    'collect at In[3]:2'
    """
    described = None if is_the_cells(row) else row.get("description")
    return str(described or row.get("callSite") or row.get("name") or "")


def is_the_cells(row: Json) -> bool:
    """Whether a job has the group and description that all jobs of its cell have."""
    cell: Json = row.get("cell") or {}
    return bool(cell) and row.get("jobGroup") == f"In[{cell['prompt']}]"


def tasks_text(row: Json) -> str:
    """Tasks done, running and in all: `14+2/30`.

    Examples
    --------
    >>> tasks_text({"numCompletedTasks": 14, "numActiveTasks": 2, "numTasks": 30})
    '14+2/30'
    """
    active = row.get("numActiveTasks", 0)
    skipped = row.get("numSkippedTasks", 0)
    total = row.get("numTasks", 0) - skipped
    return f"{row.get('numCompletedTasks', 0)}{f'+{active}' if active else ''}/{total}"


def stage_state(row: Json) -> str:
    """The same words for a stage, and skipped.

    Examples
    --------
    >>> stage_state({"status": "ACTIVE", "numActiveTasks": 0, "numCompleteTasks": 0})
    'waiting'
    >>> stage_state({"status": "FAILED", "failureReason": "...", "zombieTasks": 2})
    'killing'
    """
    status = str(row["status"])
    if row.get("zombieTasks"):
        return "killing"
    if status == "ACTIVE":
        begun = row.get("numActiveTasks") or row.get("numCompleteTasks")
        return "running" if begun else "waiting"
    if status == "FAILED" and "SPARK_JOB_CANCELLED" in (row.get("failureReason") or ""):
        return "killed"
    return _STAGE_WORDS.get(status, status.lower())


def task_state(row: Json) -> str:
    """The same words for a task."""
    status = str(row["status"])
    if row.get("killing"):
        return "killing"
    return "done" if status == "SUCCESS" else status.lower()


def task_why(row: Json) -> str:
    """Why a task was killed, in the killer's words, or the line of its failure that says what it
    was: a traceback's stands at its end.
    """
    if row.get("killReason"):
        return short_reason(str(row["killReason"]))
    lines = str(row.get("errorMessage") or "").strip().splitlines()
    return lines[-1] if lines else ""


def seconds_text(milliseconds: float) -> str:
    """A duration, short.

    Examples
    --------
    >>> seconds_text(40), seconds_text(3100), seconds_text(75_000), seconds_text(7_500_000)
    ('40 ms', '3.1 s', '1 min 15 s', '2 h 5 min')
    """
    seconds = max(milliseconds, 0) / 1000
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"


def ms_of_date(text: str) -> int:
    """Milliseconds since the epoch of a time as Spark writes it.

    Examples
    --------
    >>> ms_of_date("2026-11-20T17:18:21.733GMT")
    1795195101733
    """
    second, _, millis = text.removesuffix("GMT").rpartition(".")
    return calendar.timegm(time.strptime(second, "%Y-%m-%dT%H:%M:%S")) * 1000 + int(millis)


def bytes_text(size: float) -> str:
    """A size, short.

    Examples
    --------
    >>> bytes_text(512), bytes_text(5_000_000)
    ('512 B', '4.8 MiB')
    """
    unit = 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size /= 1024
        unit += 1
    return f"{size:.0f} B" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"
