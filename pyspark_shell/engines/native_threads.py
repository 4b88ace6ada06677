"""The part of the engine that shows what processes do: stacks of threads, and what tasks print.

Owns    where each task was when it was last looked at.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from typing import Final

from pyspark_shell.driver.driver import Driver
from pyspark_shell.engines.native_base import NativeBase
from pyspark_shell.rest.port import Json, Refusal
from pyspark_shell.status.rest_executors import DRIVER

_STREAMS: Final = ("stderr", "stdout")
# A piece of a log is text in a page; nobody reads more at once.
_MAX_LOG_BYTES: Final = 1024 * 1024
_REMEMBERED_TASKS: Final = 256


class NativeThreads(NativeBase):
    """Threads of the driver, of executors, of tasks; logs."""

    def __init__(self, driver: Driver) -> None:
        super().__init__(driver)
        self._lines: OrderedDict[int, tuple[str, float]] = OrderedDict()

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
            raise Refusal(404, f"Task {task_id} does not run.")
        rows = self.executor_threads(event.task_info.executor_id)
        found = [row for row in rows if row.get("taskId") == task_id]
        if not found:
            raise Refusal(404, "No thread dump is available.")
        return found[0]

    def _thread_row(self, row: Json) -> Json:
        """Spark leaves `lockName` out of threads that wait for nothing."""
        waits_for = row.get("lockName") or ""
        row = {name: value for name, value in row.items() if name != "lockName" or value}
        row["waitsFor"] = waits_for
        row.setdefault("sampledBy", "python")
        if "taskId" in row:
            elements = row["stackTrace"]["elems"]
            row["sameLineSeconds"] = self._same_line_s(row["taskId"], "\n".join(elements[-1:]))
        return row

    def _same_line_s(self, task_id: int, line: str) -> float:
        """Seconds since a task was first seen where it is now, at every look in between."""
        now_s = time.monotonic()
        seen, since_s = self._lines.pop(task_id, (line, now_s))
        if seen != line:
            since_s = now_s
        self._lines[task_id] = (line, since_s)
        while len(self._lines) > _REMEMBERED_TASKS:
            self._lines.popitem(last=False)
        return round(now_s - since_s, 1)

    def logs(self, executor_id: str, stream: str, offset: int, length: int) -> Json:
        """A piece of an executor's output; a negative offset counts from the end."""
        if stream not in _STREAMS:
            raise Refusal(400, f"stream must be one of {', '.join(_STREAMS)}, got {stream}")
        if executor_id == DRIVER:
            raise Refusal(404, "The driver prints where it was started.")
        self._executor(executor_id)
        path = f"{self._driver.local_dirs.path('logs')}/executor-{executor_id}.{stream}"
        try:
            with open(path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                start = max(0, size + offset) if offset < 0 else min(offset, size)
                file.seek(start)
                data = file.read(max(0, min(length, _MAX_LOG_BYTES)))
        except OSError:
            raise Refusal(404, f"Executor {executor_id} has no {stream} any more.") from None
        return {
            "executorId": executor_id,
            "stream": stream,
            "offset": start,
            "length": len(data),
            "size": size,
            "text": data.decode(errors="replace"),
        }
