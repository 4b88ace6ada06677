"""The commands that show: drivers, jobs, stages, executors, threads, the cleaner, logs."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from pyspark_shell.rest.client import DriverClient, NoAnswer
from pyspark_shell.rest.discovery import survey
from pyspark_shell.rest.port import Refusal
from pyspark_shell.rest.runtime_file import RuntimeEntry
from pyspark_shell.shell.command_output import DONE, HOW_TO_START, Output, public
from pyspark_shell.shell.command_silent import why_silent
from pyspark_shell.shell.row_words import (
    job_state,
    seconds_text,
    stage_state,
    task_state,
    task_why,
)
from pyspark_shell.shell.tables import Column, table
from pyspark_shell.shell.views import (
    cleaner_view,
    executors_view,
    jobs_view,
    stack_view,
    stages_view,
    threads_view,
)

Json = dict[str, Any]
Listing = Callable[[DriverClient, Namespace, Output], int]

# Ended jobs and stages, and tasks of a stage, that are shown without `--all`.
_SHOWN: Final = 20
# Who holds what is looked for among all objects of the driver.
_HOLDERS_S: Final = 20.0
_UNFINISHED: Final = ("running", "waiting", "killing")


# Drivers ---------------------------------------------------------------------------------------


def list_drivers(arguments: Namespace, out: Output) -> int:
    """All drivers of this user on this machine, and whether they answer."""
    found = survey()
    if arguments.urls:
        return _show_addresses(found.drivers, out)
    rows = _look_at_all(found.drivers, arguments.timeout)
    out.json(rows)
    if not rows:
        out.line(f"No driver is running.\n{HOW_TO_START}")
    else:
        out.line(_drivers_view(rows, out))
        _say_who_is_silent(rows, out)
        _say_who_drops_events(rows, out)
    for each in found.ignored:
        out.problem(f"passed over {each.path}: {each.reason}")
    return DONE


def _show_addresses(entries: Sequence[RuntimeEntry], out: Output) -> int:
    """What lets a browser of this user in; a secret, so nothing shows it unasked."""
    rows = [
        {"id": each.id, "name": each.name, "address": each.page_with_token}
        for each in entries
        if each.port
    ]
    out.json(rows)
    if not rows:
        out.line("No driver with a page is running.")
    for row in rows:
        out.line(f"{row['id']}  {row['address']}  {row['name']}")
    return DONE


def _look_at_all(entries: Sequence[RuntimeEntry], timeout_s: float) -> list[Json]:
    """All at once: a silent one keeps nobody waiting for the others."""
    if len(entries) < 2:
        return [_look_at(entry, timeout_s) for entry in entries]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=16) as pool:
        return list(pool.map(partial(_look_at, timeout_s=timeout_s), entries))


def _look_at(entry: RuntimeEntry, timeout_s: float) -> Json:
    row = public(entry)
    row["uiWebUrl"] = f"http://127.0.0.1:{entry.port}" if entry.port else ""
    try:
        client = DriverClient(entry, timeout_s)
        jobs, bus = client.get("jobs", status="running"), client.get("listenerBus")
    except (NoAnswer, Refusal) as problem:
        reason = problem.reason if isinstance(problem, NoAnswer) else problem.message
        return {**row, "answers": False, "silence": reason, "runningJobs": None}
    return {
        **row, "answers": True, "silence": "", "runningJobs": len(jobs), "listenerBus": bus
    }  # fmt: skip


def _drivers_view(rows: Sequence[Json], out: Output) -> str:
    columns = (
        Column("Driver"),
        Column("Name", may_shrink=True),
        Column("Kind"),
        Column("Pid", is_number=True),
        Column("Master", may_shrink=True),
        Column("Up", is_number=True),
        Column("Jobs", is_number=True),
        Column("State", paint=out.paint),
        Column("Page", or_below=True),
    )
    cells = [
        [
            row["id"],
            row["name"],
            row["kind"],
            str(row["pid"]),
            row["master"],
            seconds_text(now_ms() - row["started"]),
            "?" if row["runningJobs"] is None else str(row["runningJobs"]),
            "answers" if row["answers"] else "silent",
            row["uiWebUrl"],
        ]
        for row in rows
    ]
    return table(columns, cells, out.width)


def _say_who_is_silent(rows: Sequence[Json], out: Output) -> None:
    for row in rows:
        if not row["answers"]:
            why = why_silent(row["pid"], row["silence"])
            out.line(
                f"{row['id']} is silent: {row['silence']}. {why} "
                f"`pyspark-shell kill` works all the same."
            )


def _say_who_drops_events(rows: Sequence[Json], out: Output) -> None:
    for row in rows:
        for queue in row.get("listenerBus") or ():
            if queue["dropped"]:
                out.line(
                    f"{row['id']} has dropped {queue['dropped']} events of queue {queue['name']} "
                    f"({queue['depth']} of {queue['capacity']} wait): a listener is too slow."
                )


# Jobs and stages -------------------------------------------------------------------------------


def list_jobs(client: DriverClient, arguments: Namespace, out: Output) -> int:
    """What runs first, then what ended last."""
    rows = client.get("jobs")
    out.json(rows)
    if not rows:
        out.line("No job yet. An action starts one: `sc.range(100).count()`.")
        return DONE
    rows = sorted(rows, key=lambda row: job_state(row) not in _UNFINISHED)
    shown = _first(rows, arguments.all, lambda row: job_state(row) in _UNFINISHED)
    out.line(jobs_view(shown, now_ms(), out.width, out.paint))
    _say_rest(len(rows) - len(shown), out)
    return DONE


def list_stages(client: DriverClient, arguments: Namespace, out: Output) -> int:
    """All stages, or one with its tasks."""
    if arguments.id is not None:
        return _show_stage(client, int(arguments.id), arguments, out)
    rows = client.get("stages")
    out.json(rows)
    if not rows:
        out.line("No stage yet. A job has one for each shuffle, and one for its result.")
        return DONE
    rows = sorted(rows, key=lambda row: stage_state(row) not in _UNFINISHED)
    shown = _first(rows, arguments.all, lambda row: stage_state(row) in _UNFINISHED)
    out.line(stages_view(shown, now_ms(), out.width, out.paint))
    _say_rest(len(rows) - len(shown), out)
    return DONE


def _show_stage(client: DriverClient, stage_id: int, arguments: Namespace, out: Output) -> int:
    attempts = client.get(f"stages/{stage_id}", details=False)
    length = 100_000 if arguments.all else _SHOWN
    newest = max(attempts, key=lambda row: int(row["attemptId"]))
    tasks = client.get(
        f"stages/{stage_id}/{newest['attemptId']}/taskList", length=length, sortBy="-runtime"
    )
    out.json({"attempts": attempts, "tasks": tasks})
    out.line(stages_view(attempts, now_ms(), out.width, out.paint))
    if tasks:
        out.line(f"\n{_tasks_view(tasks, out)}")
        _say_rest(int(newest["numTasks"]) - len(tasks), out)
    return DONE


def _tasks_view(rows: Sequence[Json], out: Output) -> str:
    columns = (
        Column("Task", is_number=True),
        Column("Partition", is_number=True),
        Column("Attempt", is_number=True),
        Column("State", paint=out.paint),
        Column("Executor"),
        Column("Pid", is_number=True),
        Column("Time", is_number=True),
        Column("Why", may_shrink=True),
    )
    return table(columns, [_task_cells(row) for row in rows], out.width)


def _task_cells(row: Json) -> list[str]:
    return [
        str(row["taskId"]),
        str(row["index"]),
        str(row["attempt"]) if row["attempt"] else "",
        task_state(row),
        str(row["executorId"]),
        str(row.get("pid") or ""),
        seconds_text(row.get("duration") or 0),
        task_why(row),
    ]


def _first(rows: list[Json], everything: bool, is_wanted: Callable[[Json], bool]) -> list[Json]:
    """All that are not over, and the newest of the others."""
    unfinished = sum(map(is_wanted, rows))
    return rows if everything else rows[: unfinished + _SHOWN]


def _say_rest(number: int, out: Output) -> None:
    if number > 0:
        out.line(f"and {number} more: --all")


# Processes -------------------------------------------------------------------------------------


def list_executors(client: DriverClient, arguments: Namespace, out: Output) -> int:
    """Executor processes, with `--all` also those that ended."""
    rows = client.get("allexecutors" if arguments.all else "executors")
    out.json(rows)
    out.line(executors_view(rows, now_ms(), out.width, out.paint))
    return DONE


def list_threads(client: DriverClient, arguments: Namespace, out: Output) -> int:
    """Threads of the driver or of an executor; the stack of a task."""
    if arguments.task is not None:
        row = client.get(f"tasks/{arguments.task}/threads")
        out.json(row)
        out.line(stack_view(row))
        return DONE
    rows = client.get(f"executors/{arguments.id or 'driver'}/threads")
    out.json(rows)
    out.line(threads_view(rows, out.width, out.paint))
    for row in rows:
        if arguments.stacks or "taskId" in row:
            out.line(f"\n{stack_view(row)}")
    return DONE


def show_cleaner(client: DriverClient, arguments: Namespace, out: Output) -> int:
    """What the context cleaner watches; with `--holders` who holds it."""
    patience_s = max(_HOLDERS_S, client.timeout_s) if arguments.holders else client.timeout_s
    answer = client.get("cleaner", patience_s, holders=arguments.holders or None)
    out.json(answer)
    out.line(cleaner_view(answer, out.width, out.paint))
    return DONE


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
