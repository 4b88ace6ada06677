"""Every `spark.*` key about what people see and may do: UI, status, event log, access, kills.

Source  Spark's names and defaults; `spark_default` marks where ours differ on purpose.
"""

from __future__ import annotations

from typing import Final

from pyspark_shell.common.config_entry import (
    ConfigEntry,
    at_least,
    one_of,
    optional,
    parse_boolean,
    parse_bytes,
    parse_int,
    parse_list,
    parse_milliseconds,
    parse_pattern,
    parse_seconds,
    parse_text,
)

# Web page and terminal --------------------------------------------------------

UI_ENABLED: Final = ConfigEntry(
    "spark.ui.enabled", True, parse_boolean, "Whether the driver answers HTTP."
)
UI_PORT: Final = ConfigEntry(
    "spark.ui.port", 4040, at_least(0), "First port tried on 127.0.0.1; 0: any free one."
)
PORT_MAX_RETRIES: Final = ConfigEntry(
    "spark.port.maxRetries", 16, at_least(0), "Further ports tried when one is taken."
)
UI_KILL_ENABLED: Final = ConfigEntry(
    "spark.ui.killEnabled",
    True,
    parse_boolean,
    "Whether jobs and stages may be killed from outside.",
)
UI_ACTIONS_VIA_GET: Final = ConfigEntry[bool | None](
    "spark.ui.actionsViaGetEnabled",
    None,
    optional(parse_boolean),
    "Whether Spark's old kill links by GET work; unset: no.",
)
UI_THREAD_DUMPS: Final = ConfigEntry(
    "spark.ui.threadDumpsEnabled", True, parse_boolean, "Whether stacks of threads are shown."
)
UI_FLAMEGRAPH: Final = ConfigEntry(
    "spark.ui.threadDump.flamegraphEnabled",
    True,
    parse_boolean,
    "Whether stacks are drawn as a flame graph.",
    has_effect=False,
)
UI_FILTERS: Final = ConfigEntry[tuple[str, ...]](
    "spark.ui.filters",
    (),
    parse_list,
    "Servlet filters of Spark; the embedded engine has none.",
    has_effect=False,
)
UI_SHOW_CONSOLE_PROGRESS: Final = ConfigEntry(
    "spark.ui.showConsoleProgress", False, parse_boolean, "Whether a terminal shows progress bars."
)
UI_CONSOLE_PROGRESS_INTERVAL: Final = ConfigEntry(
    "spark.ui.consoleProgress.update.interval",
    0.2,
    parse_milliseconds,
    "Seconds between two drawings of the progress bar.",
)
OUT_WEAK: Final = ConfigEntry(
    "spark.pyshell.out.weak",
    False,
    parse_boolean,
    "Whether a notebook's Out holds RDDs weakly, so that they can be cleaned.",
)

# Status store -----------------------------------------------------------------

UI_RETAINED_JOBS: Final = ConfigEntry(
    "spark.ui.retainedJobs",
    1000,
    at_least(1),
    "Jobs remembered; finished ones beyond it go, oldest first.",
)
UI_RETAINED_STAGES: Final = ConfigEntry(
    "spark.ui.retainedStages", 1000, at_least(1), "Stages remembered, in the same way."
)
UI_RETAINED_TASKS: Final = ConfigEntry(
    "spark.ui.retainedTasks",
    100_000,
    at_least(1),
    "Tasks remembered of one stage attempt, and half of those remembered of all together.",
)
UI_RETAINED_DEAD_EXECUTORS: Final = ConfigEntry(
    "spark.ui.retainedDeadExecutors", 100, at_least(0), "Ended executors remembered."
)
UI_LIVE_UPDATE_PERIOD: Final = ConfigEntry(
    "spark.ui.liveUpdate.period",
    0.1,
    parse_milliseconds,
    "Seconds between two updates of one live row.",
)
UI_LIVE_MIN_FLUSH_PERIOD: Final = ConfigEntry(
    "spark.ui.liveUpdate.minFlushPeriod",
    1.0,
    parse_milliseconds,
    "Seconds after which stale rows are written.",
    has_effect=False,
)

STATUS_RECONCILE_INTERVAL: Final = ConfigEntry(
    "spark.pyshell.status.reconcileInterval",
    5.0,
    parse_milliseconds,
    "Seconds after which rows are put right by what the scheduler knows.",
)

# Event log --------------------------------------------------------------------

EVENT_LOG_ENABLED: Final = ConfigEntry(
    "spark.eventLog.enabled",
    False,
    parse_boolean,
    "Whether events are written for a History Server.",
)
EVENT_LOG_DIR: Final = ConfigEntry(
    "spark.eventLog.dir",
    "file:/tmp/spark-events",
    parse_text,
    "Folder of event logs; it must exist.",
)
EVENT_LOG_COMPRESS: Final = ConfigEntry(
    "spark.eventLog.compress",
    False,
    parse_boolean,
    "Whether they are compressed.",
    spark_default=True,
)
EVENT_LOG_ROLLING: Final = ConfigEntry(
    "spark.eventLog.rolling.enabled",
    False,
    parse_boolean,
    "Whether they are cut into parts.",
    spark_default=True,
)
EVENT_LOG_ROLLING_MAX_FILE_SIZE: Final = ConfigEntry(
    "spark.eventLog.rolling.maxFileSize",
    128 << 20,
    parse_bytes,
    "Bytes of a part after which the next one begins.",
)
EVENT_LOG_BLOCK_UPDATES: Final = ConfigEntry(
    "spark.eventLog.logBlockUpdates.enabled",
    False,
    parse_boolean,
    "Whether block updates are written too.",
)
EVENT_LOG_STAGE_EXECUTOR_METRICS: Final = ConfigEntry(
    "spark.eventLog.logStageExecutorMetrics",
    False,
    parse_boolean,
    "Whether peaks of memory are written too.",
)
REDACTION_REGEX: Final = ConfigEntry(
    "spark.redaction.regex",
    r"(?i)secret|password|token|access[.]?key",
    parse_pattern,
    "Keys whose values are never shown.",
)

# Who may look and kill --------------------------------------------------------

ACLS_ENABLE: Final = ConfigEntry(
    "spark.acls.enable", False, parse_boolean, "Whether users are checked at all."
)
ADMIN_ACLS: Final = ConfigEntry[tuple[str, ...]](
    "spark.admin.acls", (), parse_list, "Users who may see and kill everything."
)
ADMIN_ACLS_GROUPS: Final = ConfigEntry[tuple[str, ...]](
    "spark.admin.acls.groups", (), parse_list, "Groups of such users."
)
MODIFY_ACLS: Final = ConfigEntry[tuple[str, ...]](
    "spark.modify.acls", (), parse_list, "Users who may kill."
)
MODIFY_ACLS_GROUPS: Final = ConfigEntry[tuple[str, ...]](
    "spark.modify.acls.groups", (), parse_list, "Groups of such users."
)
UI_VIEW_ACLS: Final = ConfigEntry[tuple[str, ...]](
    "spark.ui.view.acls", (), parse_list, "Users who may see."
)
UI_VIEW_ACLS_GROUPS: Final = ConfigEntry[tuple[str, ...]](
    "spark.ui.view.acls.groups", (), parse_list, "Groups of such users."
)
USER_GROUPS_MAPPING: Final = ConfigEntry[str | None](
    "spark.user.groups.mapping",
    None,
    optional(parse_text),
    "What names a user's groups; unset: the system.",
    has_effect=False,
)

# Killing an application -------------------------------------------------------

KILL_JOBS_TIMEOUT: Final = ConfigEntry(
    "spark.pyshell.kill.jobsTimeout", 2.0, parse_milliseconds, "Seconds for the jobs to end."
)
KILL_CONTEXT_TIMEOUT: Final = ConfigEntry(
    "spark.pyshell.kill.contextTimeout",
    10.0,
    parse_milliseconds,
    "Seconds for each part of the context to stop.",
)
KILL_GRACE_PERIOD: Final = ConfigEntry(
    "spark.pyshell.kill.gracePeriod",
    2.0,
    parse_milliseconds,
    "Seconds for a script's own code to notice by itself.",
)
KILL_CELL_GRACE_PERIOD: Final = ConfigEntry(
    "spark.pyshell.kill.cellGracePeriod",
    0.2,
    parse_milliseconds,
    "Seconds for a cell, or a line of a shell, to notice by itself.",
)
KILL_INTERRUPT_ATTEMPTS: Final = ConfigEntry(
    "spark.pyshell.kill.interruptAttempts",
    3,
    at_least(0),
    "Interrupts sent to the main thread, one a second.",
)
KILL_THREADS: Final = ConfigEntry(
    "spark.pyshell.kill.threads",
    "report",
    one_of("report", "interrupt", "ignore"),
    "What is done about the user's own threads.",
)
KILL_CHILDREN: Final = ConfigEntry(
    "spark.pyshell.kill.children",
    "report",
    one_of("report", "kill"),
    "What is done about processes that user code started.",
)
KILL_TERMINATE: Final = ConfigEntry[bool | None](
    "spark.pyshell.kill.terminate",
    None,
    optional(parse_boolean),
    "Whether the driver process is ended at last; unset: for scripts only.",
)
KILL_TERMINATE_TIMEOUT: Final = ConfigEntry(
    "spark.pyshell.kill.terminateTimeout", 10.0, parse_milliseconds, "Seconds before that."
)

# Drivers that others manage ---------------------------------------------------

FUSION_IDLE_TIME: Final = ConfigEntry(
    "fusion.spark.idleTime",
    300.0,
    parse_seconds,
    "Fusion's name for spark.pyshell.driver.idleTime.",
)
DRIVER_IDLE_TIME: Final = ConfigEntry(
    "spark.pyshell.driver.idleTime",
    300.0,
    parse_seconds,
    "Seconds idle before a context is closed; 0: never.",
    fallback=FUSION_IDLE_TIME,
)
DRIVER_REGISTRY: Final = ConfigEntry[str | None](
    "spark.pyshell.driver.registry",
    None,
    optional(parse_text),
    "Folder where running drivers are listed.",
    has_effect=False,
)
DRIVER_PORT: Final = ConfigEntry(
    "spark.pyshell.driver.port",
    8765,
    parse_int,
    "Port of the driver manager on 127.0.0.1.",
    has_effect=False,
)
SCRIPTED_PREWARM: Final = ConfigEntry(
    "spark.pyshell.scripted.prewarm",
    1,
    at_least(0),
    "Fresh processes kept ready for scripts.",
    has_effect=False,
)
CALL_SYSTEM_EXIT_ON_MAIN_EXIT: Final = ConfigEntry(
    "spark.submit.callSystemExitOnMainExit",
    False,
    parse_boolean,
    "Whether a script's end ends the process though threads still run.",
    has_effect=False,
)
