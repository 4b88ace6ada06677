"""From what a user writes as a path to the files it stands for.

Source  Hadoop's Path and FileInputFormat.listStatus: comma lists, `file:` URIs, patterns,
        directories without the files that begin with `_` or `.`, in the directory's own order.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator

from pyspark_shell.common.errors import (
    IllegalArgumentException,
    InvalidInputException,
    SparkUnsupportedOperationException,
)
from pyspark_shell.common.record import record
from pyspark_shell.hadoop.globs import glob


@record
class FileStatus:
    """One file or directory that a path stands for; `length` in bytes."""

    path: str
    length: int
    is_directory: bool


def list_status(paths: str) -> list[FileStatus]:
    """List the input files of a comma list of paths, patterns and directories.

    Raises
    ------
    InvalidInputException
        A path does not exist or a pattern matches nothing; one line for each of them.
    """
    found: list[FileStatus] = []
    missing: list[str] = []
    for pattern in map(local_path, split_paths(paths)):
        matches = glob(pattern, _is_visible)
        if matches is None:
            missing.append(f"Input path does not exist: {file_uri(pattern)}")
        elif not matches:
            missing.append(f"Input Pattern {file_uri(pattern)} matches 0 files")
        else:
            for path in matches:
                found += _files_of(path)
    if missing:
        raise InvalidInputException("\n".join(missing))
    return found


def _files_of(path: str) -> Iterator[FileStatus]:
    status = _status(path)
    if status is None:
        return
    if not status.is_directory:
        yield status
        return
    for name in os.listdir(path):
        child = _status(posixpath.join(path, name)) if _is_visible(name) else None
        if child is not None:
            yield child


def _status(path: str) -> FileStatus | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:  # removed since it was listed, or a link to nowhere
        return None
    return FileStatus(path, found.st_size, stat.S_ISDIR(found.st_mode))


def _is_visible(name: str) -> bool:
    return not name.startswith(("_", "."))


def split_paths(paths: str) -> list[str]:
    """Split at the commas that stand outside of braces.

    >>> split_paths("/a,/b/{c,d}")
    ['/a', '/b/{c,d}']
    """
    parts, depth = [""], 0
    for char in paths:
        if char == "," and depth == 0:
            parts.append("")
        else:
            depth = max(0, depth + (char == "{") - (char == "}"))
            parts[-1] += char
    return parts


def local_path(path: str) -> str:
    """Turn a path or `file:` URI into an absolute local path; wildcards stay as they are.

    Raises
    ------
    SparkUnsupportedOperationException
        The scheme is not `file`.
    IllegalArgumentException
        The path is empty, names a host, or has a scheme and is relative.

    >>> local_path("file:///data//logs/./a.txt")
    '/data/logs/a.txt'
    """
    if not path:
        raise IllegalArgumentException("Can not create a Path from an empty string")
    scheme, colon, rest = path.partition(":")
    if not colon or "/" in scheme:
        return _normalise(posixpath.join(os.getcwd(), path))
    if rest.startswith("//") and len(rest) > 2:
        host, slash, rest = rest[2:].partition("/")
        rest = slash + rest
    else:
        host = ""
    if not host and not rest.startswith("/"):
        raise IllegalArgumentException(
            f"java.net.URISyntaxException: Relative path in absolute URI: {path}"
        )
    if scheme.lower() != "file":
        raise SparkUnsupportedOperationException(
            f'No FileSystem for scheme "{scheme}". This engine reads and writes local files only; '
            f"start with `--engine apache` to use {path!r}."
        )
    if host:
        raise IllegalArgumentException(f"Wrong FS: {path}, expected: file:///")
    return _normalise(rest)


def _normalise(path: str) -> str:
    return "/" + posixpath.normpath(path).lstrip("/")


def file_uri(path: str) -> str:
    """Name a local path as Hadoop prints it; nothing in it is percent-encoded.

    >>> file_uri("/data/my file")
    'file:/data/my file'
    """
    return f"file:{path}"
