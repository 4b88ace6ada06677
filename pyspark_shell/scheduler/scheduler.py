"""The whole scheduler behind one door: what other threads may ask, and how its parts are wired.

Owns    the loop, `DAGScheduler`, `TaskScheduler`, `TaskEnds`, `TaskKills`, `SchedulerBackend`,
        `BarrierCoordinator`.
Thread  methods under "From any thread" only post; the rest runs in `dag-scheduler-event-loop`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import count
from typing import Any, Final, TypeVar

from pyspark_shell.common.clock import Clock, SystemClock
from pyspark_shell.common.process_table import JobRow, KillIntent, KillScope
from pyspark_shell.common.record import record
from pyspark_shell.executor.messages import BarrierSync, BlockUpdated, StatusUpdate
from pyspark_shell.executor.settings import ExecutorSettings
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.listener.events import (
    SparkListenerBlockManagerAdded,
    SparkListenerBlockManagerRemoved,
    SparkListenerBlockUpdated,
    SparkListenerExecutorAdded,
    SparkListenerExecutorRemoved,
    SparkListenerSchedulerState,
    SparkListenerSpeculativeTaskSubmitted,
    SparkListenerTaskStart,
    SparkListenerTaskStuck,
)
from pyspark_shell.listener.live_listener_bus import LiveListenerBus
from pyspark_shell.scheduler.barrier_coordinator import BarrierCoordinator
from pyspark_shell.scheduler.block_removal import BlockRemoval
from pyspark_shell.scheduler.dag_scheduler import DAGScheduler, DAGSchedulerLimits, Effects
from pyspark_shell.scheduler.dag_scheduler_event import (
    DAGSchedulerEvent,
    JobCancelled,
    StageCancelled,
)
from pyspark_shell.scheduler.executor_loss import ExecutorLoss
from pyspark_shell.scheduler.executor_process import Assignment, ExecutorProcess
from pyspark_shell.scheduler.job_waiter import JobWaiter
from pyspark_shell.scheduler.pool import Pools
from pyspark_shell.scheduler.process_table import ProcessTableWriter
from pyspark_shell.scheduler.scheduler_backend import BackendLimits, SchedulerBackend
from pyspark_shell.scheduler.selector_loop import SelectorLoop
from pyspark_shell.scheduler.switch_interval import SwitchInterval
from pyspark_shell.scheduler.task_ends import TaskEnds
from pyspark_shell.scheduler.task_kills import TaskKills
from pyspark_shell.scheduler.task_scheduler import Launch, TaskScheduler
from pyspark_shell.scheduler.task_set_manager import TaskSetManager
from pyspark_shell.scheduler.zygote_handle import ZygoteHandle
from pyspark_shell.shuffle.map_output_tracker import MapOutputTrackerMaster
from pyspark_shell.storage.block_manager_master import BlockManagerMaster

log: Final = logging.getLogger("pyspark_shell.TaskSchedulerImpl")

T = TypeVar("T")

# So long a stop waits for killed tasks to end by themselves.
_LAST_TASKS_S: Final = 1.0
# So long after the last job the driver's threads still take turns quickly: often one more follows.
_QUIET_S: Final = 1.0
# What is sent with the tasks of a stage should be smaller, in Spark's opinion.
_LARGE_TASK_KIB: Final = 1000


@record
class SchedulerConfig:
    """Everything that the scheduler takes from the application's configuration."""

    backend: BackendLimits
    jobs: DAGSchedulerLimits
    speculation_interval_s: float = 0.1
    barrier_timeout_s: float = 365 * 86400.0
    starvation_timeout_s: float = 15.0
    tell_state_s: float = 5.0


class Scheduler:
    """Jobs, stages, tasks and executors of one application.

    Parameters
    ----------
    accumulate
        Takes a successful task's pickled accumulator updates; any thread may be told.
    python_paths
        What tasks need on `sys.path`, as it stands when a stage is submitted.
    """

    def __init__(
        self,
        config: SchedulerConfig,
        settings: ExecutorSettings,
        pools: Pools,
        bus: LiveListenerBus,
        accumulate: Callable[[bytes], None],
        python_paths: Callable[[], tuple[str, ...]],
        zygote: ZygoteHandle,
        clock: Clock | None = None,
    ) -> None:
        self._config = config
        self._bus = bus
        self._clock = clock or SystemClock()
        self._job_ids = count()
        self._offers_wanted = False
        self._switch_interval = SwitchInterval()
        self._quiet_since_s: float | None = None
        self._storage_bytes = settings.memory_budget_bytes  # one for all executors
        self._end: Callable[[], None] | None = None  # what is left to do when no task runs any more
        self._loop = SelectorLoop(self._after_round, self._handler_failed, self._before_round)
        self._table = ProcessTableWriter(
            settings.dirs.process_table,
            config.backend.slots,
            config.backend.reaper.kill_timeout_s,
        )
        self._backend = SchedulerBackend(
            self._loop, config.backend, zygote, settings.dirs.path("logs"), self._table
        )
        self._active_jobs: tuple[int, ...] = ()
        self.on_outside_kill: Callable[[KillIntent], None] = _ignore
        self._on_cluster_error: Callable[[str], None] | None = None
        self._cluster_error: str | None = None
        self._tasks = TaskScheduler(pools, self._clock, config.backend.cores_per_executor)
        self._barriers = BarrierCoordinator(
            self._backend.release_barrier, self._loop.call_later, config.barrier_timeout_s
        )
        self._kills = TaskKills(self._tasks, self._backend, lambda gone: self._ends.finish(gone))
        self.tracker = MapOutputTrackerMaster(settings.dirs.path("shuffle"))
        self.blocks = BlockManagerMaster()
        effects = Effects(
            submit_tasks=self._submit_tasks,
            kill_stage=self._kills.kill_stage,
            post=bus.post,
            call_later=self._loop.call_later,
            accumulate=accumulate,
            settings=python_paths,
            slots_for=config.backend.slots_for,
        )
        self._dag = DAGScheduler(effects, config.jobs, self.tracker, self.blocks, self._clock)
        self._ends = TaskEnds(self._tasks, self._dag, self._kills, self._barriers, bus, self._clock)

    # From any thread ------------------------------------------------------------------

    def start(self) -> None:
        """Ask for the executors and begin to serve."""
        self._backend.start(self)
        if self._config.jobs.task_sets.speculation:
            self._loop.call_later(self._config.speculation_interval_s, self._speculate)
        self._loop.call_later(self._config.starvation_timeout_s, self._warn_if_starving)
        self._loop.call_later(self._config.tell_state_s, self._tell_state_again)
        self._loop.start()

    def on_cluster_error(self, tell: Callable[[str], None]) -> None:
        """Have `tell` called, in the scheduler's thread, when no job can run any more; at once if
        that is so already.
        """
        self._loop.post(partial(self._hear_cluster_error, tell))

    def new_job(self, tasks: int) -> JobWaiter:
        """A waiter for a job that is going to be submitted, with the job's id."""
        job_id = next(self._job_ids)

        def cancel(reason: str, interrupt: bool | None) -> None:
            self.post(JobCancelled(job_id, reason, interrupt))

        return JobWaiter(job_id, tasks, cancel)

    def post(self, event: DAGSchedulerEvent) -> None:
        """Have the scheduler take an event in; returns at once."""
        self._loop.post(partial(self._dag.process, event))

    def guard_files(self, paths: Sequence[str]) -> None:
        """Have files removed when this process is gone, however it ends."""
        self._loop.post(partial(self._backend.guard_files, paths))

    def ask(self, question: Callable[[], T], timeout_s: float = 10.0) -> T:
        """Have `question` answered in the scheduler's thread; it must be quick.

        Raises
        ------
        TimeoutError
            The scheduler is stopped, or did not come to it in time.
        """
        answered = threading.Event()
        answer: list[T] = []
        error: list[Exception] = []

        def call() -> None:
            try:
                answer.append(question())
            except Exception as problem:
                error.append(problem)
            answered.set()

        if self._loop.is_current_thread():
            return question()
        self._loop.post(call)
        if not answered.wait(timeout_s):
            raise TimeoutError("the scheduler does not answer")
        if error:
            raise error[0]
        return answer[0]

    def kill_task_attempt(self, task_id: int, interrupt: bool, reason: str) -> bool:
        """Kill one attempt, which is run again; False if no such task runs."""
        return self.ask(partial(self._kills.kill_attempt, task_id, interrupt, reason))

    def kill_executor(self, executor_id: str, reason: str) -> bool:
        """End an executor's processes; another takes its place, its task is run again and counts
        as killed. False if there is no such executor.
        """
        return self.ask(partial(self._kills.kill_executor, executor_id, reason))

    def tell_state(self) -> None:
        """Have the listeners told what runs, in order with all that they are told."""
        self._loop.post(self._tell_state)

    def application_killed(self, message: str) -> None:
        """Fail all jobs, and all that come later; returns at once."""
        self._loop.post(partial(self._dag.application_killed, message))

    def tasks_running(self) -> int:
        """Tasks that run now, killed ones too."""
        return sum(executor.running is not None for executor in self.executors())

    def force_kills(self, job_ids: Collection[int]) -> None:
        """Do not wait any longer for killed tasks of these jobs: end their processes."""
        self._loop.post(partial(self._kills.force, frozenset(job_ids)))

    def remove_blocks(self, prefix: str) -> BlockRemoval:
        """Have all executors forget hot blocks and broadcast values; what is returned can be
        waited for.
        """
        removal = BlockRemoval(prefix)
        self._loop.post(partial(self._backend.remove_blocks, removal))
        return removal

    def dump_threads(self, executor_id: str, timeout_s: float = 2.0) -> list[dict[str, Any]] | None:
        """Threads of an executor; None if there is no such executor or it does not answer."""
        answered = threading.Event()
        rows: list[dict[str, Any]] = []

        def take(threads: list[dict[str, Any]]) -> None:
            rows.extend(threads)
            answered.set()

        if not self.ask(partial(self._backend.dump_threads, executor_id, take)):
            return None
        return rows if answered.wait(timeout_s) else None

    def ask_for_threads(
        self, executor_id: str, answer: Callable[[list[dict[str, Any]]], None]
    ) -> bool:
        """Have `answer` called with an executor's threads, in the scheduler's thread, once it has
        told them; False if there is no such executor.
        """
        return self.ask(partial(self._backend.dump_threads, executor_id, answer))

    def dump_by_signal(self, executor_id: str) -> Callable[[], str] | None:
        """Have faulthandler write an executor's stacks; what reads them is returned, None if there
        is no such executor.
        """

        def dump() -> Callable[[], str] | None:
            executor = self._backend.executors.get(executor_id)
            return None if executor is None else self._backend.dump_by_signal(executor)

        return self.ask(dump)

    def job_of(self, task_id: int) -> int | None:
        """The job that a running task belongs to; only in the scheduler's thread, through `ask`."""
        task_set = self._tasks.find_task(task_id)
        return None if task_set is None else task_set.owner

    @property
    def cancelled_groups(self) -> Collection[str]:
        """Groups that were cancelled for good, as many as are remembered; it changes by itself."""
        return self._dag.cancelled.groups

    def executors(self) -> list[ExecutorProcess]:
        """All executors; read only."""
        return list(self._backend.executors.values())

    def executors_started(self) -> int:
        """How many executors were started so far; their ids are the numbers below."""
        return self._backend.executors_started

    def running_jobs(self) -> dict[int, LineageNode]:
        """The last node of each job that is active, or killed with tasks that still run; not to be
        kept.
        """

        def look() -> dict[int, LineageNode]:
            nodes = {
                job_id: task_set.stage.node
                for task_set in self._tasks.pools.all()
                for job_id in task_set.owners
            }
            for job_id, job in self._dag.jobs.items():
                nodes[job_id] = job.final_stage.node
            return nodes

        return self.ask(look)

    def is_scheduler_thread(self) -> bool:
        """Whether the caller is the scheduler itself."""
        return self._loop.is_current_thread()

    def stop(self, reason: str, timeout_s: float) -> None:
        """Fail all jobs, end all executors, then the thread; returns when no process is left."""
        finished = threading.Event()
        self._loop.post(partial(self._stop, reason, finished))
        finished.wait(timeout_s)
        self._loop.stop(timeout_s)
        self._backend.join(timeout_s)

    def close_in_forked_child(self) -> None:
        """Let go of everything in a fork of this process, which has no part in the application."""
        self._backend.close_in_forked_child()
        self._loop.close_in_forked_child()

    def assert_empty(self) -> None:
        """Raise if anything of a job is left in any table."""
        self.ask(self._assert_empty)

    # In the scheduler thread only -------------------------------------------------------

    def _assert_empty(self) -> None:
        self._dag.assert_empty()
        self._tasks.assert_empty()
        self._barriers.assert_empty()
        self._backend.assert_empty()

    def _handler_failed(self, error: Exception) -> None:
        """A defect of the engine: no job may hang because of it."""
        self._dag.abort_all(f"the scheduler failed: {type(error).__name__}: {error}")

    def _submit_tasks(self, task_set: TaskSetManager, pool_name: str | None) -> None:
        size_kib = len(task_set.binary) >> 10
        if size_kib > _LARGE_TASK_KIB:
            log.warning(
                "Stage %d contains a task of very large size (%d KiB). The maximum recommended "
                "task size is %d KiB. Share large values with sc.broadcast(...).",
                task_set.stage.stage_id, size_kib, _LARGE_TASK_KIB,
            )  # fmt: skip
        self._tasks.submit(task_set, pool_name)
        self._offers_wanted = True

    def _before_round(self) -> None:
        """Look first whether somebody kills from outside: then deaths are told by that reason."""
        for intent in self._table.new_intents():
            self._obey(intent)

    def _after_round(self) -> None:
        jobs = tuple(self._dag.jobs)
        if jobs != self._active_jobs:
            for job_id in set(self._active_jobs).difference(jobs):
                self._table.job_ended(job_id)
            for job_id in sorted(set(jobs).difference(self._active_jobs)):
                self._table.job_started(self._dag.jobs[job_id])
            if len(jobs) > 1 or len(self._active_jobs) > 1:
                self._table.jobs_changed()
            self._active_jobs = jobs
        if jobs:
            self._switch_interval.shorten(True)
            self._quiet_since_s = None
        elif self._quiet_since_s is None:
            self._quiet_since_s = time.monotonic()
            self._loop.call_later(_QUIET_S, self._restore_switch_interval)
        if self._offers_wanted and self._backend.is_up:
            self._offers_wanted = False
            executors = list(self._backend.executors.values())
            for launch in self._tasks.resource_offers(executors, _split_of):
                self._send(launch)
        self._table.write_ends()
        if self._end is not None and self._tasks.is_idle:
            self._end_now()

    def _send(self, launch: Launch) -> None:
        task_set = launch.task_set
        self._bus.post(
            SparkListenerTaskStart(task_set.stage.stage_id, task_set.attempt, launch.info)
        )
        self._backend.launch(launch.executor, task_set, launch.order)

    # What the backend tells ----------------------------------------------------------------

    def executor_registered(self, executor: ExecutorProcess) -> None:
        """A slot is there."""
        now_ms = self._clock.time_ms()
        self._bus.post(
            SparkListenerExecutorAdded(
                now_ms, executor.executor_id, "localhost", 1, executor.pid or 0
            )
        )
        self._bus.post(
            SparkListenerBlockManagerAdded(
                now_ms, executor.executor_id, "localhost", self._storage_bytes
            )
        )
        self._offers_wanted = True

    def executor_lost(
        self, executor: ExecutorProcess, task: Assignment | None, loss: ExecutorLoss
    ) -> None:
        """A slot is gone, and what ran there."""
        log.info("executor %s is lost: %s", executor.executor_id, loss.reason)
        self._offers_wanted = True
        if task is not None:  # told first: a listener counts no task for an executor that is gone
            self._ends.lost(executor, task, loss)
        now_ms = self._clock.time_ms()
        self._bus.post(SparkListenerExecutorRemoved(now_ms, executor.executor_id, loss.reason))
        self._bus.post(SparkListenerBlockManagerRemoved(now_ms, executor.executor_id, "localhost"))

    def no_executors(self, reason: str) -> None:
        """Executors cannot be started at all: that ends the application, also an idle one."""
        self._cluster_error = reason
        self._dag.nothing_can_run(reason)
        if self._on_cluster_error is not None:
            self._on_cluster_error(reason)

    def _hear_cluster_error(self, tell: Callable[[str], None]) -> None:
        self._on_cluster_error = tell
        if self._cluster_error is not None:
            tell(self._cluster_error)

    def block_updated(self, executor: ExecutorProcess, news: BlockUpdated) -> None:
        """A cached block came, moved, or went."""
        self.blocks.update(news.block_id, news.memory_bytes, news.disk_bytes, executor.executor_id)
        self._bus.post(
            SparkListenerBlockUpdated(
                news.block_id, executor.executor_id, news.memory_bytes, news.disk_bytes
            )
        )

    def task_stuck(self, task_id: int, stack: str) -> None:
        """A killed task still runs."""
        self._bus.post(SparkListenerTaskStuck(task_id, stack))

    def barrier_sync(self, executor: ExecutorProcess, news: BarrierSync) -> None:
        """A barrier task waits for the others."""
        if executor.running is not None and executor.running.task_id == news.task_id:
            self._barriers.arrive(executor.running.task_set, news)

    def may_commit(self, task: Assignment) -> bool:
        """Whether a running task may publish its output."""
        running = task.task_set.running.get(task.task_id)
        if running is None or running.kill_reason is not None:
            return False
        return self._dag.may_commit(task.task_set, running.info)

    def status_update(
        self, executor: ExecutorProcess, task: Assignment, status: StatusUpdate
    ) -> None:
        """A task has ended by itself."""
        self._offers_wanted = True
        self._ends.ended(task, status)

    def task_progressed(self, task: Assignment, records_read: int) -> None:
        """A running task has told how far it is."""
        task.task_set.progressed(task.task_id, records_read, self._clock.monotonic_s())

    # Kills from outside -------------------------------------------------------------------

    def _obey(self, intent: KillIntent) -> None:
        """Take over a kill that another process began while this one could not answer."""
        log.warning(
            "killed from outside by %s: %s, %s",
            intent.who, intent.words(self._dag.jobs.values()), intent.reason,
        )  # fmt: skip
        self.on_outside_kill(intent)
        match intent.scope:
            case KillScope.GROUP | KillScope.TAG:
                for job_id in sorted(self._dag.jobs):
                    if JobRow.of(self._dag.jobs[job_id]).is_named_by(intent):
                        self._dag.process(JobCancelled(job_id, intent.reason, True))
            case KillScope.JOB:
                self._dag.process(JobCancelled(intent.target, intent.reason, True))
            case KillScope.STAGE:
                self._dag.process(StageCancelled(intent.target, intent.reason))
            case KillScope.TASK:
                self._kills.kill_attempt(intent.target, True, intent.reason)
            case KillScope.EXECUTOR:
                self._kills.kill_executor(str(intent.target), intent.reason)
            case KillScope.APPLICATION:
                self._dag.application_killed(
                    f"Application has been killed. Reason: {intent.reason}"
                )

    def _tell_state(self) -> None:
        tasks = (task_id for task_set in self._tasks.pools.all() for task_id in task_set.running)
        self._bus.post(
            SparkListenerSchedulerState(
                self._clock.time_ms(),
                frozenset(self._dag.jobs),
                frozenset(tasks),
                frozenset(self._backend.executors),
            )
        )

    def _tell_state_again(self) -> None:
        """Now and then, whether or not somebody looks: the cure of whatever a listener missed."""
        self._tell_state()
        self._loop.call_later(self._config.tell_state_s, self._tell_state_again)

    def _restore_switch_interval(self) -> None:
        quiet_since_s = self._quiet_since_s
        if quiet_since_s is not None and time.monotonic() - quiet_since_s >= _QUIET_S:
            self._switch_interval.shorten(False)

    # Now and then --------------------------------------------------------------------------------

    def _speculate(self) -> None:
        now_s = self._clock.monotonic_s()
        for task_set in self._tasks.pools.all():
            for index in task_set.find_speculatable(now_s):
                self._offers_wanted = True
                self._bus.post(
                    SparkListenerSpeculativeTaskSubmitted(
                        task_set.stage.stage_id, task_set.attempt, index, task_set.partitions[index]
                    )
                )
        self._loop.call_later(self._config.speculation_interval_s, self._speculate)

    def _warn_if_starving(self) -> None:
        timeout_s = self._config.starvation_timeout_s
        running = any(executor.running for executor in self._backend.executors.values())
        quiet_s = time.monotonic() - self._tasks.last_launch_s
        if self._tasks.has_waiting and not running and quiet_s > timeout_s:
            log.warning(
                "Initial job has not accepted any resources; check your cluster UI to ensure "
                "that workers "
                "are registered and have sufficient resources"
            )
        self._loop.call_later(timeout_s, self._warn_if_starving)

    # The end ------------------------------------------------------------------------------------

    def _stop(self, reason: str, finished: threading.Event) -> None:
        """Kill all tasks; they get a moment to end, so that listeners hear how they did."""
        self._dag.stop(reason)
        self._switch_interval.shorten(False)
        self._backend.stop_idle()
        self._end = partial(self._end_all, reason, finished)
        self._loop.call_later(_LAST_TASKS_S, self._end_now)

    def _end_now(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            end()

    def _end_all(self, reason: str, finished: threading.Event) -> None:
        self._backend.stop()
        self._ends.stopped(reason)
        finished.set()


def _split_of(task_set: TaskSetManager, index: int) -> bytes:
    return task_set.stage.stage_input.splits[task_set.partitions[index]]


def _ignore(intent: KillIntent) -> None:
    return
