"""Finds the drivers of this user on this machine, and clears away what dead ones left.

A driver that was ended by SIGKILL removes nothing, so whoever looks prunes: its file, its socket
and its process table. Several may do so at once. Files of others, files that others may read, and
files that cannot be read are never trusted and never touched; `survey` tells why.
Thread  any.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from pyspark_shell.common.process_identity import Place, is_same_process, place_of
from pyspark_shell.common.record import record
from pyspark_shell.rest.runtime_file import (
    FILE_PREFIX,
    FILE_SUFFIX,
    SOCKET_SUFFIX,
    RuntimeEntry,
    runtime_folder,
)

# An entry is below 2 KB; whatever is larger is none.
_MAX_BYTES: Final = 64 << 10
# No driver takes as long between its socket and its file.
_STARTING_S: Final = 300.0


class NoSuchDriver(LookupError):
    """No driver, or no single one, answers to what was asked for.

    Attributes
    ----------
    candidates
        The drivers that could have been meant.
    """

    def __init__(self, message: str, candidates: tuple[RuntimeEntry, ...] = ()) -> None:
        super().__init__(message)
        self.candidates = candidates


@record
class Ignored:
    """A file that is not listed, and why."""

    path: Path
    reason: str


@record
class Survey:
    """What was found: drivers that live, oldest first, files passed over, and dead ones pruned."""

    drivers: tuple[RuntimeEntry, ...]
    ignored: tuple[Ignored, ...]
    pruned: tuple[RuntimeEntry, ...]


def drivers() -> list[RuntimeEntry]:
    """The drivers that live, oldest first."""
    return list(survey().drivers)


def find(driver_id: str | None = None) -> RuntimeEntry:
    """The one driver there is, or the one whose id, or application id, begins like this.

    Raises
    ------
    NoSuchDriver
        There is none, or there are several.
    """
    living = tuple(drivers())
    if driver_id is None:
        if not living:
            raise NoSuchDriver("No driver is running.")
        chosen = living
    else:
        exact = tuple(d for d in living if driver_id in (d.id, d.application_id))
        chosen = exact or tuple(
            d
            for d in living
            if d.id.startswith(driver_id) or d.application_id.startswith(driver_id)
        )
        if not chosen:
            raise NoSuchDriver(f"No driver {driver_id!r} is running.", living)
    if len(chosen) > 1:
        raise NoSuchDriver(f"{len(chosen)} drivers are running; say which one.", chosen)
    return chosen[0]


def survey() -> Survey:
    """Look through the folder."""
    folder = runtime_folder()
    living: list[RuntimeEntry] = []
    ignored: list[Ignored] = []
    pruned: list[RuntimeEntry] = []
    for path in _candidates(folder):
        try:
            entry = _read(path)
        except FileNotFoundError:
            continue  # its driver has ended meanwhile, or somebody else has pruned it
        except (OSError, ValueError) as problem:
            ignored.append(Ignored(path, str(problem)))
            continue
        place = place_of(entry.machine)
        if place is Place.ELSEWHERE:
            ignored.append(Ignored(path, f"it runs on another machine, {entry.machine}"))
        elif place is Place.HERE and is_same_process(entry.pid, entry.start_time):
            living.append(entry)
        else:
            _prune(path, entry)
            pruned.append(entry)
    _remove_orphans(folder)
    living.sort(key=lambda each: (each.started, each.id))
    return Survey(tuple(living), tuple(ignored), tuple(pruned))


def _remove_orphans(folder: Path) -> None:
    """Remove sockets and unfinished files of drivers that died before their file was written."""
    with suppress(OSError):
        names = set(os.listdir(folder))
        for name in names:
            stem, suffix = os.path.splitext(name)
            is_socket = suffix == SOCKET_SUFFIX and f"{stem}{FILE_SUFFIX}" not in names
            if (is_socket or suffix == ".tmp") and _is_orphan(folder / name, is_socket):
                with suppress(OSError):
                    (folder / name).unlink()


def _is_orphan(path: Path, is_socket: bool) -> bool:
    """Whether nobody is about to use a file; nobody listens on it if it is a socket."""
    try:
        status = path.lstat()
        if status.st_uid != os.getuid() or time.time() - status.st_mtime < _STARTING_S:
            return False
        if not is_socket:
            return True
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(0.1)
            probe.connect(str(path))
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


def _candidates(folder: Path) -> list[Path]:
    try:
        if folder.stat().st_uid != os.getuid():
            return []
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [
        folder / name
        for name in names
        if name.startswith(FILE_PREFIX) and name.endswith(FILE_SUFFIX)
    ]


def _read(path: Path) -> RuntimeEntry:
    """An entry from a file that is ours alone."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with open(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a file")
        if status.st_uid != os.getuid():
            raise ValueError(f"it belongs to another user (uid {status.st_uid})")
        if status.st_mode & 0o077:
            raise ValueError(f"others may read it (mode {stat.S_IMODE(status.st_mode):04o})")
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ValueError(f"it is larger than {_MAX_BYTES} bytes")
    entry = RuntimeEntry.from_json(json.loads(data))
    if path.name != f"{FILE_PREFIX}{entry.id}{FILE_SUFFIX}":
        raise ValueError(f"it says that it is driver {entry.id}")
    return entry


def _prune(path: Path, entry: RuntimeEntry) -> None:
    """Remove what a dead driver left; its file last, so that a pruner that ends here leaves the
    rest to the next.
    """
    for leftover in (entry.process_table, str(path.with_suffix(SOCKET_SUFFIX)), str(path)):
        with suppress(OSError):
            if leftover and os.lstat(leftover).st_uid == os.getuid():
                os.unlink(leftover)
