"""SparkContext: the door to the engine, and all that a user may say to it.

Owns    the one active context of the process; ids; the calling thread's local properties. What runs
        is the driver's.
Thread  the user's; several may submit jobs at once.
Source  PySpark's SparkContext, without what needs a JVM.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from importlib import import_module
from itertools import chain
from types import TracebackType
from typing import Any, ClassVar, NoReturn

from pyspark_shell.api.context_facts import ContextFacts
from pyspark_shell.api.context_files import ContextFiles
from pyspark_shell.api.context_setup import (
    copy_of,
    fill_defaults,
    log_level_number,
    task_environment,
)
from pyspark_shell.api.input_files import InputFiles
from pyspark_shell.api.process_state import ProcessState
from pyspark_shell.api.profiler import BasicProfiler, Profiler, ProfilerCollector
from pyspark_shell.api.rdd_jobs import PYTHON_VERSION
from pyspark_shell.api.status_tracker import StatusTracker
from pyspark_shell.common.call_site import first_spark_call
from pyspark_shell.common.config import (
    ALLOW_SPARK_CONTEXT_IN_EXECUTORS,
    ARCHIVES,
    CHECKPOINT_DIR,
    DEFAULT_PARALLELISM,
    FILES,
    LOG_LEVEL,
    PY_FILES,
    PYTHON_PROFILE,
    PYTHON_PROFILE_DUMP,
)
from pyspark_shell.common.config_registry import (
    check_values,
    warn_about_unknown,
    warn_about_useless,
)
from pyspark_shell.common.context_ui import make_ui
from pyspark_shell.common.errors import PySparkRuntimeError
from pyspark_shell.common.planned_master import planned_master
from pyspark_shell.common.resource_discovery import driver_resources
from pyspark_shell.common.serializers import (
    AutoBatchedSerializer,
    BatchedSerializer,
    CPickleSerializer,
    Serializer,
)
from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.lineage.task_context import TaskContext


class SparkContext(InputFiles, ContextFiles, ContextFacts):
    """A running application: makes RDDs, runs jobs, ships data and files to tasks.

    One context may be active in a process; `stop()` it before the next one. What is given here wins
    over `conf`, and `conf` over the defaults.

    Parameters
    ----------
    master
        Where tasks run: `local`, `local[4]`, `local[*]`, `local[2,3]` (three attempts of a task),
        `local-cluster[2,1,1024]`.
    appName
        Name of the application, for people.
    sparkHome
        Kept for PySpark's sake.
    pyFiles
        `.py`, `.zip` and `.egg` files that tasks can import from.
    environment
        Variables for the tasks' environment.
    batchSize
        Records pickled together by `parallelize`; 0: chosen automatically, -1: no limit.
    serializer
        Kept as `sc.serializer`; the engine's own blocks are always pickles.
    conf
        Settings; copied, so that later changes do nothing.
    profiler_cls
        What profiles tasks when `spark.python.profile` is true.

    Examples
    --------
    >>> with SparkContext("local[2]", "sums") as sc:  # doctest: +SKIP
    ...     sc.parallelize([1, 2, 3]).sum()
    6
    """

    _gateway: ClassVar[None] = None
    _jvm: ClassVar[None] = None
    _active_spark_context: ClassVar[SparkContext | None] = None
    # Guards which context is the active one.
    _lock: ClassVar[threading.RLock] = threading.RLock()
    # Called with each context as soon as it runs, in the thread that makes it: how a shell, which
    # stands above this room, takes part.
    _on_start: ClassVar[list[Callable[[SparkContext], None]]] = []

    def __init__(
        self,
        master: str | None = None,
        appName: str | None = None,
        sparkHome: str | None = None,
        pyFiles: list[str] | None = None,
        environment: dict[str, Any] | None = None,
        batchSize: int = 0,
        serializer: Serializer = CPickleSerializer(),  # noqa: B008  PySpark's signature
        conf: SparkConf | None = None,
        gateway: None = None,
        jsc: None = None,
        profiler_cls: type[Profiler] = BasicProfiler,
        udf_profiler_cls: type[Profiler] | None = None,
        memory_profiler_cls: type[Profiler] | None = None,
    ) -> None:
        if conf is None or not ALLOW_SPARK_CONTEXT_IN_EXECUTORS.read(conf):
            self._assert_on_driver()
        super().__init__()
        self._outer_state = None if TaskContext.get() is None else ProcessState.take()
        self._callsite = first_spark_call()
        self._open_iterators: set[object] = set()  # toLocalIterator's, so that none is idle
        self._ui = None
        self._conf = copy_of(conf)
        self._set_explicitly(master, appName, sparkHome, environment)
        self._become_the_active_one()
        try:
            self._batchSize = batchSize
            self._unbatched_serializer = serializer
            self.serializer: Serializer = (
                AutoBatchedSerializer(serializer)
                if batchSize == 0
                else BatchedSerializer(serializer, batchSize)
            )
            self._start()
            self.profiler_collector = self._make_profiler_collector(
                profiler_cls, udf_profiler_cls, memory_profiler_cls
            )
            self._ship(pyFiles or [])
            for begin in SparkContext._on_start:
                begin(self)
        except BaseException:
            self.stop()
            raise

    # Start and end ------------------------------------------------------------------

    def _set_explicitly(
        self,
        master: str | None,
        app_name: str | None,
        spark_home: str | None,
        environment: dict[str, Any] | None,
    ) -> None:
        if master:
            self._conf.setMaster(master)
        if app_name:
            self._conf.setAppName(app_name)
        if spark_home:
            self._conf.setSparkHome(spark_home)
        for name, value in (environment or {}).items():
            self._conf.setExecutorEnv(name, value)

    def _become_the_active_one(self) -> None:
        self.master, self.appName = fill_defaults(self._conf)
        self.sparkHome = self._conf.get("spark.home")
        with SparkContext._lock:
            SparkContext._let_go_of_killed()
            other = SparkContext._active_spark_context
            if other is not None:
                site = other._callsite
                raise ValueError(
                    "Cannot run multiple SparkContexts at once; existing "
                    f"SparkContext(app={other.appName}, master={other.master}) created by "
                    f"{site.function} at {site.file}:{site.linenum} "
                )
            SparkContext._active_spark_context = self

    def _start(self) -> None:
        from pyspark_shell.driver.driver import Driver

        master = planned_master(self._conf, self.master)
        self.environment = task_environment(self._conf)
        self.pythonExec = os.environ.get("PYSPARK_PYTHON", sys.executable)
        self.pythonVer = PYTHON_VERSION
        self._encryption_enabled = False
        keys = [key for key, _ in self._conf.getAll()]
        warn_about_unknown(keys)
        warn_about_useless(keys)
        check_values(self._conf)
        level = LOG_LEVEL.read(self._conf)
        if level is not None:
            self.setLogLevel(level)
        self._default_parallelism = DEFAULT_PARALLELISM.read(self._conf) or max(
            master.total_cores, 1 if master.is_local else 2
        )
        self._resources = driver_resources(self._conf)
        self._driver = Driver(self._conf, self.appName, master, self.environment)
        self._temp_dir = self._driver.local_dirs.root
        self._executor_memory_bytes = self._driver.executor_memory_bytes
        self._start_files()
        checkpoint_dir = CHECKPOINT_DIR.read(self._conf)
        if checkpoint_dir is not None:
            self.setCheckpointDir(checkpoint_dir)
        self._ui = make_ui(self)

    def _ship(self, py_files: Iterable[str]) -> None:
        for path in dict.fromkeys(chain(py_files, PY_FILES.read(self._conf))):
            self.addPyFile(path)
        for path in FILES.read(self._conf):
            self.addFile(path)
        for path in ARCHIVES.read(self._conf):
            self.addArchive(path)

    def _make_profiler_collector(
        self,
        profiler_cls: type[Profiler],
        udf_profiler_cls: type[Profiler] | None,
        memory_profiler_cls: type[Profiler] | None,
    ) -> ProfilerCollector | None:
        if not PYTHON_PROFILE.read(self._conf):
            return None
        self._engine.jobs.profiler_for = self._profiler_for
        dump_path = PYTHON_PROFILE_DUMP.read(self._conf)
        return ProfilerCollector(profiler_cls, udf_profiler_cls, memory_profiler_cls, dump_path)

    @classmethod
    def getOrCreate(cls, conf: SparkConf | None = None) -> SparkContext:
        """The active context, whatever `conf` says; without one, a new one made from `conf`.

        Parameters
        ----------
        conf
            Settings of the new one; the defaults if not given.

        Examples
        --------
        >>> SparkContext.getOrCreate() is sc
        True
        """
        with SparkContext._lock:
            cls._let_go_of_killed()
            if SparkContext._active_spark_context is None:
                cls(conf=conf or SparkConf())
            assert SparkContext._active_spark_context is not None
            return SparkContext._active_spark_context

    @classmethod
    def _let_go_of_killed(cls) -> None:
        """A context whose application was killed is active no more when another one is wanted."""
        active = SparkContext._active_spark_context
        if active is not None and active._driver is not None and active._driver.is_stopped:
            active.stop()

    def stop(self) -> None:
        """End the application.

        Its jobs fail, its processes and files go. Calling it again does nothing.

        Raises
        ------
        SparkException
            A listener calls it, which would wait for itself.

        Examples
        --------
        >>> sc.stop()  # doctest: +SKIP
        >>> sc.isStopped  # doctest: +SKIP
        True
        """
        if self._driver is not None:
            self._driver.assert_may_stop()
            self._killed = self._driver.life.killed
        driver, self._driver = self._driver, None
        try:
            if driver is not None:
                self._stop_files()
                driver.stop()
                self._killed = driver.life.killed
                self._why_stopped = driver.why_stopped()
        finally:
            self._ui = None
            if self._outer_state is not None:
                self._outer_state.restore()
            with SparkContext._lock:
                if SparkContext._active_spark_context is self:
                    SparkContext._active_spark_context = None

    def _stop_because(self, reason: str) -> None:
        """End the application; calls that come later are told why."""
        if self._driver is not None:
            self._driver.stop_reason = reason
        self.stop()

    def __enter__(self) -> SparkContext:
        return self

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _active_instead(self) -> str:
        active = SparkContext._active_spark_context
        driver = None if active is None or active is self else active._driver
        if driver is None or driver.is_stopped:
            return "No SparkContext is active: make a new one with SparkContext(...)."
        return f"The currently active SparkContext was created at: {driver.created_at}."

    @staticmethod
    def _assert_on_driver() -> None:
        if TaskContext.get() is not None:
            raise _only_on_driver()

    def __getnewargs__(self) -> NoReturn:
        raise _only_on_driver()

    def __reduce__(self) -> NoReturn:
        raise _only_on_driver()

    def setLogLevel(self, logLevel: str) -> None:
        """Choose what the engine logs.

        Parameters
        ----------
        logLevel
            ALL, TRACE, DEBUG, INFO, WARN, ERROR, FATAL or OFF, in any case; set for Python's logger
            `pyspark_shell` in the driver.

        Raises
        ------
        IllegalArgumentException
            There is no such level.

        Examples
        --------
        >>> import logging
        >>> logger = logging.getLogger("pyspark_shell")
        >>> before = logger.level
        >>> sc.setLogLevel("error")
        >>> logging.getLevelName(logger.level)
        'ERROR'
        >>> logger.setLevel(before)
        """
        import logging

        logging.getLogger("pyspark_shell").setLevel(log_level_number(logLevel))

    # Jobs -------------------------------------------------------------------------------

    def statusTracker(self) -> StatusTracker:
        """Tells of jobs, stages and executors.

        Examples
        --------
        >>> sc.statusTracker().getActiveJobsIds()
        []
        """
        return StatusTracker(self._engine)

    def panel(self) -> Any:
        """Jobs, executors, cache and threads as a widget, with buttons that kill; in a terminal
        None, after a sentence about what does the same there.

        Examples
        --------
        >>> sc.panel()
        sc.panel() is for notebooks. ...
        """
        # What draws stands on a higher floor than what is drawn.
        return import_module("pyspark_shell.widgets.panel").panel_of(self)


def _only_on_driver() -> PySparkRuntimeError:
    return PySparkRuntimeError(errorClass="CONTEXT_ONLY_VALID_ON_DRIVER", messageParameters={})


def _forget_in_forked_child() -> None:
    """A forked copy of a driver must not speak over the driver's channels, nor delete its files."""
    context = SparkContext._active_spark_context
    SparkContext._lock = threading.RLock()
    SparkContext._active_spark_context = None
    if context is not None:
        context._driver = None
        context._why_stopped = (
            "This process was forked from the one that made the SparkContext, "
            "which alone can use it"
        )


os.register_at_fork(after_in_child=_forget_in_forked_child)
