"""The part of SparkContext that ships files, modules and archives to tasks.

Owns    the lists of what was added. The files lie in the application's `files` directory, which
        tasks read in place.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from typing import Final

from pyspark_shell.api.context_base import ContextBase
from pyspark_shell.common.config import FILES_OVERWRITE
from pyspark_shell.common.errors import (
    IllegalArgumentException,
    InvalidInputException,
    SparkException,
)
from pyspark_shell.lineage.files_directory import FilesDirectory

log: Final = logging.getLogger(__name__)

_ZIPPED: Final = (".zip", ".jar")
_TARRED: Final = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


class ContextFiles(ContextBase):
    """addFile, addPyFile, addArchive and their lists."""

    PACKAGE_EXTENSIONS = (".zip", ".egg", ".jar")

    def __init__(self) -> None:
        super().__init__()
        self._files: list[str] = []
        self._archives: list[str] = []
        self._python_includes = []

    def addFile(self, path: str, recursive: bool = False) -> None:
        """Ship a file, or with `recursive` a directory, to every task.

        Tasks and the driver find it with `SparkFiles.get` by its name. Adding the same path again
        does nothing.

        Parameters
        ----------
        path
            A path or `file:` URI. What it is now is copied; later changes are not seen.
        recursive
            Whether it may be a directory.

        Raises
        ------
        InvalidInputException
            There is no such file.
        SparkException
            It is a directory and `recursive` is false, or another file of this name was added
            before.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> from pyspark_shell import SparkFiles
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "limit.txt").write_text("7")
        ...     sc.addFile(f"{folder}/limit.txt")
        >>> def below(numbers):
        ...     limit = int(pathlib.Path(SparkFiles.get("limit.txt")).read_text())
        ...     return [number for number in numbers if number < limit]
        >>> sc.parallelize([5, 9], 1).mapPartitions(below).collect()
        [5]
        """
        self._ship_file(_local_path(path), recursive)

    def addPyFile(self, path: str) -> None:
        """Ship a `.py` file, or a `.zip`, `.egg` or `.jar` of modules, that tasks can import.

        The driver can import it too. It goes before installed modules of the same names.

        Parameters
        ----------
        path
            A path or `file:` URI; copied as by `addFile`.

        Raises
        ------
        InvalidInputException, SparkException
            As `addFile`.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "tax_rates.py").write_text("RATES = {'books': 7}")
        ...     sc.addPyFile(f"{folder}/tax_rates.py")
        >>> def rate(kind):
        ...     from tax_rates import RATES
        ...     return RATES[kind]
        >>> sc.parallelize(["books"]).map(rate).collect()
        [7]
        """
        shipped = self._ship_file(_local_path(path), recursive=False)
        if shipped.lower().endswith(self.PACKAGE_EXTENSIONS):
            self._include(shipped)
        importlib.invalidate_caches()

    def addArchive(self, path: str) -> None:
        """Ship an archive, unpacked under its file name or the alias of `archive.zip#alias`.

        Tasks and the driver find the directory with `SparkFiles.get`. Adding the same again does
        nothing.

        Parameters
        ----------
        path
            A path or `file:` URI of a `.zip`, `.jar`, `.tar`, `.tar.gz`, `.tgz`, `.tar.bz2` or
            `.tar.xz`. Any other file is shipped as it is, with a warning.

        Raises
        ------
        InvalidInputException
            There is no such file.

        Examples
        --------
        >>> import os, shutil, tempfile
        >>> from pyspark_shell import SparkFiles
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     os.makedirs(f"{folder}/data/fr")
        ...     archive = shutil.make_archive(f"{folder}/words", "zip", f"{folder}/data")
        ...     sc.addArchive(f"{archive}#dictionaries")
        >>> names = sc.parallelize(["dictionaries"]).map(SparkFiles.get)
        >>> names.flatMap(os.listdir).collect()
        ['fr']
        """
        source, _, alias = path.partition("#")
        local = _local_path(source)
        uri = f"file:{local}{'#' + alias if alias else ''}"
        if not os.path.exists(local):
            raise InvalidInputException(f"File file:{local} does not exist")
        if uri in self._archives:
            _warn_added_already(path)
            return
        target = os.path.join(self._files_root(), alias or os.path.basename(local))
        if not os.path.isdir(target):
            _remove(target)
            _unpack(local, target)
        self._archives.append(uri)

    @property
    def listFiles(self) -> list[str]:
        """URIs of what `addFile` and `addPyFile` shipped, in their order.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        ...     sc.addFile(file.name)
        ...     sc.listFiles[-1] == f"file:{file.name}"
        True
        """
        return list(self._files)

    @property
    def listArchives(self) -> list[str]:
        """URIs of what `addArchive` shipped, with their aliases, in their order.

        Examples
        --------
        >>> import shutil, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sc.addArchive(shutil.make_archive(f"{folder}/old", "tar", folder) + "#older")
        >>> sc.listArchives[-1]
        'file:/.../old.tar#older'
        """
        return list(self._archives)

    def _files_root(self) -> str:
        return self._engine.local_dirs.path("files")

    def _start_files(self) -> None:
        root = self._files_root()
        FilesDirectory.install(root)
        sys.path.insert(1, root)
        self._engine.add_python_path(root)

    def _stop_files(self) -> None:
        root = FilesDirectory.current()
        if root is None:
            return
        FilesDirectory.install(None)
        sys.path[:] = [
            path for path in sys.path if path != root and not path.startswith(root + os.sep)
        ]

    def _include(self, shipped: str) -> None:
        name = os.path.basename(shipped)
        if name not in self._python_includes:
            self._python_includes.append(name)
            sys.path.insert(1, shipped)
            self._engine.add_python_path(shipped)

    def _ship_file(self, source: str, recursive: bool) -> str:
        is_directory = os.path.isdir(source)
        uri = f"file:{source}/" if is_directory else f"file:{source}"
        if not os.path.exists(source):
            raise InvalidInputException(f"File {uri} does not exist")
        if is_directory and not recursive:
            raise SparkException(
                f"Don't support add file. The file {uri} is a directory; "
                "add it with addFile(path, recursive=True).",
                errorClass="UNSUPPORTED_ADD_FILE.DIRECTORY",
            )
        target = os.path.join(self._files_root(), os.path.basename(source))
        if uri in self._files:
            _warn_added_already(source)
            return target
        self._copy(source, target, uri)
        self._files.append(uri)
        return target

    def _copy(self, source: str, target: str, uri: str) -> None:
        import filecmp
        import shutil

        if os.path.isdir(source):
            shutil.copytree(source, target, dirs_exist_ok=True)
            return
        if os.path.exists(target):
            if filecmp.cmp(source, target, shallow=False):
                return
            if not FILES_OVERWRITE.read(self._conf):
                raise SparkException(f"File {target} exists and does not match contents of {uri}")
        partial = f"{target}.partial"
        shutil.copy(source, partial)
        os.replace(partial, target)


def _local_path(path: str) -> str:
    """The absolute path behind a path or a `file:` URI."""
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(path)
    if parts.fragment:
        raise IllegalArgumentException("URI has a fragment component")
    if parts.scheme == "file":
        return os.path.abspath(unquote(parts.path))
    if len(parts.scheme) > 1:
        raise IllegalArgumentException(
            f"Files can be shipped from the local file system only, got {path!r}. "
            "Download it first and give its path."
        )
    return os.path.abspath(path)


def _warn_added_already(path: str) -> None:
    log.warning("%s has been added already; what is shipped cannot be replaced", path)


def _remove(path: str) -> None:
    if os.path.lexists(path):
        os.unlink(path)


def _unpack(archive: str, target: str) -> None:
    """Unpack beside the target, then rename.

    What is no archive is copied as it is, as Spark does.
    """
    partial = f"{target}.partial"
    name = archive.lower()
    if name.endswith(_ZIPPED):
        from zipfile import ZipFile

        with ZipFile(archive) as zipped:
            zipped.extractall(partial)
    elif name.endswith(_TARRED):
        import tarfile

        with tarfile.open(archive) as tarred:
            tarred.extractall(partial, filter="data")
    else:
        import shutil

        log.warning("%s is no archive that can be unpacked; it is shipped as it is", archive)
        shutil.copy(archive, partial)
    os.rename(partial, target)
