"""Lineage without data, executors without processes, and a DAG scheduler between them."""

from __future__ import annotations

from types import SimpleNamespace

from pyspark_shell.common.clock import ManualClock
from pyspark_shell.common.task_end import ExceptionFailure, FetchFailed, TaskKilled
from pyspark_shell.executor.task_outcome import FetchFailure, MapOutput
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.lineage.partition import indices
from pyspark_shell.lineage.partitioner import Partitioner
from pyspark_shell.lineage.registry import LineageRegistry
from pyspark_shell.lineage.shuffled import ShuffledRDD
from pyspark_shell.listener.events import (
    SparkListenerJobEnd,
    SparkListenerJobStart,
    SparkListenerStageCompleted,
    SparkListenerStageSubmitted,
)
from pyspark_shell.scheduler.dag_scheduler import DAGScheduler, DAGSchedulerLimits, Effects
from pyspark_shell.scheduler.dag_scheduler_event import JobSubmitted
from pyspark_shell.scheduler.job_waiter import JobWaiter
from pyspark_shell.scheduler.stage import Stage, StageInput
from pyspark_shell.scheduler.stage_graph import all_shuffles
from pyspark_shell.scheduler.task_needs import NO_NEEDS
from pyspark_shell.scheduler.task_set_manager import TaskSetLimits, TaskSetManager
from pyspark_shell.shuffle.map_output_tracker import MapOutputTrackerMaster
from pyspark_shell.storage.block_id import rdd_block
from pyspark_shell.storage.block_manager_master import BlockManagerMaster

RAISED = ExceptionFailure("ValueError", "no", "Traceback ...\nValueError: no")


class FakeNode(LineageNode):
    """Partitions without records; a scheduler must never compute them."""

    def __init__(self, registry, partitions, parents=()):
        super().__init__(registry, parents, call_site="map at job.py:1")
        self._count = partitions

    def make_partitions(self):
        return indices(self._count)

    def compute(self, split, context):
        raise AssertionError("should not be reached")


class Lineage:
    """Makes the nodes of one application."""

    def __init__(self):
        self.registry = LineageRegistry()

    def source(self, partitions=2, *parents):
        return FakeNode(self.registry, partitions, parents)

    def mapped(self, *parents):
        return FakeNode(self.registry, len(parents[0].partitions()), parents)

    def shuffled(self, parent, partitions=2):
        return ShuffledRDD(parent, Partitioner(partitions, int), "reduce at job.py:2")


def stage_input(count, needs=NO_NEEDS):
    return StageInput(b"closure", [b"split %d" % index for index in range(count)], needs)


def map_inputs(node):
    return {
        shuffle.shuffle_id: stage_input(len(shuffle.parent.partitions()))
        for shuffle in all_shuffles(node)
    }


def task_set(
    tasks=3,
    job_id=0,
    stage_id=0,
    limits=None,
    preferred=None,
    needs=NO_NEEDS,
    barrier=False,
    shuffle=None,
):
    """A task set of a final stage, or of a map stage if `shuffle` is given."""
    node = FakeNode(LineageRegistry(), tasks)
    node.is_barrier = barrier
    stage = Stage(stage_id, node, shuffle, (), stage_input(tasks, needs), "count at job.py:1")
    return TaskSetManager(stage, 0, job_id, range(tasks), limits or TaskSetLimits(), preferred)


class World:
    """A DAG scheduler, and all that it did to the world around it."""

    def __init__(self, slots=4, cancelled_groups=1000):
        self.clock = ManualClock()
        self.lineage = Lineage()
        self.blocks = BlockManagerMaster()
        self.tracker = MapOutputTrackerMaster("/shuffle")
        self.task_sets = []
        self.pools = []
        self.kills = []
        self.events = []
        self.story = []
        self.later = []
        self.updates = []
        self.waiters = {}
        self._job_ids = iter(range(1000))
        self._task_ids = iter(range(100_000))
        effects = Effects(
            self._submit_tasks,
            lambda *kill: self.kills.append(kill),
            self._post,
            lambda delay_s, callback: self.later.append(callback),
            self.updates.append,
            tuple,
            lambda needs: slots,
        )
        limits = DAGSchedulerLimits(TaskSetLimits(), cancelled_groups=cancelled_groups)
        self.scheduler = DAGScheduler(effects, limits, self.tracker, self.blocks, self.clock)

    def _submit_tasks(self, submitted, pool):
        self.task_sets.append(submitted)
        self.pools.append(pool)

    def _post(self, event):
        self.events.append(event)
        match event:
            case SparkListenerJobStart():
                told = "JobStart", event.job_id
            case SparkListenerJobEnd():
                done = self.waiters[event.job_id].done
                told = "JobEnd" if done else "JobEnd before the waiter", event.job_id
            case SparkListenerStageSubmitted():
                info = event.stage_info
                told = "StageSubmitted", f"{info.stage_id}.{info.attempt_number}"
            case SparkListenerStageCompleted():
                info = event.stage_info
                how = "StageFailed" if info.failure_reason else "StageCompleted"
                told = how, f"{info.stage_id}.{info.attempt_number}"
        self.story.append(told)

    def submit(self, node, partitions=None, **properties):
        """Submit a job; gives its waiter."""
        job_id = next(self._job_ids)
        partitions = range(len(node.partitions())) if partitions is None else partitions
        waiter = JobWaiter(job_id, len(partitions), lambda reason, interrupt: None)
        self.waiters[job_id] = waiter
        self.scheduler.process(
            JobSubmitted(
                job_id,
                node,
                partitions,
                stage_input(len(partitions)),
                map_inputs(node),
                waiter,
                {f"spark.{name.replace('_', '.')}": value for name, value in properties.items()},
                "count at job.py:3",
            )
        )
        return waiter

    def launch(self, task_set, tasks=None):
        """Launch tasks; gives their ids."""
        launched = []
        while (tasks is None or len(launched) < tasks) and (choice := task_set.choose("1")):
            task_id = next(self._task_ids)
            task_set.launch(task_id, choice[0], "1", choice[1], choice[2], self.clock.time_ms())
            launched.append(task_id)
        return launched

    def succeed(self, task_set, task_id):
        """One launched task ends well."""
        info, first, _ = task_set.succeeded(task_id, self.clock.time_ms())
        if not first:
            return
        if task_set.stage.shuffle is None:
            payload = b"result %d" % info.index
            self.scheduler.result_task_succeeded(task_set, info, payload, b"updates")
        else:
            output = MapOutput(f"shuffle_{task_id}.data", 10)
            self.scheduler.map_task_succeeded(task_set, info, output, b"updates")

    def complete(self, task_set, tasks=None):
        """Launch tasks, and let them all end well."""
        for task_id in self.launch(task_set, tasks):
            self.succeed(task_set, task_id)

    def fail_fetch(self, task_set, shuffle_id, *map_indices):
        """Launch one task that finds these map outputs bad."""
        (task_id,) = self.launch(task_set, 1)
        outputs = self.tracker.outputs(shuffle_id, 1)
        bad_files = {index: outputs.files[index] or "" for index in map_indices}
        failure = FetchFailure(shuffle_id, map_indices[0], 0, "it is gone", bad_files)
        reason = FetchFailed(shuffle_id, map_indices[0], 0, "it is gone")
        task_set.failed(task_id, reason, self.clock.time_ms())
        self.scheduler.fetch_failed(task_set, failure, reason)

    def resubmit(self):
        """Let the time before resubmission pass."""
        planned, self.later = self.later, []
        for callback in planned:
            callback()

    def cache(self, node, *partitions):
        """Say that partitions of a persisted node are cached."""
        for partition in partitions:
            self.blocks.update(rdd_block(node.id, partition), 10, 0, "1")

    def end_killed(self, task_set):
        """All running tasks of a set end as killed."""
        for task_id in list(task_set.running):
            task_set.failed(task_id, TaskKilled("killed"), self.clock.time_ms())


def fake_executor(executor_id, group=None):
    """An executor that is up and free."""
    return SimpleNamespace(
        executor_id=executor_id,
        group=int(executor_id) if group is None else group,
        pid=4000 + int(executor_id),
        running=None,
        is_free=True,
        end_reason=None,
    )


class FakeTimer:
    """A deadline that fires when the test says so."""

    def __init__(self, delay_s, callback):
        self.delay_s = delay_s
        self.callback = callback

    def cancel(self):
        self.callback = None

    def fire(self):
        callback, self.callback = self.callback, None
        callback()


class FakeTimers(list):
    """Stands for the loop's `call_later`."""

    def __call__(self, delay_s, callback):
        self.append(FakeTimer(delay_s, callback))
        return self[-1]

    def waiting(self, delay_s=None):
        """Deadlines that are still to come."""
        return [t for t in self if t.callback and delay_s in (None, t.delay_s)]
