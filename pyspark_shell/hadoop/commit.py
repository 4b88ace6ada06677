"""Lets only whole output appear: attempts write aside, one of each task is moved into place.

    <out>/_temporary/0/_temporary/attempt_<job>_m_000003_1/part-00003     an attempt at work
    <out>/_temporary/0/task_<job>_m_000003/part-00003                     its task committed
    <out>/part-00003 ... <out>/_SUCCESS                                   the job committed

Owns    the directory `_temporary` of one output; which attempt may commit is the caller's decision.
Thread  setup and commit of the job: the driver. A `TaskAttempt`: the task that opened it.
Source  Hadoop's FileOutputCommitter, algorithm 1, and Spark's SparkHadoopMapRedUtil.commitTask.
"""

from __future__ import annotations

import errno
import os
import posixpath
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final

from pyspark_shell.common.errors import FileAlreadyExistsException, SparkException
from pyspark_shell.hadoop.local_files import OutputFile
from pyspark_shell.hadoop.paths import file_uri, local_path

_PENDING: Final = "_temporary"
_SUCCESS: Final = "_SUCCESS"
_APPLICATION_ATTEMPT: Final = "0"


class CommitDenied(SparkException):
    """The driver did not let the attempt publish its output, which is dropped."""


class FileOutputCommitter:
    """The output directory of one job; picklable, so that tasks carry it.

    Parameters
    ----------
    output
        Path or `file:` URI of a directory that does not exist yet.
    job_number
        Any number that tells jobs apart in the names of temporary directories.
    """

    def __init__(self, output: str, job_number: int = 0) -> None:
        self.path: Final = local_path(output)
        started = time.strftime("%Y%m%d%H%M%S") + os.urandom(8).hex()
        self._job: Final = f"{started}_{job_number:04d}"

    def check_output(self) -> None:
        """Refuse an output that exists; to be called before the job starts.

        Raises
        ------
        FileAlreadyExistsException
            The output exists, be it empty.
        """
        if os.path.lexists(self.path):
            raise FileAlreadyExistsException(
                f"Output directory {file_uri(self.path)} already exists"
            )

    def setup_job(self) -> None:
        """Make the directories; to be called once, before the first task."""
        os.makedirs(posixpath.join(self._job_path, _PENDING), exist_ok=True)

    def task_attempt(self, partition: int, attempt: int) -> TaskAttempt:
        """Open the place where one attempt of a task writes; no two have the same `attempt`."""
        task = f"{self._job}_m_{partition:06d}"
        return TaskAttempt(
            partition,
            working_path=posixpath.join(self._job_path, _PENDING, f"attempt_{task}_{attempt}"),
            committed_path=posixpath.join(self._job_path, f"task_{task}"),
        )

    def commit_job(self) -> None:
        """Move the output of all committed tasks into place and write `_SUCCESS` last.

        A task of another job, one that was killed but still runs, say, may have left something
        beside ours: that is dropped.
        """
        for task in sorted(os.listdir(self._job_path)):
            if task.startswith(f"task_{self._job}_"):
                _move_files(posixpath.join(self._job_path, task), self.path)
        self._clean_up()
        OutputFile(posixpath.join(self.path, _SUCCESS)).close()

    def abort_job(self) -> None:
        """Remove everything that is not in place; the output directory stays, as in Spark."""
        self._clean_up()

    def _clean_up(self) -> None:
        """Remove what attempts wrote, also while one that was killed still writes: under its new
        name it finds no place for another file.
        """
        going = posixpath.join(self.path, f"{_PENDING}-{self._job}")
        with suppress(FileNotFoundError):
            os.rename(posixpath.join(self.path, _PENDING), going)
            shutil.rmtree(going, ignore_errors=True)

    @property
    def _job_path(self) -> str:
        return posixpath.join(self.path, _PENDING, _APPLICATION_ATTEMPT)


def _move_files(source: str, target: str) -> None:
    # A checksum arrives before its file, so that no reader meets the file unchecked.
    for name in sorted(os.listdir(source), key=lambda name: not name.startswith(".")):
        os.replace(posixpath.join(source, name), posixpath.join(target, name))


class TaskAttempt:
    """What one attempt of a task writes; dropped when the `with` block ends without a commit."""

    def __init__(self, partition: int, working_path: str, committed_path: str) -> None:
        self._partition = partition
        self._working_path = working_path
        self._committed_path = committed_path
        self._files: list[OutputFile] = []

    def create(self, suffix: str = "") -> OutputFile:
        """Open `part-<partition><suffix>`; `commit` closes it."""
        with suppress(FileExistsError):
            os.mkdir(self._working_path)  # without its parents: the job may be over
        name = f"part-{self._partition:05d}{suffix}"
        file = OutputFile(posixpath.join(self._working_path, name))
        self._files.append(file)
        return file

    def commit(self, may_commit: Callable[[], bool]) -> bool:
        """Complete the files, ask for leave, and put the output where `commit_job` finds it.

        Returns
        -------
        False if another attempt's output is there already, complete; then this one's is dropped.

        Raises
        ------
        CommitDenied
            `may_commit` said no. What it raises itself goes through.
        """
        for file in self._files:
            file.close()
        attempt = posixpath.basename(self._working_path)
        if not may_commit():
            self.abort()
            raise CommitDenied(
                f"{attempt}: Not committed because the driver did not authorize commit"
            )
        try:
            os.rename(self._working_path, self._committed_path)  # fails if there are files in it
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            self.abort()
            return False
        self._files.clear()
        return True

    def abort(self) -> None:
        """Drop what was written; after a commit this does nothing."""
        for file in self._files:
            file.discard()
        self._files.clear()
        shutil.rmtree(self._working_path, ignore_errors=True)

    def __enter__(self) -> TaskAttempt:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.abort()
