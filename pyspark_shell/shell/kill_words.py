"""What `%kill` and its like are asked for, in words: `7`, `stage 3`, `group g`, `app`, `all`.

Thread  any.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pyspark_shell.rest.port import Engine, Json, KillOrder, Refusal

SCOPES: Final = ("job", "stage", "task", "group", "tag", "executor", "app", "all")
USAGE: Final = (
    "%kill JOB | stage STAGE | task TASK | group NAME | tag NAME | executor ID | app | all"
)


class NotUnderstood(ValueError):
    """Words that name nothing to kill."""


def kill(engine: Engine, scope: str, target: str, order: KillOrder) -> list[Json]:
    """Carry out what `parse` has understood; the engine's answer for each target.

    Raises
    ------
    NotUnderstood
        The target is not of this scope.
    Refusal
        The engine does not do it, and says why.
    """
    if scope == "all":
        return kill_all(engine, order)
    if scope == "app":
        return [engine.kill_application(order)]
    if scope in ("group", "tag", "executor"):
        by_name: dict[str, Callable[[str, KillOrder], Json]] = {
            "group": engine.kill_job_group,
            "tag": engine.kill_tag,
            "executor": engine.kill_executor,
        }
        return [by_name[scope](target, order)]
    by_number: dict[str, Callable[[int, KillOrder], Json]] = {
        "job": engine.kill_job,
        "stage": engine.kill_stage,
        "task": engine.kill_task,
    }
    return [by_number[scope](_number(scope, target), order)]


def parse(words: Sequence[str]) -> tuple[str, str]:
    """Scope and target.

    Examples
    --------
    >>> parse(["7"]), parse(["stage", "3"]), parse(["group", "my", "group"]), parse(["all"])
    (('job', '7'), ('stage', '3'), ('group', 'my group'), ('all', ''))
    """
    if len(words) == 1 and words[0].lstrip("#").isdigit():
        return "job", words[0].lstrip("#")
    scope = words[0] if words else ""
    if scope == "application":
        scope = "app"
    target = " ".join(words[1:])
    if scope not in SCOPES or bool(target) == (scope in ("app", "all")):
        raise NotUnderstood(f"{' '.join(words) or 'Nothing'} names nothing to kill. {USAGE}")
    return scope, target


def kill_all(engine: Engine, order: KillOrder) -> list[Json]:
    """End every job that runs."""
    answers = []
    for row in engine.jobs(("RUNNING",)):
        try:
            answers.append(engine.kill_job(row["jobId"], order))
        except Refusal:  # it has just ended by itself
            continue
    return answers


def killed_job_ids(answers: Sequence[Json]) -> list[int]:
    """The jobs that end by these answers."""
    ids: set[int] = set()
    for answer in answers:
        ids |= set(answer.get("jobIds", ()))
        if "jobId" in answer:
            ids.add(answer["jobId"])
    return sorted(ids)


def _number(scope: str, text: str) -> int:
    if not text.lstrip("#").isdigit():
        raise NotUnderstood(f"{scope} must be a number, got {text!r}. {USAGE}")
    return int(text.lstrip("#"))
