"""What can be told of a driver that does not answer, without its help."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from pyspark_shell.common.process_cpu import state_and_cpu_s
from pyspark_shell.common.process_table import NONE, SlotRow
from pyspark_shell.rest.client import NoAnswer, is_closed
from pyspark_shell.rest.outside_kill import CannotKill, running_rows
from pyspark_shell.rest.outside_logs import OutsideLogs
from pyspark_shell.rest.outside_stacks import CannotLook, driver_threads
from pyspark_shell.shell.command_logs import show_logs
from pyspark_shell.shell.command_output import DONE, NO_ANSWER, Output
from pyspark_shell.shell.tables import Column, table
from pyspark_shell.shell.views import stack_view

Json = dict[str, Any]

_STOPPED = "T"


def why_silent(pid: int, reason: str) -> str:
    """What keeps a process from answering, in a sentence.

    Parameters
    ----------
    reason
        How its silence was noticed, as `NoAnswer` has it.
    """
    if is_stopped(pid):
        return f"It is stopped (SIGSTOP); `kill -CONT {pid}` lets it go on."
    if is_closed(reason):
        return "It listens no more: it is shutting down."
    return "Python is inside one long C call."


def is_stopped(pid: int) -> bool:
    """Whether a signal has stopped a process, as the system tells."""
    state = state_and_cpu_s(pid)
    return state is not None and state[0] == _STOPPED


def show_from_outside(silence: NoAnswer, arguments: Namespace, out: Output) -> int:
    """What can be shown of what the command asked for; else what runs where."""
    try:
        if arguments.word == "logs":
            return _show_logs(silence, arguments, out)
        if arguments.word == "threads" and _is_about_the_driver(arguments):
            return _show_threads(silence, out)
    except CannotLook as reason:
        out.problem(str(reason))
    return _show_processes(silence, out)


def _is_about_the_driver(arguments: Namespace) -> bool:
    return arguments.task is None and arguments.id in (None, "driver")


def _show_logs(silence: NoAnswer, arguments: Namespace, out: Output) -> int:
    """What executors wrote, which are files."""
    logs = OutsideLogs(silence.entry)
    out.no_answer(silence)
    return show_logs(logs, arguments, out)


def _show_threads(silence: NoAnswer, out: Output) -> int:
    """Where the driver's threads are: it writes them on a signal."""
    rows = driver_threads(silence.entry)
    out.no_answer(silence)
    out.json(rows)
    out.line("\n\n".join(stack_view(row) for row in rows))
    return DONE


def _show_processes(silence: NoAnswer, out: Output) -> int:
    """What the process table says."""
    out.no_answer(silence)
    try:
        rows, problem = running_rows(silence.entry), ""
    except CannotKill as reason:
        rows, problem = [], str(reason)
    out.json(
        {
            "error": str(silence),
            "answers": False,
            "running": [_slot_json(row) for row in rows],
        }
    )
    pid = silence.entry.pid
    why = why_silent(pid, silence.reason)
    if rows:
        out.line(f"{why} Its processes, from outside:")
        out.line(_slots_view(rows, out.width))
        out.line("`pyspark-shell kill --job N` works all the same.")
    else:
        out.line(f"{why} {problem or 'No executor of it runs.'}")
        if not is_closed(silence.reason):
            out.line("`pyspark-shell kill --app` works all the same: it ends when it wakes.")
    if not is_stopped(pid):
        out.line("`pyspark-shell threads` shows in which line it is.")
    return NO_ANSWER


def _slot_json(row: SlotRow) -> Json:
    return {
        "executorId": str(row.executor_id),
        "pid": row.pid,
        "taskId": None if row.task_id == NONE else row.task_id,
        "stageId": None if row.stage_id == NONE else row.stage_id,
        "jobIds": list(row.job_ids),
    }


def _slots_view(rows: Sequence[SlotRow], width: int) -> str:
    columns = (
        Column("Executor"),
        Column("Pid", is_number=True),
        Column("Runs task"),
        Column("Stage", is_number=True),
        Column("Jobs"),
    )
    cells = [
        [
            str(row.executor_id),
            str(row.pid),
            "" if row.task_id == NONE else str(row.task_id),
            "" if row.stage_id == NONE else str(row.stage_id),
            ", ".join(map(str, row.job_ids)),
        ]
        for row in rows
    ]
    return table(columns, cells, width)
