"""Every `spark.*` key about which task runs when and where, and how often it is tried.

Source  Spark's names, meanings and defaults.
"""

from __future__ import annotations

from typing import Final

from pyspark_shell.common.config_entry import (
    INFINITY,
    ConfigEntry,
    at_least,
    one_of,
    optional,
    parse_boolean,
    parse_float,
    parse_kibibytes,
    parse_milliseconds,
    parse_positive,
    parse_seconds,
    parse_text,
)

# Tasks and stages -------------------------------------------------------------

TASK_CPUS: Final = ConfigEntry(
    "spark.task.cpus", 1.0, parse_positive, "Slots that one task takes; may be a fraction."
)
TASK_MAX_FAILURES: Final = ConfigEntry(
    "spark.task.maxFailures",
    4,
    at_least(1),
    "Failures of one task that end its job; 1 on a local master.",
)
STAGE_MAX_CONSECUTIVE_ATTEMPTS: Final = ConfigEntry(
    "spark.stage.maxConsecutiveAttempts",
    4,
    at_least(1),
    "Failed attempts in a row that end a stage's jobs.",
)
STAGE_MAX_ATTEMPTS: Final = ConfigEntry(
    "spark.stage.maxAttempts",
    2**31 - 1,
    at_least(1),
    "Attempts of a stage altogether.",
    has_effect=False,
)
LEGACY_ABORT_AFTER_KILL: Final = ConfigEntry(
    "spark.scheduler.stage.legacyAbortAfterKillTasks",
    True,
    parse_boolean,
    "Whether a killed stage is also told to its jobs as failed.",
    has_effect=False,
)
SCHEDULER_MODE: Final = ConfigEntry(
    "spark.scheduler.mode",
    "FIFO",
    one_of("FIFO", "FAIR"),
    "How jobs that run at once share the slots.",
)
SCHEDULER_ALLOCATION_FILE: Final = ConfigEntry[str | None](
    "spark.scheduler.allocation.file",
    None,
    optional(parse_text),
    "XML file that declares the FAIR pools.",
)
CANCELLED_GROUPS_TO_TRACK: Final = ConfigEntry(
    "spark.scheduler.numCancelledJobGroupsToTrack",
    1000,
    at_least(1),
    "Job groups remembered as cancelled for the future too.",
)
LOCALITY_WAIT: Final = ConfigEntry(
    "spark.locality.wait",
    3.0,
    parse_milliseconds,
    "Seconds a task waits for a slot near its data.",
    has_effect=False,
)
LOCALITY_WAIT_PROCESS: Final = ConfigEntry(
    "spark.locality.wait.process",
    3.0,
    parse_milliseconds,
    "Seconds a task waits for the executor that holds its block.",
    fallback=LOCALITY_WAIT,
    has_effect=False,
)
STARVATION_TIMEOUT: Final = ConfigEntry(
    "spark.starvation.timeout",
    15.0,
    parse_milliseconds,
    "Seconds without a slot before a warning is logged.",
)
SPECULATION: Final = ConfigEntry(
    "spark.speculation", False, parse_boolean, "Whether slow tasks get a second copy."
)
SPECULATION_INTERVAL: Final = ConfigEntry(
    "spark.speculation.interval",
    0.1,
    parse_milliseconds,
    "Seconds between two looks for slow tasks.",
)
SPECULATION_MULTIPLIER: Final = ConfigEntry(
    "spark.speculation.multiplier",
    3.0,
    parse_float,
    "Times the median run time from which a task is slow.",
)
SPECULATION_QUANTILE: Final = ConfigEntry(
    "spark.speculation.quantile", 0.9, parse_float, "Share of a stage that must be done first."
)
SPECULATION_MIN_RUNTIME: Final = ConfigEntry(
    "spark.speculation.minTaskRuntime",
    0.1,
    parse_milliseconds,
    "Seconds a task runs before it can be slow.",
)
SPECULATION_DURATION_THRESHOLD: Final = ConfigEntry[float | None](
    "spark.speculation.task.duration.threshold",
    None,
    optional(parse_milliseconds),
    "Seconds after which a task of a small stage is slow whatever the others do.",
)
SPECULATION_EFFICIENCY: Final = ConfigEntry(
    "spark.speculation.efficiency.enabled",
    True,
    parse_boolean,
    "Whether slow also means slow per record.",
)
SPECULATION_EFFICIENCY_RATE: Final = ConfigEntry(
    "spark.speculation.efficiency.processRateMultiplier",
    0.75,
    parse_float,
    "Share of the mean record rate below which a task is slow.",
)
SPECULATION_EFFICIENCY_DURATION: Final = ConfigEntry(
    "spark.speculation.efficiency.longRunTaskFactor",
    2.0,
    parse_float,
    "Times the slow limit from which the record rate no longer counts.",
)
BARRIER_SYNC_TIMEOUT: Final = ConfigEntry(
    "spark.barrier.sync.timeout",
    365 * 86400.0,
    parse_seconds,
    "Seconds a barrier() call waits for the others.",
)
BARRIER_CHECK_INTERVAL: Final = ConfigEntry(
    "spark.scheduler.barrier.maxConcurrentTasksCheck.interval",
    15.0,
    parse_seconds,
    "Seconds between two looks whether a barrier stage fits into the slots.",
    has_effect=False,
)
BARRIER_CHECK_MAX_FAILURES: Final = ConfigEntry(
    "spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures",
    40,
    at_least(1),
    "Looks in vain after which a barrier stage's job fails.",
    has_effect=False,
)
EXCLUDE_ON_FAILURE: Final = ConfigEntry(
    "spark.excludeOnFailure.enabled",
    False,
    parse_boolean,
    "Whether executors with many failures get no tasks.",
    has_effect=False,
)
SHUFFLE_FILE_BUFFER: Final = ConfigEntry(
    "spark.shuffle.file.buffer",
    32 << 10,
    parse_kibibytes,
    "Bytes buffered before a shuffle file is written.",
    has_effect=False,
)

# Dynamic allocation -----------------------------------------------------------

DYN_ALLOCATION_ENABLED: Final = ConfigEntry(
    "spark.dynamicAllocation.enabled",
    False,
    parse_boolean,
    "Whether executors come and go with the load.",
    has_effect=False,
)
DYN_ALLOCATION_MIN_EXECUTORS: Final = ConfigEntry(
    "spark.dynamicAllocation.minExecutors",
    0,
    at_least(0),
    "Executors that always stay.",
    has_effect=False,
)
DYN_ALLOCATION_INITIAL_EXECUTORS: Final = ConfigEntry(
    "spark.dynamicAllocation.initialExecutors",
    0,
    at_least(0),
    "Executors at the start.",
    fallback=DYN_ALLOCATION_MIN_EXECUTORS,
    has_effect=False,
)
DYN_ALLOCATION_MAX_EXECUTORS: Final = ConfigEntry[int | None](
    "spark.dynamicAllocation.maxExecutors",
    None,
    optional(at_least(1)),
    "Upper limit; unset: one a CPU.",
    has_effect=False,
)
DYN_ALLOCATION_RATIO: Final = ConfigEntry(
    "spark.dynamicAllocation.executorAllocationRatio",
    1.0,
    parse_float,
    "Executors wished for per full need.",
    has_effect=False,
)
DYN_ALLOCATION_BACKLOG_TIMEOUT: Final = ConfigEntry(
    "spark.dynamicAllocation.schedulerBacklogTimeout",
    1.0,
    parse_seconds,
    "Seconds tasks wait before growth.",
    has_effect=False,
)
DYN_ALLOCATION_SUSTAINED_BACKLOG_TIMEOUT: Final = ConfigEntry(
    "spark.dynamicAllocation.sustainedSchedulerBacklogTimeout",
    1.0,
    parse_seconds,
    "Seconds between further steps of growth.",
    fallback=DYN_ALLOCATION_BACKLOG_TIMEOUT,
    has_effect=False,
)
DYN_ALLOCATION_IDLE_TIMEOUT: Final = ConfigEntry(
    "spark.dynamicAllocation.executorIdleTimeout",
    60.0,
    parse_seconds,
    "Seconds idle before an executor goes.",
    has_effect=False,
)
DYN_ALLOCATION_CACHED_IDLE_TIMEOUT: Final = ConfigEntry(
    "spark.dynamicAllocation.cachedExecutorIdleTimeout",
    INFINITY,
    parse_seconds,
    "The same for executors that hold cached blocks.",
    has_effect=False,
)
DYN_ALLOCATION_SHUFFLE_TRACKING: Final = ConfigEntry(
    "spark.dynamicAllocation.shuffleTracking.enabled",
    True,
    parse_boolean,
    "Whether executors with shuffle files of live RDDs stay.",
    has_effect=False,
)
DYN_ALLOCATION_SHUFFLE_TIMEOUT: Final = ConfigEntry(
    "spark.dynamicAllocation.shuffleTracking.timeout",
    INFINITY,
    parse_milliseconds,
    "Seconds idle before such an executor goes.",
    has_effect=False,
)

# The listener bus -------------------------------------------------------------

LISTENER_BUS_CAPACITY: Final = ConfigEntry(
    "spark.scheduler.listenerbus.eventqueue.capacity",
    10_000,
    at_least(1),
    "Events that may wait for a slow listener; more are dropped and counted.",
)
