"""What executors wrote, as files: one for each of an executor's streams, in one directory.

Thread  any.
"""

from __future__ import annotations

import os
from typing import Any, Final

STREAMS: Final = ("stderr", "stdout")
# Such a piece is text in a page; nobody reads more at once.
_MAX_BYTES: Final = 1 << 20


def log_path(directory: str, executor_id: str, stream: str) -> str:
    """Where a stream of an executor is."""
    return os.path.join(directory, f"executor-{executor_id}.{stream}")


def executors_in(directory: str) -> list[str]:
    """The executors that have files there, first those that came first."""
    stems = {os.path.splitext(name)[0] for name in os.listdir(directory)}
    found = [stem.removeprefix("executor-") for stem in stems]
    return sorted(filter(str.isdecimal, found), key=int)


def read_piece(
    directory: str, executor_id: str, stream: str, offset: int, length: int
) -> dict[str, Any]:
    """A piece of an executor's output; a negative offset counts from the end.

    Raises
    ------
    OSError
        The file is not there any more.
    """
    with open(log_path(directory, executor_id, stream), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = max(0, size + offset) if offset < 0 else min(offset, size)
        file.seek(start)
        data = file.read(max(0, min(length, _MAX_BYTES)))
    return {
        "executorId": executor_id,
        "stream": stream,
        "offset": start,
        "length": len(data),
        "size": size,
        "text": data.decode(errors="replace"),
    }
