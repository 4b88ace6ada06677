"""Writes the events of an application to a file that Spark's History Server shows.

Owns    the file `<spark.eventLog.dir>/<application id>.inprogress`, which loses its suffix when
        the application ends.
Thread  `spark-listener-group-eventLog`; `open` and `close` belong to the driver.
Source  Spark's EventLoggingListener and SingleEventLogFileWriter.

A log must never harm its application: after an error of the disk it ends, with whole lines, keeps
its suffix, and the application goes on.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from dataclasses import replace
from typing import Final

from pyspark_shell.common.config_entry import Settings
from pyspark_shell.common.errors import IllegalArgumentException, InvalidInputException
from pyspark_shell.common.redaction import redact, redact_keys
from pyspark_shell.common.ui_config import (
    EVENT_LOG_BLOCK_UPDATES,
    EVENT_LOG_COMPRESS,
    EVENT_LOG_DIR,
    EVENT_LOG_ROLLING,
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
from pyspark_shell.status.json_protocol import Json, event_to_json, log_start

log: Final = logging.getLogger("pyspark_shell.EventLoggingListener")

IN_PROGRESS: Final = ".inprogress"
_MODE: Final = 0o660  # Spark's: a History Server of the same group may read
# Lines of tasks wait for the next event that matters, but no more than this.
_WAITING_BYTES: Final = 64 * 1024


class EventLogFile:
    """One file of JSON lines; it always ends with a whole one.

    Raises
    ------
    OSError
        The file cannot be made, or exists already.
    """

    def __init__(self, path: str) -> None:
        self.path: Final = path
        self._lock = threading.Lock()  # guards the descriptor against `close` from another thread
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._whole_bytes = 0
        if os.path.lexists(path):
            raise FileExistsError(f"{path} is there already")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._fd: int | None = os.open(path + IN_PROGRESS, flags, _MODE)
        os.fchmod(self._fd, _MODE)

    def write(self, event: Json, flush: bool) -> None:
        """Add a line; `flush` gives it and all before it to the system."""
        # A lone surrogate, as file names may hold, becomes an escape, which JSON has too.
        text = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
        line = text.encode("utf-8", "backslashreplace") + b"\n"
        self._waiting.append(line)
        self._waiting_bytes += len(line)
        if flush or self._waiting_bytes >= _WAITING_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write the lines that wait; after an error, all but whole lines is cut off."""
        with self._lock:
            if self._fd is None:
                return
            data = b"".join(self._waiting)
            self._waiting, self._waiting_bytes = [], 0
            try:
                _write_all(self._fd, data)
                self._whole_bytes += len(data)
            except OSError as error:
                log.error(
                    "the event log %s ends here, the application goes on: %s", self.path, error
                )
                os.ftruncate(self._fd, self._whole_bytes)
                self._end(self._fd)

    def close(self) -> None:
        """Write what waits, and give the file its final name; more than once does no harm."""
        self.flush()
        with self._lock:
            if self._fd is not None:
                self._end(self._fd)
                os.rename(self.path + IN_PROGRESS, self.path)

    def abandon(self) -> None:
        """Close a copy of the descriptor, in a fork of the process; the file is the parent's."""
        if self._fd is not None:
            self._end(self._fd)

    def _end(self, fd: int) -> None:
        self._fd = None
        os.close(fd)


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


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
        self._file: EventLogFile | None = None
        _warn_about_form(conf)

    def open(self, application_id: str, spark_version: str) -> None:
        """Begin the file; if that fails, it is told, and there is no log."""
        try:
            self._file = EventLogFile(os.path.join(self._directory, application_id))
        except OSError as error:
            log.error("there will be no event log in %s: %s", self._directory, error)
            return
        self._file.write(log_start(spark_version), flush=True)
        log.info("Logging events to %s", file_uri(self._file.path))

    def close(self) -> None:
        """End the file; to be called when no more events come."""
        if self._file is not None:
            self._file.close()

    def abandon(self) -> None:
        """Have nothing to do with the file any more; in a fork of the driver."""
        if self._file is not None:
            self._file.abandon()

    # In the bus's thread ------------------------------------------------------------------

    def _log(self, event: SparkListenerEvent, flush: bool = False) -> None:
        described = event_to_json(event) if self._file is not None else None
        if described is not None and self._file is not None:
            self._file.write(described, flush)

    def _log_and_flush(self, event: SparkListenerEvent) -> None:
        self._log(event, flush=True)

    onApplicationStart = onApplicationEnd = onResourceProfileAdded = _log_and_flush
    onBlockManagerAdded = onExecutorAdded = onExecutorRemoved = _log_and_flush
    onStageCompleted = onJobEnd = onUnpersistRDD = _log_and_flush
    onTaskStart = onTaskEnd = _log

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


def _warn_about_form(conf: Settings) -> None:
    """History Servers read every form, so one that is not there is no reason to refuse."""
    for entry, instead in (
        (EVENT_LOG_COMPRESS, "the log is written uncompressed"),
        (EVENT_LOG_ROLLING, "the log is one file"),
        (EVENT_LOG_STAGE_EXECUTOR_METRICS, "executors have no memory pools to tell of"),
    ):
        if conf.get(entry.key) is not None and entry.read(conf):
            log.warning("%s=true has no effect: %s", entry.key, instead)
