"""The part of the engine that shows what processes do: stacks of threads, and what tasks print."""

from __future__ import annotations

import os
import signal
import threading

from pyspark_shell.common.executor_log import STREAMS, read_piece
from pyspark_shell.driver.main_thread import raise_in_thread
from pyspark_shell.engines.native_base import NativeBase
from pyspark_shell.rest.port import Json, Refusal
from pyspark_shell.status.rest_executors import DRIVER


class NativeThreads(NativeBase):
    """Threads of the driver, of executors, of tasks; logs."""

    def executor_threads(self, executor_id: str) -> list[Json]:
        """ThreadStackTrace of the driver's threads (`driver`) or of an executor's."""
        if executor_id == DRIVER:
            rows = self._driver.describe_threads()
        else:
            if not self._executor(executor_id).is_active:
                raise Refusal(400, "Executor is not active.")
            rows = self._driver.describe_threads(executor_id)
        if not rows:
            raise Refusal(404, "No thread dump is available.")
        return [self._thread_row(row) for row in rows]

    def task_threads(self, task_id: int) -> Json:
        """ThreadStackTrace of the thread that runs a task, with `sameLineSeconds`."""
        event, stage = self._task(task_id)
        if task_id not in stage.running:
            where = f"Executor '{event.task_info.executor_id}'"
            raise Refusal(404, f"Task '{task_id}' is not running on {where} right now")
        row = self._driver.describe_task(task_id)
        if row is None:
            raise Refusal(404, "No thread dump is available.")
        return self._thread_row(row)

    def _thread_row(self, row: Json) -> Json:
        """Spark leaves `lockName` out of threads that wait for nothing."""
        waits_for = row.get("lockName") or ""
        row = {name: value for name, value in row.items() if name != "lockName" or value}
        row["waitsFor"] = waits_for
        return row

    def interrupt_thread(self, thread_id: int) -> Json:
        """Raise KeyboardInterrupt in a thread of the user's own; the main thread gets Ctrl-C."""
        rows = self._driver.describe_threads() or []
        row = next((each for each in rows if each["threadId"] == thread_id), None)
        if row is None:
            raise Refusal(404, f"The driver has no thread {thread_id}.")
        if row["owner"] != "user":
            whose = {"engine": "the engine's", "jupyter": "Jupyter's"}.get(row["owner"], "not")
            raise Refusal(403, f"Thread {row['threadName']} is {whose}, and is not interrupted.")
        if thread_id == threading.main_thread().ident:
            os.kill(os.getpid(), signal.SIGINT)
        else:
            raise_in_thread(thread_id, KeyboardInterrupt)
        return {"threadId": thread_id, "threadName": row["threadName"], "result": "interrupting"}

    def logs(self, executor_id: str, stream: str, offset: int, length: int) -> Json:
        """A piece of an executor's output; a negative offset counts from the end."""
        if stream not in STREAMS:
            raise Refusal(400, f"stream must be one of {', '.join(STREAMS)}, got {stream}")
        if executor_id == DRIVER:
            raise Refusal(404, "The driver prints where it was started.")
        self._executor(executor_id)
        directory = self._driver.local_dirs.path("logs")
        try:
            return read_piece(directory, executor_id, stream, offset, length)
        except OSError:
            raise Refusal(404, f"Executor {executor_id} has no {stream} any more.") from None
