"""What the parts of an application are told, worked out from its configuration."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import Final

from pyspark_shell.common import pyspark_alias
from pyspark_shell.common.config import (
    COMPAT,
    DRIVER_MAX_RESULT_SIZE,
    EXECUTOR_CORES,
    EXECUTOR_HEARTBEAT_INTERVAL,
    EXECUTOR_MEMORY,
    EXECUTOR_PRELOAD,
    EXECUTOR_PYSPARK_MEMORY,
    LOCAL_DIR,
    NETWORK_TIMEOUT,
    PYTHON_FAULTHANDLER,
    PYTHON_WORKER_REUSE,
    RESULT_INLINE_LIMIT,
    TASK_INTERRUPT_AFTER,
    TASK_REAPER_ENABLED,
    TASK_REAPER_KILL_TIMEOUT,
    TASK_REAPER_POLLING_INTERVAL,
    TASK_REAPER_THREAD_DUMP,
)
from pyspark_shell.common.config_entry import ConfigEntry, at_least
from pyspark_shell.common.errors import IllegalConfig
from pyspark_shell.common.master_url import MasterUrl
from pyspark_shell.common.scheduler_config import (
    BARRIER_SYNC_TIMEOUT,
    CANCELLED_GROUPS_TO_TRACK,
    DYN_ALLOCATION_ENABLED,
    LISTENER_BUS_CAPACITY,
    SCHEDULER_ALLOCATION_FILE,
    SCHEDULER_MODE,
    SPECULATION,
    SPECULATION_DURATION_THRESHOLD,
    SPECULATION_EFFICIENCY,
    SPECULATION_EFFICIENCY_DURATION,
    SPECULATION_EFFICIENCY_RATE,
    SPECULATION_INTERVAL,
    SPECULATION_MIN_RUNTIME,
    SPECULATION_MULTIPLIER,
    SPECULATION_QUANTILE,
    STAGE_MAX_CONSECUTIVE_ATTEMPTS,
    STARVATION_TIMEOUT,
    TASK_CPUS,
    TASK_MAX_FAILURES,
)
from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.common.ui_config import STATUS_RECONCILE_INTERVAL
from pyspark_shell.driver.task_resources import assert_fits
from pyspark_shell.executor.settings import ExecutorSettings
from pyspark_shell.scheduler.dag_scheduler import DAGSchedulerLimits
from pyspark_shell.scheduler.pool import Pools, read_allocation_file
from pyspark_shell.scheduler.scheduler import SchedulerConfig
from pyspark_shell.scheduler.scheduler_backend import BackendLimits
from pyspark_shell.scheduler.speculation import SpeculationLimits
from pyspark_shell.scheduler.task_needs import TaskNeeds
from pyspark_shell.scheduler.task_reaper import ReaperLimits
from pyspark_shell.scheduler.task_set_manager import TaskSetLimits
from pyspark_shell.storage.local_dirs import LocalDirs

_QUEUE_PREFIX: Final = "spark.scheduler.listenerbus.eventqueue."
_QUEUE_SUFFIX: Final = ".capacity"
# Spark's spark.memory.fraction: what of an executor's memory caches may take.
_STORAGE_SHARE: Final = 0.6
# A tmpfs is the machine's memory; its other users must not be starved.
_TMPFS_SHARE: Final = 0.5


def local_dir(conf: SparkConf) -> str:
    """The folder for the application's directories: `SPARK_LOCAL_DIRS`, `spark.local.dir`, or the
    temporary one.
    """
    from_environment = os.environ.get("SPARK_LOCAL_DIRS", "")
    configured = LOCAL_DIR.read(conf)
    if from_environment:
        return os.path.abspath(from_environment.split(",")[0])
    return os.path.abspath(configured[0]) if configured else tempfile.gettempdir()


def executor_memory(conf: SparkConf, master: MasterUrl) -> int:
    """Bytes that one slot's process may use."""
    if master.memory_bytes is not None and conf.get("spark.executor.memory") is None:
        return max(master.memory_bytes // master.cores_per_executor, 1)
    return EXECUTOR_MEMORY.read(conf)


def address_space(conf: SparkConf) -> int:
    """Bytes that one process may map, 0 for no limit: its share of `spark.executor.pyspark.memory`.

    As in Spark, tasks share it only if `spark.executor.cores` says how many there are; the slots of
    the master URL do not count.
    """
    tasks = int((EXECUTOR_CORES.read(conf) or 1) / TASK_CPUS.read(conf))
    return (EXECUTOR_PYSPARK_MEMORY.read(conf) or 0) // max(1, tasks)


def executor_settings(
    conf: SparkConf, master: MasterUrl, application_id: str, dirs: LocalDirs
) -> ExecutorSettings:
    """What executors are told at their start."""
    memory = executor_memory(conf, master)
    free = shutil.disk_usage(dirs.memory_root).free
    budget = min(int(memory * master.total_cores * _STORAGE_SHARE), int(free * _TMPFS_SHARE))
    working_directory = os.getcwd()
    return ExecutorSettings(
        application_id=application_id,
        dirs=dirs,
        sys_path=tuple(path or working_directory for path in sys.path),
        working_directory=working_directory,
        memory_budget_bytes=budget,
        executor_memory_bytes=memory,
        inline_result_bytes=RESULT_INLINE_LIMIT.read(conf),
        max_result_bytes=DRIVER_MAX_RESULT_SIZE.read(conf),
        heartbeat_interval_s=EXECUTOR_HEARTBEAT_INTERVAL.read(conf),
        address_space_bytes=address_space(conf),
        preload=EXECUTOR_PRELOAD.read(conf),
        environment={"SPARK_LOCAL_DIRS": dirs.path("spill")},
        faulthandler=PYTHON_FAULTHANDLER.read(conf),
        watches_each_record=TASK_INTERRUPT_AFTER.read(conf) < 0,
        alias_pyspark=pyspark_alias.is_installed(),
    )


def check_settings(conf: SparkConf, master: MasterUrl) -> None:
    """Refuse settings that each can be read, but not be had together, in Spark's words.

    Raises
    ------
    IllegalConfig
        Executors would count as lost between two signs of life.
    SparkException
        A task needs more cores than an executor has.
    """
    heartbeat_s, timeout_s = EXECUTOR_HEARTBEAT_INTERVAL.read(conf), NETWORK_TIMEOUT.read(conf)
    if heartbeat_s >= timeout_s:
        raise IllegalConfig(
            "[INVALID_SPARK_CONFIG.INVALID_EXECUTOR_HEARTBEAT_INTERVAL] Invalid Spark config: The "
            f"value of {NETWORK_TIMEOUT.key}={timeout_s * 1000:.0f}ms must be greater than the "
            f"value of {EXECUTOR_HEARTBEAT_INTERVAL.key}={heartbeat_s * 1000:.0f}ms."
        )
    cores = min(master.cores_per_executor, EXECUTOR_CORES.read(conf) or master.cores_per_executor)
    assert_fits(TaskNeeds(cpus=TASK_CPUS.read(conf)), cores)


def _speculation(conf: SparkConf, master: MasterUrl) -> SpeculationLimits:
    return SpeculationLimits(
        quantile=SPECULATION_QUANTILE.read(conf),
        multiplier=SPECULATION_MULTIPLIER.read(conf),
        min_runtime_s=SPECULATION_MIN_RUNTIME.read(conf),
        threshold_s=SPECULATION_DURATION_THRESHOLD.read(conf),
        executor_slots=master.cores_per_executor,
        rate_multiplier=(
            SPECULATION_EFFICIENCY_RATE.read(conf) if SPECULATION_EFFICIENCY.read(conf) else None
        ),
        long_run_factor=SPECULATION_EFFICIENCY_DURATION.read(conf),
    )


def scheduler_config(conf: SparkConf, master: MasterUrl) -> SchedulerConfig:
    """What the scheduler is told."""
    max_failures = master.max_failures  # a local master says it alone, as in Spark
    if max_failures is None:
        max_failures = TASK_MAX_FAILURES.read(conf)
    task_sets = TaskSetLimits(
        max_failures=max_failures,
        max_result_bytes=DRIVER_MAX_RESULT_SIZE.read(conf),
        speculation=_speculation(conf, master) if SPECULATION.read(conf) else None,
    )
    return SchedulerConfig(
        backend=BackendLimits(
            slots=master.total_cores,
            cores_per_executor=master.cores_per_executor,
            network_timeout_s=NETWORK_TIMEOUT.read(conf),
            reaper=reaper_limits(conf, master),
            reuses_processes=PYTHON_WORKER_REUSE.read(conf),
        ),
        jobs=DAGSchedulerLimits(
            task_sets=task_sets,
            max_stage_failures=STAGE_MAX_CONSECUTIVE_ATTEMPTS.read(conf),
            cancelled_groups=CANCELLED_GROUPS_TO_TRACK.read(conf),
            dynamic_allocation=DYN_ALLOCATION_ENABLED.read(conf) and not master.is_local,
        ),
        speculation_interval_s=SPECULATION_INTERVAL.read(conf),
        barrier_timeout_s=BARRIER_SYNC_TIMEOUT.read(conf),
        starvation_timeout_s=STARVATION_TIMEOUT.read(conf),
        tell_state_s=STATUS_RECONCILE_INTERVAL.read(conf),
    )


def reaper_limits(conf: SparkConf, master: MasterUrl) -> ReaperLimits:
    """How killed tasks are ended; with `spark.pyshell.compat=spark` in Spark's way."""
    like_spark = COMPAT.read(conf) == "spark"
    return ReaperLimits(
        enabled=TASK_REAPER_ENABLED.read(conf),
        interrupt_after_s=TASK_INTERRUPT_AFTER.read(conf),
        polling_interval_s=TASK_REAPER_POLLING_INTERVAL.read(conf),
        kill_timeout_s=TASK_REAPER_KILL_TIMEOUT.read(conf),
        thread_dump=TASK_REAPER_THREAD_DUMP.read(conf),
        spares_executors=like_spark and master.is_local,
        exit_code=57 if like_spark else None,
    )


def bus_capacities(conf: SparkConf) -> dict[str, int]:
    """Queues of the listener bus that may hold another number of events than the others.

    Raises
    ------
    IllegalConfig
        One is no number above 0.
    """
    found = {}
    for key, _ in conf.getAll():
        name = key.removeprefix(_QUEUE_PREFIX).removesuffix(_QUEUE_SUFFIX)
        if key == f"{_QUEUE_PREFIX}{name}{_QUEUE_SUFFIX}":
            entry = ConfigEntry(key, LISTENER_BUS_CAPACITY.default, at_least(1), "")
            found[name] = entry.read(conf)
    return found


def pools(conf: SparkConf, warn: Callable[[str], None]) -> Pools:
    """The scheduler's pools."""
    path = SCHEDULER_ALLOCATION_FILE.read(conf)
    return Pools(SCHEDULER_MODE.read(conf), read_allocation_file(path, warn) if path else ())


def executor_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables of executor processes: the driver's, those the user set for tasks, and a fixed
    hash seed.

    All executors must hash strings alike, or records of one key would meet in different partitions.
    """
    return {**os.environ, "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "0"), **environment}
