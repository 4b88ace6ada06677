"""Answers that are more than one call of the port: Spark's table of tasks, the event log as a zip.

Thread  one of the server's workers.
Source  Spark's StagesResource.taskTable, whose table is DataTables', and its event log download.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable
from typing import IO, Any, Final

from pyspark_shell.common.record import record
from pyspark_shell.rest.port import Json, Refusal
from pyspark_shell.rest.request import Request

# A zip up to this size needs no file.
_IN_MEMORY: Final = 4 << 20
_ALL_TASKS: Final = 1_000_000
_MAX_LENGTH: Final = 10_000
# Spark's titles of columns, as its page sends them, and what they sort by.
_COLUMNS: Final[dict[str, Callable[[Json], Any]]] = {
    "Index": lambda row: row["index"],
    "ID": lambda row: row["taskId"],
    "Attempt": lambda row: row["attempt"],
    "Status": lambda row: row["status"],
    "Locality Level": lambda row: row["taskLocality"],
    "Executor ID": lambda row: (len(row["executorId"]), row["executorId"]),
    "Host": lambda row: row["host"],
    "Launch Time": lambda row: row["launchTime"],
    "Duration": lambda row: row.get("duration", 0),
    "GC Time": lambda row: row.get("taskMetrics", {}).get("jvmGcTime", 0),
    "Errors": lambda row: row.get("errorMessage", ""),
}


@record
class Download:
    """A file for a browser to keep; whoever sends it closes it."""

    name: str
    file: IO[bytes]


# Tasks ----------------------------------------------------------------------------------------


def task_table(request: Request) -> Any:
    """A page of a stage attempt's tasks, found and sorted as a table's head asks for."""
    title = request.text("columnNameToSort") or "Index"
    if title not in _COLUMNS:
        raise Refusal(404, f'Bad value for parameter "columnNameToSort": "{title[:40]}"')
    stage_id, attempt = request.number("stage"), request.number("attempt")
    rows = request.engine.task_list(stage_id, attempt, 0, _ALL_TASKS)
    wanted = (request.text("search[value]") or "").lower()
    found = [row for row in rows if wanted in _text_of(row)] if wanted else list(rows)
    found.sort(key=_COLUMNS[title], reverse=request.text("order[0][dir]") == "desc")
    start = max(request.integer("start", 0), 0)
    length = min(max(request.integer("length", 20), 0), _MAX_LENGTH)
    return {
        "aaData": found[start : start + length],
        "recordsTotal": str(len(rows)),
        "recordsFiltered": str(len(found)),
    }


def _text_of(row: Json) -> str:
    """What a search looks through."""
    names = "taskId", "index", "attempt", "status", "taskLocality", "executorId", "host"
    cells = [str(row[name]) for name in names]
    return " ".join([*cells, row.get("errorMessage") or ""]).lower()


# The event log --------------------------------------------------------------------------------


def event_log(request: Request) -> Any:
    """The event log as it is now; an empty archive where none is written, as in Spark."""
    path = request.engine.event_log()
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by who sends it
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for source in [] if path is None else _files_of(path):
                archive.write(source, os.path.relpath(source, os.path.dirname(path or "")))
    except OSError as problem:
        file.close()
        raise Refusal(404, f"The event log cannot be read: {problem}") from None
    file.seek(0)
    return Download(f"eventLogs-{request.engine.application_id}.zip", file)


def _files_of(path: str) -> list[str]:
    if os.path.isdir(path):
        return [os.path.join(path, name) for name in sorted(os.listdir(path))]
    return [path]
