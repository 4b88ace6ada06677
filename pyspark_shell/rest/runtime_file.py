"""One small private file for each driver, by which panels and commands find it.

Layout: `<folder>/driver-<id>.json`, 0600 in a folder that is 0700; the driver's socket lies beside
it. The folder is `$PYSPARK_SHELL_RUNTIME_DIR`, else `pyspark_shell` in Jupyter's runtime directory.
Thread  any.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from pyspark_shell.common.process_identity import start_time, this_machine
from pyspark_shell.common.record import field, field_names, record
from pyspark_shell.version import __version__

FILE_PREFIX: Final = "driver-"
FILE_SUFFIX: Final = ".json"
SOCKET_SUFFIX: Final = ".sock"
# What bind(2) takes, less a little: longer paths make a driver listen on TCP alone.
MAX_SOCKET_PATH_BYTES: Final = 100


@record
class RuntimeEntry:
    """What is written about one driver.

    Attributes
    ----------
    kind
        `kernel`, `terminal`, `script`, `default` or `scripted`.
    socket
        Path of the unix socket; empty if the driver listens on TCP alone.
    port
        Port on 127.0.0.1; 0 if the driver listens on the socket alone.
    connection_file
        Of the Jupyter kernel that the driver lives in; empty elsewhere.
    started
        When the application started, in ms since the epoch.
    process_table
        Path of the file in which the scheduler notes what runs where; empty if there is none.
    start_time, machine
        Which process has `pid`: see `process_identity`.
    """

    id: str
    application_id: str
    token: str = field(repr=False)
    name: str = ""
    pid: int = field(default_factory=os.getpid)
    start_time: int = field(default_factory=lambda: start_time(os.getpid()) or 0)
    kind: str = "script"
    engine: str = "native"
    master: str = ""
    socket: str = ""
    port: int = 0
    connection_file: str = ""
    started: int = 0
    process_table: str = ""
    cwd: str = ""
    version: str = __version__
    machine: str = field(default_factory=this_machine)

    @property
    def page_with_token(self) -> str:
        """The address that lets a browser in: for the user's own terminal, not for files."""
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    def to_json(self) -> dict[str, Any]:
        """The file's keys and values."""
        return {_key(name): getattr(self, name) for name in field_names(RuntimeEntry)}

    @classmethod
    def from_json(cls, row: Any) -> RuntimeEntry:
        """Read a file's content; keys that are not known are left alone.

        Raises
        ------
        ValueError
            A key is missing, or its value has the wrong type.
        """
        if not isinstance(row, dict):
            raise ValueError(f"an object is wanted, got {type(row).__name__}")
        values: dict[str, Any] = {}
        for name in field_names(cls):
            key = _key(name)
            wanted = int if cls.__annotations__[name] == "int" else str
            value = row.get(key)
            if type(value) is not wanted:
                raise ValueError(f"{key} must be {wanted.__name__}, got {value!r:.40}")
            values[name] = value
        if not is_driver_id(values["id"]):
            raise ValueError(f"{values['id']!r:.40} is no driver id")
        return cls(**values)


def _key(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.capitalize, rest))


def new_driver_id() -> str:
    """An id that no other driver has: eight hexadecimal digits."""
    return os.urandom(4).hex()


def is_driver_id(text: str) -> bool:
    """Whether the text can stand in a file's name as an id."""
    return 0 < len(text) <= 64 and text.isascii() and text.replace("-", "").isalnum()


# Where ----------------------------------------------------------------------------------------


def runtime_folder() -> Path:
    """The folder of this user's runtime files, made or not."""
    own = os.environ.get("PYSPARK_SHELL_RUNTIME_DIR")
    return Path(os.path.abspath(own or _jupyter_runtime_dir() / "pyspark_shell"))


def _jupyter_runtime_dir() -> Path:
    """What `jupyter_core.paths.jupyter_runtime_dir` says, without its import."""
    runtime = os.environ.get("JUPYTER_RUNTIME_DIR")
    return Path(runtime) if runtime else _jupyter_data_dir() / "runtime"


def _jupyter_data_dir() -> Path:
    data = os.environ.get("JUPYTER_DATA_DIR")
    if data:
        return Path(data)
    home = Path(os.path.realpath(os.path.expanduser("~")))
    if sys.platform == "darwin":
        return home / "Library" / "Jupyter"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter"


def private_folder() -> Path:
    """The folder, made if need be, and closed to others.

    Raises
    ------
    PermissionError
        It belongs to another user.
    """
    folder = runtime_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user (uid {status.st_uid})")
    if status.st_mode & 0o077:
        folder.chmod(0o700)
    return folder


def runtime_path(driver_id: str) -> Path:
    """Where a driver's file lies."""
    return runtime_folder() / f"{FILE_PREFIX}{driver_id}{FILE_SUFFIX}"


def socket_path(driver_id: str) -> Path | None:
    """Where a driver's unix socket belongs; None if the path is too long for one."""
    path = runtime_folder() / f"{FILE_PREFIX}{driver_id}{SOCKET_SUFFIX}"
    return path if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES else None


# Write and remove -------------------------------------------------------------------------------


def write_runtime_file(entry: RuntimeEntry) -> Path:
    """Write, or write anew, a driver's file: readers see the old one or the new one, never half."""
    private_folder()
    path = runtime_path(entry.id)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with open(os.open(unfinished, flags, 0o600), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            json.dump(entry.to_json(), file, indent=1)
        os.rename(unfinished, path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
    return path


def files_of(driver_id: str) -> list[Path]:
    """A driver's file, and its socket."""
    folder = runtime_folder()
    return [folder / f"{FILE_PREFIX}{driver_id}{each}" for each in (FILE_SUFFIX, SOCKET_SUFFIX)]


def remove_runtime_file(driver_id: str) -> None:
    """Remove both; harmless if they are gone."""
    for path in files_of(driver_id):
        with suppress(OSError):
            path.unlink()
