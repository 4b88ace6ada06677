"""One application: builds its parts, runs its jobs, and takes it down again.

Owns    every part of the application, and the order in which they start and stop.
Thread  the user's; several may submit jobs at once.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pyspark_shell.common.call_site import first_spark_call
from pyspark_shell.common.clock import SystemClock
from pyspark_shell.common.errors import (
    SparkContextStopped,
    SparkException,
)
from pyspark_shell.common.master_url import MasterUrl
from pyspark_shell.common.process_table import KillIntent, KillScope
from pyspark_shell.common.record import replace
from pyspark_shell.common.scheduler_config import LISTENER_BUS_CAPACITY
from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.common.threads import STOP_CONTEXT, start_daemon
from pyspark_shell.common.ui_config import (
    EVENT_LOG_ENABLED,
    UI_CONSOLE_PROGRESS_INTERVAL,
    UI_RETAINED_DEAD_EXECUTORS,
    UI_RETAINED_JOBS,
    UI_RETAINED_STAGES,
    UI_RETAINED_TASKS,
    UI_SHOW_CONSOLE_PROGRESS,
)
from pyspark_shell.driver import driver_config, outside_kills
from pyspark_shell.driver.cleaner_view import CleanerView
from pyspark_shell.driver.cleanup import Cleanup
from pyspark_shell.driver.console_progress_bar import ConsoleProgressBar, running_stages
from pyspark_shell.driver.context_cleaner import ContextCleaner
from pyspark_shell.driver.driver_life import DriverLife
from pyspark_shell.driver.driver_memory import DriverMemory
from pyspark_shell.driver.environment import (
    default_profile,
    environment_update,
    profile_added,
    user_name,
)
from pyspark_shell.driver.executor_output import ExecutorOutput
from pyspark_shell.driver.jobs import Jobs
from pyspark_shell.driver.kill_policy import KillRecord
from pyspark_shell.driver.live_stacks import LiveStacks
from pyspark_shell.driver.persisted_rdds import PersistedRDDs
from pyspark_shell.driver.stack_dumps import StackDumps
from pyspark_shell.driver.task_resources import assert_fits, default_needs
from pyspark_shell.lineage.registry import LineageRegistry
from pyspark_shell.lineage.resource_profile import ResourceProfile
from pyspark_shell.listener.events import (
    SparkListenerApplicationEnd,
    SparkListenerApplicationStart,
    SparkListenerBlockManagerAdded,
)
from pyspark_shell.listener.live_listener_bus import LiveListenerBus
from pyspark_shell.scheduler.scheduler import Scheduler
from pyspark_shell.scheduler.zygote_handle import ZygoteHandle, is_zygote
from pyspark_shell.shared_variables.accumulator_registry import AccumulatorRegistry
from pyspark_shell.shared_variables.broadcast import BroadcastManager
from pyspark_shell.status.app_status_listener import AppStatusListener
from pyspark_shell.status.app_status_store import AppStatusStore
from pyspark_shell.status.application_listener import ApplicationListener
from pyspark_shell.status.kill_log import LeftThread
from pyspark_shell.storage.local_dirs import DirsClaim, LocalDirs, LocalDirsOwner
from pyspark_shell.version import SPARK_VERSION

if TYPE_CHECKING:
    from pyspark_shell.status.event_log import EventLoggingListener

log: Final = logging.getLogger("pyspark_shell.SparkContext")

T = TypeVar("T")

_STOP_TIMEOUT_S: Final = 10.0


class Driver:
    """The parts of one application.

    Parameters
    ----------
    environment
        Variables for the tasks' environment.
    """

    def __init__(
        self, conf: SparkConf, app_name: str, master: MasterUrl, environment: Mapping[str, str]
    ) -> None:
        clock = SystemClock()
        self._conf = conf
        self.start_time_ms = clock.time_ms()
        driver_config.check_settings(conf, master)
        self._needs = default_needs(conf)
        self._cores_per_executor = master.cores_per_executor
        assert_fits(self._needs, self._cores_per_executor)
        scheduler_config = driver_config.scheduler_config(conf, master)
        pools = driver_config.pools(conf, log.warning)
        self._event_log = _event_log(conf)
        claim = DirsClaim(driver_config.local_dir(conf))
        zygote = ZygoteHandle(claim, driver_config.executor_environment(environment))
        try:
            self._owner, self.application_id = _make_directories(claim, self.start_time_ms)
        except BaseException:
            zygote.close(_STOP_TIMEOUT_S)
            raise
        self._profile_ids: set[int] = set()
        self.executor_memory_bytes = driver_config.executor_memory(conf, master)
        self._python_paths: tuple[str, ...] = ()
        self._stopped = False
        self._pid = os.getpid()
        self.created_at = str(first_spark_call())
        self._stopped_at = ""
        self.stop_reason = ""  # why it was stopped, if the one who stops it says so
        self.idle_close_at_ms: int | None = None  # set by a shell that closes what nobody uses
        self._stopping = threading.Lock()  # held by the one thread that stops the application
        self._end = threading.Event()
        self._last_steps: list[tuple[str, Callable[[], object]]] = []
        self.accumulators = AccumulatorRegistry(
            lambda accumulator: self.cleanup.track_accumulator(accumulator)
        )
        self.accumulators.install()
        capacity = LISTENER_BUS_CAPACITY.read(conf)
        self.bus = LiveListenerBus(capacity, driver_config.bus_capacities(conf))
        self.status_store = AppStatusStore(
            UI_RETAINED_JOBS.read(conf),
            UI_RETAINED_STAGES.read(conf),
            UI_RETAINED_DEAD_EXECUTORS.read(conf),
            partial(self.bus.flush, name="appStatus"),
            UI_RETAINED_TASKS.read(conf),
            partial(self.bus.when_through, name="appStatus"),
        )
        self.bus.add(AppStatusListener(self.status_store), "appStatus")
        self.bus.add(ApplicationListener(self.status_store), "appStatus")
        settings = driver_config.executor_settings(
            conf, master, self.application_id, self.local_dirs
        )
        if self._event_log is not None:
            path = self._event_log.open(self.application_id, SPARK_VERSION)
            self.bus.add(self._event_log, "eventLog")
            settings = replace(settings, event_log=path)
        zygote.configure(settings, self._owner.lock_fds)
        self.scheduler = Scheduler(
            scheduler_config,
            settings,
            pools,
            self.bus,
            self.accumulators.enqueue,
            lambda: self._python_paths,
            zygote,
            clock,
        )
        self._post_start(app_name, settings.memory_budget_bytes)
        self.scheduler.on_outside_kill = self._killed_from_outside
        self.scheduler.start()
        self.cleanup = Cleanup(
            conf,
            self.scheduler,
            self.local_dirs,
            self.bus,
            self.accumulators,
            lambda: self.persisted.checkpoint_dir,
            lambda: start_daemon(STOP_CONTEXT, self.stop),
        )
        self.persisted = PersistedRDDs(self.scheduler, self.cleanup)
        self.cleanup.start()
        self.registry = LineageRegistry(self.cleanup.track_shuffle)
        self.broadcasts = BroadcastManager(
            self.local_dirs.path("broadcast"),
            self.cleanup.removals.forget_broadcast,
            lambda: str(first_spark_call()),
            self.cleanup.track_broadcast,
        )
        self.broadcasts.install()
        self.progress = self._make_progress_bar(clock)
        self._output = ExecutorOutput(
            self.local_dirs.path("logs"), self.scheduler.executors_started, self._executor_ids
        )
        self.jobs = Jobs(
            self.scheduler,
            self.cleanup,
            self.persisted,
            self.accumulators,
            self.broadcasts,
            DriverMemory.of(conf),
            self._output,
            self._needs,
            self._cores_per_executor,
            self.progress,
            self._assert_running,
        )
        self.life = DriverLife(self, conf, self.jobs.user_interrupts, self._main_ended)
        self._stacks = LiveStacks(self.scheduler, self.life.threads)
        self._stack_dumps = StackDumps(self.local_dirs.driver_stacks)
        self.life.begin()
        self.scheduler.on_cluster_error(self._cluster_failed)
        atexit.register(self.stop)
        _drivers.add(self)

    def _post_start(self, app_name: str, storage_bytes: int) -> None:
        """Tell the listeners of the application, before any of its executors."""
        now_ms, host = self.start_time_ms, "localhost"
        self._conf.set("spark.app.id", self.application_id)
        self._conf.set("spark.app.startTime", now_ms)
        self._conf.set("spark.executor.id", "driver")
        self.bus.post(default_profile(self._needs, self.executor_memory_bytes))
        self.bus.post(SparkListenerBlockManagerAdded(now_ms, "driver", host, storage_bytes))
        self.bus.post(environment_update(self._conf))
        self.bus.post(
            SparkListenerApplicationStart(app_name, self.application_id, now_ms, user_name())
        )

    @property
    def conf(self) -> SparkConf:
        """The application's settings."""
        return self._conf

    @property
    def local_dirs(self) -> LocalDirs:
        """The application's directories."""
        return self._owner.dirs

    @property
    def is_stopped(self) -> bool:
        """Whether the application has ended, or is being killed."""
        return self._stopped or self.life.killed is not None

    def _executor_ids(self) -> Iterator[str]:
        return (executor.executor_id for executor in self.scheduler.executors())

    def _assert_running(self) -> None:
        if os.getpid() != self._pid:
            raise SparkContextStopped(
                "This process was forked from the one that made the SparkContext; only that one "
                "can run jobs."
            )
        if self.is_stopped:
            raise SparkContextStopped(self.why_stopped())

    # Its end from outside --------------------------------------------------------------------

    def kill(self, reason: str, who: str) -> bool:
        """Begin to end the application with all that runs in it; False if it is being killed
        already.
        """
        site = first_spark_call()
        where = str(site) if site.function == "killApplication" else ""
        return self.life.kill.request(KillRecord(reason, who, time.time_ns() // 1_000_000, where))

    @property
    def kill_reason(self) -> str | None:
        """Why the application was killed, None if it was not."""
        killed = self.life.killed
        return None if killed is None else killed.reason

    def why_stopped(self) -> str:
        """What a call after the end is told: who ended the application, when, why, and where it
        was made.
        """
        killed = self.life.killed
        stopped = f"It was stopped at: {self._stopped_at}"
        if self.stop_reason:
            stopped = f"It was closed: {self.stop_reason}"
        ended = stopped if killed is None else str(killed)
        return (
            f"Cannot call methods on a stopped SparkContext. {ended}. It was created at: "
            f"{self.created_at}."
        )

    def _killed_from_outside(self, intent: KillIntent) -> None:
        executors = self.scheduler.executors()
        outside_kills.write_down(intent, self.status_store, executors, self.application_id)
        if intent.scope is KillScope.APPLICATION:
            self.kill(intent.reason, intent.who)

    def _cluster_failed(self, reason: str) -> None:
        """No job can run any more: the application ends, the user's own code goes on."""
        at_ms = time.time_ns() // 1_000_000
        self.life.kill.request(KillRecord(reason, "the scheduler", at_ms, "", spares_code=True))

    def fail_jobs(self, message: str) -> None:
        """Fail all jobs, and all that come later."""
        self.scheduler.application_killed(message)

    def tasks_running(self) -> int:
        """Tasks that run now."""
        return self.scheduler.tasks_running()

    def interrupt_main(self, message: str, code: object) -> None:
        """Raise `SparkApplicationKilled` in the main thread, if it still runs `code`."""
        self.life.interrupt_main(message, code)

    def is_helper_process(self, pid: int) -> bool:
        """Whether a child of this process is the engine's, of this application or another."""
        return is_zygote(pid)

    def threads_left(self, threads: Sequence[LeftThread]) -> None:
        """Note which threads of the user's a kill of the application leaves alone."""
        self.status_store.touch(*self.status_store.kills.threads_left(threads))

    def _main_ended(self) -> None:
        if not self._stopped:
            self.stop()

    # The rest ------------------------------------------------------------------------------

    @property
    def cleaner(self) -> ContextCleaner | None:
        """Removes what nobody refers to any more; None if that is switched off."""
        return self.cleanup.cleaner

    @property
    def cleaner_view(self) -> CleanerView:
        """What the cleaner watches and does."""
        return self.cleanup.view

    def use_profile(self, profile: ResourceProfile) -> None:
        """Tell the listeners of a resource profile, once."""
        if profile.id not in self._profile_ids:
            self._profile_ids.add(profile.id)
            self.bus.post(profile_added(profile))

    def add_listener(self, listener: Any) -> None:
        """Have a user's listener told of all events from now on."""
        self.bus.add(listener, "shared")

    def add_python_path(self, path: str) -> None:
        """Have tasks of stages submitted from now on find modules in `path`."""
        if path not in self._python_paths:
            self._python_paths = (*self._python_paths, path)

    def describe_threads(self, process: str = "driver") -> list[dict[str, Any]] | None:
        """Threads of the driver or of an executor, by its id, in Spark's field names and ours.

        None if there is no such executor, or it is stopped.
        """
        if process == "driver":
            return self._stacks.of_driver()
        rows = self._stacks.of_executor(process)
        for row in rows or ():
            self._name_job(row)
        return rows

    def describe_task(self, task_id: int) -> dict[str, Any] | None:
        """The thread that runs a task; None if it does not run any more."""
        row = self._stacks.of_task(task_id)
        if row is not None:
            self._name_job(row)
        return row

    def _name_job(self, row: dict[str, Any]) -> None:
        if "taskId" in row:
            row["jobId"] = self.scheduler.ask(partial(self.scheduler.job_of, row["taskId"]))

    def executor_infos(self) -> list[Any]:
        """All executors that live."""
        return self.scheduler.executors()

    def assert_empty(self) -> None:
        """Raise if any owner has something of a job left."""
        self.scheduler.assert_empty()
        self.accumulators.assert_empty()
        self.broadcasts.assert_empty()

    def at_end(self, name: str, step: Callable[[], object]) -> None:
        """Have `step` called when the application has stopped and its last events are told."""
        self._last_steps.append((name, step))

    def assert_may_stop(self) -> None:
        """Raise in a listener: there `stop` would wait for itself."""
        if self.bus.is_listener_thread():
            raise SparkException("Cannot stop SparkContext within listener bus thread.")

    def stop(self) -> None:
        """End the application: each step is tried, whatever the others did.

        A second call waits until the first is through.

        Raises
        ------
        SparkException
            Called by a listener: the bus would wait for itself.
        """
        self.assert_may_stop()
        if os.getpid() != self._pid:
            self._stopped = True
            return
        if not self._stopping.acquire(blocking=False):
            log.info("SparkContext already stopped.")
            self._end.wait(_STOP_TIMEOUT_S)
            return
        self._stopped_at = str(first_spark_call())
        self._stopped = True
        atexit.unregister(self.stop)
        _drivers.discard(self)
        self._stop_in_order()
        self._end.set()
        log.info("Successfully stopped SparkContext")

    def _stop_in_order(self) -> None:
        timeout_s = _STOP_TIMEOUT_S
        if self.life.killed is not None:
            timeout_s = self.life.kill.context_timeout_s
        self.life.end()
        if self.progress is not None:
            self.progress.stop()
        steps: list[tuple[str, Callable[[], object]]] = [
            ("cleaner", self.cleanup.stop),
            (
                "scheduler",
                partial(self.scheduler.stop, "SparkContext was shut down", timeout_s),
            ),
            ("application end", self._post_end),
            ("listener bus", partial(self.bus.stop, timeout_s)),
            ("event log", self._close_event_log),
            *self._last_steps,
            ("executor output", self._output.show),
            ("broadcasts", self.broadcasts.uninstall),
            ("accumulators", self.accumulators.tell_nobody),
            ("stack dumps", self._stack_dumps.close),
            ("local directories", self._owner.remove),
        ]
        for name, step in steps:
            try:
                step()
            except Exception:
                log.exception("stopping the %s failed, the next part is stopped", name)

    def close_in_forked_child(self) -> None:
        """Forget the application in a fork of this process: it belongs to the parent."""
        self._stopped = True
        with suppress(OSError):
            self.scheduler.close_in_forked_child()
        for fd in self._owner.lock_fds:
            with suppress(OSError):
                os.close(fd)
        self._stack_dumps.close()
        self.broadcasts.uninstall()
        if self._event_log is not None:
            self._event_log.abandon()

    @property
    def event_log_path(self) -> str | None:
        """The event log's file or folder as it is called now; None if none is written."""
        return None if self._event_log is None else self._event_log.path

    def _close_event_log(self) -> None:
        if self._event_log is not None:
            self._event_log.close()

    def _make_progress_bar(self, clock: SystemClock) -> ConsoleProgressBar | None:
        """The line that shows progress, if it is wanted and there is a terminal to show it."""
        if not UI_SHOW_CONSOLE_PROGRESS.read(self._conf) or not sys.stderr.isatty():
            return None
        bar = ConsoleProgressBar(
            lambda: running_stages(self.status_store),
            lambda: bool(self.status_store.active_job_ids()),
            UI_CONSOLE_PROGRESS_INTERVAL.read(self._conf),
            getattr(sys.stderr, "terminal", sys.stderr),  # not what clears the bar for others
            clock,
        )
        bar.start()
        return bar

    def _post_end(self) -> None:
        self.bus.post(SparkListenerApplicationEnd(time.time_ns() // 1_000_000))


_drivers: weakref.WeakSet[Driver] = weakref.WeakSet()


def _forget_in_child() -> None:
    for driver in list(_drivers):
        driver.close_in_forked_child()
    _drivers.clear()


os.register_at_fork(after_in_child=_forget_in_child)


def _event_log(conf: SparkConf) -> EventLoggingListener | None:
    """The event log, if one is wanted; only then its code is loaded."""
    if not EVENT_LOG_ENABLED.read(conf):
        return None
    from pyspark_shell.status.event_log import EventLoggingListener

    return EventLoggingListener(conf)


def _make_directories(claim: DirsClaim, start_time_ms: int) -> tuple[LocalDirsOwner, str]:
    """The application's directories under an id that no other application on the machine has."""
    while True:
        application_id = f"local-{start_time_ms}"
        try:
            return LocalDirsOwner(claim, application_id), application_id
        except FileExistsError:
            start_time_ms += 1
