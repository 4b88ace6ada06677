"""Finds files that were shipped with `SparkContext.addFile`, on the driver and in tasks."""

from __future__ import annotations

import os

from pyspark_shell.common.errors import PySparkRuntimeError
from pyspark_shell.lineage.files_directory import FilesDirectory


class SparkFiles:
    """Paths of shipped files; only class methods, nobody needs an object."""

    @classmethod
    def get(cls, filename: str) -> str:
        """The absolute path of a shipped file.

        Parameters
        ----------
        filename
            The last part of the path that `sc.addFile` was given.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "words.txt").write_text("to be")
        ...     sc.addFile(f"{folder}/words.txt")
        >>> sc.parallelize([1], 1).map(lambda _: open(SparkFiles.get("words.txt")).read()).collect()
        ['to be']
        """
        return os.path.abspath(os.path.join(cls.getRootDirectory(), filename))

    @classmethod
    def getRootDirectory(cls) -> str:
        """The directory that holds all shipped files.

        Raises
        ------
        PySparkRuntimeError
            No SparkContext is active in this process.

        Examples
        --------
        >>> sc.version, os.path.isdir(SparkFiles.getRootDirectory())
        ('4.3.0', True)
        """
        root = FilesDirectory.current()
        if root is None:
            raise PySparkRuntimeError(
                "There are no shipped files without an active SparkContext. Create one first."
            )
        return root
