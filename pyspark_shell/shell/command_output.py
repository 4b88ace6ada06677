"""What a command says, and where: tables for people, JSON for programs, refusals on stderr.

Colours only where a terminal shows them, and never alone: the word stands there too.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any, Final, TextIO

from pyspark_shell.rest.client import NoAnswer
from pyspark_shell.rest.discovery import NoSuchDriver
from pyspark_shell.rest.runtime_file import RuntimeEntry
from pyspark_shell.shell.tables import Column, table

DONE: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
NO_DRIVER: Final = 3
NO_ANSWER: Final = 4
INTERRUPTED: Final = 130

_PLAIN: Final = "\x1b[0m"
_COLOURS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("running", "busy", "answers"), "\x1b[36m"),
    **dict.fromkeys(("waiting", "killing", "cleaning", "queued"), "\x1b[33m"),
    **dict.fromkeys(("failed", "killed", "error", "silent", "blocked"), "\x1b[31m"),
    **dict.fromkeys(("done", "cleaned"), "\x1b[32m"),
    **dict.fromkeys(("dead", "idle", "skipped"), "\x1b[2m"),
}


class Output:
    """Where one command writes.

    Parameters
    ----------
    as_json
        For a program: nothing but one JSON document goes to stdout.
    """

    def __init__(self, as_json: bool, stdout: TextIO | None = None) -> None:
        self.as_json = as_json
        self._stdout = stdout or sys.stdout
        self.has_colours = not as_json and _shows_colours(self._stdout)
        self.width = _width_of(self._stdout)

    def line(self, text: str) -> None:
        """Say something to a person, at once."""
        if not self.as_json:
            print(text, file=self._stdout, flush=True)

    def json(self, value: Any) -> None:
        """Say something to a program."""
        if self.as_json:
            json.dump(value, self._stdout, indent=2, ensure_ascii=False)
            print(file=self._stdout, flush=True)

    def raw(self, text: str) -> None:
        """Pass on what a task wrote."""
        self._stdout.write(text)
        self._stdout.flush()

    def problem(self, text: str) -> None:
        """Say on stderr what went wrong."""
        print(f"pyspark-shell: {text}", file=sys.stderr, flush=True)

    def paint(self, cell: str) -> str:
        """A state with its colour; as it is where there are none."""
        colour = _COLOURS.get(cell.strip()) if self.has_colours else None
        return f"{colour}{cell}{_PLAIN}" if colour else cell

    def no_driver(self, problem: NoSuchDriver) -> int:
        """None runs, or it is not clear which one is meant."""
        self.json({"error": str(problem), "drivers": [public(e) for e in problem.candidates]})
        self.problem(str(problem))
        if problem.candidates:
            print(candidates_view(problem.candidates), file=sys.stderr)
            print("Name one: --driver ID; the beginning of its id is enough.", file=sys.stderr)
        else:
            print(HOW_TO_START, file=sys.stderr)
        return NO_DRIVER

    def no_answer(self, problem: NoAnswer) -> int:
        """A driver is silent."""
        self.problem(str(problem))
        return NO_ANSWER


HOW_TO_START: Final = (
    "Start one: `pyspark-shell` in a terminal, or in Python or a notebook\n"
    "    from pyspark_shell import SparkContext\n"
    "    sc = SparkContext()"
)


def public(entry: RuntimeEntry) -> dict[str, Any]:
    """What may be shown of a driver: not its token."""
    return {key: value for key, value in entry.to_json().items() if key != "token"}


def candidates_view(entries: tuple[RuntimeEntry, ...]) -> str:
    """Drivers to choose from."""
    columns = (Column("Driver"), Column("Name", may_shrink=True), Column("Kind"), Column("Pid"))
    return table(columns, [[e.id, e.name, e.kind, str(e.pid)] for e in entries])


def _width_of(stream: TextIO) -> int:
    """Of the terminal; whoever reads a pipe gets all."""
    if stream.isatty() or os.environ.get("COLUMNS", "").isdigit():
        return shutil.get_terminal_size().columns
    return sys.maxsize


def _shows_colours(stream: TextIO) -> bool:
    """Source: no-color.org for NO_COLOR, which counts if it is not empty."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()
