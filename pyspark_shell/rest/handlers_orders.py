"""Answers to POST: kills, and what a person may ask of the cleaner.

Each gives the order through the port and tells at once what became of it: 202 for a kill that has
begun, the port's refusal otherwise. Whether it has ended is told by the rows.
Thread  one of the server's workers: an order may have to ask the scheduler.
Source  Spark's JobsTab and StagesTab for the words of a reason that nobody gave.
"""

from __future__ import annotations

from typing import Any, Final

from pyspark_shell.rest.port import Refusal
from pyspark_shell.rest.request import Request

_JOB_REASON: Final = "killed via Web UI"
_STAGE_REASON: Final = "killed via the Web UI"
# Python's ids of threads are addresses.
_THREAD_DIGITS: Final = 20
_KINDS: Final = ("rdd", "shuffle", "broadcast", "accumulator", "checkpoint")


def kill_job(request: Request) -> Any:
    return request.engine.kill_job(request.number("job", bad=400), request.order(_JOB_REASON))


def kill_stage(request: Request) -> Any:
    return request.engine.kill_stage(request.number("stage", bad=400), request.order(_STAGE_REASON))


def kill_task(request: Request) -> Any:
    return request.engine.kill_task(request.number("task", bad=400), request.order(_JOB_REASON))


def kill_job_group(request: Request) -> Any:
    return request.engine.kill_job_group(
        request.names["group"], request.order(_JOB_REASON), request.decision("future")
    )


def kill_tag(request: Request) -> Any:
    return request.engine.kill_tag(request.names["tag"], request.order(_JOB_REASON))


def kill_executor(request: Request) -> Any:
    executor_id = request.executor_id()
    return request.engine.kill_executor(executor_id, request.order(_JOB_REASON))


def kill_application(request: Request) -> Any:
    return request.engine.kill_application(request.order(_JOB_REASON))


def interrupt_thread(request: Request) -> Any:
    text = request.names["thread"]
    if not (text.isascii() and text.isdigit() and len(text) <= _THREAD_DIGITS):
        raise Refusal(400, f"The thread id must be a number, got {text[:40]!r}.")
    return request.engine.interrupt_thread(int(text))


def collect_garbage(request: Request) -> Any:
    return request.engine.collect_garbage()


def forget(request: Request) -> Any:
    kind = request.body_text("kind")
    if kind not in _KINDS:
        raise Refusal(400, f"kind must be one of {', '.join(_KINDS)}, got {kind[:40]!r}.")
    return request.engine.forget(kind, request.body_number("id"))


def unpersist(request: Request) -> Any:
    return request.engine.unpersist(request.number("rdd", bad=400))
