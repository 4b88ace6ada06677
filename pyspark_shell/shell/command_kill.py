"""The command that kills: it gives the order and says what happens until the end.

Where the driver is silent it kills by itself.
"""

from __future__ import annotations

import time
from argparse import Namespace
from typing import Any, Final

from pyspark_shell.common.process_table import NONE, KillIntent, KillScope
from pyspark_shell.common.record import record
from pyspark_shell.rest.client import DriverClient, NoAnswer, segment
from pyspark_shell.rest.discovery import drivers
from pyspark_shell.rest.outside_kill import (
    CannotKill,
    OutsideKillReport,
    UnknownTarget,
    kill_from_outside,
)
from pyspark_shell.shell.command_output import DONE, NO_ANSWER, REFUSED, Output
from pyspark_shell.shell.command_silent import why_silent
from pyspark_shell.shell.row_words import seconds_text

Json = dict[str, Any]

WHO: Final = "the command"
# A driver that has not taken an order by then is silent: a second after the order, and the tasks'
# deadline, nothing of what was killed may be left.
ORDER_S: Final = 0.8
# A driver whose threads run Python gets longer: it has to load its server for the first who asks.
_BUSY_S: Final = 5.0
_POLL_S: Final = 2
# After so long a task that does not stop is named, and without `--wait` the command gives up.
_STUCK_S: Final = 3.0
_GIVE_UP_S: Final = 10.0


@record
class Target:
    """What is to be killed.

    Attributes
    ----------
    scope
        As a kill's card names it: `job`, `stage`, `task`, `group`, `tag`, `executor`,
        `application`.
    """

    scope: str
    name: str

    def __str__(self) -> str:
        return "the application" if self.scope == "application" else f"{self.scope} {self.name}"

    @property
    def path(self) -> str:
        """Where the order goes."""
        rooms = {"group": "jobGroups"}
        if self.scope == "application":
            return "kill"
        return f"{rooms.get(self.scope, f'{self.scope}s')}/{segment(self.name)}/kill"

    def intent(self, reason: str) -> KillIntent:
        """The same for the process table."""
        if self.scope == "application":
            return KillIntent(KillScope.APPLICATION, NONE, reason, WHO)
        if self.scope in ("group", "tag"):
            return KillIntent.by_name(KillScope[self.scope.upper()], self.name, reason, WHO)
        return KillIntent(KillScope[self.scope.upper()], int(self.name), reason, WHO)


def kill(client: DriverClient, arguments: Namespace, out: Output) -> int:
    """Kill what the options name.

    Raises
    ------
    Refusal
        The driver said no.
    """
    target: Target = arguments.target
    body = {"reason": arguments.reason, "who": WHO, "interrupt": arguments.interrupt or None}
    intent = target.intent(arguments.reason)
    try:
        answer = client.post(target.path, body, client.timeout_s, busy_s=_BUSY_S)
    except NoAnswer as silence:
        return _kill_from_outside(silence, intent, arguments, out)
    return _Following(client, target, answer, arguments.wait, out).run()


# While the driver answers ----------------------------------------------------------------------


class _Following:
    """Watches a kill that the driver has accepted, until nothing of it runs any more."""

    def __init__(
        self, client: DriverClient, target: Target, answer: Json, wait: bool | None, out: Output
    ) -> None:
        self._client = client
        self._target = target
        self._answer = answer
        self._limit_s = {True: float("inf"), False: 0.0, None: _GIVE_UP_S}[wait]
        self._out = out
        self._began_s = time.monotonic()
        self._seq: int | None = None
        self._life: str | None = None
        self._card: Json | None = None
        self._has_ended = False
        self._said = ""
        self._stuck_told: set[int] = set()

    def run(self) -> int:
        running = self._answer.get("runningTasks", 0)
        jobs = self._answer.get("jobIds") or []
        if len(jobs) > 1:
            self._out.line(f"{self._target}: jobs {', '.join(map(str, jobs))} end")
        self._say(running)
        if self._limit_s == 0.0:
            self._out.json({**self._answer, **self._named})
            return DONE
        while not self._is_over:
            if time.monotonic() - self._began_s > self._limit_s:
                return self._give_up()
            try:
                self._look()
            except NoAnswer as silence:
                if not self._may_be_gone():
                    if time.monotonic() - self._began_s > self._limit_s:
                        return self._out.no_answer(silence)
                    time.sleep(0.1)
        return self._conclude()

    @property
    def _is_over(self) -> bool:
        if self._has_ended:
            return True
        if self._target.scope == "application":
            return False
        return self._card is not None and self._card["state"] == "killed"

    @property
    def _named(self) -> Json:
        """What the order was about, as a kill's card has it."""
        name = self._target.name or self._client.entry.application_id
        return {"scope": self._target.scope, "target": name}

    @property
    def _elapsed_ms(self) -> float:
        return (time.monotonic() - self._began_s) * 1000

    def _look(self) -> None:
        """Wait for the next change, and say what it tells."""
        query = {} if self._seq is None else {"since": self._seq, "wait": _POLL_S}
        news = self._client.get(
            "changes", _POLL_S + max(2.0, self._client.timeout_s), life=self._life, **query
        )
        self._seq, self._life = news["seq"], news.get("life")
        if "snapshot" in news:
            self._take_application(news["snapshot"]["application"])
            cards = [card for card in news["snapshot"]["kills"] if self._is_mine(card)]
            self._take_card(max(cards, key=lambda card: int(card["id"]), default=None))
        for change in news.get("changes", ()):
            if change["kind"] == "application":
                self._take_application(change["row"])
            elif change["kind"] == "kill" and change["row"] and self._is_mine(change["row"]):
                self._take_card(change["row"])
        self._tell_progress()

    def _is_mine(self, card: Json) -> bool:
        if self._card is not None:
            return bool(card["id"] == self._card["id"])
        same_target = self._target.scope == "application" or card["target"] == self._target.name
        return bool(card["scope"] == self._target.scope and same_target)

    def _take_application(self, row: Json | None) -> None:
        if row is not None and row.get("state") == "stopped":
            self._has_ended = True

    def _take_card(self, card: Json | None) -> None:
        if card is not None:
            self._card = card
        elif self._card is None and self._target.scope != "application":
            self._has_ended = True  # this engine keeps no account of kills

    def _tell_progress(self) -> None:
        left = [task for task in self._tasks if task.get("endedAfterMs") is None]
        if left:
            self._say(len(left))
        if self._elapsed_ms < _STUCK_S * 1000:
            return
        for task in left:
            if task["taskId"] not in self._stuck_told:
                self._stuck_told.add(task["taskId"])
                where = f": {task['lastStack'][-1].strip()}" if task.get("lastStack") else ""
                self._out.line(
                    f"task {task['taskId']} on executor {task['executorId']} "
                    f"(pid {task['pid']}) does not stop{where}"
                )

    @property
    def _tasks(self) -> list[Json]:
        return [] if self._card is None else self._card["tasks"]

    def _say(self, running: int) -> None:
        left = f": {_tasks(running)} still running" if running else ""
        text = f"killing {self._target}{left}"
        if text != self._said:
            self._said = text
            self._out.line(text)

    def _may_be_gone(self) -> bool:
        """Whether silence means the end: of the application, or of the whole driver."""
        if any(entry.id == self._client.entry.id for entry in drivers()):
            return False
        self._has_ended = True
        return True

    def _conclude(self) -> int:
        card = self._card or {}
        took_ms = card.get("tookMs")
        forced = sum(bool(task.get("forced")) for task in self._tasks)
        ended = _tasks(len(self._tasks)) if self._tasks else ""
        by_force = f"{forced} by force" if forced else ""
        more = ", ".join(filter(None, (ended, by_force)))
        took = seconds_text(self._elapsed_ms if took_ms is None else took_ms)
        self._out.line(f"killed in {took}" + (f" ({more})" if more else ""))
        self._out.json({**self._answer, **self._named, **card, "result": "killed"})
        return DONE

    def _give_up(self) -> int:
        left = [task for task in self._tasks if task.get("endedAfterMs") is None]
        executors = sorted({task["executorId"] for task in left})
        card = self._card or {}
        self._out.json({**self._answer, **self._named, **card, "result": "killing"})
        hint = "".join(f"\n  pyspark-shell kill --executor {each}" for each in executors)
        self._out.problem(
            f"{self._target} is still being killed after {seconds_text(self._elapsed_ms)}; "
            f"--wait waits until the end{', and this ends its process:' if hint else '.'}{hint}"
        )
        return REFUSED


# When it does not ------------------------------------------------------------------------------


def _kill_from_outside(
    silence: NoAnswer, intent: KillIntent, arguments: Namespace, out: Output
) -> int:
    out.no_answer(silence)
    out.line("killing from outside: the driver will hear of it when it wakes")
    try:
        report = kill_from_outside(
            silence.entry, intent, bool(arguments.interrupt), out.line, must_exist=True
        )
    except UnknownTarget as problem:
        out.json({"error": str(problem)})
        out.problem(str(problem))
        return REFUSED
    except CannotKill as problem:
        out.json({"error": str(problem)})
        out.problem(str(problem))
        return NO_ANSWER
    out.json(report.to_json())
    return _tell_report(report, arguments.target, silence, out)


def _tell_report(report: OutsideKillReport, target: Target, silence: NoAnswer, out: Output) -> int:
    if report.driver_interrupted:
        out.line("the driver got an interrupt too")
    for row in report.shared:
        jobs = ", ".join(map(str, row.job_ids))
        out.line(f"task {row.task_id} goes on: jobs {jobs} need it")
    if report.left:
        out.problem(f"{_tasks(len(report.left))} of {target} did not stop, and no deadline is set")
        return REFUSED
    if report.result == "executors-ended":
        number = len(report.ended)
        executors = f"{number} executor{'s' * (number != 1)} ended"
        took = f" in {seconds_text(report.took_ms)}" if number else ""
        pid = silence.entry.pid
        out.line(
            f"{executors}{took}; the driver (pid {pid}) still lives: it finds the kill, and ends, "
            f"when it can. {why_silent(pid, silence.reason)}"
        )
    elif report.result == "nothing-runs":
        out.line(f"nothing of {target} runs; what the driver still plans to run of it, it will not")
    else:
        out.line(f"killed in {seconds_text(report.took_ms)}")
    return DONE


def _tasks(number: int) -> str:
    return "1 task" if number == 1 else f"{number} tasks"
