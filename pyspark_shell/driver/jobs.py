"""Jobs of one application: submitted, waited for, and ended when somebody wants that.

Thread  the user's, several at once; a Ctrl-C comes in the main thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from pyspark_shell.common.cell import foreground_cell
from pyspark_shell.common.errors import IllegalArgumentException
from pyspark_shell.driver.cleanup import Cleanup
from pyspark_shell.driver.console_progress_bar import ConsoleProgressBar
from pyspark_shell.driver.driver_memory import DriverMemory
from pyspark_shell.driver.executor_output import ExecutorOutput
from pyspark_shell.driver.job_handle import JobHandle
from pyspark_shell.driver.persisted_rdds import PersistedRDDs
from pyspark_shell.driver.stage_inputs import ProfilerFor, prepare_map_stages, prepare_result_stage
from pyspark_shell.driver.task_resources import assert_fits
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.lineage.stage_closure import ResultFunction
from pyspark_shell.lineage.task_context import TaskContext
from pyspark_shell.scheduler.dag_scheduler_event import (
    AllJobsCancelled,
    CellCancelled,
    JobCancelled,
    JobGroupCancelled,
    JobSubmitted,
    JobTagCancelled,
    StageCancelled,
)
from pyspark_shell.scheduler.scheduler import Scheduler
from pyspark_shell.scheduler.task_needs import TaskNeeds
from pyspark_shell.shared_variables.accumulator_registry import AccumulatorRegistry
from pyspark_shell.shared_variables.broadcast import BroadcastManager

T = TypeVar("T")


class Jobs:
    """Brings jobs to the scheduler and their results back.

    Parameters
    ----------
    needs
        What a task takes of its executor, which has `cores_per_executor`.
    progress
        The line that shows how they go, if there is one.
    assert_running
        Raises unless the application takes jobs.

    Attributes
    ----------
    profiler_for
        Makes the profiler of an RDD's tasks, if they are profiled.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        cleanup: Cleanup,
        persisted: PersistedRDDs,
        accumulators: AccumulatorRegistry,
        broadcasts: BroadcastManager,
        memory: DriverMemory,
        output: ExecutorOutput,
        needs: TaskNeeds,
        cores_per_executor: int,
        progress: ConsoleProgressBar | None,
        assert_running: Callable[[], None],
    ) -> None:
        self._scheduler = scheduler
        self._cleanup = cleanup
        self._persisted = persisted
        self._accumulators = accumulators
        self._broadcasts = broadcasts
        self._memory = memory
        self._output = output
        self._needs = needs
        self._cores_per_executor = cores_per_executor
        self._progress = progress
        self._assert_running = assert_running
        self._interrupted: set[int] = set()
        self.profiler_for: ProfilerFor | None = None

    def run(
        self,
        node: LineageNode,
        func: ResultFunction,
        partitions: Sequence[int],
        properties: Mapping[str, str],
        call_site: str,
    ) -> list[Any]:
        """Apply `func` to partitions of a node; one value for each, in order.

        Raises
        ------
        JobFailed
            The job has no result.
        """

        def run(node: LineageNode, func: ResultFunction, partitions: Sequence[int]) -> list[Any]:
            return self._run(node, func, partitions, properties, call_site)

        values = run(node, func, partitions)
        self._persisted.make_checkpoints(node, run)
        return values

    def _run(
        self,
        node: LineageNode,
        func: ResultFunction,
        partitions: Sequence[int],
        properties: Mapping[str, str],
        call_site: str,
    ) -> list[Any]:
        handle: JobHandle[Any] | None = None
        try:
            handle = self.submit(node, func, partitions, properties, call_site)
            return handle.result()
        except BaseException as error:  # Ctrl-C may come at any line
            if handle is not None:
                handle.give_up(error)
            else:
                self._cleanup.empty_frames(error)
            raise

    def submit(
        self,
        node: LineageNode,
        func: Callable[[TaskContext, Any], T],
        partitions: Sequence[int],
        properties: Mapping[str, str],
        call_site: str,
    ) -> JobHandle[T]:
        """Start a job and return at once."""
        self._assert_running()
        _check_partitions(node, partitions)
        # Maps first: their numbers of partitions, and their errors, come before the final stage's.
        map_inputs = prepare_map_stages(
            node, self._scheduler.tracker, self.profiler_for, self._needs
        )
        final_input = prepare_result_stage(node, func, partitions, self.profiler_for, self._needs)
        for stage_input in (final_input, *map_inputs.values()):
            assert_fits(stage_input.needs, self._cores_per_executor)
        self._broadcasts.pickled.clear()
        waiter = self._scheduler.new_job(len(partitions))
        handle: JobHandle[T] = JobHandle(
            waiter, self._ended, self._was_interrupted, self._cleanup.empty_frames,
            self._memory.check,
        )  # fmt: skip
        event = JobSubmitted(
            waiter.job_id, node, partitions, final_input, map_inputs, waiter, properties, call_site
        )
        try:
            self._scheduler.post(event)
        except BaseException as error:
            handle.give_up(error)
            raise
        if self._progress is not None:
            self._progress.job_started()
        return handle

    def _ended(self) -> None:
        if self._progress is not None:
            self._progress.finish_all()
        self._accumulators.drain()
        self._output.show()

    # Ctrl-C ---------------------------------------------------------------------------------

    def interrupted(self) -> set[int]:
        """Jobs that a Ctrl-C has ended so far, the newest one too."""
        self._scheduler.ask(lambda: None)  # all that the newest one posted has been done then
        return set(self._interrupted)

    def user_interrupts(self) -> None:
        """A Ctrl-C: the cell's jobs end, and what an earlier one killed has had its time."""
        if self._interrupted:
            self._scheduler.force_kills(self._interrupted)
        cell = foreground_cell()
        if cell is not None:
            self._scheduler.post(CellCancelled(cell, self._was_interrupted))

    def _was_interrupted(self, job_id: int) -> None:
        self._interrupted.add(job_id)
        if self._progress is not None:
            self._progress.finish_all()

    # Orders, from any thread ----------------------------------------------------------------

    def cancel(self, job_id: int, reason: str | None) -> None:
        """End a job."""
        self._scheduler.post(JobCancelled(job_id, reason))

    def cancel_stage(self, stage_id: int, reason: str | None) -> None:
        """End all jobs that use a stage."""
        self._scheduler.post(StageCancelled(stage_id, reason))

    def cancel_group(self, group: str, reason: str | None, future: bool = False) -> None:
        """End all jobs of a group, with `future` also those submitted later."""
        self._scheduler.post(JobGroupCancelled(group, future, reason))
        if future:  # guards ask whether it is, and must hear of it from now on
            self._scheduler.ask(lambda: None)

    @property
    def cancelled_groups(self) -> Collection[str]:
        """Groups that were cancelled for all future jobs too."""
        return self._scheduler.cancelled_groups

    def cancel_with_tag(self, tag: str, reason: str | None) -> None:
        """End all jobs with a tag."""
        self._scheduler.post(JobTagCancelled(tag, reason))

    def cancel_all(self) -> None:
        """End all jobs."""
        self._scheduler.post(AllJobsCancelled())

    def kill_task_attempt(self, task_id: int, interrupt: bool, reason: str) -> bool:
        """Kill one attempt, which is run again; False if no such task runs."""
        return self._scheduler.kill_task_attempt(task_id, interrupt, reason)


def _check_partitions(node: LineageNode, partitions: Sequence[int]) -> None:
    count = len(node.partitions())
    for partition in partitions:
        if not 0 <= partition < count:
            raise IllegalArgumentException(
                f"Attempting to access a non-existent partition: {partition}. "
                f"Total number of partitions: {count}"
            )
