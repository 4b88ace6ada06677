"""Reads what faulthandler wrote about a process whose interpreter nobody else could get.

A C call that holds the interpreter keeps the process from describing itself; faulthandler's signal
handler needs no interpreter. It tells files, lines and functions of all threads, their names from
Python 3.14 on, and nothing of who waits for whom.
Source  faulthandler's format: `Thread 0x... (most recent call first):`, then frames, innermost
        first; the main thread comes last.
"""

from __future__ import annotations

import linecache
import os
import re
import signal
from typing import Any, Final

from pyspark_shell.common.call_site import is_user_file
from pyspark_shell.common.cell import name_of_file
from pyspark_shell.common.record import record
from pyspark_shell.common.threads import (
    CONTEXT_CLEANER,
    DAG_SCHEDULER,
    EXECUTOR_MESSAGES,
    LISTENER_PREFIX,
    SPARK_UI,
    STOP_CONTEXT,
)

# Threads of ours, by the file that their work is in.
_OURS: Final = {
    "executor/message_thread.py": EXECUTOR_MESSAGES,
    "scheduler/selector_loop.py": DAG_SCHEDULER,
    "listener/live_listener_bus.py": LISTENER_PREFIX.rstrip("-"),
    "driver/context_cleaner.py": CONTEXT_CLEANER,
    "driver/application_kill.py": STOP_CONTEXT,
    "rest/server.py": SPARK_UI,
}
# On which a driver writes its stacks; nobody uses it for anything else. 0: this system has none.
DRIVER_STACK_SIGNAL: Final = int(signal.SIGRTMIN) + 11 if hasattr(signal, "SIGRTMIN") else 0

_HEAD: Final = re.compile(
    r"(?:Current thread|Thread) 0x(?P<id>[0-9a-f]+)(?: \[(?P<name>.*)\])? \(most recent"
)
_FRAME: Final = re.compile(r'  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)')
_ELEMENT: Final = re.compile(r'File "(?P<file>.*)", line (?P<line>\d+), in (?P<function>[^\n]*)')


@record
class NativeFrame:
    """One call."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        name = name_of_file(self.file) or self.file
        text = f'File "{name}", line {self.line}, in {self.function}'
        source = linecache.getline(self.file, self.line).strip()
        return f"{text}\n    {source}" if source else text


@record
class NativeStack:
    """One thread; outermost frame first."""

    thread_id: int
    name: str
    frames: tuple[NativeFrame, ...]

    @property
    def place(self) -> NativeFrame | None:
        """The innermost frame that is the user's; else the innermost."""
        own = [frame for frame in self.frames if is_user_file(frame.file)]
        frames = own or self.frames
        return frames[-1] if frames else None


def read_stacks(text: str) -> list[NativeStack]:
    """The threads of one dump, main thread last."""
    stacks: list[NativeStack] = []
    for block in text.strip().split("\n\n"):
        head, *lines = block.splitlines() or [""]
        found = _HEAD.match(head)
        if found is None:
            continue
        frames = [
            NativeFrame(each["file"], int(each["line"]), each["function"])
            for each in map(_FRAME.fullmatch, reversed(lines))
            if each is not None
        ]
        stacks.append(NativeStack(int(found["id"], 16), found["name"] or "", tuple(frames)))
    return stacks


def native_rows(stacks: list[NativeStack], task_id: int | None, pid: int) -> list[dict[str, Any]]:
    """Rows like those that the process itself would give, main thread first.

    Parameters
    ----------
    task_id
        What the main thread runs.
    """
    rows = [
        _row(stack, is_main, task_id if is_main else None, pid)
        for stack, is_main in ((each, each is stacks[-1]) for each in reversed(stacks))
    ]
    return rows


def _row(stack: NativeStack, is_main: bool, task_id: int | None, pid: int) -> dict[str, Any]:
    our_name = "" if is_main else _our_name(stack)
    name = "MainThread" if is_main else our_name or stack.name
    row: dict[str, Any] = {
        "threadId": stack.thread_id,
        "threadName": name or f"thread {stack.thread_id:#x}",
        "threadState": "RUNNABLE" if is_main and _uses_processor(pid) else "BLOCKED",
        "stackTrace": {"elems": [str(frame) for frame in stack.frames]},
        "blockedByLock": "",
        "holdingLocks": [],
        "synchronizers": [],
        "monitors": [],
        "lockName": "" if is_main else "the interpreter (another thread runs C code)",
        "suspended": False,
        "inNative": is_main,
        "isDaemon": bool(our_name),
        "priority": 5,
        "nativeId": pid if is_main else 0,
        "owner": "engine" if our_name else "user",
        "startedAt": "",
        "cpuPercent": None,
        "keepsProcessAlive": False,
        "sampledBy": "faulthandler",
    }
    if row["threadState"] == "BLOCKED" and is_main:
        row["threadState"], row["lockName"] = "WAITING", "a call that has not returned"
    if task_id is not None:
        row["taskId"] = task_id
    return row


def _our_name(stack: NativeStack) -> str:
    for frame in stack.frames:
        for file, name in _OURS.items():
            if frame.file.endswith(f"pyspark_shell/{file}"):
                return name
    return ""


def _uses_processor(pid: int) -> bool:
    """Whether the main thread runs, as far as the system tells."""
    try:
        with open(f"/proc/{pid}/task/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] == b"R"
    except OSError:
        return True


def driver_stacks_beside(process_table: str) -> str:
    """The file into which a driver writes its stacks, by that of its process table."""
    return os.path.join(os.path.dirname(process_table), "driver-stacks")


def catches_signal(pid: int, number: int) -> bool:
    """Whether a process has a handler for a signal, as Linux tells."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            caught = file.read().partition(b"\nSigCgt:")[2].split()[0]
    except (OSError, IndexError):
        return False
    return bool(int(caught, 16) >> (number - 1) & 1)


def with_source(element: str) -> str:
    """A frame with its line of source, and a cell by its name, where this process knows them and
    the other did not: cells of a notebook are here alone.
    """
    frame, _, source = element.partition("\n")
    found = _ELEMENT.fullmatch(frame)
    if found is None:
        return element
    told = str(NativeFrame(found["file"], int(found["line"]), found["function"]))
    return f"{told.partition(chr(10))[0]}\n{source}" if source else told
