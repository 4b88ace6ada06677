"""Looks into running threads, of the driver and of executors, at any moment.

An executor describes its own threads if its interpreter can be had; if C code holds it,
faulthandler writes the stacks, and the rows say so. No rights beyond the user's are needed.
Thread  any; two looks into one executor take turns.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from pyspark_shell.common.native_stacks import is_whole, native_rows, read_stacks, with_source
from pyspark_shell.common.native_threads import passes_interpreter_on
from pyspark_shell.executor.line_memory import LineMemory
from pyspark_shell.executor.thread_states import ThreadWatch
from pyspark_shell.scheduler.executor_process import ExecutorProcess

Row = dict[str, Any]

# An executor that runs Python answers within some 50 ms; a busy machine may take longer.
_ANSWER_S: Final = 0.5
# A signal handler needs no more; then the executor is stopped, or gone.
_DUMP_S: Final = 0.5
_LAST_ANSWER_S: Final = 1.0
_POLL_S: Final = 0.01


class StackSource(Protocol):
    """What is asked of the scheduler."""

    def executors(self) -> list[ExecutorProcess]: ...

    def ask_for_threads(self, executor_id: str, answer: Callable[[list[Row]], None]) -> bool: ...

    def dump_by_signal(self, executor_id: str) -> Callable[[], str] | None: ...


class _Request:
    """One question to an executor, and the answer once it has come."""

    def __init__(self) -> None:
        self.answered = threading.Event()
        self.rows: list[Row] = []

    def take(self, rows: list[Row]) -> None:
        self.rows = rows
        self.answered.set()


class LiveStacks:
    """The threads of one application's processes."""

    def __init__(self, scheduler: StackSource, threads: ThreadWatch) -> None:
        self._scheduler = scheduler
        self._threads = threads
        self._lines: LineMemory[tuple[str, int]] = LineMemory()
        # One question at a time: an executor that holds its interpreter for an hour must not
        # find an hour's questions then.
        self._requests: dict[str, _Request] = {}
        self._looking = threading.Lock()  # guards what is above

    def of_driver(self) -> list[Row]:
        """The threads of this process."""
        self._threads.refresh()
        return [state.to_json() for state in self._threads.describe()]

    def of_executor(self, executor_id: str) -> list[Row] | None:
        """The threads of an executor; None if there is none of this id, or it is stopped."""
        with self._looking:
            executor = self._executor(executor_id)
            if executor is None:
                return None
            rows = (
                self._by_itself(executor_id)
                # On a busy machine one that runs Python just needs longer.
                or self._late_answer(executor, only_if=passes_interpreter_on)
                or self._by_signal(executor)
                or self._late_answer(executor)
            )
        for row in rows or ():
            elements = row["stackTrace"]["elems"]
            row["stackTrace"]["elems"] = [with_source(each) for each in elements]
        return rows

    def of_task(self, task_id: int) -> Row | None:
        """The thread that runs a task; None if it does not run any more."""
        for executor in self._scheduler.executors():
            running = executor.running
            if running is not None and running.task_id == task_id:
                rows = self.of_executor(executor.executor_id) or []
                return next((row for row in rows if row.get("taskId") == task_id), None)
        return None

    def _executor(self, executor_id: str) -> ExecutorProcess | None:
        living = {executor.executor_id: executor for executor in self._scheduler.executors()}
        for gone in self._requests.keys() - living.keys():
            del self._requests[gone]
        self._lines.keep(lambda thread: thread[0] in living)
        executor = living.get(executor_id)
        return executor if executor is not None and executor.registered else None

    def _by_itself(self, executor_id: str) -> list[Row] | None:
        """Its own answer; one that owes an answer since an earlier look is not asked again."""
        request = self._requests.get(executor_id)
        if request is not None and not request.answered.is_set():
            return None
        request = self._requests[executor_id] = _Request()
        if not self._scheduler.ask_for_threads(executor_id, request.take):
            request.take([])
        return request.rows if request.answered.wait(_ANSWER_S) else None

    def _late_answer(
        self,
        executor: ExecutorProcess,
        only_if: Callable[[int], bool] = lambda pid: True,
    ) -> list[Row] | None:
        """The answer that is still owed, if it comes after all."""
        request = self._requests[executor.executor_id]
        if not request.answered.is_set() and not only_if(executor.pid or 0):
            return None
        return request.rows if request.answered.wait(_LAST_ANSWER_S) else None

    def _by_signal(self, executor: ExecutorProcess) -> list[Row] | None:
        """What faulthandler writes; None if it writes nothing, or the answer has come meanwhile."""
        read = self._scheduler.dump_by_signal(executor.executor_id)
        if read is None:
            return None
        answered = self._requests[executor.executor_id].answered
        text, until_s = "", time.monotonic() + _DUMP_S
        while not is_whole(text) and time.monotonic() < until_s:
            if answered.wait(_POLL_S):
                return None
            text = read()
        if not text:
            return None
        stacks = read_stacks(text)
        running = executor.running
        task_id = None if running is None else running.task_id
        rows = native_rows(stacks, task_id, executor.pid or 0)
        for row, stack in zip(rows, reversed(stacks), strict=True):
            thread = executor.executor_id, stack.thread_id
            row["sameLineSeconds"] = self._lines.seconds_at(thread, (task_id, stack.place))
        return rows
