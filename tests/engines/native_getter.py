"""Asks our engine what a REST client would ask, by the same paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from pyspark_shell.engines.native import NativeEngine
from pyspark_shell.rest.handlers import version
from pyspark_shell.rest.port import Engine, Refusal
from pyspark_shell.rest.request import Request

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def native_getter(sc: Any) -> Callable[[str], Any]:
    """Answers of the engine of a context."""
    engine = NativeEngine(sc._driver)

    def get(path: str) -> Any:
        path, _, query = path.partition("?")
        options = {name: values[0] for name, values in parse_qs(query).items()}
        try:
            return answer(engine, path.split("/"), options)
        except Refusal as refusal:
            return {"status": refusal.status, "text": refusal.message}

    return get


def answer(engine: Engine, path: list[str], options: dict[str, str]) -> Any:
    """What the handlers of the server do, without a server."""
    statuses = [options["status"]] if "status" in options else []
    match path:
        case [""]:
            return engine.application()
        case ["", "api", "v1", "version"]:
            return version(Request(engine=engine, names={}))
        case ["jobs"]:
            return engine.jobs(statuses)
        case ["jobs", job]:
            return engine.job(int(job))
        case ["stages"]:
            return engine.stages(statuses, options.get("details") == "true")
        case ["stages", stage]:
            return engine.stage(int(stage))
        case ["stages", stage, attempt]:
            return engine.stage_attempt(int(stage), int(attempt))
        case ["stages", stage, attempt, "taskList"]:
            offset, length = int(options.get("offset", 0)), int(options.get("length", 20))
            sort_by = options.get("sortBy", "ID")
            return engine.task_list(int(stage), int(attempt), offset, length, sort_by, statuses)
        case ["stages", stage, attempt, "taskSummary"]:
            quantiles = [float(q) for q in options.get("quantiles", "").split(",") if q]
            return engine.task_summary(int(stage), int(attempt), quantiles or QUANTILES)
        case ["executors"]:
            return engine.executors()
        case ["allexecutors"]:
            return engine.executors(active_only=False)
        case ["executors", executor_id, "threads"]:
            return engine.executor_threads(executor_id)
        case ["storage", "rdd"]:
            return engine.storage()
        case ["storage", "rdd", rdd]:
            return engine.storage_rdd(int(rdd))
        case ["environment"]:
            return engine.environment()
    raise LookupError(path)
