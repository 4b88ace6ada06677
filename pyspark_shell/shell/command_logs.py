"""What executors wrote, from the driver or, if it is silent, from their files."""

from __future__ import annotations

import time
from argparse import Namespace
from typing import Any, Final, Protocol

from pyspark_shell.rest.client import DriverClient, NoAnswer
from pyspark_shell.rest.discovery import survey
from pyspark_shell.rest.port import Refusal
from pyspark_shell.rest.runtime_file import RuntimeEntry
from pyspark_shell.shell.command_output import DONE, Output

Json = dict[str, Any]

_LOG_BYTES: Final = 64 << 10
_FOLLOW_S: Final = 0.3


class Logs(Protocol):
    """Where one driver's logs are read."""

    @property
    def entry(self) -> RuntimeEntry: ...

    def executors(self) -> list[str]: ...

    def piece(self, executor_id: str, stream: str, offset: int, length: int) -> Json: ...


class _DriversLogs:
    """Those that the driver gives."""

    def __init__(self, client: DriverClient) -> None:
        self.entry = client.entry
        self._client = client

    def executors(self) -> list[str]:
        rows = self._client.get("allexecutors")
        return [row["id"] for row in rows if row["id"] != "driver"]

    def piece(self, executor_id: str, stream: str, offset: int, length: int) -> Json:
        piece: Json = self._client.get(
            f"executors/{executor_id}/logs", stream=stream, offset=offset, length=length
        )
        return piece


def list_logs(client: DriverClient, arguments: Namespace, out: Output) -> int:
    """The end of what executors wrote, and with `--follow` what they write."""
    return show_logs(_DriversLogs(client), arguments, out)


def show_logs(logs: Logs, arguments: Namespace, out: Output) -> int:
    """The same, from wherever they are read."""
    stream = "stdout" if arguments.stdout else "stderr"
    wanted = [arguments.id] if arguments.id is not None else logs.executors()
    pieces = {each: _piece(logs, each, stream, -_LOG_BYTES) for each in wanted}
    out.json([pieces[each] for each in wanted])
    if out.as_json:
        return DONE
    # Others may come while they are followed.
    named = arguments.id is None and (arguments.follow or len(wanted) > 1)
    for each in wanted:
        _write_piece(pieces[each], named, out)
    if not arguments.follow:
        if not any(piece["text"] for piece in pieces.values()):
            where = "there" if arguments.stdout else "to stdout: `logs --stdout`"
            out.line(f"Nothing on {stream} yet. What tasks print goes {where}.")
        return DONE
    seen = {each: piece["offset"] + piece["length"] for each, piece in pieces.items()}
    return _follow(logs, seen, stream, named, out)


def _piece(logs: Logs, executor: str, stream: str, offset: int) -> Json:
    try:
        return logs.piece(executor, stream, offset, _LOG_BYTES)
    except Refusal as refusal:
        if refusal.status == 404 and offset != -_LOG_BYTES:
            return {"executorId": executor, "offset": offset, "length": 0, "text": ""}
        raise


def _write_piece(piece: Json, named: bool, out: Output) -> None:
    text = piece["text"]
    if not named:
        out.raw(text)
        return
    for line in text.splitlines():
        out.raw(f"executor {piece['executorId']} | {line}\n")


def _follow(logs: Logs, seen: dict[str, int], stream: str, named: bool, out: Output) -> int:
    """Write what comes, until the driver is gone or Ctrl-C."""
    while True:
        time.sleep(_FOLLOW_S)
        try:
            if named:
                for executor in logs.executors():
                    seen.setdefault(executor, 0)
            for executor, offset in list(seen.items()):
                piece = _piece(logs, executor, stream, offset)
                seen[executor] = piece["offset"] + piece["length"]
                _write_piece(piece, named, out)
        except NoAnswer:
            if logs.entry not in survey().drivers:
                out.line(f"driver {logs.entry.id} has ended")
                return DONE
