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
from pyspark_shell.common.native_threads import Activity, activities
from pyspark_shell.common.record import record
from pyspark_shell.common.threads import (
    CELL_PROGRESS,
    CONTEXT_CLEANER,
    DAG_SCHEDULER,
    EXECUTOR_MESSAGES,
    IDLE_WATCH,
    INTERRUPT_MAIN,
    LISTENER_PREFIX,
    PANEL,
    PERIODIC_GC,
    PROGRESS,
    SPARK_UI,
    STOP_CONTEXT,
)

# Threads of ours, by what they run.
_OURS: Final = {
    ("executor/message_thread.py", "run"): EXECUTOR_MESSAGES,
    ("scheduler/selector_loop.py", "_run"): DAG_SCHEDULER,
    ("listener/live_listener_bus.py", "_run"): LISTENER_PREFIX.rstrip("-"),
    ("driver/context_cleaner.py", "_run"): CONTEXT_CLEANER,
    ("driver/garbage_collection.py", "_run"): PERIODIC_GC,
    ("driver/application_kill.py", "_run"): STOP_CONTEXT,
    ("driver/application_kill.py", "_run_for_main"): INTERRUPT_MAIN,
    ("driver/console_progress_bar.py", "_run"): PROGRESS,
    ("rest/server.py", "_run"): SPARK_UI,
    ("rest/workers.py", "_work"): f"{SPARK_UI} worker",
    ("shell/idle_watch.py", "_close_when_idle"): IDLE_WATCH,
    ("widgets/cell_progress.py", "_run"): CELL_PROGRESS,
    ("widgets/panel.py", "_run"): PANEL,
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


def is_whole(text: str) -> bool:
    r"""Whether a dump goes to its end, as far as that can be seen: the outermost call of the main
    thread, which comes last, or the word for calls that were left out.

    Examples
    --------
    >>> head = 'Current thread 0x01 (most recent call first):\n'
    >>> is_whole(head + '  File "a.py", line 2 in f\n')
    False
    >>> is_whole(head + '  File "a.py", line 2 in f\n  File "a.py", line 3 in <module>\n')
    True
    """
    return text.endswith((" in <module>\n", "\n  ...\n"))


def native_rows(stacks: list[NativeStack], task_id: int | None, pid: int) -> list[dict[str, Any]]:
    """Rows like those that the process itself would give, main thread first.

    Parameters
    ----------
    task_id
        What the main thread runs.
    """
    ordered = stacks[::-1]  # as they were started
    threads = _native_threads(len(ordered), pid)
    names = ["MainThread", *(_name(stack) for stack in ordered[1:])]
    holder = _holder([does for _, does in threads])
    why = "threads take turns" if holder is None else f"{names[holder]} runs C code"
    rows = [
        _row(stack, name, native_id, does, why)
        for stack, name, (native_id, does) in zip(ordered, names, threads, strict=True)
    ]
    if holder is not None:
        rows[holder]["inNative"] = True
    if task_id is not None and rows:
        rows[0]["taskId"] = task_id
    return rows


def _native_threads(count: int, pid: int) -> list[tuple[int, Activity]]:
    """Native id of each Python thread, as they were started, and what it does; 0 if unknown."""
    found = activities(pid)
    if len(found) == count:
        return list(found.items())
    # Some are not Python's, and nobody tells which.
    main = pid, found.get(pid, Activity.COMPUTES)
    return [main, *[(0, Activity.WANTS_INTERPRETER)] * (count - 1)][:count]


def _holder(does: list[Activity]) -> int | None:
    """Which thread has the interpreter: one that computes; else the main one, if it waits."""
    if Activity.COMPUTES in does:
        return does.index(Activity.COMPUTES)
    return 0 if does and does[0] is Activity.WAITS else None


def _row(stack: NativeStack, name: str, native_id: int, does: Activity, why: str) -> dict[str, Any]:
    state, lock = {
        Activity.COMPUTES: ("RUNNABLE", ""),
        Activity.WANTS_INTERPRETER: ("BLOCKED", f"the interpreter ({why})"),
        Activity.WAITS: ("WAITING", "a call that has not returned"),
    }[does]
    is_ours = bool(_our_name(stack))
    return {
        "threadId": stack.thread_id,
        "threadName": name,
        "threadState": state,
        "stackTrace": {"elems": [str(frame) for frame in stack.frames]},
        "blockedByLock": "",
        "holdingLocks": [],
        "synchronizers": [],
        "monitors": [],
        "lockName": lock,
        "suspended": False,
        "inNative": False,
        "isDaemon": is_ours,
        "priority": 5,
        "nativeId": native_id,
        "owner": "engine" if is_ours else "user",
        "startedAt": "",
        "cpuPercent": None,
        "keepsProcessAlive": False,
        "sampledBy": "faulthandler",
    }


def _name(stack: NativeStack) -> str:
    return _our_name(stack) or stack.name or f"thread {stack.thread_id:#x}"


def _our_name(stack: NativeStack) -> str:
    for frame in stack.frames:
        for (file, function), name in _OURS.items():
            if frame.function == function and frame.file.endswith(f"pyspark_shell/{file}"):
                return name
    return ""


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
