"""How an attempt ended, as JSON that the scheduler may read, never a pickle of user data."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, Final

from pyspark_shell.common.pickling import dumps
from pyspark_shell.common.record import record

# Error texts are cut here (RELIABILITY: an exception may carry megabytes).
MAX_TEXT: Final = 64 * 1024
_MAX_NAME: Final = 512


@record
class Failure:
    """The task's code raised.

    Attributes
    ----------
    class_name
        Name of the exception's type.
    description
        `str()` of the exception.
    traceback
        Its traceback as text, the engine's own frames folded away.
    pickled
        The exception itself, empty if it cannot be pickled; only the user's thread opens it.
    retriable
        Whether another attempt could end differently (a value that cannot be pickled never will).
    """

    class_name: str
    description: str
    traceback: str
    pickled: bytes = b""
    retriable: bool = True

    def encode(self) -> bytes:
        fields = [self.class_name, self.description, self.traceback]
        fields += [base64.b64encode(self.pickled).decode()]
        return _to_json([*fields, self.retriable])

    @classmethod
    def decode(cls, data: bytes) -> Failure:
        name, description, traceback, pickled, retriable = json.loads(data)
        return cls(name, description, traceback, base64.b64decode(pickled), retriable)

    @classmethod
    def of(cls, error: BaseException, traceback: str, retriable: bool = True) -> Failure:
        """Describe an exception; whatever its `__str__` does, there is a text."""
        try:
            description = str(error)
        except BaseException as broken:  # also SystemExit: no text must end the process
            description = f"(its __str__ raised {type(broken).__name__})"
        try:
            pickled = dumps(error)
        except BaseException:
            pickled = b""
        if len(pickled) > MAX_TEXT:
            pickled = b""
        name = type(error).__name__[:_MAX_NAME]
        return cls(name, description[:MAX_TEXT], _without_middle(traceback), pickled, retriable)


@record
class FetchFailure:
    """Map outputs that the task needed could not be read.

    Attributes
    ----------
    bad_files
        Name of each bad output, by map partition.
    """

    shuffle_id: int
    map_index: int
    reduce_id: int
    message: str
    bad_files: dict[int, str]

    def encode(self) -> bytes:
        return _to_json(
            [
                self.shuffle_id,
                self.map_index,
                self.reduce_id,
                self.message,
                list(self.bad_files.items()),
            ]
        )

    @classmethod
    def decode(cls, data: bytes) -> FetchFailure:
        shuffle_id, map_index, reduce_id, message, bad_files = json.loads(data)
        return cls(shuffle_id, map_index, reduce_id, message, dict(bad_files))


@record
class Killed:
    """The attempt was killed and has ended.

    Attributes
    ----------
    stack
        Where the kill met it, outermost frame first; empty if it came between two records.
    """

    reason: str
    stack: str = ""

    def encode(self) -> bytes:
        return _to_json([self.reason, self.stack])

    @classmethod
    def decode(cls, data: bytes) -> Killed:
        return cls(*json.loads(data))


@record
class ResultFile:
    """A result too large for a message; `path` is None if it was dropped because it is above the
    limit.
    """

    path: str | None
    size_bytes: int

    def encode(self) -> bytes:
        return _to_json([self.path, self.size_bytes])

    @classmethod
    def decode(cls, data: bytes) -> ResultFile:
        return cls(*json.loads(data))


@record
class MapOutput:
    """The file that a map task left."""

    file_name: str
    size_bytes: int

    def encode(self) -> bytes:
        return _to_json([self.file_name, self.size_bytes])

    @classmethod
    def decode(cls, data: bytes) -> MapOutput:
        return cls(*json.loads(data))


def _without_middle(text: str) -> str:
    """At most `MAX_TEXT` characters: a traceback's frames stand at its beginning, the error at its
    end.
    """
    if len(text) <= MAX_TEXT:
        return text
    half = MAX_TEXT // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters are left out ...\n{text[-half:]}"


def _to_json(fields: Sequence[Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()
