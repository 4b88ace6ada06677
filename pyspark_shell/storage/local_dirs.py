"""The directories of one application: private, locked while it lives, swept after a crash.

Layout: `<root>/pyspark_shell-<uid>/<application
id>/{blocks,shuffle,broadcast,results,files,spill,logs}`, and a twin with `{blocks,results}` in a
tmpfs for data of the memory levels. Everything is 0700.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from pyspark_shell.common.errors import SparkException
from pyspark_shell.storage.block_file import remove_quietly
from pyspark_shell.storage.block_id import task_result_file

_ROOMS: Final = (
    "blocks",
    "shuffle",
    "broadcast",
    "results",
    "files",
    "spill",
    "logs",
    "parallelize",
)
_MEMORY_ROOMS: Final = ("blocks", "results")
_EXECUTOR_ROOMS: Final = (*_MEMORY_ROOMS, "shuffle", "spill")
_LOCK: Final = "lock"
_TMPFS: Final = "/dev/shm"


@dataclass(frozen=True)
class LocalDirs:
    """Paths of one application's directories; plain data that every process of it gets."""

    root: str
    memory_root: str

    def path(self, room: str) -> str:
        """The directory of `room` on disk."""
        return os.path.join(self.root, room)

    def memory_path(self, room: str) -> str:
        """The directory of `room` in memory; the one on disk where there is no tmpfs."""
        return os.path.join(self.memory_root, room)

    @property
    def all_roots(self) -> tuple[str, ...]:
        """What has to be removed at the end."""
        return tuple(dict.fromkeys((self.root, self.memory_root)))


class LocalDirsOwner:
    """Makes an application's directories and holds the lock that says it lives."""

    def __init__(self, local_dir: str, application_id: str, tmpfs: str | None = None) -> None:
        base = _private_base(local_dir)
        sweep_stale(base)
        root = os.path.join(base, application_id)
        _make(root, _ROOMS)
        self._lock_fd = _lock(root)
        memory_root = root
        tmpfs = _TMPFS if tmpfs is None else tmpfs
        if os.path.isdir(tmpfs) and os.access(tmpfs, os.W_OK) and tmpfs != local_dir:
            memory_base = _private_base(tmpfs)
            sweep_stale(memory_base)
            memory_root = os.path.join(memory_base, application_id)
            _make(memory_root, _MEMORY_ROOMS)
            self._memory_lock_fd: int | None = _lock(memory_root)
        else:
            self._memory_lock_fd = None
        self.dirs = LocalDirs(root, memory_root)

    @property
    def lock_fds(self) -> tuple[int, ...]:
        """Descriptors whose locks keep the directories; the guardian inherits them."""
        fds = (self._lock_fd, self._memory_lock_fd)
        return tuple(fd for fd in fds if fd is not None)

    def remove(self) -> None:
        """Delete the directories and give the lock back."""
        remove_dirs(self.dirs)
        for fd in self.lock_fds:
            os.close(fd)
        self._lock_fd = -1
        self._memory_lock_fd = None


def remove_dirs(dirs: LocalDirs) -> None:
    """Delete an application's directories; what cannot be deleted is left to a later sweep."""
    for root in dirs.all_roots:
        shutil.rmtree(root, ignore_errors=True)
        base = os.path.dirname(root)
        try:
            os.rmdir(base)
        except OSError:
            continue


def remove_unfinished(dirs: LocalDirs, pid: int, task_id: int | None) -> None:
    """Remove what a dead executor had not finished: its temporary files, and the result of its
    last task.
    """
    endings = (f".{pid}.tmp", f".{pid}.spill")
    rooms = [dirs.path(room) for room in _EXECUTOR_ROOMS]
    rooms += [dirs.memory_path(room) for room in _MEMORY_ROOMS]
    for room in dict.fromkeys(rooms):
        with suppress(OSError), os.scandir(room) as entries:
            for entry in entries:
                if entry.name.endswith(endings):
                    remove_quietly(entry.path)
    if task_id is not None:
        for path in (dirs.path("results"), dirs.memory_path("results")):
            remove_quietly(os.path.join(path, task_result_file(task_id)))


def _private_base(local_dir: str) -> str:
    base = os.path.join(local_dir, f"pyspark_shell-{os.getuid()}")
    try:
        os.makedirs(base, 0o700, exist_ok=True)
    except OSError as error:
        raise SparkException(
            f"Cannot make the local directory {base}: {error.strerror}. "
            "Set spark.local.dir to a directory that you may write to."
        ) from error
    status = os.lstat(base)
    if status.st_uid != os.getuid() or not os.path.isdir(base) or os.path.islink(base):
        raise SparkException(
            f"{base} belongs to somebody else (uid {status.st_uid}). Set spark.local.dir to "
            "another directory."
        )
    if status.st_mode & 0o077:
        os.chmod(base, 0o700)
    return base


def _make(root: str, rooms: tuple[str, ...]) -> None:
    os.makedirs(root, 0o700)  # again: a sweep may have removed an empty base meanwhile
    for room in rooms:
        os.mkdir(os.path.join(root, room), 0o700)


def _lock(root: str) -> int:
    fd = os.open(os.path.join(root, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return fd


def sweep_stale(base: str) -> list[str]:
    """Remove what crashed applications left; one whose lock somebody holds is left alone.

    Returns the paths removed. Never judges by age or pid.
    """
    removed = []
    with os.scandir(base) as entries:
        candidates = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    for path in candidates:
        try:
            fd = os.open(os.path.join(path, _LOCK), os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # being made by somebody at this moment, or not ours
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        else:
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path)
        finally:
            os.close(fd)
    return removed
