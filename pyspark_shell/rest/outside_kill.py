"""Kills what a driver runs while the driver itself cannot answer.

One C call that holds the interpreter silences every thread of a driver, so whoever wants a kill
then does it in its place: note the intent in the process table, signal the executors, and end
those that do not stop. The driver's scheduler finds the intent when it wakes, and tells the job's
end with the reason given here, not as a loss of executors.
Thread  the caller's, which it keeps until all is over.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from pyspark_shell.common.process_identity import is_same_process, start_time
from pyspark_shell.common.process_table import NONE, KillIntent, KillScope, ProcessTable, SlotRow
from pyspark_shell.common.record import record
from pyspark_shell.rest.runtime_file import RuntimeEntry

# The signal on which an executor looks whether its task is meant: see `executor/interrupt.py`.
INTERRUPT_SIGNAL: Final = signal.SIGUSR1
# An executor that was in an import, or wrote its outcome, heeds a later signal.
_AGAIN_S: Final = 0.25
# How long the kernel may take to end processes that got SIGKILL.
_LAST_WAIT_S: Final = 5.0
_POLL_S: Final = 0.02


class CannotKill(Exception):
    """Nothing can be done from outside, and why."""


class UnknownTarget(CannotKill):
    """What is to be killed is not there, as far as the process table tells."""


@record
class Ended:
    """One process that was ended.

    Attributes
    ----------
    task_id
        What it ran; None if it was idle.
    forced
        Whether it took SIGKILL: its task did not stop by itself.
    """

    executor_id: int
    pid: int
    task_id: int | None
    forced: bool
    after_ms: int


@record
class OutsideKillReport:
    """What was done.

    Attributes
    ----------
    ended
        Processes that are gone, in the order in which they went.
    left
        Processes that still run: no deadline is set (`spark.task.reaper.killTimeout` below 0), or
        the kernel does not end them.
    shared
        Tasks of the jobs that other jobs wait for too; they go on.
    driver_interrupted
        Whether the driver got SIGINT.
    driver_lives
        Whether the driver's own process is still there.
    """

    entry: RuntimeEntry
    intent: KillIntent
    ended: tuple[Ended, ...]
    left: tuple[SlotRow, ...]
    shared: tuple[SlotRow, ...]
    driver_interrupted: bool
    driver_lives: bool
    took_ms: int

    @property
    def result(self) -> str:
        """What became of it, in a word.

        `killed`: what ran of it has ended. `killing`: some of it did not. `executors-ended`: of the
        application the driver alone lives, which ends when it can. `nothing-runs`: no process ran
        it, or none for it alone; the driver runs no more of it once it wakes.
        """
        if self.left:
            return "killing"
        if self.intent.scope is KillScope.APPLICATION:
            return "executors-ended" if self.driver_lives else "killed"
        return "killed" if self.ended else "nothing-runs"

    def to_json(self) -> dict[str, Any]:
        """For answers to other programs.

        A driver that answers tells a kill as its card (`status/rest_kills.py`) and what it said to
        the order: `result`, `scope`, `target` and `reason` are the same in both, `from` is here
        alone. It knows tasks (`tasks`, `jobs`, `state`), what is done from outside knows processes
        (`ended`, `left`).
        """
        return {
            "result": self.result,
            "from": "outside",
            "scope": self.intent.scope.name.lower(),
            "target": self._target(),
            "reason": self.intent.reason,
            "ended": [
                {
                    "executorId": str(each.executor_id),
                    "pid": each.pid,
                    "taskId": each.task_id,
                    "forced": each.forced,
                    "endedAfterMs": each.after_ms,
                }
                for each in self.ended
            ],
            "left": [{"executorId": str(row.executor_id), "pid": row.pid} for row in self.left],
            "sharedTasks": [row.task_id for row in self.shared],
            "driverInterrupted": self.driver_interrupted,
            "driverLives": self.driver_lives,
            "tookMs": self.took_ms,
        }

    def _target(self) -> str:
        if self.intent.scope is KillScope.APPLICATION:
            return self.entry.application_id
        return self.intent.name or str(self.intent.target)


def running_rows(entry: RuntimeEntry) -> list[SlotRow]:
    """What runs where, as the driver noted before it fell silent.

    Raises
    ------
    CannotKill
        There is no process table.
    """
    with open_table(entry) as table:
        return _living(table.rows())


def kill_from_outside(
    entry: RuntimeEntry,
    intent: KillIntent,
    interrupt_driver: bool = False,
    tell: Callable[[str], None] = lambda line: None,
    must_exist: bool = False,
) -> OutsideKillReport:
    """End the tasks that `intent` means, without the driver's help.

    Parameters
    ----------
    interrupt_driver
        Also send the driver SIGINT, as a kernel's interrupt button does.
    tell
        Gets a line whenever something has happened.
    must_exist
        Refuse what is not in the process table. Else the driver is told of it all the same, which
        may know of what it had no time to write down.

    Raises
    ------
    CannotKill
        There is no process table, or it belongs to another process.
    UnknownTarget
        What is meant is not there, and has to be.
    """
    with open_table(entry) as table:
        if must_exist and not table.may_know(intent):
            raise UnknownTarget(
                f"unknown {_kind(intent)}: {intent.name or intent.target}, as the process table of "
                f"the silent driver tells; if it was there, it has ended"
            )
        return _Kill(table, entry, intent, tell).run(interrupt_driver)


class _Kill:
    """One kill, from intent to end."""

    def __init__(
        self,
        table: ProcessTable,
        entry: RuntimeEntry,
        intent: KillIntent,
        tell: Callable[[str], None],
    ) -> None:
        self._table = table
        self._entry = entry
        self._intent = intent
        self._tell = tell
        self._began_s = time.monotonic()
        self._jobs = frozenset((intent.target,)) if intent.scope is KillScope.JOB else frozenset()
        self._ended: list[Ended] = []
        self._forced: set[int] = set()

    def run(self, interrupt_driver: bool) -> OutsideKillReport:
        self._table.announce(self._intent)
        rows = _living(self._table.rows())
        self._jobs |= self._table.jobs_named_by(self._intent)
        victims = [row for row in rows if row.is_meant_by(self._intent, self._jobs)]
        shared = [row for row in rows if self._is_shared(row)]
        self._tell(f"{_count(len(victims), 'process')} to end")
        pid, started = self._entry.pid, self._entry.start_time
        interrupted = interrupt_driver and _signal(pid, started, signal.SIGINT)
        left = self._end(victims)
        return OutsideKillReport(
            entry=self._entry,
            intent=self._intent,
            ended=tuple(self._ended),
            left=tuple(left),
            shared=tuple(shared),
            driver_interrupted=interrupted,
            driver_lives=is_same_process(pid, started),
            took_ms=int(self._elapsed_s * 1000),
        )

    @property
    def _elapsed_s(self) -> float:
        return time.monotonic() - self._began_s

    def _is_shared(self, row: SlotRow) -> bool:
        needed = not self._jobs.isdisjoint(row.job_ids)
        return needed and not row.is_meant_by(self._intent, self._jobs)

    def _end(self, victims: list[SlotRow]) -> list[SlotRow]:
        """First the signal that lets a task clean up, past the deadline the one that does not."""
        self._force(row for row in victims if row.task_id == NONE)
        timeout_s = self._table.kill_timeout_s
        left = self._interrupt(victims, float("inf") if timeout_s is None else timeout_s)
        if left and timeout_s is not None:
            self._tell(f"{_count(len(left), 'task')} did not stop within {timeout_s:g} s")
            self._force(left)
            left = self._wait(left, self._elapsed_s + _LAST_WAIT_S)
        return left

    def _interrupt(self, rows: list[SlotRow], until_s: float) -> list[SlotRow]:
        """Signal again and again; those that live when the time is up, or two rounds without a
        deadline.
        """
        rounds = 0
        while rows and self._elapsed_s < until_s and (until_s < float("inf") or rounds < 8):
            for row in rows:
                if row.task_id != NONE and self._still_runs(row):
                    _signal(row.pid, row.start_time, INTERRUPT_SIGNAL)
            rows = self._wait(rows, min(until_s, self._elapsed_s + _AGAIN_S))
            rounds += 1
        return rows

    def _still_runs(self, row: SlotRow) -> bool:
        """Whether the executor is still at the task: an awake driver may have given it another."""
        return any(
            (now.executor_id, now.pid, now.task_id) == (row.executor_id, row.pid, row.task_id)
            for now in self._table.rows()
        )

    def _force(self, rows: Iterable[SlotRow]) -> None:
        for row in rows:
            if row.task_id != NONE and not self._still_runs(row):
                continue
            self._forced.add(row.pid)
            if is_same_process(row.pid, row.start_time):
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(row.pid, signal.SIGKILL)

    def _wait(self, rows: list[SlotRow], until_s: float) -> list[SlotRow]:
        """Wait for ends; those that live, and are still at their task, are given back."""
        while True:
            left: list[SlotRow] = []
            for row in rows:
                if is_same_process(row.pid, row.start_time):
                    left.append(row)
                else:
                    self._note_end(row)
            rows = left
            wait_s = until_s - self._elapsed_s
            if not rows or wait_s <= 0:
                return rows
            _wait_for_an_end([row.pid for row in rows], min(wait_s, _AGAIN_S))

    def _note_end(self, row: SlotRow) -> None:
        task_id = None if row.task_id == NONE else row.task_id
        forced = row.pid in self._forced
        after_ms = int(self._elapsed_s * 1000)
        self._ended.append(Ended(row.executor_id, row.pid, task_id, forced, after_ms))
        what = f"executor {row.executor_id} (pid {row.pid})"
        how = "was ended" if forced else "stopped"
        self._tell(f"{what} {how} after {after_ms / 1000:.1f} s")


def open_table(entry: RuntimeEntry) -> ProcessTable:
    """The process table of a driver, which is its own.

    Raises
    ------
    CannotKill
        There is none, or it belongs to another process.
    """
    if not entry.process_table:
        raise CannotKill(f"Driver {entry.id} has no process table.")
    try:
        table = ProcessTable(entry.process_table)
    except (OSError, ValueError) as problem:
        raise CannotKill(f"The process table of driver {entry.id}: {problem}") from None
    processes = table.processes()
    if (processes.driver_pid, processes.driver_start_time) != (entry.pid, entry.start_time):
        table.close()
        raise CannotKill(f"The process table is not that of driver {entry.id} (pid {entry.pid}).")
    return table


def _living(rows: list[SlotRow]) -> list[SlotRow]:
    return [row for row in rows if is_same_process(row.pid, row.start_time)]


def _signal(pid: int, started: int, number: int) -> bool:
    if start_time(pid) != started:
        return False
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _wait_for_an_end(pids: list[int], timeout_s: float) -> None:
    """Sleep until one of the processes, which are not children, has ended."""
    handles: list[int] = []
    try:
        for pid in pids:
            handles.append(os.pidfd_open(pid))
        select.select(handles, [], [], timeout_s)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):  # not Linux, or an old one: look now and then
        select.select([], [], [], min(timeout_s, _POLL_S))
    finally:
        for handle in handles:
            os.close(handle)


def _kind(intent: KillIntent) -> str:
    scope = intent.scope.name.lower()
    return f"job {scope}" if intent.scope in (KillScope.GROUP, KillScope.TAG) else scope


def _count(number: int, noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"
