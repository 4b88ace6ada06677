"""Runs task attempts, one after another, on the main thread of an executor.

Owns    the running attempt and the closures of the stages used last.
Thread  the process's main thread.
Source  Spark's Executor.TaskRunner; differs in that a kill raises TaskKilledException, a
        BaseException.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pickle import PicklingError
from typing import Any, Final

from pyspark_shell.common.errors import PySparkRuntimeError, TaskKilledException
from pyspark_shell.common.memory_text import format_size
from pyspark_shell.common.pickling import loads
from pyspark_shell.common.resource_information import ResourceInformation
from pyspark_shell.executor.interrupt import TaskInterrupt
from pyspark_shell.executor.messages import LaunchTask, StageBinary, StatusUpdate, TaskState
from pyspark_shell.executor.process_control import kill_children
from pyspark_shell.executor.settings import ExecutorSettings
from pyspark_shell.executor.stage_settings import StageSettings, StageTable
from pyspark_shell.executor.task_outcome import (
    MAX_TEXT,
    Failure,
    FetchFailure,
    Killed,
    MapOutput,
    ResultFile,
)
from pyspark_shell.executor.tracebacks import format_error, stack_of
from pyspark_shell.hadoop.commit import CommitDenied
from pyspark_shell.lineage.node import ShuffleDependency
from pyspark_shell.lineage.partition import Partition
from pyspark_shell.lineage.stage_closure import StageClosure
from pyspark_shell.lineage.steps import stop_iteration_error
from pyspark_shell.lineage.task_context import BarrierClient, BarrierTaskContext, TaskContext
from pyspark_shell.shared_variables.accumulators import begin_task, task_updates
from pyspark_shell.shuffle.map_output import FetchFailedException
from pyspark_shell.shuffle.spill_file import SPILL_METRICS
from pyspark_shell.shuffle.writer import ShuffleWriter
from pyspark_shell.storage.block_file import writing_block
from pyspark_shell.storage.block_id import shuffle_data_file, task_result_file
from pyspark_shell.storage.record_batches import encode_value

# Share of the executor's memory that a shuffle writer holds pickled before it spills; the rest is
# the records themselves, the user's objects and Python. A guess that keeps the peak below the
# budget.
_SHUFFLE_SHARE: Final = 0.25


class _Stage:
    """A stage's closure, pickled, and what its tasks share.

    Each task unpickles it anew, as in PySpark: what one task's function remembers (a set in its
    closure, a default argument, a generator of random numbers) is not there for the next one, nor
    for the same task's second attempt.
    """

    __slots__ = ("closure", "settings")

    def __init__(self, binary: StageBinary) -> None:
        self.closure = binary.closure
        self.settings: StageSettings = loads(binary.settings)


class TaskRunner:
    """Turns `LaunchTask` into `StatusUpdate`.

    Parameters
    ----------
    kill_marks
        Reasons of kills that arrived before their task, by task id; shared with the message thread.
    barrier_client
        Makes a task's way to the other tasks of its barrier stage.
    may_commit
        Asks the driver whether a task, given by its id, may publish its output.
    flush_output
        Called at the end of each attempt; never raises.
    """

    def __init__(
        self,
        settings: ExecutorSettings,
        interrupt: TaskInterrupt,
        kill_marks: dict[int, str],
        barrier_client: Callable[[int], BarrierClient],
        may_commit: Callable[[int], bool],
        flush_output: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._interrupt = interrupt
        self._kill_marks = kill_marks
        self._barrier_client = barrier_client
        self._may_commit = may_commit
        self._flush_output = flush_output
        self._pid = os.getpid()
        self._stages: StageTable[_Stage] = StageTable()
        self._paths_added: set[str] = set()

    def add_stage(self, binary: StageBinary) -> None:
        """Keep what the tasks of a stage will need."""
        self._stages.put(binary.stage_id, binary.stage_attempt, _Stage(binary))

    def run(self, order: LaunchTask) -> StatusUpdate:
        """Run one attempt to its end, however it ends; never raises."""
        stage = self._stages.use(order.stage_id, order.stage_attempt)
        if stage is None:
            raise RuntimeError(
                f"no closure of stage {order.stage_id}.{order.stage_attempt} was sent"
            )
        context = _make_context(order, stage.settings)
        context.ask_to_commit = partial(self._may_commit, order.task_id)
        if stage.settings.barrier_addresses and isinstance(context, BarrierTaskContext):
            client = self._barrier_client(order.task_id)
            context.attach(client, stage.settings.barrier_addresses)
        started = time.perf_counter_ns(), time.process_time_ns()
        state, in_file, result = self._attempt(order, stage, context)
        metrics = context.metrics
        spilled = SPILL_METRICS.take()
        metrics.memory_bytes_spilled += spilled.memory_bytes_spilled
        metrics.disk_bytes_spilled += spilled.disk_bytes_spilled
        metrics.executor_run_time_ms = (time.perf_counter_ns() - started[0]) // 1_000_000
        metrics.executor_cpu_time_ns = time.process_time_ns() - started[1]
        updates = b""
        if state is TaskState.FINISHED:
            metrics.result_size_bytes = len(result)
            try:
                updates = task_updates()
            except BaseException as error:  # user code runs when values are pickled
                state, in_file = TaskState.FAILED, False
                retriable = not isinstance(error, PicklingError)
                result = Failure.of(error, format_error(error), retriable).encode()
        elif state is TaskState.KILLED:
            kill_children()
        begin_task()
        self._flush_output()
        return StatusUpdate(order.task_id, state, in_file, metrics.pack(), updates, result)

    def _attempt(
        self, order: LaunchTask, stage: _Stage, context: TaskContext
    ) -> tuple[TaskState, bool, bytes]:
        """Run the user's code; from its end on, the attempt can no longer be interrupted."""
        begin_task()
        TaskContext._taskContext = context
        try:
            try:
                self._interrupt.begin(context)
                self._heed_kill_mark(order.task_id, context)
                outcome = self._execute(order, stage, context)
                self._interrupt.shield()
            except BaseException as error:
                self._interrupt.shield()
                outcome = _outcome_of(error, context)
            context.run_completion_listeners()
            if context.kill_reason is not None and outcome[0] is TaskState.FINISHED:
                outcome = _killed(context)
        except BaseException as error:  # a kill between two lines, or a listener that raised
            self._interrupt.shield()
            outcome = _outcome_of(error, context)
        finally:
            TaskContext._taskContext = None
            self._interrupt.end()
        return outcome

    def _heed_kill_mark(self, task_id: int, context: TaskContext) -> None:
        reason = self._kill_marks.pop(task_id, None)
        if reason is not None:
            context.mark_killed(reason)
        context.killTaskIfInterrupted()

    def _execute(
        self, order: LaunchTask, stage: _Stage, context: TaskContext
    ) -> tuple[TaskState, bool, bytes]:
        self._extend_sys_path(stage.settings.python_paths)
        began = time.perf_counter_ns()
        closure: StageClosure = loads(stage.closure)
        split = loads(order.split)
        context.metrics.executor_deserialize_time_ms = (time.perf_counter_ns() - began) // 1_000_000
        if closure.profiler is None:
            return self._compute(order, closure, split, context)
        outcome: tuple[TaskState, bool, bytes] = closure.profiler.profile(
            self._compute, order, closure, split, context
        )
        return outcome

    def _compute(
        self, order: LaunchTask, closure: StageClosure, split: Partition, context: TaskContext
    ) -> tuple[TaskState, bool, bytes]:
        records = closure.last.iterator(split, context)
        if closure.shuffle is not None:
            return self._write_shuffle(order, closure.shuffle, records, context)
        assert closure.result_function is not None
        value = closure.result_function(context, records)
        if os.getpid() != self._pid:
            os._exit(0)  # user code forked, and the child came back out of it
        context.killTaskIfInterrupted()
        return self._encode_result(order.task_id, value)

    def _write_shuffle(
        self,
        order: LaunchTask,
        shuffle: ShuffleDependency,
        records: Iterator[Any],
        context: TaskContext,
    ) -> tuple[TaskState, bool, bytes]:
        dirs = self._settings.dirs
        name = shuffle_data_file(shuffle.shuffle_id, order.partition, order.task_id)
        writer = ShuffleWriter(
            os.path.join(dirs.path("shuffle"), name),
            shuffle.partitioner.numPartitions,
            shuffle.partitioner.partitionFunc,
            dirs.path("spill"),
            int(self._settings.executor_memory_bytes * _SHUFFLE_SHARE),
            context.metrics,
        )
        size_bytes = writer.write(records)
        return TaskState.FINISHED, False, MapOutput(name, size_bytes).encode()

    def _encode_result(self, task_id: int, value: Any) -> tuple[TaskState, bool, bytes]:
        try:
            parts = encode_value(value)
        except PicklingError as error:
            raise _ResultNotPicklable(str(error)) from error
        size_bytes = sum(p.nbytes if isinstance(p, memoryview) else len(p) for p in parts)
        if size_bytes <= self._settings.inline_result_bytes:
            return TaskState.FINISHED, False, b"".join(parts)
        limit = self._settings.max_result_bytes
        if 0 < limit < size_bytes:
            print(
                f"Finished task (TID {task_id}). Result is larger than maxResultSize "
                f"({format_size(size_bytes)} > {format_size(limit)}), dropping it.",
                file=sys.stderr,
            )
            return TaskState.FINISHED, True, ResultFile(None, size_bytes).encode()
        path = os.path.join(self._settings.dirs.memory_path("results"), task_result_file(task_id))
        try:
            _write_parts(path, parts)
        except OSError:  # the memory file system is full: the disk has to do
            path = os.path.join(self._settings.dirs.path("results"), task_result_file(task_id))
            _write_parts(path, parts)
        return TaskState.FINISHED, True, ResultFile(path, size_bytes).encode()

    def _extend_sys_path(self, paths: tuple[str, ...]) -> None:
        for path in paths:
            if path not in self._paths_added:
                self._paths_added.add(path)
                if path not in sys.path:
                    sys.path.insert(1, path)
                import importlib

                importlib.invalidate_caches()


class _ResultNotPicklable(Exception):
    """The task's value cannot be sent; another attempt would not change that."""


def _write_parts(path: str, parts: list[bytes | memoryview]) -> None:
    with writing_block(path) as writer:
        for part in parts:
            writer.write(part)


def _make_context(order: LaunchTask, settings: StageSettings) -> TaskContext:
    cls = BarrierTaskContext if settings.barrier_addresses else TaskContext
    context = cls(
        order.stage_id,
        order.stage_attempt,
        order.partition,
        order.attempt_number,
        order.task_id,
        settings.local_properties,
        {
            name: ResourceInformation(name, list(addresses))
            for name, addresses in order.resources.items()
        },
        settings.cpus,
    )
    context.give_map_outputs(settings.map_outputs)
    return context


def _killed(
    context: TaskContext, error: BaseException | None = None
) -> tuple[TaskState, bool, bytes]:
    stack = "" if error is None else stack_of(error)[:MAX_TEXT]
    return TaskState.KILLED, False, Killed(context.kill_reason or "", stack).encode()


def _outcome_of(error: BaseException, context: TaskContext) -> tuple[TaskState, bool, bytes]:
    """What the scheduler is told about an exception: killed, fetch failed, or failed."""
    if isinstance(error, TaskKilledException):
        context.mark_killed(error.reason)
    if context.kill_reason is not None:
        return _killed(context, error)
    if context.fetch_failure is not None:
        return TaskState.FETCH_FAILED, False, _describe_fetch(context.fetch_failure).encode()
    if isinstance(error, CommitDenied):
        return TaskState.COMMIT_DENIED, False, b""
    error = _translated(error)
    retriable = not isinstance(error, _ResultNotPicklable)
    if isinstance(error, _ResultNotPicklable) and error.__cause__ is not None:
        error = error.__cause__
    failure = Failure.of(error, format_error(error), retriable)
    del error
    gc.collect(0)  # the frames of the failed task hold its data
    return TaskState.FAILED, False, failure.encode()


def _describe_fetch(error: FetchFailedException) -> FetchFailure:
    return FetchFailure(
        error.shuffle_id, error.map_index, error.reduce_id, error.message, error.bad_files
    )


def _translated(error: BaseException) -> BaseException:
    """A StopIteration out of user code, bare or as Python wraps it in generators, as PySpark's
    error.
    """
    if isinstance(error, StopIteration):
        stopped: BaseException = error
    elif isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration):
        stopped = error.__cause__
    else:
        return error
    translated: PySparkRuntimeError = stop_iteration_error(stopped)
    translated.__cause__ = stopped
    return translated
