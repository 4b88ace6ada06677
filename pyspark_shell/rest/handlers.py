"""Answers to GET: Spark's listings and ours, each one call of the port.

Thread  the server's loop for what the port has in memory, one of its workers for what has to be
        fetched from an executor, a file or the garbage collector (`Route.waits`).
Source  Spark's status/api/v1 resources: parameters, defaults, statuses and texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pyspark_shell.rest.port import Refusal
from pyspark_shell.rest.request import Request, bad_parameter, checked_executor_id
from pyspark_shell.version import SPARK_VERSION

_JOB_STATUSES: Final = ("RUNNING", "SUCCEEDED", "FAILED", "UNKNOWN")
_STAGE_STATUSES: Final = ("ACTIVE", "COMPLETE", "FAILED", "PENDING", "SKIPPED")
# Spark names the third state both ways: with the blank in answers, without it in parameters.
_TASK_STATUSES: Final = ("RUNNING", "SUCCESS", "FAILED", "KILLED", "PENDING", "UNKNOWN")
_SORTINGS: Final = {
    "id": "ID",
    "-id": "-ID",
    "runtime": "runtime",
    "+runtime": "runtime",
    " runtime": "runtime",  # a plus sign in a URL is a blank
    "increasing_runtime": "runtime",
    "-runtime": "-runtime",
    "decreasing_runtime": "-runtime",
}
_MAX_LENGTH: Final = 10_000
_MAX_LOG_BYTES: Final = 1 << 20


def version(request: Request) -> Any:
    return {"spark": SPARK_VERSION}


def applications(request: Request) -> Any:
    """The one application, unless the parameters leave it out."""
    statuses = request.words("status", ("COMPLETED", "RUNNING"))
    first = request.date_ms("minDate", "2010-01-01")
    last = request.date_ms("maxDate", "3000-01-01")
    first_end = request.date_ms("minEndDate", "2010-01-01")
    last_end = request.date_ms("maxEndDate", "3000-01-01")
    limit = request.integer("limit", 1)
    row = request.engine.application()
    attempt = row["attempts"][0]
    completed = attempt["completed"]
    wanted = not statuses or ("COMPLETED" if completed else "RUNNING") in statuses
    started = first <= attempt["startTimeEpoch"] <= last
    if completed:
        ended = first_end <= attempt["endTimeEpoch"] <= last_end
    else:
        ended = last_end > request.now_ms
    return [row] if wanted and started and ended and limit > 0 else []


def application(request: Request) -> Any:
    return request.engine.application()


def jobs(request: Request) -> Any:
    return request.engine.jobs(request.words("status", _JOB_STATUSES))


def job(request: Request) -> Any:
    return request.engine.job(request.number("job"))


# Stages and tasks -------------------------------------------------------------------------------


def stages(request: Request) -> Any:
    statuses = request.words("status", _STAGE_STATUSES)
    details = request.flag("details")
    rows = request.engine.stages(statuses, details, _quantiles(request))
    rows = [_with_tasks(request, row) for row in rows]
    is_sifted = details and "taskStatus" in request.query
    return [row for row in rows if row.get("tasks")] if is_sifted else rows


def _quantiles(request: Request) -> Sequence[float] | None:
    """What is asked of the summaries; None if they are not wanted."""
    wanted = request.quantiles("0.0,0.25,0.5,0.75,1.0")  # a bad one is refused in any case
    return wanted if request.flag("withSummaries") else None


def stage(request: Request) -> Any:
    details = request.flag("details", default=True)
    rows = request.engine.stage(request.number("stage"), details, _quantiles(request))
    return [_with_tasks(request, row) for row in rows]


def stage_attempt(request: Request) -> Any:
    stage_id, attempt = request.number("stage"), request.number("attempt")
    details = request.flag("details", default=True)
    row = request.engine.stage_attempt(stage_id, attempt, details, _quantiles(request))
    return _with_tasks(request, row)


def _with_tasks(request: Request, row: dict[str, Any]) -> dict[str, Any]:
    """The row with only the tasks that `taskStatus` asks for."""
    wanted = request.words("taskStatus", _TASK_STATUSES)
    if not wanted or "tasks" not in row:
        return row
    tasks = {key: task for key, task in row["tasks"].items() if task["status"] in wanted}
    return {**row, "tasks": tasks}


def task_summary(request: Request) -> Any:
    return request.engine.task_summary(
        request.number("stage"), request.number("attempt"), request.quantiles()
    )


def task_list(request: Request) -> Any:
    sorting = request.text("sortBy") or "ID"
    if sorting.lower() not in _SORTINGS:
        raise Refusal(404, f'Bad value for parameter "sortBy": "{sorting}"')
    rows = request.engine.task_list(
        request.number("stage"),
        request.number("attempt"),
        max(request.integer("offset", 0), 0),
        min(max(request.integer("length", 20), 0), _MAX_LENGTH),
        _SORTINGS[sorting.lower()],
        request.words("status", _TASK_STATUSES),
    )
    columns = (request.text("columns") or "").split(",")
    if columns == [""]:
        return rows
    return [{name: row[name] for name in columns if name in row} for row in rows]


def task_story(request: Request) -> Any:
    return request.engine.task_story(request.number("stage"), request.number("task"))


# Executors and threads --------------------------------------------------------------------------


def executors(request: Request) -> Any:
    return request.engine.executors(True)


def all_executors(request: Request) -> Any:
    return request.engine.executors(False)


def no_processes(request: Request) -> Any:
    """Spark's list of processes that are neither driver nor executor: there are none."""
    return []


def executor_threads(request: Request) -> Any:
    executor_id = request.executor_id()
    _allow_dumps(request)
    return request.engine.executor_threads(executor_id)


def driver_threads(request: Request) -> Any:
    """The driver's threads; with `taskId` the one thread that runs a task, as in Spark."""
    task_id, executor_id = request.text("taskId"), request.text("executorId")
    _allow_dumps(request)
    if task_id is not None:
        if not (task_id.isascii() and task_id.isdigit() and len(task_id) <= 9):
            raise bad_parameter("taskId", "number", task_id)
        return _thread_of_task(request, int(task_id), executor_id)
    return request.engine.executor_threads(checked_executor_id(executor_id or "driver"))


def _thread_of_task(request: Request, task_id: int, executor_id: str | None) -> Any:
    """The thread that runs a task; who names an executor is told in Spark's words."""
    try:
        return request.engine.task_threads(task_id)
    except Refusal as refusal:
        if refusal.status != 404 or executor_id is None:
            raise
        where = f"Executor '{checked_executor_id(executor_id)}'"
        raise Refusal(404, f"Task '{task_id}' is not running on {where} right now") from None


def task_threads(request: Request) -> Any:
    task_id = request.number("task")
    _allow_dumps(request)
    return request.engine.task_threads(task_id)


def _allow_dumps(request: Request) -> None:
    if not request.thread_dumps:
        raise Refusal(403, "Stacks are not shown: spark.ui.threadDumpsEnabled is false.")


def logs(request: Request) -> Any:
    executor_id = request.executor_id()
    stream = request.text("stream") or "stderr"
    if stream not in ("stdout", "stderr"):
        raise bad_parameter("stream", "stdout or stderr", stream)
    offset = request.integer("offset", -65536)
    length = min(max(request.integer("length", 65536), 0), _MAX_LOG_BYTES)
    return request.engine.logs(executor_id, stream, offset, length)


# Storage, settings, cleaner ---------------------------------------------------------------------


def storage(request: Request) -> Any:
    return request.engine.storage()


def storage_rdd(request: Request) -> Any:
    return request.engine.storage_rdd(request.number("rdd"))


def environment(request: Request) -> Any:
    return request.engine.environment()


def kill_state(request: Request) -> Any:
    """Whether kills are under way, and the newest of them."""
    kills = request.engine.kills()
    state = "killing" if any(row["state"] == "killing" for row in kills) else "idle"
    return {"state": state, "kills": kills}


def listener_bus(request: Request) -> Any:
    return request.engine.listener_bus()


def cleaner(request: Request) -> Any:
    return request.engine.cleaner(request.flag("holders"))


def lineage(request: Request) -> Any:
    """What an RDD, or a shuffle, is made from."""
    kind = request.names["kind"]
    return request.engine.lineage(kind, request.number("id", of=kind[:40]))
