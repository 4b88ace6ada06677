"""Runs jobs: submits the stages that miss no parent, and decides what a task's end means for them.

Owns    active jobs, stages, map outputs, the table of blocks.
Thread  `dag-scheduler-event-loop`, all of it; `process` is called there.
Source  Spark's DAGScheduler.

A stage is in exactly one of `waiting` (for parents), `running`, `failed` (will be submitted
again), or none of them. For reviewers: whatever is added here for a job must go when the job ends,
and `assert_empty` must see it.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from pyspark_shell.common.clock import Clock
from pyspark_shell.common.exhaustive import assert_never
from pyspark_shell.common.record import record, replace
from pyspark_shell.common.task_end import ExceptionFailure, FetchFailed, TaskEndReason
from pyspark_shell.executor.messages import StageBinary
from pyspark_shell.executor.stage_settings import StageSettings
from pyspark_shell.executor.task_outcome import FetchFailure, MapOutput, ResultFile
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.listener.events import (
    SparkListenerEvent,
    SparkListenerJobEnd,
    SparkListenerJobStart,
    SparkListenerStageCompleted,
    SparkListenerStageSubmitted,
    TaskInfo,
)
from pyspark_shell.scheduler.barrier_check import barrier_problem
from pyspark_shell.scheduler.cancelled_work import CancelledWork, interrupted_text
from pyspark_shell.scheduler.dag_scheduler_event import (
    AllJobsCancelled,
    CellCancelled,
    DAGSchedulerEvent,
    JobCancelled,
    JobGroupCancelled,
    JobSubmitted,
    JobTagCancelled,
    RDDRemoved,
    ShuffleRemoved,
    StageCancelled,
)
from pyspark_shell.scheduler.job_waiter import JobFailure
from pyspark_shell.scheduler.stage import ActiveJob, Stage
from pyspark_shell.scheduler.stage_graph import StageGraph, ancestors, shuffles_read_by
from pyspark_shell.scheduler.task_needs import TaskNeeds
from pyspark_shell.scheduler.task_set_manager import TaskSetLimits, TaskSetManager
from pyspark_shell.shuffle.map_output import MapStatus
from pyspark_shell.shuffle.map_output_tracker import MapOutputTrackerMaster
from pyspark_shell.storage.block_manager_master import BlockManagerMaster

log: Final = logging.getLogger("pyspark_shell.DAGScheduler")

# Spark waits 200 ms so that several fetch failures lead to one resubmission. On one machine the
# reader names all bad outputs at once, so less is enough.
RESUBMIT_AFTER_S: Final = 0.02


@record
class DAGSchedulerLimits:
    """Limits of the application.

    Attributes
    ----------
    max_stage_failures
        Attempts in a row of a stage that may end with a fetch failure.
    cancelled_groups
        Cancelled groups to remember for `cancelJobGroupAndFutureJobs`.
    dynamic_allocation
        Whether executors were asked to come and go, which barrier stages forbid.
    """

    task_sets: TaskSetLimits
    max_stage_failures: int = 4
    cancelled_groups: int = 1000
    dynamic_allocation: bool = False


@record
class Effects:
    """What the scheduler has done to the world around it.

    Attributes
    ----------
    submit_tasks
        Takes a task set and its pool in.
    kill_stage
        Ends all running tasks of a stage: stage id, interrupt, reason.
    post
        Tells the listeners.
    call_later
        Sets a deadline.
    accumulate
        Takes a successful task's pickled accumulator updates.
    settings
        What every stage's settings have in common.
    slots_for
        How many tasks with the same needs can run at once.
    """

    submit_tasks: Callable[[TaskSetManager, str | None], None]
    kill_stage: Callable[[int, bool, str], None]
    post: Callable[[SparkListenerEvent], None]
    call_later: Callable[[float, Callable[[], None]], Any]
    accumulate: Callable[[bytes], None]
    settings: Callable[[], tuple[str, ...]]
    slots_for: Callable[[TaskNeeds], int]


class DAGScheduler:
    """Jobs and stages of one application."""

    def __init__(
        self,
        effects: Effects,
        limits: DAGSchedulerLimits,
        tracker: MapOutputTrackerMaster,
        blocks: BlockManagerMaster,
        clock: Clock,
    ) -> None:
        self._effects = effects
        self._limits = limits
        self.tracker = tracker
        self.blocks = blocks
        self._clock = clock
        self.graph = StageGraph()
        self.jobs: dict[int, ActiveJob] = {}
        self._waiting: set[int] = set()
        self._running: set[int] = set()
        self._failed: set[int] = set()
        self._resubmit_planned = False
        self.cancelled = CancelledWork(limits.cancelled_groups)
        self._stopped: str | None = None
        self._unable: str | None = None  # why no job can run any more
        self._application_killed = False

    def process(self, event: DAGSchedulerEvent) -> None:
        """Take one event in."""
        match event:
            case JobSubmitted():
                self._handle_job_submitted(event)
            case JobCancelled():
                log.info("Asked to cancel job %d", event.job_id)
                self._handle_job_cancelled(event.job_id, event.reason, event.interrupt)
            case StageCancelled():
                self._handle_stage_cancelled(event)
            case JobGroupCancelled():
                self._handle_group_cancelled(event)
            case JobTagCancelled():
                log.info("Asked to cancel jobs with tag %s", event.tag)
                reason = event.reason or f"part of cancelled job tags {event.tag}"
                self._cancel_where(lambda job: event.tag in job.tags, reason)
            case CellCancelled():
                self._handle_cell_cancelled(event)
            case AllJobsCancelled():
                self._cancel_where(lambda _: True, "as part of cancellation of all jobs")
            case RDDRemoved():
                self.blocks.remove_rdd(event.rdd_id)
            case ShuffleRemoved():
                self.tracker.unregister_shuffle(event.shuffle_id)
            case _:
                assert_never(event)

    # Jobs --------------------------------------------------------------------------------

    def _handle_job_submitted(self, event: JobSubmitted) -> None:
        refusal = self._refusal(event)
        if refusal is not None:
            event.waiter.job_failed(refusal)
            return
        final = self.graph.create_job_stages(
            event.node, event.final_input, event.map_inputs, event.call_site, event.job_id
        )
        job = ActiveJob(
            event.job_id, final, event.partitions, event.waiter, event.properties, event.call_site
        )
        final.active_job = job
        job.started_s = self._clock.monotonic_s()
        stages = ancestors(final)
        job.stage_ids = {stage.stage_id for stage in stages}
        self.jobs[job.job_id] = job
        for stage in stages:
            if stage.job_ids == {job.job_id}:  # else shared: its latest attempt may be running
                stage.info = stage.describe_attempt(stage.num_partitions)
            if stage.shuffle is not None:
                self.tracker.register_shuffle(stage.shuffle.shuffle_id, stage.num_partitions)
        log.info(
            "Got job %d (%s) with %d output partitions",
            job.job_id,
            job.call_site,
            len(job.partitions),
        )
        infos = [stage.info for stage in stages]
        now_ms = self._clock.time_ms()
        self._effects.post(SparkListenerJobStart(job.job_id, now_ms, infos, job.properties))
        if not job.partitions:
            self._job_succeeded(job)
            return
        problem = barrier_problem(stages, self._effects.slots_for, self._limits.dynamic_allocation)
        if problem is not None:
            self._abort_stage(final, problem)
            return
        self._submit_stage(final)

    def _refusal(self, event: JobSubmitted) -> JobFailure | None:
        """Why a job is not even begun."""
        if self._stopped is not None:
            return JobFailure(
                event.job_id,
                self._stopped,
                cancelled=True,
                application_killed=self._application_killed,
            )
        if self._unable is not None:
            return JobFailure(event.job_id, _aborted_text(self._unable))
        reason = self.cancelled.reason_to_refuse(event.properties)
        if reason is None:
            return None
        return JobFailure(event.job_id, cancelled_text(event.job_id, reason), cancelled=True)

    def _job_succeeded(self, job: ActiveJob) -> None:
        self._release(job)
        job.waiter.job_succeeded()
        self._effects.post(SparkListenerJobEnd(job.job_id, self._clock.time_ms(), None))
        log.info(
            "Job %d finished: %s, took %.3f ms",
            job.job_id, job.call_site, (self._clock.monotonic_s() - job.started_s) * 1000,
        )  # fmt: skip

    def _release(self, job: ActiveJob) -> None:
        """Forget a job and the stages that only it needed."""
        self.jobs.pop(job.job_id, None)
        for stage in self.graph.release(job):
            for group in (self._waiting, self._running, self._failed):
                group.discard(stage.stage_id)
        job.final_stage.active_job = None

    def _fail_job(
        self,
        job: ActiveJob,
        failure: JobFailure,
        kill_reason: str,
        interrupt: bool | None = None,
        stage_failure: str | None = None,
    ) -> None:
        """End a job and those of its stages that no other job uses; in Spark's order."""
        interrupt = _interrupts_on_cancel(job) if interrupt is None else interrupt
        for stage_id in sorted(job.stage_ids):
            stage = self.graph.stages.get(stage_id)
            if stage is None or len(stage.job_ids) > 1:
                continue
            if stage_id in self._running or stage.failed_attempts:
                self._effects.kill_stage(stage_id, interrupt, kill_reason)
                if stage_id in self._running:
                    self._mark_finished(stage, stage_failure or failure.message)
        self._release(job)
        job.waiter.job_failed(failure)
        self._effects.post(
            SparkListenerJobEnd(
                job.job_id, self._clock.time_ms(), failure.message, failure.cancelled
            )
        )
        log.info("Job %d failed: %s", job.job_id, job.call_site)

    # Cancelling ----------------------------------------------------------------------------

    def _handle_job_cancelled(
        self, job_id: int, reason: str | None, interrupt: bool | None = None
    ) -> None:
        job = self.jobs.get(job_id)
        if job is None:
            log.debug("Trying to cancel unregistered job %d", job_id)
            return
        text = cancelled_text(job_id, reason or "")
        failure = JobFailure(job_id, text, cancelled=True)
        self._fail_job(job, failure, f"Stage cancelled: {text}", interrupt)

    def _handle_stage_cancelled(self, event: StageCancelled) -> None:
        stage = self.graph.stages.get(event.stage_id)
        if stage is None:
            log.info("No active jobs to kill for Stage %d", event.stage_id)
            return
        reason = event.reason or f"Stage {event.stage_id} was cancelled"
        for job_id in sorted(stage.job_ids):
            self._handle_job_cancelled(job_id, f"because {reason}")

    def _handle_group_cancelled(self, event: JobGroupCancelled) -> None:
        group = event.group_id
        log.info(
            "Asked to cancel job group %s with cancelFutureJobs=%s",
            group, str(event.cancel_future_jobs).lower(),
        )  # fmt: skip
        if event.cancel_future_jobs:
            self.cancelled.add_group(group)
        reason = event.reason or f"part of cancelled job group {group}"
        found = self._cancel_where(lambda job: job.group == group, reason)
        if not found and not event.cancel_future_jobs:
            log.warning("Failed to cancel job group %s. Cannot find active jobs for it.", group)

    def _handle_cell_cancelled(self, event: CellCancelled) -> None:
        cell = event.cell
        self.cancelled.add_cell(cell)
        for job_id in sorted(n for n, job in self.jobs.items() if cell.owns(job.properties)):
            event.on_job(job_id)
            self._handle_job_cancelled(job_id, interrupted_text(cell), True)

    def _cancel_where(self, chosen: Callable[[ActiveJob], bool], reason: str) -> int:
        job_ids = sorted(job.job_id for job in self.jobs.values() if chosen(job))
        for job_id in job_ids:
            self._handle_job_cancelled(job_id, reason)
        return len(job_ids)

    def stop(self, reason: str) -> None:
        """Fail all jobs, and all that come later."""
        if not self._application_killed:
            self._stopped = reason
        for job_id, job in sorted(self.jobs.items()):
            text = f"Job {job_id} cancelled because {reason}"
            failure = JobFailure(job_id, text, cancelled=True)
            of_stage = f"Stage cancelled because {reason}"
            self._fail_job(job, failure, of_stage, interrupt=True, stage_failure=of_stage)

    def application_killed(self, message: str) -> None:
        """Fail all jobs, and all that come later, with the application's own end."""
        self._stopped = message
        self._application_killed = True
        for job_id, job in sorted(self.jobs.items()):
            failure = JobFailure(job_id, message, cancelled=True, application_killed=True)
            self._fail_job(job, failure, f"Stage cancelled: {message}", interrupt=True)

    def abort_all(self, reason: str) -> None:
        """Fail all active jobs, since nothing can run."""
        for job in list(self.jobs.values()):
            self._fail_job(job, JobFailure(job.job_id, _aborted_text(reason)), reason)

    def nothing_can_run(self, reason: str) -> None:
        """Fail all jobs, and all that come later."""
        self._unable = reason
        self.abort_all(reason)

    # Stages ----------------------------------------------------------------------------------

    def _submit_stage(self, stage: Stage) -> None:
        """Submit a stage, or first the parents that it misses; without recursion."""
        queue = [stage]
        while queue:
            current = queue.pop()
            states = (self._waiting, self._running, self._failed)
            if any(current.stage_id in state for state in states):
                continue
            missing = self.graph.missing_parents(current, self._is_cached, self._is_available)
            if missing:
                self._waiting.add(current.stage_id)
                queue.extend(sorted(missing, key=lambda s: s.stage_id, reverse=True))
            else:
                self._submit_missing_tasks(current)

    def _is_cached(self, node: LineageNode) -> bool:
        if not node.storage_level.is_valid or node._id is None:
            return False
        cached = self.blocks.cached_partitions(node.id)
        return bool(cached) and len(cached) == len(node.partitions())

    def _is_available(self, stage: Stage) -> bool:
        assert stage.shuffle is not None
        return not self.tracker.missing_partitions(stage.shuffle.shuffle_id, stage.num_partitions)

    def _submit_missing_tasks(self, stage: Stage) -> None:
        partitions = self._missing_partitions(stage)
        # A fresh one: the listeners may read the last one, of a job's start, only now.
        stage.info = stage.describe_attempt(len(partitions))
        stage.info.submission_time_ms = self._clock.time_ms()
        attempt = stage.next_attempt
        stage.next_attempt += 1
        stage.pending_partitions = set(partitions)
        self._running.add(stage.stage_id)
        job = self.jobs[min(stage.job_ids)]
        self._effects.post(SparkListenerStageSubmitted(stage.info, job.properties))
        if not partitions:
            self._mark_finished(stage)
            self._submit_children(stage)
            return
        task_set = TaskSetManager(
            stage, attempt, job.job_id, partitions, self._limits.task_sets, self._preference(stage)
        )
        settings = pickle.dumps(self._settings(stage, job), 5)
        task_set.binary = StageBinary(
            stage.stage_id, attempt, stage.stage_input.closure, settings
        ).encode()
        log.info(
            "Submitting %d missing tasks from %r (%s)", len(partitions), stage, stage.call_site
        )
        self._effects.submit_tasks(task_set, job.properties.get("spark.scheduler.pool"))

    def _missing_partitions(self, stage: Stage) -> Sequence[int]:
        if stage.shuffle is not None:
            return self.tracker.missing_partitions(stage.shuffle.shuffle_id, stage.num_partitions)
        job = stage.active_job
        assert job is not None
        return [index for index in range(len(job.partitions)) if not job.finished[index]]

    def _settings(self, stage: Stage, job: ActiveJob) -> StageSettings:
        map_outputs = {}
        for shuffle in shuffles_read_by(stage.node):
            outputs = self.tracker.outputs(shuffle.shuffle_id, shuffle.partitioner.numPartitions)
            if outputs is not None:
                map_outputs[shuffle.shuffle_id] = outputs
        barrier = ("localhost:0",) * stage.num_partitions if stage.node.is_barrier else ()
        return StageSettings(
            map_outputs,
            dict(job.properties),
            barrier,
            self._effects.settings(),
            Decimal(str(stage.stage_input.needs.cpus)).normalize(),
        )

    def _preference(self, stage: Stage) -> Callable[[int], str | None] | None:
        """Where a task's first cached ancestor is hot; None if nothing of the stage is cached."""
        node = stage.node
        while not node.storage_level.is_valid:
            parents = node.live_parents()
            if len(parents) != 1 or node.kind == "CoalescedRDD":
                return None
            node = parents[0]
        cached = self.blocks.cached_partitions(node.id)
        if not cached:
            return None
        job = stage.active_job

        def preferred(index: int) -> str | None:
            status = cached.get(job.partitions[index] if job is not None else index)
            return None if status is None else status.executor_id

        return preferred

    def _mark_finished(self, stage: Stage, failure: str | None = None) -> None:
        stage.info = replace(
            stage.info, completion_time_ms=self._clock.time_ms(), failure_reason=failure
        )
        self._running.discard(stage.stage_id)
        if failure is None:
            stage.failed_attempts.clear()
        else:
            began_ms = stage.info.submission_time_ms
            took_ms = 0 if began_ms is None else self._clock.time_ms() - began_ms
            log.info("%r (%s) failed in %d ms due to %s", stage, stage.call_site, took_ms, failure)
        self._effects.post(SparkListenerStageCompleted(stage.info))

    def _submit_children(self, stage: Stage) -> None:
        """Submit the stages that waited for `stage`."""
        children = [
            self.graph.stages[stage_id]
            for stage_id in sorted(self._waiting)
            if any(parent is stage for parent in self.graph.stages[stage_id].parents)
        ]
        for child in children:
            self._waiting.discard(child.stage_id)
            self._submit_stage(child)

    def _abort_stage(
        self, stage: Stage, reason: str, failure: ExceptionFailure | None = None
    ) -> None:
        """Fail every job that needs a stage."""
        message = f"Job aborted due to stage failure: {reason}"
        for job_id in sorted(stage.job_ids):
            job = self.jobs.get(job_id)
            if job is not None:
                described = JobFailure(job_id, message, False, failure, stage.stage_id)
                self._fail_job(job, described, f"Stage cancelled: {message}")

    # Ends of tasks -----------------------------------------------------------------------------

    def result_task_succeeded(
        self, task_set: TaskSetManager, info: TaskInfo, payload: bytes | ResultFile, updates: bytes
    ) -> bool:
        """The first success of a task of a final stage; False if nobody waits for its result any
        more.
        """
        job = task_set.stage.active_job
        index = task_set.partitions[info.index]
        if job is None or job.finished[index]:
            return False
        self._effects.accumulate(updates)
        job.finished[index] = 1
        job.num_finished += 1
        job.waiter.task_succeeded(index, payload)
        if job.num_finished == len(job.partitions):
            self._mark_finished(task_set.stage)
            self._job_succeeded(job)
            if task_set.running:  # copies of tasks that others were faster with
                self._effects.kill_stage(task_set.stage.stage_id, True, "Stage finished")
        return True

    def map_task_succeeded(
        self, task_set: TaskSetManager, info: TaskInfo, output: MapOutput, updates: bytes
    ) -> None:
        """The first success of a task of a map stage."""
        stage = task_set.stage
        self._effects.accumulate(updates)
        if stage.shuffle is None or self.graph.stages.get(stage.stage_id) is not stage:
            return
        if task_set.is_barrier and task_set.attempt in stage.failed_attempts:
            return  # all of them start again
        partition = task_set.partitions[info.index]
        status = MapStatus(output.file_name, output.size_bytes, info.executor_id)
        shuffle_id = stage.shuffle.shuffle_id
        if self.tracker.contains_shuffle(shuffle_id):
            self.tracker.register_map_output(shuffle_id, partition, status)
        if task_set.attempt == stage.next_attempt - 1:
            stage.pending_partitions.discard(partition)
        if stage.stage_id in self._running and not stage.pending_partitions:
            self._map_stage_done(stage)

    def _map_stage_done(self, stage: Stage) -> None:
        self._mark_finished(stage)
        if self._is_available(stage):
            self._submit_children(stage)
        else:
            log.info("%r lost outputs while it ran, it is submitted again", stage)
            self._submit_stage(stage)

    def may_commit(self, task_set: TaskSetManager, info: TaskInfo) -> bool:
        """Whether a task may publish its output: the first that asks, while somebody wants it."""
        stage = task_set.stage
        if self.graph.stages.get(stage.stage_id) is not stage:
            return False
        partition = task_set.partitions[info.index]
        return stage.committers.setdefault(partition, info.task_id) == info.task_id

    def task_failed(self, task_set: TaskSetManager, info: TaskInfo) -> None:
        """Another attempt may publish what this one has not."""
        committers, partition = task_set.stage.committers, task_set.partitions[info.index]
        if committers.get(partition) == info.task_id:
            del committers[partition]

    def fetch_failed(
        self, task_set: TaskSetManager, failure: FetchFailure, now: FetchFailed
    ) -> None:
        """A task could not read map outputs: run the map stage again for them, then this stage."""
        stage = task_set.stage
        for map_index, file_name in failure.bad_files.items():
            self.tracker.unregister_map_output(failure.shuffle_id, map_index, file_name)
        if self.graph.stages.get(stage.stage_id) is not stage:
            return
        map_stage = self.graph.map_stage(failure.shuffle_id)
        is_old = task_set.attempt != stage.next_attempt - 1
        if map_stage is None or is_old or stage.stage_id not in self._running:
            return
        stage.failed_attempts.add(task_set.attempt)
        self._mark_finished(stage, str(now))
        if len(stage.failed_attempts) >= self._limits.max_stage_failures:
            self._abort_stage(
                stage,
                f"{stage!r} ({stage.call_site}) has failed the maximum allowable number of times: "
                f"{self._limits.max_stage_failures}. Most recent failure reason:\n{now}",
            )
            return
        self._failed |= {stage.stage_id, map_stage.stage_id} - self._running
        self._plan_resubmission()

    def barrier_task_failed(
        self, task_set: TaskSetManager, info: TaskInfo, reason: TaskEndReason
    ) -> None:
        """One task of a barrier stage failed: all of them start again, or the job ends."""
        stage = task_set.stage
        current = task_set.attempt == stage.next_attempt - 1
        if stage.stage_id not in self._running or not current:
            return
        kind = "ResultTask" if stage.shuffle is None else "ShuffleMapTask"
        task = f"{kind}({stage.stage_id}, {info.partition_id})"
        message = f"Stage failed because barrier task {task} finished unsuccessfully.\n{reason}"
        failure = reason if isinstance(reason, ExceptionFailure) else None
        stage.failed_attempts.add(task_set.attempt)
        self._effects.kill_stage(
            stage.stage_id,
            True,
            f"Task {info.task_id} from barrier stage {stage.stage_id} ({stage.call_site}) failed.",
        )
        if stage.shuffle is None:
            text = (
                "Could not recover from a failed barrier ResultStage. "
                f"Most recent failure reason: {message}"
            )
            self._abort_stage(stage, text, failure)
        elif len(stage.failed_attempts) >= self._limits.max_stage_failures:
            text = (
                f"{stage!r} ({stage.call_site}) has failed the maximum allowable number of times: "
                f"{self._limits.max_stage_failures}. Most recent failure reason: {message}"
            )
            self._abort_stage(stage, text, failure)
        else:
            self._mark_finished(stage, message)
            self.tracker.unregister_all_map_outputs(stage.shuffle.shuffle_id)
            self._failed.add(stage.stage_id)
            self._plan_resubmission()

    def task_set_aborted(
        self, task_set: TaskSetManager, reason: str, failure: ExceptionFailure | None
    ) -> None:
        """A task failed too often, or its results are too large."""
        if self.graph.stages.get(task_set.stage.stage_id) is task_set.stage:
            self._abort_stage(task_set.stage, reason, failure)

    def _plan_resubmission(self) -> None:
        if not self._resubmit_planned:
            self._resubmit_planned = True
            self._effects.call_later(RESUBMIT_AFTER_S, self._resubmit_failed_stages)

    def _resubmit_failed_stages(self) -> None:
        self._resubmit_planned = False
        failed, self._failed = sorted(self._failed), set()
        for stage_id in failed:
            stage = self.graph.stages.get(stage_id)
            if stage is not None:
                self._submit_stage(stage)

    def assert_empty(self) -> None:
        """Raise if anything of a job is left."""
        assert not self.jobs, f"jobs {sorted(self.jobs)} are left"
        left = self._waiting | self._running | self._failed
        assert not left, f"stages {sorted(left)} are left"
        self.graph.assert_empty()

    def snapshot(self) -> Mapping[str, int]:
        """Sizes of the tables."""
        return {
            "jobs": len(self.jobs),
            "stages": len(self.graph.stages),
            "waiting": len(self._waiting),
            "running": len(self._running),
            "failed": len(self._failed),
        }


def cancelled_text(job_id: int, reason: str) -> str:
    """Spark's sentence about a cancelled job."""
    return f"[SPARK_JOB_CANCELLED] Job {job_id} cancelled {reason} SQLSTATE: XXKDA"


def _interrupts_on_cancel(job: ActiveJob) -> bool:
    value = job.properties.get("spark.job.interruptOnCancel", "false")
    if value.strip().lower() not in ("true", "false"):
        log.warning(
            "spark.job.interruptOnCancel in Job %d is invalid: %s. Using 'false' instead",
            job.job_id, value,
        )  # fmt: skip
    return value.strip().lower() == "true"


def _aborted_text(reason: str) -> str:
    return f"Job aborted due to stage failure: {reason}"
