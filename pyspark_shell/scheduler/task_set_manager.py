"""One attempt of a stage: which of its tasks wait, run, or are done, and what a failure means.

Owns    the tasks of one stage attempt.
Thread  `dag-scheduler-event-loop`. Pure: it touches no socket, and returns what is to be done.
Source  Spark's TaskSetManager; differs in locality (every executor is on one machine, so only a
        block that is hot in one executor is a preference) and in speculation, which compares
        executors instead of hosts.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from pyspark_shell.common.memory_text import format_size
from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.record import record
from pyspark_shell.common.task_end import (
    ExceptionFailure,
    ExecutorLostFailure,
    FetchFailed,
    TaskCommitDenied,
    TaskEndReason,
    TaskKilled,
    counts_towards_failures,
)
from pyspark_shell.listener.events import TaskInfo
from pyspark_shell.scheduler.speculation import SlowTasks, SpeculationLimits
from pyspark_shell.scheduler.stage import Stage

log: Final = logging.getLogger("pyspark_shell.TaskSetManager")

# A task whose executor was killed from outside is not to blame, but one that gets its executors
# killed again and again (by the system's memory killer, say) must end; Spark's default for
# failures.
MAX_EXTERNAL_LOSSES: Final = 4
# Counters of an attempt, unpacked only if somebody asks.
Metrics = Callable[[], TaskMetrics]
# An exception that comes again and again is told in full so often, and else counted.
_TELL_AGAIN_S: Final = 10.0


@record
class TaskSetLimits:
    """Limits that hold for all task sets of an application.

    Attributes
    ----------
    max_failures
        Failures of one task that abort the stage.
    max_result_bytes
        For the results of all tasks together; 0: no limit.
    speculation
        When tasks get copies; None: never.
    """

    max_failures: int = 4
    max_result_bytes: int = 0
    speculation: SpeculationLimits | None = None


@record(frozen=False)
class RunningTask:
    """One attempt that was sent to an executor."""

    info: TaskInfo
    started_s: float = 0.0  # by the clock that never jumps
    kill_reason: str | None = None


class TaskSetManager:
    """Tasks of one stage attempt.

    Parameters
    ----------
    partitions
        Index of each task's partition among the stage's tasks.
    preferred_executor
        Says which executor has a partition hot; None if no partition is cached anywhere.
    """

    def __init__(
        self,
        stage: Stage,
        attempt: int,
        job_id: int,
        partitions: Sequence[int],
        limits: TaskSetLimits,
        preferred_executor: Callable[[int], str | None] | None = None,
    ) -> None:
        self.stage = stage
        self.attempt = attempt
        self.job_id = job_id
        self.partitions = partitions
        self.needs = stage.stage_input.needs
        self._limits = limits
        self._preferred_executor = preferred_executor
        count = len(partitions)
        self._waiting: list[int] = list(range(count - 1, -1, -1))
        self._is_waiting = bytearray(b"\1" * count)
        self._hot: dict[str, list[int]] = {}
        self._successful = bytearray(count)
        self._failures: dict[int, int] = {}
        self._external_losses: dict[int, int] = {}
        self._attempts: dict[int, int] = {}
        speculation = limits.speculation
        self._slow = None if speculation is None else SlowTasks(speculation, count)
        self._told: dict[str, tuple[int, float]] = {}  # exceptions: repeats, and when in full
        self._speculatable: set[int] = set()
        self._result_bytes = 0
        self.running: dict[int, RunningTask] = {}
        self.num_waiting = count
        self.num_successful = 0
        self.is_zombie = False
        self.abort_reason: str | None = None
        self._last_owners = frozenset((job_id,))
        self.binary = b""  # the frame that its first task on an executor is preceded by
        self._prefer(range(count - 1, -1, -1))  # the last one is taken first

    @property
    def owners(self) -> frozenset[int]:
        """The active jobs that need it; once it is suspended and they are gone, those that did.

        `job_id` is the one that submitted it, which may have ended long ago.
        """
        return frozenset(self.stage.job_ids) or self._last_owners

    @property
    def owner(self) -> int:
        """The oldest of them."""
        return min(self.owners)

    @property
    def num_tasks(self) -> int:
        """Tasks of the set."""
        return len(self.partitions)

    @property
    def is_barrier(self) -> bool:
        """Whether all tasks have to run at once."""
        return self.stage.node.is_barrier

    @property
    def is_finished(self) -> bool:
        """Whether nothing runs and nothing will."""
        return self.is_zombie and not self.running

    # Choosing ------------------------------------------------------------------------

    def _prefer(self, indices: Sequence[int] | range) -> None:
        preferred = self._preferred_executor
        if preferred is None:
            return
        for index in indices:
            executor_id = preferred(self.partitions[index])
            if executor_id is not None:
                self._hot.setdefault(executor_id, []).append(index)

    def choose(self, executor_id: str) -> tuple[int, str, bool] | None:
        """The task that should run next on an executor: its index, its locality, whether it is a
        copy.

        A task whose block is hot there comes first, then any other; last a copy of a slow one.
        None if nothing should run there.
        """
        if self.is_zombie:
            return None
        if self.num_waiting:
            hot = self._hot.get(executor_id)
            if hot is not None and (index := self._take(hot)) is not None:
                return index, "PROCESS_LOCAL", False
            if (index := self._take(self._waiting)) is not None:
                return index, "PROCESS_LOCAL" if not self._hot else "NODE_LOCAL", False
        return self._choose_copy(executor_id) if self._speculatable else None

    def _take(self, candidates: list[int]) -> int | None:
        while candidates:
            index = candidates.pop()
            if self._is_waiting[index]:
                return index
        return None

    def _choose_copy(self, executor_id: str) -> tuple[int, str, bool] | None:
        for index in sorted(self._speculatable):
            owners = [t.info.executor_id for t in self.running.values() if t.info.index == index]
            if len(owners) == 1 and executor_id not in owners:
                self._speculatable.discard(index)
                return index, "NODE_LOCAL", True
        return None

    def launch(
        self,
        task_id: int,
        index: int,
        executor_id: str,
        locality: str,
        copy: bool,
        now_ms: int,
        now_s: float = 0.0,
    ) -> TaskInfo:
        """Count a task as running from now on.

        Here as below `now_ms` is what people are told, and `now_s` what is measured with.
        """
        attempt_number = self._attempts.get(index, 0)
        self._attempts[index] = attempt_number + 1
        info = TaskInfo(
            task_id, index, attempt_number, self.partitions[index], now_ms,
            executor_id, "localhost", locality, copy,
        )  # fmt: skip
        self.running[task_id] = RunningTask(info, now_s)
        if self._is_waiting[index]:
            self._is_waiting[index] = 0
            self.num_waiting -= 1
        return info

    # What became of a task -------------------------------------------------------------

    def getting_result(self, task_id: int, now_ms: int) -> TaskInfo:
        """Note that a task has ended and its result is fetched now."""
        info = self.running[task_id].info
        info.getting_result_time_ms = now_ms
        return info

    def succeeded(
        self, task_id: int, now_ms: int, now_s: float = 0.0, metrics: Metrics | None = None
    ) -> tuple[TaskInfo, bool, list[RunningTask]]:
        """Take a task out: its info, whether it is the first success of its partition, and copies
        to kill.
        """
        task = self.running.pop(task_id)
        info = task.info
        info.finish_time_ms = now_ms
        index = info.index
        if self._successful[index]:
            info.killed = True
            return info, False, []
        self._successful[index] = 1
        self.num_successful += 1
        self._failures.pop(index, None)
        self._speculatable.discard(index)
        if self._slow is not None:
            self._slow.succeeded(task_id, now_s - task.started_s, _records_read(metrics))
        if self.num_successful == self.num_tasks:
            self.is_zombie = True
        copies = [t for t in self.running.values() if t.info.index == index]
        return info, True, copies

    def failed(self, task_id: int, reason: TaskEndReason, now_ms: int) -> TaskInfo:
        """Take a task out that did not succeed; it waits again, or the set is aborted
        (`abort_reason`).
        """
        info = self.running.pop(task_id).info
        info.finish_time_ms = now_ms
        info.killed = isinstance(reason, (TaskKilled, TaskCommitDenied))
        info.failed = not info.killed
        if isinstance(reason, FetchFailed):
            self.is_zombie = True
        if self.is_zombie or self._successful[info.index]:
            return info
        if isinstance(reason, ExceptionFailure) and not reason.retriable:
            self._abort(
                f"Task {info.index} in stage {self.name} (TID {task_id}) had a not serializable "
                "result: "
                f"{reason.description}"
            )
        elif counts_towards_failures(reason):
            self._failures[info.index] = self._failures.get(info.index, 0) + 1
            self._check_failures(info, reason)
        elif isinstance(reason, ExecutorLostFailure):
            self._external_losses[info.index] = self._external_losses.get(info.index, 0) + 1
            if self._external_losses[info.index] >= MAX_EXTERNAL_LOSSES:
                self._failures[info.index] = self._external_losses[info.index]
                self._check_failures(info, reason)
        if not self.is_zombie:
            self._wait_again(info.index)
        return info

    def commit_denied(self, task_id: int) -> TaskCommitDenied:
        """The end of a running task that was not let publish its output."""
        info = self.running[task_id].info
        return TaskCommitDenied(self.owner, info.partition_id, info.attempt_number)

    def _check_failures(self, info: TaskInfo, reason: TaskEndReason) -> None:
        failures = self._failures[info.index]
        if failures >= self._limits.max_failures:
            # The job's own error says the same, and more.
            log.info(
                "Task %d in stage %s failed %d times; aborting job",
                info.index, self.name, failures,
            )  # fmt: skip
            self._abort(
                f"Task {info.index} in stage {self.name} failed {failures} times, most recent "
                "failure: "
                f"{self.lost_task(info, reason)}\nDriver stacktrace:"
            )

    def repeats(self, reason: TaskEndReason, now_s: float) -> int:
        """How often the same exception has come since it was last told in full; 0: tell it now."""
        if not isinstance(reason, ExceptionFailure):
            return 0
        text = f"{reason.class_name}: {reason.description}"
        repeats, told_s = self._told.get(text, (0, -math.inf))
        repeats, told_s = (repeats + 1, told_s) if now_s - told_s < _TELL_AGAIN_S else (0, now_s)
        self._told[text] = repeats, told_s
        return repeats

    def lost_task(self, info: TaskInfo, reason: object) -> str:
        """Spark's sentence about a task that did not succeed."""
        return (
            f"Lost task {info.index}.{info.attempt_number} in stage {self.name} (TID "
            f"{info.task_id}) "
            f"({info.host} executor {info.executor_id}): {reason}"
        )

    def _wait_again(self, index: int) -> None:
        if any(t.info.index == index for t in self.running.values()):
            return  # a copy of it is still running
        self._is_waiting[index] = 1
        self._waiting.append(index)
        self.num_waiting += 1

    def _abort(self, reason: str) -> None:
        self.abort_reason = reason
        self.is_zombie = True

    def add_result_bytes(self, size_bytes: int) -> str | None:
        """Count a result's bytes; the reason to abort when all together are too many."""
        self._result_bytes += size_bytes
        limit = self._limits.max_result_bytes
        if not limit or self._result_bytes <= limit or self.stage.shuffle is not None:
            return None
        reason = (
            f"Total size of serialized results of {self.num_successful + 1} tasks "
            f"({format_size(self._result_bytes)}) is bigger than spark.driver.maxResultSize "
            f"({format_size(limit)})"
        )
        self._abort(reason)
        return reason

    def suspend(self) -> None:
        """Launch nothing more; the set disappears when its running tasks have ended."""
        self.is_zombie = True
        self._last_owners = self.owners

    # Speculation -------------------------------------------------------------------------

    def progressed(self, task_id: int, records: int, now_s: float) -> None:
        """A running task has read so many records."""
        task = self.running.get(task_id)
        if task is not None and self._slow is not None:
            self._slow.progressed(task_id, now_s - task.started_s, records)

    def find_speculatable(self, now_s: float) -> list[int]:
        """Indices of tasks that have become slow enough for a copy since the last look."""
        if self.is_zombie or self.is_barrier or self._slow is None:
            return []
        copies = Counter(task.info.index for task in self.running.values())
        runtimes_s = {
            task_id: now_s - task.started_s
            for task_id, task in self.running.items()
            if copies[task.info.index] == 1
            and not self._successful[task.info.index]
            and task.info.index not in self._speculatable
        }
        slow_ids = self._slow.among(runtimes_s, self.num_successful)
        slow = [self.running[task_id].info.index for task_id in slow_ids]
        self._speculatable.update(slow)
        return slow

    def name_of(self, info: TaskInfo) -> str:
        """A task as Spark's lines name it."""
        return f"task {info.index}.{info.attempt_number} in stage {self.name} (TID {info.task_id})"

    @property
    def name(self) -> str:
        """Stage id and attempt, as Spark writes them."""
        return f"{self.stage.stage_id}.{self.attempt}"

    def __repr__(self) -> str:
        return (
            f"<TaskSetManager stage {self.name}: {self.num_waiting} pending, {len(self.running)} "
            "running, "
            f"{self.num_successful} done of {self.num_tasks}>"
        )


def _records_read(metrics: Metrics | None) -> int:
    return 0 if metrics is None else metrics().records_read
