"""The files of an event log: one, or a folder of parts.

Owns    what is written below `spark.eventLog.dir`.
Thread  one writer; `close` and `abandon` may come from another thread.
Source  Spark's SingleEventLogFileWriter and RollingEventLogFilesWriter.

    <dir>/<application id>[.inprogress]                                 the one file

    <dir>/eventlog_v2_<application id>/appstatus_<id>[.inprogress]      empty: only its name matters
    <dir>/eventlog_v2_<application id>/events_<n>_<id>                  the parts, from 1 on

What ends in `.inprogress` loses that when the application ends; where the driver died, its guardian
sees to that. After an error of the disk it keeps it, and the lines written so far are whole.
"""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import threading
import time
from contextlib import suppress
from typing import Any, Final, Protocol

log: Final = logging.getLogger("pyspark_shell.EventLoggingListener")

IN_PROGRESS: Final = ".inprogress"
# Spark's: a History Server of the same group may read, and clean up.
_FILE_MODE: Final = 0o660
_FOLDER_MODE: Final = 0o770
# Lines of tasks wait for the next event that matters, but no more than this.
_WAITING_BYTES: Final = 64 * 1024

_PART: Final = re.compile(r"events_(\d+)_")

Json = dict[str, Any]


class EventLogFiles(Protocol):
    """Where events go."""

    @property
    def path(self) -> str:
        """What a History Server lists."""

    def write(self, event: Json, flush: bool) -> None:
        """Add a line; `flush` gives it and all before it to the system."""

    def close(self) -> None:
        """Write what waits, and mark the log as complete; more than once does no harm."""

    def abandon(self) -> None:
        """Close a copy of the descriptor, in a fork of the process; the files are the parent's."""


class EventLogFile:
    """The whole log in one file.

    Raises
    ------
    OSError
        It cannot be made, or exists already.
    """

    def __init__(self, directory: str, application_id: str) -> None:
        self.path = os.path.join(directory, application_id)
        if os.path.lexists(self.path):
            raise FileExistsError(f"{self.path} is there already")
        self._lines = _Lines(self.path + IN_PROGRESS)

    def write(self, event: Json, flush: bool) -> None:
        """Add a line."""
        self._lines.write(event, flush)

    def close(self) -> None:
        """Write what waits, and give the file its final name."""
        if self._lines.close():
            os.rename(self.path + IN_PROGRESS, self.path)

    def abandon(self) -> None:
        """Close a copy of the descriptor, in a fork of the process."""
        self._lines.abandon()


class RollingEventLogFiles:
    """The log in parts of about `part_bytes`.

    Raises
    ------
    OSError
        The folder cannot be made, or exists already.
    """

    def __init__(self, directory: str, application_id: str, part_bytes: int) -> None:
        self.path = os.path.join(directory, f"eventlog_v2_{application_id}")
        self._application_id = application_id
        self._part_bytes = part_bytes
        self._parts = 0
        os.mkdir(self.path)
        os.chmod(self.path, _FOLDER_MODE)
        os.close(_create(self._status + IN_PROGRESS))
        self._lines = self._next_part()

    @property
    def _status(self) -> str:
        return os.path.join(self.path, f"appstatus_{self._application_id}")

    def _next_part(self) -> _Lines:
        self._parts += 1
        return _Lines(os.path.join(self.path, f"events_{self._parts}_{self._application_id}"))

    def write(self, event: Json, flush: bool) -> None:
        """Add a line, to the next part if this one has enough."""
        if self._lines.size_bytes >= self._part_bytes and self._lines.close():
            try:
                self._lines = self._next_part()
            except OSError as error:
                _tell_of_the_end(self.path, error)
        self._lines.write(event, flush)

    def close(self) -> None:
        """Write what waits, and give the status file its final name."""
        if self._lines.close():
            os.rename(self._status + IN_PROGRESS, self._status)

    def abandon(self) -> None:
        """Close a copy of the descriptor, in a fork of the process."""
        self._lines.abandon()


def complete_log_of_the_dead(path: str) -> None:
    """End the log, `path` as `EventLogFiles` has it, of a driver that can write no more.

    Left as it is: one that is not this user's own file, whose last line is not whole, or to which
    nothing can be added. Called by the guardian, once the driver has ended.
    """
    with suppress(OSError):
        if os.path.isdir(path):
            name = os.path.basename(path).removeprefix("eventlog_v2_")
            lines, status = _last_part(path), os.path.join(path, f"appstatus_{name}")
        else:
            lines, status = path + IN_PROGRESS, path
        if os.path.exists(status + IN_PROGRESS) and not os.path.lexists(status):
            _add_application_end(lines)
            os.rename(status + IN_PROGRESS, status)


def _last_part(folder: str) -> str:
    parts = {int(n[1]): entry for entry in os.listdir(folder) if (n := _PART.match(entry))}
    if not parts:
        raise FileNotFoundError(folder)
    return os.path.join(folder, parts[max(parts)])


def _add_application_end(path: str) -> None:
    fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        is_own_file = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
        if not is_own_file or os.pread(fd, 1, max(0, status.st_size - 1)) != b"\n":
            raise OSError(f"{path} is not whole")
        now_ms = time.time_ns() // 1_000_000
        _write_or_cut(fd, status.st_size, _line(_application_end(now_ms)))
    finally:
        os.close(fd)


def _application_end(now_ms: int) -> Json:
    return {"Event": "SparkListenerApplicationEnd", "Timestamp": now_ms}


def _line(event: Json) -> bytes:
    # A lone surrogate, as file names may hold, becomes an escape, which JSON has too.
    text = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


class _Lines:
    """A file of JSON lines, which always ends with a whole one."""

    def __init__(self, path: str) -> None:
        self.size_bytes = 0
        self._path: Final = path
        self._lock = threading.Lock()  # guards the descriptor against `close` from another thread
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._fd: int | None = _create(path)

    def write(self, event: Json, flush: bool) -> None:
        line = _line(event)
        self._waiting.append(line)
        self._waiting_bytes += len(line)
        if flush or self._waiting_bytes >= _WAITING_BYTES:
            with self._lock:
                self._flush()

    def close(self) -> bool:
        """Write what waits and close; False if the file is closed already, by an error say."""
        with self._lock:
            self._flush()
            is_whole = self._fd is not None
            self.abandon()
        return is_whole

    def abandon(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def _flush(self) -> None:
        data, self._waiting, self._waiting_bytes = b"".join(self._waiting), [], 0
        if self._fd is None:
            return
        try:
            _write_or_cut(self._fd, self.size_bytes, data)
            self.size_bytes += len(data)
        except OSError as error:
            _tell_of_the_end(self._path, error)
            self.abandon()


def _create(path: str) -> int:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    os.fchmod(fd, _FILE_MODE)  # whatever the umask is
    return fd


def _write_or_cut(fd: int, size_bytes: int, data: bytes) -> None:
    """Add to a file that is so long; what could not be written whole leaves no trace."""
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(fd, rest) :]
    except OSError:
        os.ftruncate(fd, size_bytes)
        raise


def _tell_of_the_end(path: str, error: OSError) -> None:
    log.error("the event log %s ends here, the application goes on: %s", path, error)
