"""Writes the events of an application down for Spark's History Server.

Owns    the choice of what is written, when it is flushed, and what is redacted.
Thread  `spark-listener-group-eventLog`; `open` and `close` belong to the driver.
Source  Spark's EventLoggingListener.

A log must never harm its application: after an error of the disk the log ends, and the application
goes on.
"""

from __future__ import annotations

import logging
import os
from typing import Final

from pyspark_shell.common.config_entry import Settings
from pyspark_shell.common.errors import IllegalArgumentException, InvalidInputException
from pyspark_shell.common.record import replace
from pyspark_shell.common.redaction import redact, redact_keys
from pyspark_shell.common.ui_config import (
    EVENT_LOG_BLOCK_UPDATES,
    EVENT_LOG_COMPRESS,
    EVENT_LOG_DIR,
    EVENT_LOG_ROLLING,
    EVENT_LOG_ROLLING_MAX_FILE_SIZE,
    EVENT_LOG_STAGE_EXECUTOR_METRICS,
    REDACTION_REGEX,
)
from pyspark_shell.hadoop.paths import file_uri, local_path
from pyspark_shell.listener.events import (
    SparkListenerBlockUpdated,
    SparkListenerEnvironmentUpdate,
    SparkListenerEvent,
    SparkListenerJobStart,
    SparkListenerStageSubmitted,
)
from pyspark_shell.status.event_log_files import (
    IN_PROGRESS,
    EventLogFile,
    EventLogFiles,
    RollingEventLogFiles,
)
from pyspark_shell.status.json_protocol import event_to_json, log_start

log: Final = logging.getLogger("pyspark_shell.EventLoggingListener")


class EventLoggingListener:
    """Takes all events that Spark logs; which of them are flushed at once is Spark's choice too.

    Parameters
    ----------
    conf
        Its `spark.eventLog.*` keys; the folder must exist.

    Raises
    ------
    InvalidInputException
        There is no such folder.
    IllegalArgumentException
        It is no folder, or may not be written to.
    """

    def __init__(self, conf: Settings) -> None:
        self._directory = _checked(EVENT_LOG_DIR.read(conf))
        self._secrets = REDACTION_REGEX.read(conf)
        self._logs_blocks = EVENT_LOG_BLOCK_UPDATES.read(conf)
        is_rolling = EVENT_LOG_ROLLING.read(conf)
        self._part_bytes = EVENT_LOG_ROLLING_MAX_FILE_SIZE.read(conf) if is_rolling else None
        self._files: EventLogFiles | None = None
        _warn_of_what_is_missing(conf)

    def open(self, application_id: str, spark_version: str) -> str:
        """Begin the log; its absolute path, empty if that failed: then it is told, and there is
        none.
        """
        try:
            self._files = self._make_files(application_id)
        except OSError as error:
            log.error("there will be no event log in %s: %s", self._directory, error)
            return ""
        self._files.write(log_start(spark_version), flush=True)
        log.info("Logging events to %s", file_uri(self._files.path))
        return os.path.abspath(self._files.path)

    def _make_files(self, application_id: str) -> EventLogFiles:
        if self._part_bytes is None:
            return EventLogFile(self._directory, application_id)
        return RollingEventLogFiles(self._directory, application_id, self._part_bytes)

    @property
    def path(self) -> str | None:
        """The log's file or folder as it is called now; None if there is none."""
        if self._files is None:
            return None
        path = self._files.path
        return path if os.path.exists(path) else path + IN_PROGRESS

    def close(self) -> None:
        """End the log; to be called when no more events come."""
        if self._files is not None:
            self._files.close()

    def abandon(self) -> None:
        """Have nothing to do with the log any more; in a fork of the driver."""
        if self._files is not None:
            self._files.abandon()

    # In the bus's thread ------------------------------------------------------------------

    def _log(self, event: SparkListenerEvent, flush: bool = False) -> None:
        if self._files is not None and (described := event_to_json(event)) is not None:
            self._files.write(described, flush)

    def _log_and_flush(self, event: SparkListenerEvent) -> None:
        self._log(event, flush=True)

    onApplicationStart = onApplicationEnd = onResourceProfileAdded = _log_and_flush
    onBlockManagerAdded = onExecutorAdded = _log_and_flush
    onBlockManagerRemoved = onExecutorRemoved = _log_and_flush
    onStageCompleted = onJobEnd = onUnpersistRDD = _log_and_flush
    onTaskStart = onTaskGettingResult = onTaskEnd = _log

    def onEnvironmentUpdate(self, event: SparkListenerEnvironmentUpdate) -> None:
        """The configuration, without its secrets."""
        properties = redact(event.spark_properties, self._secrets)
        system = redact(event.system_properties, self._secrets)
        self._log(replace(event, spark_properties=properties, system_properties=system))

    def onJobStart(self, event: SparkListenerJobStart) -> None:
        """A job with its properties, among which a user may have put a secret."""
        properties = redact_keys(event.properties, self._secrets)
        self._log_and_flush(replace(event, properties=properties))

    def onStageSubmitted(self, event: SparkListenerStageSubmitted) -> None:
        """A stage attempt, likewise."""
        self._log(replace(event, properties=redact_keys(event.properties, self._secrets)))

    def onBlockUpdated(self, event: SparkListenerBlockUpdated) -> None:
        """A cached block, if `spark.eventLog.logBlockUpdates.enabled`."""
        if self._logs_blocks:
            self._log_and_flush(event)


def _checked(directory: str) -> str:
    path = local_path(directory)
    if not os.path.exists(path):
        raise InvalidInputException(
            f"The folder for event logs, {file_uri(path)}, does not exist. "
            "Make it, or set spark.eventLog.dir to one that exists."
        )
    if not os.path.isdir(path):
        raise IllegalArgumentException(f"Log directory {file_uri(path)} is not a directory.")
    if not os.access(path, os.W_OK | os.X_OK):
        raise IllegalArgumentException(
            f"Nothing can be written to the folder for event logs, {file_uri(path)}. "
            "Change its mode, or set spark.eventLog.dir to another one."
        )
    return path


def _warn_of_what_is_missing(conf: Settings) -> None:
    """A History Server does without these, so they are no reason to refuse."""
    for entry, instead in (
        (EVENT_LOG_COMPRESS, "the log is written uncompressed"),
        (EVENT_LOG_STAGE_EXECUTOR_METRICS, "executors have no memory pools to tell of"),
    ):
        if conf.get(entry.key) is not None and entry.read(conf):
            log.warning("%s=true has no effect: %s", entry.key, instead)
