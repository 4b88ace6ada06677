"""Lets the tasks of a barrier stage go on together.

Owns    who waits at which barrier.
Thread  `dag-scheduler-event-loop`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from pyspark_shell.common.record import field, record
from pyspark_shell.executor.messages import BarrierRelease, BarrierSync
from pyspark_shell.scheduler.selector_loop import Timer
from pyspark_shell.scheduler.task_set_manager import TaskSetManager

Release = Callable[[str, BarrierRelease], None]


class CallLater(Protocol):
    """The loop's way to set a deadline."""

    def __call__(self, delay_s: float, callback: Callable[[], None]) -> Timer: ...


@record(frozen=False)
class _Barrier:
    """One barrier of one stage attempt: what the tasks that have arrived sent, by task id."""

    epoch: int
    arrived: dict[int, str] = field(default_factory=dict)
    timer: Timer | None = None


class BarrierCoordinator:
    """Barriers of all stage attempts that run.

    Parameters
    ----------
    timeout_s
        How long the first task of a barrier may wait for the last.
    """

    def __init__(self, release: Release, call_later: CallLater, timeout_s: float) -> None:
        self._release = release
        self._call_later = call_later
        self._timeout_s = timeout_s
        self._barriers: dict[str, _Barrier] = {}

    def arrive(self, task_set: TaskSetManager, sync: BarrierSync) -> None:
        """A task has reached a barrier; if it is the last one, all go on."""
        barrier = self._barriers.setdefault(task_set.name, _Barrier(sync.epoch))
        if sync.epoch != barrier.epoch:
            self._fail(
                task_set, barrier, f"tasks wait at barriers {barrier.epoch} and {sync.epoch}"
            )
            return
        if not barrier.arrived and self._timeout_s < 1e7:
            barrier.timer = self._call_later(
                self._timeout_s, partial(self._time_out, task_set, barrier)
            )
        barrier.arrived[sync.task_id] = sync.message
        if len(barrier.arrived) == task_set.num_tasks:
            self._let_go(task_set, barrier)

    def _let_go(self, task_set: TaskSetManager, barrier: _Barrier) -> None:
        self._remove(task_set.name)
        by_index = sorted(
            (task_set.running[task_id].info.index, message)
            for task_id, message in barrier.arrived.items()
            if task_id in task_set.running
        )
        messages = tuple(message for _, message in by_index)
        self._answer(task_set, barrier, messages, "")

    def _time_out(self, task_set: TaskSetManager, barrier: _Barrier) -> None:
        missing = task_set.num_tasks - len(barrier.arrived)
        self._fail(
            task_set,
            barrier,
            f"{missing} of {task_set.num_tasks} tasks did not arrive within {self._timeout_s:g} s "
            "(spark.barrier.sync.timeout)",
        )

    def _fail(self, task_set: TaskSetManager, barrier: _Barrier, why: str) -> None:
        self._remove(task_set.name)
        error = f"The coordinator cannot let the barrier of stage {task_set.name} pass: {why}."
        self._answer(task_set, barrier, (), error)

    def _answer(
        self, task_set: TaskSetManager, barrier: _Barrier, messages: tuple[str, ...], error: str
    ) -> None:
        for task_id in barrier.arrived:
            task = task_set.running.get(task_id)
            if task is not None:
                self._release(task.info.executor_id, BarrierRelease(task_id, messages, error))

    def _remove(self, name: str) -> None:
        barrier = self._barriers.pop(name, None)
        if barrier is not None and barrier.timer is not None:
            barrier.timer.cancel()

    def forget(self, task_set: TaskSetManager) -> None:
        """The stage attempt is over."""
        self._remove(task_set.name)

    def assert_empty(self) -> None:
        """Raise if a barrier is left."""
        assert not self._barriers, f"barriers of stages {sorted(self._barriers)} are left"
