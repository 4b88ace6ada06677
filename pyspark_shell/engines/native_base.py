"""What every part of the engine stands on: the driver, its status store, and how things are found.

Owns    the last reading of what processes use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NoReturn

from pyspark_shell.common.threads import is_server_thread
from pyspark_shell.driver.driver import Driver
from pyspark_shell.engines.process_usage import ProcessUsage
from pyspark_shell.rest.port import Refusal
from pyspark_shell.status.api import ExecutorSummary, JobData, StageData
from pyspark_shell.status.app_status_store import AppStatusStore
from pyspark_shell.status.rest_executors import DRIVER
from pyspark_shell.status.rest_tasks import TaskEvent

# Rows that are further behind are shown as they are: better than none.
_CATCH_UP_S: Final = 2.0


class NativeBase:
    """The application behind an engine.

    Parameters
    ----------
    driver
        May have stopped: then everything answers from memory.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._store: AppStatusStore = driver.status_store
        self._usage = ProcessUsage()
        self.web_url: str | None = None

    @property
    def application_id(self) -> str:
        """The application's id."""
        return self._driver.application_id

    @property
    def milestones(self) -> int:
        """Grows with everything that happens but the starts and ends of single tasks."""
        return self._driver.bus.milestones

    def when_caught_up(self, tell: Callable[[], object]) -> bool:
        """Have `tell` called once all that has happened is in the rows; True if it is already."""
        return self._store.when_caught_up(tell)

    def _look(self) -> AppStatusStore:
        """The store, with all that was posted before; the server has waited for that already."""
        if not is_server_thread():
            self._store.catch_up(_CATCH_UP_S)
        return self._store

    # Finding things -------------------------------------------------------------------

    def _job(self, job_id: int) -> JobData:
        job = self._look().job(job_id)
        return job if job is not None else _unknown(f"unknown job: {job_id}")

    def _attempts(self, stage_id: int) -> list[StageData]:
        attempts = self._look().stage_attempts(stage_id)
        return attempts or _unknown(f"unknown stage: {stage_id}")

    def _attempt(self, stage_id: int, attempt: int) -> StageData:
        stage = self._look().stage(stage_id, attempt)
        if stage is not None:
            return stage
        found = ", ".join(str(other.attempt_id) for other in self._attempts(stage_id))
        return _unknown(f"unknown attempt for stage {stage_id}.  Found attempts: [{found}]")

    def _task(self, task_id: int) -> tuple[TaskEvent, StageData]:
        found = self._known_task(task_id)
        if found is None or task_id not in found[1].running:
            self._look()  # only then is it worth to wait for news
            found = self._known_task(task_id)
        return found if found is not None else _unknown(f"unknown task: {task_id}")

    def _known_task(self, task_id: int) -> tuple[TaskEvent, StageData] | None:
        for stage in self._store.stage_list():
            event = stage.tasks.get(task_id)
            if event is not None:
                return event, stage
        return None

    def _executor(self, executor_id: str) -> ExecutorSummary:
        """An executor that was added; the driver is none."""
        if not executor_id.isdecimal():
            raise Refusal(400, "Invalid executorId: neither 'driver' nor number.")
        executor = self._store.executors.get(executor_id)
        if executor is None or not executor.is_active:
            executor = self._look().executors.get(executor_id)
        return executor if executor is not None else _unknown("Executor does not exist.")

    @property
    def _max_memory_bytes(self) -> int:
        driver = self._store.executors.get(DRIVER)
        return driver.max_memory_bytes if driver is not None else 0


def _unknown(message: str) -> NoReturn:
    raise Refusal(404, message)


def checked_words(words: Sequence[str], allowed: Sequence[str]) -> Sequence[str]:
    """Words in upper case; Spark answers 404 to those it does not know."""
    upper = [word.upper() for word in words]
    for word in upper:
        if word not in allowed:
            _unknown(f"unknown status: {word}")
    return upper
