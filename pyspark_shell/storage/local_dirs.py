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
    """Makes an application's directories and holds the lock that says it lives.

    Attributes
    ----------
    lock_fds
        Descriptors whose locks keep the directories; the guardian inherits them.

    Raises
    ------
    FileExistsError
        Another application has this id.
    SparkException
        No private directory can be made there.
    """

    def __init__(self, local_dir: str, application_id: str, tmpfs: str | None = None) -> None:
        root = _make(local_dir, application_id, _ROOMS)
        self.dirs = LocalDirs(root, root)
        self.lock_fds: tuple[int, ...] = (_lock(root),)
        tmpfs = _TMPFS if tmpfs is None else tmpfs
        if os.path.isdir(tmpfs) and os.access(tmpfs, os.W_OK) and tmpfs != local_dir:
            try:
                memory_root = _make(tmpfs, application_id, _MEMORY_ROOMS)
            except BaseException:
                self.remove()
                raise
            self.dirs = LocalDirs(root, memory_root)
            self.lock_fds = (*self.lock_fds, _lock(memory_root))

    def remove(self) -> None:
        """Delete the directories and give the lock back."""
        remove_dirs(self.dirs)
        fds, self.lock_fds = self.lock_fds, ()
        for fd in fds:
            os.close(fd)


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


def _make(local_dir: str, application_id: str, rooms: tuple[str, ...]) -> str:
    while True:
        try:
            base = _private_base(local_dir)
            sweep_stale(base)
            root = os.path.join(base, application_id)
            os.mkdir(root, 0o700)
            break
        except FileNotFoundError:
            continue  # another application, the last to end, has just removed the empty base
    for room in rooms:
        os.mkdir(os.path.join(root, room), 0o700)
    return root


def _lock(root: str) -> int:
    fd = os.open(os.path.join(root, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_SH)  # a sweep may hold it for a moment, to see that it is empty
    os.write(fd, b"locked\n")
    return fd


def sweep_stale(base: str) -> list[str]:
    """Remove what crashed applications left; one whose lock somebody holds is left alone.

    Returns the paths removed. Never judges by age or pid.
    """
    removed: list[str] = []
    try:
        with os.scandir(base) as entries:
            candidates = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return removed
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
            if os.fstat(fd).st_size:  # an empty one is about to be locked by its owner
                shutil.rmtree(path, ignore_errors=True)
                removed.append(path)
        finally:
            os.close(fd)
    return removed
