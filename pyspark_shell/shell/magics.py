"""`%jobs`, `%kill` and the other magics, in the terminal and in notebooks.

They ask and order through the engine's port, as the panel and the web page do, and use its words.

Thread  the one that runs the cell.
"""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_cell_magic, line_magic, magics_class

from pyspark_shell.api.context import SparkContext
from pyspark_shell.driver.holders import forget, holders_of
from pyspark_shell.rest.port import Engine, Json, KillOrder, Refusal
from pyspark_shell.shell import kill_words
from pyspark_shell.shell.background import BackgroundCode
from pyspark_shell.shell.cell_code import CellCode
from pyspark_shell.shell.completion import complete_magic
from pyspark_shell.shell.interrupts import killed_text, wait_for_end
from pyspark_shell.shell.namespace import offer_unused_context, stop_active_context
from pyspark_shell.shell.progress_switch import PROGRESS
from pyspark_shell.shell.running import running_context, running_engine
from pyspark_shell.shell.views import (
    cleaner_view,
    executors_view,
    jobs_view,
    stack_view,
    stages_view,
    threads_view,
)

Magic = TypeVar("Magic", bound=Callable[..., Any])

# Rows that a listing shows unless more are asked for.
_ROWS: Final = 20
_WHO: Final = "%kill"


def needs_application(magic: Magic) -> Magic:
    """Say so if no application runs, and tell an engine's refusals as sentences."""

    @wraps(magic)
    def run(self: SparkMagics, line: str = "") -> None:
        engine = running_engine()
        if engine is None:
            print(_no_engine())
            return
        try:
            magic(self, engine, line.strip())
        except Refusal as refusal:
            print(f"{refusal.message[:1].upper()}{refusal.message[1:].rstrip('.')}.")

    return run  # type: ignore[return-value]


@magics_class
class SparkMagics(Magics):
    """What one can ask an application, and order, from a cell."""

    @line_magic
    @needs_application
    def jobs(self, engine: Engine, line: str) -> None:
        """Show jobs: those that run, then the newest.

        %jobs         the running ones and the newest 20
        %jobs all     all that are remembered
        %jobs 7       job 7 with its stages
        """
        if line.isdigit():
            row = engine.job(int(line))
            print(jobs_view([row], _now_ms()))
            print()
            print(stages_view(_stages_of(engine, row), _now_ms()))
            return
        rows = _running_first(engine.jobs(), "RUNNING")
        _show(jobs_view, rows, _limit(line), "No job has run yet.")

    @line_magic
    @needs_application
    def stages(self, engine: Engine, line: str) -> None:
        """Show stages: those that run, then the newest.

        %stages       the running ones and the newest 20
        %stages all   all that are remembered
        %stages 7     the stages of job 7
        """
        if line.isdigit():
            rows = _stages_of(engine, engine.job(int(line)))
            _show(stages_view, rows, None, f"No stage of job {line} is remembered.")
            return
        rows = _running_first(engine.stages(), "ACTIVE")
        _show(stages_view, rows, _limit(line), "No stage has run yet.")

    @line_magic
    @needs_application
    def executors(self, engine: Engine, line: str) -> None:
        """Show the executor processes: pid, state, what they run, CPU and memory.

        %executors        those that live
        %executors all    the ended ones too
        """
        rows = [row for row in engine.executors(line != "all") if row["id"] != "driver"]
        print(
            executors_view(rows, _now_ms())
            if rows
            else "No executor runs; the first job starts them."
        )

    @line_magic
    @needs_application
    def kill(self, engine: Engine, line: str) -> None:
        """End what runs, and say when it has ended.

        %kill 7             job 7
        %kill stage 3       all jobs that use stage 3
        %kill task 12       one attempt of a task; it is tried again
        %kill group nightly the jobs of a group
        %kill tag big       the jobs with a tag
        %kill executor 2    an executor process; its task is run again elsewhere
        %kill all           all jobs
        %kill app           the whole application, with the code that drives it
        """
        try:
            scope, target = kill_words.parse(_words(line))
            answers = kill_words.kill(engine, scope, target, KillOrder(f"killed via {_WHO}", _WHO))
        except kill_words.NotUnderstood as error:
            raise UsageError(str(error)) from None
        job_ids = kill_words.killed_job_ids(answers)
        if job_ids:
            for row in wait_for_end(engine, job_ids):
                print(killed_text(row))
        elif not answers:
            print("No job runs.")
        for answer in answers:
            _tell_other_kills(answer)

    @line_magic
    @needs_application
    def stack(self, engine: Engine, line: str) -> None:
        """Show where a task is in its code now, without root and without stopping it.

        %stack             all tasks that run
        %stack 12          task 12 (its id is in %executors)
        %stack 12 all      with the frames of the engine and of libraries
        """
        words = _words(line)
        with_engine = "all" in words
        numbers = [word for word in words if word.isdigit()]
        tasks = [int(word) for word in numbers] or _running_tasks(engine)
        if not tasks:
            print("No task runs.")
        for task_id in tasks:
            print(f"Task {task_id}, {stack_view(engine.task_threads(task_id), with_engine)}")

    @line_magic
    @needs_application
    def threads(self, engine: Engine, line: str) -> None:
        """Show the threads of the driver, or of an executor.

        %threads          the user's threads of the driver
        %threads all      the engine's and Jupyter's too
        %threads 2        those of executor 2
        """
        executor = line if line and line != "all" else "driver"
        rows = engine.executor_threads(executor)
        if executor == "driver" and line != "all":
            rows = [row for row in rows if row["owner"] == "user"]
        print(threads_view(rows))

    @line_magic
    @needs_application
    def held(self, engine: Engine, line: str) -> None:
        """Show who holds cached data, so that the cleaner cannot take it.

        %held             everything that the cleaner watches
        %held df          what the variable df means, cached or not
        %held 7           RDD 7
        """
        if line in self.shell.user_ns:
            paths = [holder.path for holder in holders_of(self.shell.user_ns[line])]
            print(f"{line}: {', '.join(paths)}")
            return
        rows = engine.cleaner(holders=True).get("rows", [])
        if line:
            rdd_id = self._rdd_id(line)
            rows = [row for row in rows if row["kind"] == "rdd" and row["id"] == rdd_id]
        for row in rows:
            print(_holders_text(row))
        if not rows:
            print("The cleaner watches nothing like that.")

    @line_magic
    @needs_application
    def cleaner(self, engine: Engine, line: str) -> None:
        """Show what the context cleaner watches, waits for and has done.

        %cleaner          its state and what it watches
        %cleaner gc       collect Python's garbage now, so that it hears of what is unreachable
        """
        if line == "gc":
            answer = engine.collect_garbage()
            print(f"{answer['collected']} objects collected in {answer['tookMs']} ms.")
        print(cleaner_view(engine.cleaner()))

    @line_magic
    @needs_application
    def spark_forget(self, engine: Engine, line: str) -> None:
        """Drop what the notebook itself holds: variables, Out[4], _4, the last traceback.

        %spark_forget df        what the variable df means; the variable goes too
        %spark_forget rdd 7     RDD 7; also broadcast 3, shuffle 2
        """
        words = _words(line)
        if not words:
            raise UsageError("%spark_forget VARIABLE | rdd ID | broadcast ID | shuffle ID")
        if line.strip() in self.shell.user_ns:
            answer = forget(self.shell.user_ns[line.strip()]).to_json()
        else:
            kind = words[0] if len(words) == 2 else "rdd"
            answer = engine.forget(kind, self._rdd_id(words[-1]))
        forgotten = ", ".join(answer["forgotten"]) or "nothing"
        held = ", ".join(answer["stillHeldBy"])
        print(f"Forgotten: {forgotten}." + (f" Still held by {held}." if held else ""))

    @line_cell_magic
    def bg(self, line: str, cell: str | None = None) -> None:
        """Run code in the background; the prompt is free at once.

        %bg counts = rdd.countByKey()
        %%bg                            (a whole cell)

        Its jobs are a group: %jobs shows them, %kill group bg-1 ends them. The value of the last
        line is in _bg1 when it is done.
        """
        source = line if cell is None else cell
        if not source.strip():
            raise UsageError("%bg CODE")
        code = BackgroundCode(self.shell, source)
        print(
            f"{code.name} runs in the background: %jobs shows its jobs, "
            f"%kill group {code.name} ends them."
        )
        code.start()

    @cell_magic
    def spark_guard(self, line: str, cell: str) -> Any:
        """Run a cell that is interrupted as soon as the application is killed.

        %%spark_guard
        for row in rows: ...

        Other cells get 0.2 seconds to notice a kill by themselves.
        """
        code = CellCode(self.shell, cell)
        context = running_context()
        if context is None:
            return code.run()
        with context.guarded():
            return code.run()

    @line_magic
    def spark(self, line: str) -> None:
        """Show or change the application of this shell.

        %spark                  what runs
        %spark progress off     no progress while jobs run; on: progress again
        %spark stop             stop the application; it starts again when sc is used
        %spark restart          stop it and start it again
        """
        words = _words(line)
        if words[:1] == ["progress"] and words[1:] in ([], ["on"], ["off"]):
            if words[1:]:
                PROGRESS.turn(words[1] == "on")
            print(f"Progress is {'on' if PROGRESS.is_on else 'off'}.")
        elif words == ["stop"]:
            _restart(self.shell, starts=False)
        elif words == ["restart"]:
            _restart(self.shell, starts=True)
        elif words:
            raise UsageError("%spark [progress on | progress off | stop | restart]")
        else:
            print(_about())

    def _rdd_id(self, text: str) -> int:
        """The id of an RDD given by number or by the name of a variable."""
        if text.isdigit():
            return int(text)
        value = self.shell.user_ns.get(text)
        if not hasattr(value, "id"):
            raise UsageError(f"{text} is neither an id nor a variable with an RDD.")
        return int(value.id())


def _no_engine() -> str:
    """Why there is nobody to ask."""
    apache = getattr(sys.modules.get("pyspark"), "SparkContext", None)
    context = getattr(apache, "_active_spark_context", None)
    if context is None or apache is SparkContext:
        return "No application runs. It starts when sc is used."
    return (
        "This magic asks the embedded engine, but Apache Spark runs here. Its page shows its jobs, "
        f"and kills them: {context.uiWebUrl}"
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def _limit(line: str) -> int | None:
    return None if line == "all" else _ROWS


def _running_first(rows: list[Json], status: str) -> list[Json]:
    return sorted(rows, key=lambda row: row["status"] != status)


def _show(
    view: Callable[[list[Json], int], str], rows: list[Json], limit: int | None, nothing: str
) -> None:
    if not rows:
        print(nothing)
        return
    print(view(rows[:limit], _now_ms()))
    if limit is not None and len(rows) > limit:
        print(f"and {len(rows) - limit} more: say all")


def _stages_of(engine: Engine, job: Json) -> list[Json]:
    rows = []
    for stage_id in job["stageIds"]:
        try:
            rows += engine.stage(stage_id, details=False)
        except Refusal:  # it has not begun, or was forgotten
            continue
    return sorted(rows, key=lambda row: (row["stageId"], row["attemptId"]))


def _running_tasks(engine: Engine) -> list[int]:
    return sorted(task for row in engine.executors() for task in row.get("taskIds", ()))


def _tell_other_kills(answer: Json) -> None:
    if "taskId" in answer:
        print(f"Killing task {answer['taskId']}; it is tried again.")
    elif "executorId" in answer:
        tasks = answer.get("taskIds") or []
        what = f"; task {', '.join(map(str, tasks))} is run again elsewhere" if tasks else ""
        print(f"Killed executor {answer['executorId']}{what}.")
    elif "applicationId" in answer:
        print(f"Killing application {answer['applicationId']}. %spark restart makes a new one.")


def _holders_text(row: Json) -> str:
    name = f" {row['name']}" if row.get("name") else ""
    holders = row.get("heldBy") or []
    if not holders:
        return f"{row['kind']} {row['id']}{name}: nobody found; {row['state']}"
    text = ", ".join(holder["path"] for holder in holders)
    hint = ""
    if any(holder.get("forgettable") for holder in holders):
        hint = f" (%spark_forget {row['kind']} {row['id']} drops the notebook's own)"
    return f"{row['kind']} {row['id']}{name}: held by {text}{hint}"


def _about() -> str:
    context = running_context()
    if context is None:
        return _no_engine()
    url = f", {context.uiWebUrl}" if context.uiWebUrl else ""
    return (
        f"{context.appName}: {context.applicationId}, master {context.master}, "
        f"{context.version}{url}\nProgress is {'on' if PROGRESS.is_on else 'off'}."
    )


def _restart(shell: Any, starts: bool) -> None:
    stop_active_context()
    offer_unused_context()
    if starts:
        print(f"Application {shell.user_ns['sc'].applicationId} runs.")
    else:
        print("Stopped. The application starts again when sc is used.")


def register_magics(shell: Any) -> None:
    """Give an IPython shell the magics, and completion of what lives."""
    shell.register_magics(SparkMagics)
    shell.Completer.custom_matchers.append(complete_magic)
