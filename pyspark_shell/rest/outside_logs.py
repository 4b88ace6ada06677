"""Finds what the executors of a driver wrote that cannot answer: its zygote writes beside them.

Thread  the caller's.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

from pyspark_shell.common.executor_log import executors_in, read_piece
from pyspark_shell.common.process_identity import is_same_process
from pyspark_shell.rest.client import NoAnswer
from pyspark_shell.rest.outside_kill import CannotKill, open_table
from pyspark_shell.rest.outside_stacks import CannotLook
from pyspark_shell.rest.port import Json, Refusal
from pyspark_shell.rest.runtime_file import RuntimeEntry

_STDERR: Final = 2
_ZYGOTES: Final = "zygote.stderr"


class OutsideLogs:
    """The logs of one driver's executors, without its help.

    Raises
    ------
    CannotLook
        The system does not tell where they are.
    """

    def __init__(self, entry: RuntimeEntry) -> None:
        self.entry = entry
        self._directory = _directory_of(entry)

    def executors(self) -> list[str]:
        """Those that left anything, dead ones too."""
        with suppress(OSError):
            return executors_in(self._directory)
        return []

    def piece(self, executor_id: str, stream: str, offset: int, length: int) -> Json:
        """What the driver would give.

        Raises
        ------
        NoAnswer
            The driver has ended.
        Refusal
            The executor has no such file, and the driver none at all.
        """
        if executor_id == "driver":
            raise Refusal(404, "The driver prints where it was started.")
        if not is_same_process(self.entry.pid, self.entry.start_time):
            raise NoAnswer(self.entry, "it has ended")
        try:
            return read_piece(self._directory, executor_id, stream, offset, length)
        except OSError:
            raise Refusal(404, f"Executor {executor_id} has no {stream}.") from None


def _directory_of(entry: RuntimeEntry) -> str:
    """The directory of the zygote's log, which is that of all logs."""
    try:
        with open_table(entry) as table:
            processes = table.processes()
        if is_same_process(processes.zygote_pid, processes.zygote_start_time):
            path = os.readlink(f"/proc/{processes.zygote_pid}/fd/{_STDERR}")
            if os.path.basename(path) == _ZYGOTES:
                return os.path.dirname(path)
    except (CannotKill, OSError, ValueError) as problem:
        raise CannotLook(f"The logs of driver {entry.id} are not found: {problem}") from None
    raise CannotLook(f"The logs of driver {entry.id} are not found: no zygote of it runs.")
