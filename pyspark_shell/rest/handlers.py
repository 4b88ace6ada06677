"""Answers to GET: Spark's listings and ours, each one call of the port.

Thread  the server's loop for what the port has in memory, one of its workers for what has to be
        fetched from an executor, a file or the garbage collector (`Route.waits`).
Source  Spark's status/api/v1 resources: parameters, defaults, statuses and texts.
"""

from __future__ import annotations

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
    rows = request.engine.stages(statuses, request.flag("details"))
    return [_with_tasks(request, row) for row in rows]


def stage(request: Request) -> Any:
    rows = request.engine.stage(request.number("stage"), request.flag("details", default=True))
    return [_with_tasks(request, row) for row in rows]


def stage_attempt(request: Request) -> Any:
    stage_id, attempt = request.number("stage"), request.number("attempt")
    row = request.engine.stage_attempt(stage_id, attempt, request.flag("details", default=True))
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
    return request.engine.task_list(
        request.number("stage"),
        request.number("attempt"),
        max(request.integer("offset", 0), 0),
        min(max(request.integer("length", 20), 0), _MAX_LENGTH),
        _SORTINGS[sorting.lower()],
        request.words("status", _TASK_STATUSES),
    )


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
        return request.engine.task_threads(int(task_id))
    return request.engine.executor_threads(checked_executor_id(executor_id or "driver"))


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


def cleaner(request: Request) -> Any:
    return request.engine.cleaner(request.flag("holders"))
