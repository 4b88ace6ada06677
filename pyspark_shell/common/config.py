"""Every `spark.*` key that the engine reads, each declared once.

Read a key by its entry, `EXECUTOR_MEMORY.read(conf)`, never by its name. Durations are seconds and
sizes bytes, whatever unit the text had. Keys about scheduling stand in `scheduler_config`, those
about what people see in `ui_config`.
Source  Spark's names, meanings and defaults; `spark_default` marks where ours differ on purpose.
"""

from __future__ import annotations

from typing import Final

from pyspark_shell.common.config_entry import (
    COMPAT_KEY,
    at_least,
    one_of,
    optional,
    parse_boolean,
    parse_float,
    parse_int,
    parse_list,
    parse_mebibytes,
    parse_milliseconds,
    parse_seconds,
    parse_text,
)
from pyspark_shell.common.config_entry import ConfigEntry as ConfigEntry
from pyspark_shell.common.config_entry import parse_bytes as parse_bytes

# Application ------------------------------------------------------------------

MASTER: Final = ConfigEntry[str | None](
    "spark.master", None, optional(parse_text), "Where tasks run, such as local[4]."
)
APP_NAME: Final = ConfigEntry[str | None](
    "spark.app.name", None, optional(parse_text), "Name of the application, for people."
)
APP_ID: Final = ConfigEntry[str | None](
    "spark.app.id", None, optional(parse_text), "Id of the application, set when it starts."
)
APP_START_TIME: Final = ConfigEntry[int | None](
    "spark.app.startTime", None, optional(parse_int), "Milliseconds since the epoch, set at start."
)
SPARK_HOME: Final = ConfigEntry[str | None](
    "spark.home",
    None,
    optional(parse_text),
    "Where Spark is installed; the embedded engine needs none.",
)
LOG_LEVEL: Final = ConfigEntry[str | None](
    "spark.log.level",
    None,
    optional(one_of("ALL", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "OFF")),
    "Log level set when the context starts.",
)
LOCAL_DIR: Final = ConfigEntry[tuple[str, ...]](
    "spark.local.dir",
    (),
    parse_list,
    "Folders for blocks and spills; empty: the system's temporary one.",
)
PY_FILES: Final = ConfigEntry[tuple[str, ...]](
    "spark.submit.pyFiles", (), parse_list, ".py, .zip and .egg files that tasks can import from."
)
FILES: Final = ConfigEntry[tuple[str, ...]](
    "spark.files", (), parse_list, "Files that every task finds with SparkFiles.get."
)
ARCHIVES: Final = ConfigEntry[tuple[str, ...]](
    "spark.archives", (), parse_list, "Archives that are unpacked for every task."
)
FILES_OVERWRITE: Final = ConfigEntry(
    "spark.files.overwrite",
    False,
    parse_boolean,
    "Whether addFile may replace a file of other content.",
)
FILES_MAX_PARTITION_BYTES: Final = ConfigEntry(
    "spark.files.maxPartitionBytes",
    128 << 20,
    parse_bytes,
    "Bytes of files that one partition packs.",
)
FILES_OPEN_COST: Final = ConfigEntry(
    "spark.files.openCostInBytes", 4 << 20, parse_bytes, "What opening a file costs, in bytes read."
)
VALIDATE_OUTPUT_SPECS: Final = ConfigEntry(
    "spark.hadoop.validateOutputSpecs",
    True,
    parse_boolean,
    "Whether saving onto a folder that exists fails.",
)
DEFAULT_PARALLELISM: Final = ConfigEntry[int | None](
    "spark.default.parallelism",
    None,
    optional(at_least(1)),
    "Partitions where a call names no number.",
)
CHECKPOINT_DIR: Final = ConfigEntry[str | None](
    "spark.checkpoint.dir",
    None,
    optional(parse_text),
    "Checkpoint folder set when the context starts.",
)
COMPAT: Final = ConfigEntry[str | None](
    COMPAT_KEY, None, optional(one_of("spark")), "`spark`: take Spark's defaults where ours differ."
)

# Processes --------------------------------------------------------------------

EXECUTOR_INSTANCES: Final = ConfigEntry[int | None](
    "spark.executor.instances",
    None,
    optional(at_least(1)),
    "Executors, where the master leaves it open, as local[*] does.",
)
EXECUTOR_CORES: Final = ConfigEntry[int | None](
    "spark.executor.cores", None, optional(at_least(1)), "Task slots of one executor."
)
EXECUTOR_MEMORY: Final = ConfigEntry(
    "spark.executor.memory", 1 << 30, parse_mebibytes, "Memory budget of one executor, in bytes."
)
EXECUTOR_PYSPARK_MEMORY: Final = ConfigEntry[int | None](
    "spark.executor.pyspark.memory",
    None,
    optional(parse_mebibytes),
    "Address space of the processes of `spark.executor.cores` tasks together, in bytes; more "
    "fails.",
)
ALLOW_SPARK_CONTEXT_IN_EXECUTORS: Final = ConfigEntry(
    "spark.executor.allowSparkContext",
    False,
    parse_boolean,
    "Whether a task may make a context of its own.",
)
EXECUTOR_HEARTBEAT_INTERVAL: Final = ConfigEntry(
    "spark.executor.heartbeatInterval",
    2.0,
    parse_milliseconds,
    "Seconds between two signs of life of an executor.",
    spark_default=10.0,
)
NETWORK_TIMEOUT: Final = ConfigEntry(
    "spark.network.timeout",
    15.0,
    parse_seconds,
    "Seconds of silence after which an executor counts as lost.",
    spark_default=120.0,
)
ALIAS_PYSPARK: Final = ConfigEntry[bool | None](
    "spark.pyshell.aliasPyspark",
    None,
    optional(parse_boolean),
    "Whether `import pyspark` means this package in our shells; unset: if it is not installed.",
)
EXECUTOR_PRELOAD: Final = ConfigEntry[tuple[str, ...]](
    "spark.pyshell.executor.preload",
    (),
    parse_list,
    "Modules imported once, before executors are forked.",
)
DRIVER_MEMORY: Final = ConfigEntry(
    "spark.driver.memory",
    1 << 30,
    parse_mebibytes,
    "Bytes the driver may grow by through collected results.",
)
DRIVER_MEMORY_GUARD: Final = ConfigEntry(
    "spark.pyshell.driver.memoryGuard",
    0.8,
    parse_float,
    "Share of the driver's memory at which a collect is aborted instead of the process.",
)
DRIVER_MAX_RESULT_SIZE: Final = ConfigEntry(
    "spark.driver.maxResultSize",
    1 << 30,
    parse_bytes,
    "Bytes of one stage's results together; 0: no limit.",
)
TASK_MAX_DIRECT_RESULT_SIZE: Final = ConfigEntry(
    "spark.task.maxDirectResultSize",
    1 << 20,
    parse_bytes,
    "Largest result that travels inside a message.",
)
RESULT_INLINE_LIMIT: Final = ConfigEntry(
    "spark.pyshell.result.inlineLimit",
    1 << 20,
    parse_bytes,
    "Bytes above which a task's result travels as a file.",
    fallback=TASK_MAX_DIRECT_RESULT_SIZE,
)

# Python workers ---------------------------------------------------------------

PYTHON_WORKER_REUSE: Final = ConfigEntry(
    "spark.python.worker.reuse", True, parse_boolean, "Whether a process serves more than one task."
)
PYTHON_WORKER_MEMORY: Final = ConfigEntry(
    "spark.python.worker.memory",
    512 << 20,
    parse_mebibytes,
    "Bytes after which groups and sorts spill to disk.",
)
PYTHON_FAULTHANDLER: Final = ConfigEntry(
    "spark.python.worker.faulthandler.enabled",
    False,
    parse_boolean,
    "Whether a crash leaves a Python stack.",
)
PYTHON_IDLE_TIMEOUT: Final = ConfigEntry(
    "spark.python.worker.idleTimeoutSeconds",
    0.0,
    parse_seconds,
    "Seconds without progress after which a task is reported; 0: never.",
    has_effect=False,
)
PYTHON_KILL_ON_IDLE: Final = ConfigEntry(
    "spark.python.worker.killOnIdleTimeout",
    False,
    parse_boolean,
    "Whether such a task's process is ended.",
    has_effect=False,
)
PYTHON_TRACEBACK_INTERVAL: Final = ConfigEntry(
    "spark.python.worker.tracebackDumpIntervalSeconds",
    0.0,
    parse_seconds,
    "Seconds between two dumps of a task's stack; 0: none.",
    has_effect=False,
)
PYTHON_USE_DAEMON: Final = ConfigEntry(
    "spark.python.use.daemon",
    True,
    parse_boolean,
    "Accepted for Spark's sake; executors are always forked.",
    has_effect=False,
)
PYTHON_TASK_KILL_TIMEOUT: Final = ConfigEntry(
    "spark.python.task.killTimeout",
    2.0,
    parse_milliseconds,
    "Seconds a killed Python task is given by Spark.",
    has_effect=False,
)
PYTHON_PROFILE: Final = ConfigEntry(
    "spark.python.profile", False, parse_boolean, "Whether each RDD's Python code is profiled."
)
PYTHON_PROFILE_DUMP: Final = ConfigEntry[str | None](
    "spark.python.profile.dump",
    None,
    optional(parse_text),
    "Folder for profiles at exit; unset: print them.",
)
PYTHON_PROFILE_MEMORY: Final = ConfigEntry(
    "spark.python.profile.memory",
    False,
    parse_boolean,
    "Whether memory is profiled; SQL functions only.",
    has_effect=False,
)

# Killing ----------------------------------------------------------------------

TASK_INTERRUPT_AFTER: Final = ConfigEntry(
    "spark.pyshell.task.interruptAfter",
    0.05,
    parse_milliseconds,
    "Seconds a killed task may go on before TaskKilledException is raised in it; negative: only "
    "what `interruptOnCancel` asks for.",
    spark_default=-1.0,
)
TASK_REAPER_ENABLED: Final = ConfigEntry(
    "spark.task.reaper.enabled",
    True,
    parse_boolean,
    "Whether killed tasks are watched until they are gone.",
    spark_default=False,
)
TASK_REAPER_POLLING_INTERVAL: Final = ConfigEntry(
    "spark.task.reaper.pollingInterval",
    1.0,
    parse_milliseconds,
    "Seconds between two warnings about a killed task that still runs.",
    spark_default=10.0,
)
TASK_REAPER_THREAD_DUMP: Final = ConfigEntry(
    "spark.task.reaper.threadDump",
    True,
    parse_boolean,
    "Whether such a warning shows the task's stack.",
)
TASK_REAPER_KILL_TIMEOUT: Final = ConfigEntry(
    "spark.task.reaper.killTimeout",
    2.0,
    parse_milliseconds,
    "Seconds a killed task may run on before its executor is ended; below 0: for ever.",
    spark_default=-1.0,
)

# Cleaning ---------------------------------------------------------------------

CLEANER_REFERENCE_TRACKING: Final = ConfigEntry(
    "spark.cleaner.referenceTracking",
    True,
    parse_boolean,
    "Whether what nobody refers to any more is removed.",
)
CLEANER_BLOCKING: Final = ConfigEntry(
    "spark.cleaner.referenceTracking.blocking",
    True,
    parse_boolean,
    "Whether each removal is waited for.",
)
CLEANER_BLOCKING_SHUFFLE: Final = ConfigEntry(
    "spark.cleaner.referenceTracking.blocking.shuffle",
    False,
    parse_boolean,
    "The same for shuffles.",
)
CLEANER_BLOCKING_TIMEOUT: Final = ConfigEntry(
    "spark.cleaner.referenceTracking.blocking.timeout",
    15.0,
    parse_seconds,
    "Seconds one removal is waited for.",
    fallback=NETWORK_TIMEOUT,
)
CLEANER_CHECKPOINTS: Final = ConfigEntry(
    "spark.cleaner.referenceTracking.cleanCheckpoints",
    False,
    parse_boolean,
    "Whether checkpoint files go when nobody refers to their RDD.",
)
CLEANER_PERIODIC_GC_INTERVAL: Final = ConfigEntry(
    "spark.cleaner.periodicGC.interval",
    1800.0,
    parse_seconds,
    "Seconds between two garbage collections.",
)
CLEANER_MIN_AGE: Final = ConfigEntry(
    "spark.pyshell.cleaner.minAge",
    0.0,
    parse_seconds,
    "Seconds that something unreachable is still kept.",
)
CLEANER_GC_ON_BYTES: Final = ConfigEntry(
    "spark.pyshell.cleaner.gcOnBytes",
    1 << 30,
    parse_bytes,
    "Growth on disk that starts a garbage collection.",
)
