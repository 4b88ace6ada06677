"""Chooses tasks for free slots and keeps count of who runs what.

Owns    the task sets that are not finished, in their pools.
Thread  `dag-scheduler-event-loop`.
Source  Spark's TaskSchedulerImpl.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final

from pyspark_shell.common.clock import Clock
from pyspark_shell.common.record import record
from pyspark_shell.executor.messages import LaunchTask
from pyspark_shell.listener.events import TaskInfo
from pyspark_shell.scheduler.executor_process import ExecutorProcess
from pyspark_shell.scheduler.pool import Pools
from pyspark_shell.scheduler.task_needs import NO_NEEDS, Addresses, Taken, take
from pyspark_shell.scheduler.task_set_manager import TaskSetManager

log: Final = logging.getLogger("pyspark_shell.TaskSchedulerImpl")


_Groups = dict[int, list[Taken]]
NOTHING: Final[Addresses] = {}


@record(frozen=False, eq=False)
class Launch:
    """A task to send, and where to."""

    executor: ExecutorProcess
    task_set: TaskSetManager
    info: TaskInfo
    order: LaunchTask


class TaskScheduler:
    """Task sets of all jobs against the slots of all executors.

    Parameters
    ----------
    cores_per_executor
        Cores that the slots of one group share; tasks with more than one CPU take several.
    """

    def __init__(self, pools: Pools, clock: Clock, cores_per_executor: int) -> None:
        self.pools = pools
        self._clock = clock
        self._cores_per_executor = cores_per_executor
        self._task_ids = count()
        self._next_slot = 0
        self.last_launch_s = time.monotonic()

    def submit(self, task_set: TaskSetManager, pool_name: str | None) -> None:
        """Take a task set in."""
        self.pools.add(task_set, pool_name)

    def finished(self, task_set: TaskSetManager) -> None:
        """Drop a task set that has nothing running and will launch nothing more."""
        if task_set.is_finished:
            pool = self.pools.remove(task_set)
            if pool is not None:
                log.debug(
                    "Removed TaskSet %s whose tasks have all completed, from pool %s",
                    task_set.name, pool,
                )  # fmt: skip

    def task_sets_of(self, stage_id: int) -> list[TaskSetManager]:
        """All task sets of a stage that are not finished."""
        return [t for t in self.pools.all() if t.stage.stage_id == stage_id]

    @property
    def is_idle(self) -> bool:
        """Whether no task runs, killed ones included."""
        return not any(t.running for t in self.pools.all())

    @property
    def has_waiting(self) -> bool:
        """Whether a task waits for a slot."""
        return any(t.num_waiting and not t.is_zombie for t in self.pools.all())

    def resource_offers(
        self, executors: Sequence[ExecutorProcess], split_of: Callable[[TaskSetManager, int], bytes]
    ) -> list[Launch]:
        """Choose tasks for free slots, first task set first; each counts as launched from here on.

        Parameters
        ----------
        executors
            All live ones; the first one served moves on from call to call.
        split_of
            The pickled partition of a task.
        """
        free = [executor for executor in executors if executor.is_free]
        if not free or not (task_sets := self.pools.ordered()):
            return []
        if len(free) > 1:
            self._next_slot = (self._next_slot + 1) % len(free)
            free = free[self._next_slot :] + free[: self._next_slot]
        launches: list[Launch] = []
        groups = self._running_by_group(executors)
        while free and task_sets:
            launched = self._launch_one(free, task_sets, groups, split_of)
            if not launched:
                break
            launches += launched
            if self.pools.is_fair:
                task_sets = self.pools.ordered()
        if launches:
            self.last_launch_s = self._clock.monotonic_s()
        return launches

    def _launch_one(
        self,
        free: list[ExecutorProcess],
        task_sets: list[TaskSetManager],
        groups: _Groups,
        split_of: Callable[[TaskSetManager, int], bytes],
    ) -> list[Launch]:
        """Launch one task, or all tasks of a barrier set, for the first set that can use a slot."""
        for task_set in task_sets:
            if task_set.is_zombie:
                continue
            if task_set.is_barrier:
                if (launches := self._launch_barrier(free, task_set, groups, split_of)) is not None:
                    return launches
                continue
            for position, executor in enumerate(free):
                addresses = self._fit(task_set, groups[executor.group])
                if addresses is None:
                    continue
                choice = task_set.choose(executor.executor_id)
                if choice is None:
                    continue
                del free[position]
                groups[executor.group].append(Taken(task_set.needs, addresses))
                return [self._launch(executor, task_set, choice, addresses, split_of)]
        return []

    def _launch_barrier(
        self,
        free: list[ExecutorProcess],
        task_set: TaskSetManager,
        groups: _Groups,
        split_of: Callable[[TaskSetManager, int], bytes],
    ) -> list[Launch] | None:
        """All waiting tasks at once, or None while there are too few slots."""
        chosen: list[tuple[ExecutorProcess, Addresses]] = []
        taken = {group: list(running) for group, running in groups.items()}
        for executor in free:
            addresses = self._fit(task_set, taken[executor.group])
            if len(chosen) < task_set.num_waiting and addresses is not None:
                taken[executor.group].append(Taken(task_set.needs, addresses))
                chosen.append((executor, addresses))
        if not task_set.num_waiting or len(chosen) < task_set.num_waiting:
            return None
        groups.update(taken)
        launches = []
        for executor, addresses in chosen:
            free.remove(executor)
            choice = task_set.choose(executor.executor_id)
            assert choice is not None
            launches.append(self._launch(executor, task_set, choice, addresses, split_of))
        return launches

    def _fit(self, task_set: TaskSetManager, running: list[Taken]) -> Addresses | None:
        needs = task_set.needs
        if needs is NO_NEEDS and all(other.needs is NO_NEEDS for other in running):
            return NOTHING  # one core each, and a group has as many cores as slots
        return take(needs, self._cores_per_executor, running)

    def _launch(
        self,
        executor: ExecutorProcess,
        task_set: TaskSetManager,
        choice: tuple[int, str, bool],
        addresses: Addresses,
        split_of: Callable[[TaskSetManager, int], bytes],
    ) -> Launch:
        index, locality, copy = choice
        task_id = next(self._task_ids)
        now_ms = self._clock.time_ms()
        now_s = self._clock.monotonic_s()
        info = task_set.launch(task_id, index, executor.executor_id, locality, copy, now_ms, now_s)
        stage = task_set.stage
        partition = task_set.partitions[index]
        if stage.active_job is not None:
            partition = info.partition_id = stage.active_job.partitions[partition]
        order = LaunchTask(
            task_id,
            stage.stage_id,
            task_set.attempt,
            partition,
            info.attempt_number,
            split_of(task_set, index),
            addresses,
        )
        return Launch(executor, task_set, info, order)

    def _running_by_group(self, executors: Sequence[ExecutorProcess]) -> _Groups:
        groups: _Groups = {}
        for executor in executors:
            running = groups.setdefault(executor.group, [])
            if executor.running is not None:
                running.append(executor.running.taken)
        return groups

    def find_task(self, task_id: int) -> TaskSetManager | None:
        """The task set that runs a task."""
        for task_set in self.pools.all():
            if task_id in task_set.running:
                return task_set
        return None

    def assert_empty(self) -> None:
        """Raise if a task set is left."""
        left = self.pools.all()
        assert not left, f"task sets are left: {left}"
