"""Rows of an application as a terminal shows them, in the words of the panel and the web page.

Everything here is text made of rows; nothing is asked of an engine.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from pyspark_shell.common.call_site import is_engine_file
from pyspark_shell.common.cell import place
from pyspark_shell.shell.row_words import (
    bytes_text,
    is_the_cells,
    job_name,
    job_state,
    ms_of_date,
    seconds_text,
    stage_state,
    tasks_text,
)
from pyspark_shell.shell.tables import Column, table, wrapped

Json = dict[str, Any]
# Puts colour around a state.
Paint = Callable[[str], str]

# Files that only lead to other code.
_STARTS: Final = re.compile(r"^<string>$|/threading\.py$|runpy")
_FRAME: Final = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>.+)')


def jobs_view(
    rows: Sequence[Json], now_ms: int, width: int | None = None, paint: Paint = str
) -> str:
    """Jobs, in the order given."""
    columns = (
        Column("Job", is_number=True),
        Column("What", may_shrink=True),
        Column("State", paint=paint),
        Column("Tasks", is_number=True),
        Column("Time", is_number=True),
        Column("Last task"),
        Column("Group", may_shrink=True),
        Column("Why", may_shrink=True),
    )
    return table(columns, [_job_cells(row, now_ms) for row in rows], width)


def _job_cells(row: Json, now_ms: int) -> list[str]:
    return [
        str(row["jobId"]),
        job_name(row),
        job_state(row),
        tasks_text(row),
        _since(row, now_ms),
        _last_task(row, now_ms) if row["status"] == "RUNNING" else "",
        "" if is_the_cells(row) else row.get("jobGroup") or "",
        _why(row),
    ]


def stages_view(
    rows: Sequence[Json], now_ms: int, width: int | None = None, paint: Paint = str
) -> str:
    """Stage attempts, in the order given."""
    columns = (
        Column("Stage", is_number=True),
        Column("What", may_shrink=True),
        Column("State", paint=paint),
        Column("Tasks", is_number=True),
        Column("Time", is_number=True),
        Column("Last task"),
        Column("Median", is_number=True),
        Column("Slowest", is_number=True),
        Column("Jobs"),
        Column("Waits for"),
    )
    return table(columns, [_stage_cells(row, now_ms) for row in rows], width)


def _stage_cells(row: Json, now_ms: int) -> list[str]:
    attempt = row.get("attemptId", 0)
    waits = ", ".join(f"stage {stage}" for stage in row.get("waitsFor") or ())
    return [
        f"{row['stageId']}.{attempt}" if attempt else str(row["stageId"]),
        str(row.get("name", "")),
        stage_state(row),
        _stage_tasks(row),
        _since(row, now_ms),
        _last_task(row, now_ms) if row["status"] == "ACTIVE" else "",
        _optional_ms(row.get("medianTaskMs")),
        _optional_ms(row.get("slowestTaskMs")),
        ", ".join(map(str, row.get("jobIds") or ())),
        waits,
    ]


def executors_view(
    rows: Sequence[Json], now_ms: int, width: int | None = None, paint: Paint = str
) -> str:
    """Executor processes, and below them why those that are dead went."""
    columns = (
        Column("Executor"),
        Column("Pid", is_number=True),
        Column("State", paint=paint),
        Column("Runs task"),
        Column("Done", is_number=True),
        Column("Failed", is_number=True),
        Column("CPU", is_number=True),
        Column("Memory", is_number=True),
        Column("Kept because", may_shrink=True),
    )
    lines = [table(columns, [_executor_cells(row, now_ms) for row in rows], width)]
    for row in rows:
        if row.get("removeReason"):
            lines += wrapped(_how_it_went(row, now_ms), width)
    return "\n".join(lines)


def _how_it_went(row: Json, now_ms: int) -> str:
    """When, and in the scheduler's sentence why; what it printed last is in its log."""
    ago = seconds_text(now_ms - ms_of_date(row["removeTime"]))
    return f"{ago} ago: {str(row['removeReason']).partition(chr(10))[0]}"


def _executor_cells(row: Json, now_ms: int) -> list[str]:
    cpu = row.get("cpuPercent")
    resident = row.get("rssBytes")
    failed = row.get("failedTasks", 0)
    return [
        str(row["id"]),
        str(row.get("pid") or ""),
        _executor_state(row),
        ", ".join(map(str, row.get("taskIds") or ())),
        str(row.get("completedTasks", 0)),
        str(failed) if failed else "",
        "" if cpu is None else f"{cpu:.0f} %",
        "" if not resident else bytes_text(resident),
        _kept_because(row, now_ms),
    ]


def _executor_state(row: Json) -> str:
    """Empty for the driver: what it does besides its jobs, nobody knows."""
    if row["id"] == "driver":
        return ""
    return str(row.get("state") or ("idle" if row.get("isActive", True) else "dead"))


def _kept_because(row: Json, now_ms: int) -> str:
    idle_since_ms = row.get("idleSince")
    if idle_since_ms is not None:
        return f"idle {seconds_text(now_ms - idle_since_ms)}"
    return "" if row.get("taskIds") else str(row.get("keptBecause") or "")


def threads_view(rows: Sequence[Json], width: int | None = None, paint: Paint = str) -> str:
    """Threads of a process."""
    columns = (
        Column("Thread", may_shrink=True, narrowest=24),
        Column("State", paint=paint),
        Column("CPU", is_number=True),
        Column("Whose"),
        Column("Waits for", may_shrink=True),
        Column("Started", may_shrink=True),
        Column("At exit", or_below=True),
    )
    return table(columns, [_thread_cells(row) for row in rows], width)


def _thread_cells(row: Json) -> list[str]:
    cpu = row.get("cpuPercent")
    return [
        str(row["threadName"]),
        str(row["threadState"]).lower().replace("_", " "),
        "" if cpu is None else f"{cpu:.0f} %",
        str(row.get("owner") or ""),
        str(row.get("lockName") or ""),
        "" if row.get("owner") == "engine" else _short_place(str(row.get("startedAt") or "")),
        "keeps the process alive" if row.get("keepsProcessAlive") else "",
    ]


def _short_place(place: str) -> str:
    """File and line alone: `job at /home/me/stars.py:11` is `stars.py:11`, and `In[3]:2` itself."""
    return place.rpartition("/")[2].rpartition(" at ")[2]


def cleaner_view(answer: Json, width: int | None = None, paint: Paint = str) -> str:
    """What the context cleaner watches and does."""
    header = answer.get("header", answer)
    tracked = ", ".join(f"{n} {_plural(kind, n)}" for kind, n in header["tracked"].items() if n)
    cleaned = sum(header.get("cleaned", {}).values())
    now = f" {header['now']}" if header.get("now") else ""
    queue = header.get("queue", 0)
    errors = f", {header['errors']} errors" if header.get("errors") else ""
    lines = wrapped(
        f"Cleaner: {header['state']}{now}. {queue} queued, {cleaned} cleaned{errors}. "
        f"Watches {tracked or 'nothing'}.",
        width,
    )
    rows = answer.get("rows", ())
    if rows:
        lines.append(_entities_table(rows, width, paint))
    return "\n".join(lines)


def _entities_table(rows: Sequence[Json], width: int | None, paint: Paint) -> str:
    columns = (
        Column("What"),
        Column("Name", may_shrink=True),
        Column("State", paint=paint),
        Column("Memory", is_number=True),
        Column("Disk", is_number=True),
        Column("Made at", may_shrink=True),
        Column("Held by", may_shrink=True),
    )
    return table(columns, [_entity_cells(row) for row in rows], width)


def _entity_cells(row: Json) -> list[str]:
    held_by = row.get("heldBy")  # absent if nobody has looked
    holders = ", ".join(holder["path"] for holder in held_by or ())
    if held_by == []:
        holders = "nothing that was found"
    return [
        f"{row['kind']} {row['id']}",
        str(row.get("name") or ""),
        str(row["state"]),
        bytes_text(row["memoryBytes"]) if row.get("memoryBytes") else "",
        bytes_text(row["diskBytes"]) if row.get("diskBytes") else "",
        str(row.get("callSite") or ""),
        holders,
    ]


def stack_view(row: Json, with_engine: bool = False) -> str:
    """One thread with its stack, innermost call last as in a traceback.

    Parameters
    ----------
    with_engine
        Whether the frames that lead from the engine to the user's code are shown too.
    """
    still = row.get("sameLineSeconds")
    head = f"{row['threadName']}: {str(row['threadState']).lower().replace('_', ' ')}"
    if row.get("lockName"):
        head += f", waits for {row['lockName']}"
    if still:
        head += f", in the same line for {seconds_text(still * 1000)}"
    if row.get("inNative"):
        head += " (inside one long C call)"
    elements = row["stackTrace"]["elems"]
    if not with_engine:
        elements = _users_part(elements)
    lines = (line for text in elements for line in _placed(text).splitlines())
    return "\n".join([head, *(f"  {line}" for line in lines)])


def _placed(element: str) -> str:
    """One frame: a cell's code by its name, with the source line, which only the driver knows."""
    frame, _, source = element.partition("\n")
    found = _FRAME.match(frame)
    if found is None:
        return element
    line = int(found["line"])
    where = place(found["file"], line)
    if where != f"{found['file']}:{line}" or where.startswith("In["):
        frame = f"{where}, in {found['function']}"
    source = source or f"    {linecache.getline(found['file'], line).strip()}"
    return f"{frame}\n{source}" if source.strip() else frame


def _users_part(elements: Sequence[str]) -> Sequence[str]:
    """The frames from the user's first one on; all, if none is the user's."""
    for number, text in enumerate(elements):
        found = _FRAME.match(text)
        if found and not is_engine_file(found["file"]) and not _STARTS.search(found["file"]):
            return elements[number:]
    return elements


# Words and numbers ----------------------------------------------------------------------------


def _stage_tasks(row: Json) -> str:
    active = row.get("numActiveTasks", 0)
    text = f"{row.get('numCompleteTasks', 0)}{f'+{active}' if active else ''}/{row['numTasks']}"
    failed = row.get("numFailedTasks", 0)
    return f"{text} ({failed} failed)" if failed else text


def _since(row: Json, now_ms: int) -> str:
    began_ms = row.get("submittedAt")
    if not began_ms:
        return ""
    return seconds_text((row.get("completedAt") or now_ms) - began_ms)


def _last_task(row: Json, now_ms: int) -> str:
    ended_ms = row.get("lastTaskEndAt")
    return f"{seconds_text(now_ms - ended_ms)} ago" if ended_ms else ""


def _why(row: Json) -> str:
    if row["status"] != "FAILED":
        return ""
    who = f" (from {row['killWho']})" if row.get("killWho") else ""
    reason = row.get("killReason") or row.get("failureReason") or ""
    return f"{str(reason).strip().splitlines()[0] if reason else ''}{who}"


def _optional_ms(value: float | None) -> str:
    return "" if value is None else seconds_text(value)


def _plural(kind: str, count: int) -> str:
    names = {"rdd": "RDD"}
    return names.get(kind, kind) + ("" if count == 1 else "s")
