"""Watches a killed task until it is really gone, and ends its process if it does not go.

Owns    one `_Reaping` per task that was killed and still runs.
Thread  `dag-scheduler-event-loop`: its deadlines do not depend on the executor's interpreter.
Source  Spark's Executor.TaskReaper; differs in that it stands outside of the executor, is on by
        default, and that ending the process costs no block and counts as no failure.

The ladder: 0 the task's flag, at once; 1 an exception in its main thread, at once or after
`interrupt_after_s`; 2 a warning with the task's stack, every `polling_interval_s`; 3 SIGKILL of
the process group after `kill_timeout_s`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, Protocol

from pyspark_shell.common.native_stacks import with_source
from pyspark_shell.common.record import field, record
from pyspark_shell.executor.messages import KillTask
from pyspark_shell.executor.tracebacks import fold_native_stack, is_engine_frame
from pyspark_shell.scheduler.executor_process import ExecutorProcess
from pyspark_shell.scheduler.selector_loop import Timer

log: Final = logging.getLogger("pyspark_shell.TaskReaper")

# An executor whose message thread has not answered by then has its interpreter held by C code.
_DUMP_WAIT_S: Final = 0.2
_FAULTHANDLER_WAIT_S: Final = 0.1
# So long a process that was sent SIGKILL may take, before it is news that it lives.
_END_S: Final = 0.5


@record
class ReaperLimits:
    """Times in seconds; below 0 means never.

    Attributes
    ----------
    enabled
        Whether killed tasks are watched at all (levels 2 and 3).
    interrupt_after_s
        From a kill to its exception, where the job does not ask for interrupts at once.
    polling_interval_s
        Between two warnings.
    kill_timeout_s
        From a kill to the end of the process.
    thread_dump
        Whether warnings show the task's stack.
    spares_executors
        Spark's way on a local master: say that the task could not be stopped, and let it run.
    exit_code
        What the end of the process counts as, in Spark's way: the loss of an executor that exited
        with
        57. None: the task counts as killed.
    """

    enabled: bool = True
    interrupt_after_s: float = 0.05
    polling_interval_s: float = 1.0
    kill_timeout_s: float = 2.0
    thread_dump: bool = True
    spares_executors: bool = False
    exit_code: int | None = None


class ReaperHands(Protocol):
    """What the reaper lets others do."""

    def send_kill(self, executor: ExecutorProcess, order: KillTask) -> None: ...

    def interrupt(self, executor: ExecutorProcess) -> None: ...

    def end_process(self, executor: ExecutorProcess) -> None: ...

    def dump_threads(
        self, executor_id: str, answer: Callable[[list[dict[str, Any]]], None]
    ) -> bool: ...

    def dump_by_signal(self, executor: ExecutorProcess) -> Callable[[], str]: ...

    def task_stuck(self, task_id: int, stack: str) -> None: ...


@record(frozen=False)
class _Reaping:
    executor: ExecutorProcess
    task_id: int
    reason: str
    interrupt: bool
    started_s: float
    timers: list[Timer] = field(default_factory=list)
    forced_s: float | None = None

    @property
    def elapsed_ms(self) -> float:
        return (time.monotonic() - self.started_s) * 1000

    def is_being_ended(self) -> bool:
        """Whether its process was sent SIGKILL just now, and has had no time to end."""
        return self.forced_s is not None and time.monotonic() - self.forced_s < _END_S


class TaskReaper:
    """Reapings of one application."""

    def __init__(
        self,
        limits: ReaperLimits,
        hands: ReaperHands,
        call_later: Callable[[float, Callable[[], None]], Timer],
    ) -> None:
        self._limits = limits
        self._hands = hands
        self._call_later = call_later
        self._reapings: dict[int, _Reaping] = {}
        self._forced: dict[int, str] = {}

    def kill(self, executor: ExecutorProcess, task_id: int, interrupt: bool, reason: str) -> None:
        """Begin, or with a stronger kill speed up, the end of a running task."""
        reaping = self._reapings.get(task_id)
        if reaping is not None and (reaping.interrupt or not interrupt):
            return
        after_s = 0.0 if interrupt else self._limits.interrupt_after_s
        self._hands.send_kill(executor, KillTask(task_id, after_s, reason))
        if reaping is not None:
            reaping.interrupt = True
            self._hands.interrupt(executor)
            return
        reaping = _Reaping(executor, task_id, reason, interrupt, time.monotonic())
        self._reapings[task_id] = reaping
        if after_s > 0:
            reaping.timers.append(self._call_later(after_s, partial(self._interrupt, reaping)))
        elif after_s == 0:
            self._hands.interrupt(executor)
        if self._limits.enabled:
            self._set_deadlines(reaping)

    def _set_deadlines(self, reaping: _Reaping) -> None:
        limits = self._limits
        if limits.polling_interval_s > 0:
            self._warn_later(reaping)
        if limits.kill_timeout_s >= 0:
            reaping.timers.append(
                self._call_later(limits.kill_timeout_s, partial(self._out_of_time, reaping))
            )

    def _interrupt(self, reaping: _Reaping) -> None:
        if reaping.task_id in self._reapings:
            self._hands.interrupt(reaping.executor)

    def ended(self, task_id: int) -> None:
        """The task has ended, by itself or with its process."""
        reaping = self._reapings.pop(task_id, None)
        if reaping is not None:
            for timer in reaping.timers:
                timer.cancel()

    def forced_reason(self, task_id: int) -> str | None:
        """What a task whose process was ended by the reaper was killed for; asked once."""
        return self._forced.pop(task_id, None)

    def force_now(self, task_ids: Iterable[int]) -> None:
        """Do not wait for the deadline of these tasks."""
        for task_id in task_ids:
            reaping = self._reapings.get(task_id)
            if reaping is not None:
                self._force(reaping)

    def task_ids(self) -> list[int]:
        """Tasks that were killed and still run."""
        return list(self._reapings)

    def _out_of_time(self, reaping: _Reaping) -> None:
        if reaping.task_id not in self._reapings:
            return
        if self._limits.spares_executors:
            log.error(
                "Killed task %d could not be stopped within %.0f ms; not killing its executor "
                "because "
                "we are running in local mode.",
                reaping.task_id,
                self._limits.kill_timeout_s * 1000,
            )
            return
        self._force(reaping)

    def _force(self, reaping: _Reaping) -> None:
        elapsed_ms = reaping.elapsed_ms
        log.warning(
            "Killed task %d could not be stopped within %.0f ms; executor %s (pid %s) is ended.",
            reaping.task_id,
            elapsed_ms,
            reaping.executor.executor_id,
            reaping.executor.pid,
        )
        if self._limits.exit_code is None:
            self._forced[reaping.task_id] = f"{reaping.reason} (forced after {elapsed_ms:.0f} ms)"
        else:
            reaping.executor.end_reason = f"Command exited with code {self._limits.exit_code}"
        reaping.forced_s = time.monotonic()
        self._hands.end_process(reaping.executor)

    # Warnings -------------------------------------------------------------------------

    def _warn_later(self, reaping: _Reaping) -> None:
        interval_s = self._limits.polling_interval_s
        reaping.timers = [timer for timer in reaping.timers if timer.callback is not None]
        reaping.timers.append(self._call_later(interval_s, partial(self._warn, reaping)))

    def _warn(self, reaping: _Reaping) -> None:
        if reaping.task_id not in self._reapings:
            return
        if not reaping.is_being_ended():
            log.warning(
                "Killed task %d is still running after %.0f ms", reaping.task_id, reaping.elapsed_ms
            )
            if reaping.interrupt or self._limits.interrupt_after_s >= 0:
                self._hands.interrupt(reaping.executor)  # it may not have heard of the first
            if self._limits.thread_dump:
                self._show_stack(reaping)
        self._warn_later(reaping)

    def _show_stack(self, reaping: _Reaping) -> None:
        answered = False

        def answer(threads: list[dict[str, Any]]) -> None:
            nonlocal answered
            answered = True
            self._log_stack(reaping, _stack_of_task(threads))

        def ask_by_signal() -> None:
            if not answered and reaping.task_id in self._reapings:
                read = self._hands.dump_by_signal(reaping.executor)
                self._call_later(
                    _FAULTHANDLER_WAIT_S,
                    lambda: self._log_stack(reaping, fold_native_stack(read())),
                )

        if self._hands.dump_threads(reaping.executor.executor_id, answer):
            self._call_later(_DUMP_WAIT_S, ask_by_signal)

    def _log_stack(self, reaping: _Reaping, stack: str) -> None:
        log.warning("Thread dump from task %d:\n%s", reaping.task_id, stack)
        self._hands.task_stuck(reaping.task_id, stack)

    def assert_empty(self) -> None:
        """Raise if a killed task is still watched."""
        assert not self._reapings, f"killed tasks {sorted(self._reapings)} are still watched"


def _stack_of_task(threads: list[dict[str, Any]]) -> str:
    """The frames of the task's own code, outermost first."""
    for row in threads:
        if "taskId" in row:
            frames: list[str] = row["stackTrace"]["elems"]
            own = [frame for frame in frames if not is_engine_frame(frame.split('"')[1])]
            return "\n".join(map(with_source, own or frames))
    return "(the task has ended)"
