"""The directories of one application: private, locked while it lives, swept after a crash.

Layout: `<root>/pyspark_shell-<uid>/<application
id>/{blocks,shuffle,broadcast,results,files,spill,logs}`, and a twin with `{blocks,results}` in a
tmpfs for data of the memory levels. Everything is 0700.

One lock on `pyspark_shell-<uid>` orders those who make a directory and those who sweep, so what a
sweep finds unlocked was left by a crash, however early it came.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from pyspark_shell.common.errors import SparkException
from pyspark_shell.common.native_stacks import driver_stacks_beside
from pyspark_shell.common.record import field, record
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
_UNFINISHED: Final = "unfinished-"


@record
class DirsClaim:
    """What an application will make, known before it makes it: a guardian told of it can remove all
    of that at any moment.

    Attributes
    ----------
    token
        Written into the lock of each directory made under this claim.
    """

    local_dir: str
    tmpfs: str = field(default_factory=lambda: _TMPFS)
    token: str = field(default_factory=lambda: os.urandom(8).hex())

    @property
    def places(self) -> tuple[str, ...]:
        """The disk, and the tmpfs where there is one to use."""
        usable = os.path.isdir(self.tmpfs) and os.access(self.tmpfs, os.W_OK)
        return tuple(dict.fromkeys((self.local_dir, self.tmpfs) if usable else (self.local_dir,)))

    def remove(self) -> None:
        """Delete whatever was made under this claim, finished or not."""
        for place in self.places:
            base = _base_path(place)
            for path in _directories(base):
                if os.path.basename(path) == _UNFINISHED + self.token or self._owns(path):
                    shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):
                os.rmdir(base)

    def _owns(self, path: str) -> bool:
        try:
            with open(os.path.join(path, _LOCK)) as file:
                return file.read() == self.token
        except OSError:
            return False


@record
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
    def process_table(self) -> str:
        """The file that tells other processes what runs where."""
        return os.path.join(self.memory_root, "process-table")

    @property
    def driver_stacks(self) -> str:
        """The file into which the driver writes its stacks on a signal."""
        return driver_stacks_beside(self.process_table)

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

    def __init__(self, claim: DirsClaim, application_id: str) -> None:
        disk, *memory = claim.places
        root, lock_fd = _make(disk, application_id, _ROOMS, claim.token)
        self.dirs = LocalDirs(root, root)
        self.lock_fds: tuple[int, ...] = (lock_fd,)
        for place in memory:
            try:
                memory_root, lock_fd = _make(place, application_id, _MEMORY_ROOMS, claim.token)
            except BaseException:
                self.remove()
                raise
            self.dirs = LocalDirs(root, memory_root)
            self.lock_fds = (*self.lock_fds, lock_fd)

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


def sweep_stale(base: str) -> list[str]:
    """Remove what crashed applications left; one whose lock somebody holds is left alone.

    Returns the paths removed. Never judges by age or pid.
    """
    try:
        with _locked(base):
            stale = _stale(base)
    except FileNotFoundError:
        return []
    return _remove_stale(stale)


def _base_path(place: str) -> str:
    return os.path.join(place, f"pyspark_shell-{os.getuid()}")


def _private_base(place: str) -> str:
    base = _base_path(place)
    try:
        with suppress(FileExistsError):  # what it is, is looked at below
            os.makedirs(base, 0o700)
    except OSError as error:
        raise SparkException(
            f"Cannot make the local directory {base}: {error.strerror}. "
            "Set spark.local.dir to a directory that you may write to."
        ) from error
    status = os.lstat(base)
    if status.st_uid != os.getuid() or not stat.S_ISDIR(status.st_mode):
        raise SparkException(
            f"{base} belongs to somebody else (uid {status.st_uid}). Set spark.local.dir to "
            "another directory."
        )
    if status.st_mode & 0o077:
        os.chmod(base, 0o700)
    return base


@contextmanager
def _locked(base: str) -> Iterator[None]:
    fd = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _make(place: str, application_id: str, rooms: tuple[str, ...], token: str) -> tuple[str, int]:
    """A directory with its rooms, and the descriptor that locks it."""
    while True:
        try:
            base = _private_base(place)
            with _locked(base):
                stale = _stale(base)
                made = _make_locked(base, application_id, rooms, token)
            break
        except FileNotFoundError:
            continue  # another application, the last to end, has just removed the empty base
    _remove_stale(stale)
    return made


def _make_locked(
    base: str, application_id: str, rooms: tuple[str, ...], token: str
) -> tuple[str, int]:
    root = os.path.join(base, application_id)
    if os.path.exists(root):
        raise FileExistsError(root)
    unfinished = os.path.join(base, _UNFINISHED + token)
    os.mkdir(unfinished, 0o700)
    for room in rooms:
        os.mkdir(os.path.join(unfinished, room), 0o700)
    fd = os.open(os.path.join(unfinished, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_SH)
    os.write(fd, token.encode())
    os.rename(unfinished, root)
    return root, fd


def _directories(base: str) -> list[str]:
    try:
        with os.scandir(base) as entries:
            return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _stale(base: str) -> list[tuple[str, int | None]]:
    """Directories that nobody locks, each with the descriptor of the lock taken now."""
    stale: list[tuple[str, int | None]] = []
    for path in _directories(base):
        try:
            fd = os.open(os.path.join(path, _LOCK), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            stale.append((path, None))
            continue
        except OSError:
            continue  # not ours
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
        else:
            stale.append((path, fd))
    return stale


def _remove_stale(stale: list[tuple[str, int | None]]) -> list[str]:
    for path, fd in stale:
        shutil.rmtree(path, ignore_errors=True)
        if fd is not None:
            os.close(fd)
    return [path for path, _ in stale]
