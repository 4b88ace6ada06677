"""Describes the threads of a process as Spark's thread dump does, with Python's stacks.

Owns    the last reading of each thread's processor time.
Thread  any.
Source  Spark's ThreadStackTrace for names and states; Linux tells processor time and kernel state
        per thread, elsewhere both are unknown and the state is read from the stack alone.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
import threading
import time
from collections.abc import Mapping
from types import FrameType
from typing import Any, Final

from pyspark_shell.common.call_site import is_engine_file
from pyspark_shell.common.cell import (
    Cell,
    cell_of,
    current_cell,
    foreground_cell,
    name_of_file,
    place,
)
from pyspark_shell.common.record import record
from pyspark_shell.common.thread_starts import THREAD_STARTS
from pyspark_shell.common.threads import ENGINE_THREADS, LISTENER_PREFIX, SPARK_UI
from pyspark_shell.executor.blockers import Blocker, blocker_of
from pyspark_shell.executor.line_memory import LineMemory, place_of

_JUPYTER: Final = (
    "IOPub", "Heartbeat", "Control", "Shell channel", "IPythonHistorySavingThread", "Subshell",
    "pydevd", "asyncio", "Thread-1 (_poll)", "patch-stdout-flush-thread",
)  # fmt: skip
# Packages whose threads, by class or by what they run, are Jupyter's too.
_JUPYTER_PACKAGES: Final = ("ipykernel", "IPython", "zmq", "tornado", "debugpy", "prompt_toolkit")
# What a thread does in C code shows in the line that calls it: (pattern, state, what it waits for).
_WAITS: Final = (
    (re.compile(r"\bsleep\("), "TIMED_WAITING", "time.sleep"),
    (re.compile(r"\.join\("), "WAITING", "the end of a thread"),
    (re.compile(r"\.acquire\("), "WAITING", "a lock"),
    (re.compile(r"\bwith\b.*lock"), "WAITING", "a lock"),
    (re.compile(r"\.wait\("), "WAITING", "an event"),
    (re.compile(r"\.get\("), "WAITING", "a queue"),
    (re.compile(r"\.result\("), "WAITING", "a future"),
    (re.compile(r"\b(select|poll)\("), "RUNNABLE", "descriptors"),
    (re.compile(r"\.(recv|accept|read|readline|recvmsg|recv_into)\("), "RUNNABLE", "input"),
    (re.compile(r"\binput\("), "RUNNABLE", "input"),
)
_LIBRARY_WAITS: Final = {
    ("threading.py", "wait"): "an event",
    ("threading.py", "_wait_for_tstate_lock"): "the end of a thread",
    ("threading.py", "join"): "the end of a thread",
    ("threading.py", "acquire"): "a lock",
    ("queue.py", "get"): "a queue",
    ("queue.py", "put"): "a queue",
    ("selectors.py", "select"): "descriptors",
}
# A reading older than this says nothing about now; then two are taken, a moment apart.
_OLD_READING_S: Final = 2.0
_SHORT_READING_S: Final = 0.05
_SHARE_WINDOW_S: Final = 1.0
_TIMEOUTS: Final = ("timeout", "timeout_s")
_WAITING: Final = ("WAITING", "TIMED_WAITING")
_IS_LINUX: Final = sys.platform.startswith("linux")


@record(frozen=False)
class ThreadState:
    """One thread, as it is now.

    Attributes
    ----------
    state
        NEW, RUNNABLE, BLOCKED (waits for the interpreter), WAITING, TIMED_WAITING or TERMINATED.
    owner
        `engine`, `jupyter` or `user`.
    started_at
        Where in the user's code it was started; empty if that is not known.
    cpu_percent
        Of one core, over the last second or two; None where the system does not tell.
    waits_for
        In words; empty if it runs.
    keeps_process_alive
        Whether the interpreter waits for it at exit.
    stack
        Outermost frame first, as `File "...", line n, in f` with the source line below.
    same_line_s
        How long its innermost frame of the user's has been in the same line, at every look.
    blocked_by
        What keeps it, and which thread has that, where Python knows.
    cell
        The cell whose code started it; for the main thread the one that it runs.
    """

    thread_id: int
    native_id: int
    name: str
    is_daemon: bool
    state: str
    owner: str
    started_at: str
    cpu_percent: float | None
    waits_for: str
    keeps_process_alive: bool
    stack: list[str]
    task_id: int | None = None
    job_id: int | None = None
    same_line_s: float = 0.0
    blocked_by: Blocker | None = None
    cell: Cell | None = None

    def to_json(self) -> dict[str, Any]:
        """Spark's field names, and ours beside them."""
        row: dict[str, Any] = {
            "threadId": self.thread_id,
            "threadName": self.name,
            "threadState": self.state,
            "stackTrace": {"elems": self.stack},
            "blockedByLock": self.blocked_by.what if self.blocked_by else "",
            "holdingLocks": [],
            "synchronizers": [],
            "monitors": [],
            "lockName": self.waits_for,
            "suspended": False,
            "inNative": False,
            "isDaemon": self.is_daemon,
            "priority": 5,
            "nativeId": self.native_id,
            "owner": self.owner,
            "startedAt": self.started_at,
            "cpuPercent": self.cpu_percent,
            "keepsProcessAlive": self.keeps_process_alive,
            "sameLineSeconds": self.same_line_s,
            "sampledBy": "python",
        }
        if self.blocked_by is not None and self.blocked_by.thread_id is not None:
            row["blockedByThreadId"] = self.blocked_by.thread_id
        if self.task_id is not None:
            row["taskId"] = self.task_id
        if self.job_id is not None:
            row["jobId"] = self.job_id
        if self.cell is not None:
            row["cell"] = {"id": self.cell.id, "prompt": self.cell.prompt}
        return row


@record
class _Usage:
    cpu_s: float
    at_s: float
    kernel_state: str
    switches: int


class ThreadWatch:
    """Describes this process's threads; remembers processor times from call to call."""

    def __init__(self) -> None:
        self._before: dict[int, _Usage] = {}  # the last reading
        self._base: dict[int, _Usage] = {}  # what it is compared with: a second older, if it can be
        self._next_base: dict[int, _Usage] = {}
        self._shares: dict[int, float] = {}
        self._still: set[int] = set()  # threads that slept through from one reading to the next
        self._lines: LineMemory[int] = LineMemory()

    def sample(self) -> None:
        """Read all threads' processor times.

        A share is that of one to two seconds, however many ask and how often; of less only until
        the first reading is a second old.
        """
        now = {native_id: usage for native_id in _native_ids() if (usage := _usage(native_id))}
        if _at_s(now) - _at_s(self._next_base) >= _SHARE_WINDOW_S:
            self._base, self._next_base = self._next_base or now, now
        for native_id, usage in now.items():
            self._compare(native_id, usage)
        self._before = now

    def _compare(self, native_id: int, usage: _Usage) -> None:
        known = (self._base, self._next_base, self._before)  # a young thread is in the last only
        base = next((reading[native_id] for reading in known if native_id in reading), None)
        if base is not None and usage.at_s > base.at_s:
            share = (usage.cpu_s - base.cpu_s) / (usage.at_s - base.at_s)
            self._shares[native_id] = round(100 * max(0.0, share), 1)
        earlier = self._before.get(native_id)
        if earlier is not None and usage.at_s > earlier.at_s:
            is_still = usage.switches == earlier.switches and usage.kernel_state == "S"
            (self._still.add if is_still else self._still.discard)(native_id)

    def refresh(self) -> None:
        """Read the processor times so that shares are of about the last second."""
        if time.monotonic() - _at_s(self._before) > _OLD_READING_S:
            self._base = self._next_base = {}
            self.sample()
            time.sleep(_SHORT_READING_S)  # a share is a difference over some time
        self.sample()

    @property
    def window_s(self) -> float:
        """Over how many seconds the shares of threads that live as long were taken."""
        return _at_s(self._before) - _at_s(self._base) if self._base else 0.0

    def describe(self, task_id: int | None = None) -> list[ThreadState]:
        """All Python threads: task threads first, then by name, then by id.

        Parameters
        ----------
        task_id
            The task that the main thread runs, in an executor.
        """
        frames = sys._current_frames()
        try:
            states = [
                self._describe(thread, frames.get(thread.ident or 0), task_id)
                for thread in threading.enumerate()
            ]
        finally:
            del frames
        states.sort(key=lambda s: (s.task_id is None, s.name.lower(), s.thread_id))
        alive = {state.thread_id for state in states}
        self._lines.keep(lambda thread_id: thread_id in alive)
        return states

    def note_main_line(self, task_id: int) -> None:
        """Note where the main thread is, for somebody who may look later."""
        ident = threading.main_thread().ident or 0
        frame = sys._current_frames().get(ident)
        if frame is not None:
            self._lines.seconds_at(ident, (task_id, place_of(frame)))

    def _describe(
        self, thread: threading.Thread, frame: FrameType | None, task_id: int | None
    ) -> ThreadState:
        native_id = _native_id(thread)
        usage = _usage(native_id)
        is_main = thread is threading.main_thread()
        owner = _owner(thread)
        kernel_state = usage.kernel_state if usage else ""
        state, waits_for = _state(frame, kernel_state, native_id in self._still)
        ident = thread.ident or 0
        same_line_s, blocked_by = 0.0, None
        if frame is not None:
            place = (task_id if task_id is not None and is_main else -1, place_of(frame))
            same_line_s = self._lines.seconds_at(ident, place)
            blocked_by = blocker_of(frame) if state in _WAITING else None
        return ThreadState(
            ident,
            native_id,
            thread.name,
            thread.daemon,
            state,
            owner,
            started_at(thread),
            self._shares.get(native_id),
            waits_for,
            not thread.daemon and not is_main,
            _stack(frame),
            task_id if is_main else None,
            same_line_s=same_line_s,
            blocked_by=blocked_by,
            cell=foreground_cell() if is_main else cell_of(thread),
        )


def describe_threads(task_id: int = -1) -> list[dict[str, Any]]:
    """Rows of all threads of this executor, JSON-ready."""
    _watch.refresh()
    return [state.to_json() for state in _watch.describe(task_id if task_id >= 0 else None)]


def note_main_line(task_id: int) -> None:
    """Note where this executor's task is, for somebody who may look later."""
    _watch.note_main_line(task_id)


_watch: Final = ThreadWatch()


# What the system tells ----------------------------------------------------------------------


def _native_ids() -> list[int]:
    return [native_id for thread in threading.enumerate() if (native_id := _native_id(thread))]


def _native_id(thread: threading.Thread) -> int:
    """The system's id of a thread; in a fork Python still tells the parent's for the main one."""
    if thread is threading.main_thread() and _IS_LINUX:
        return os.getpid()
    return thread.native_id or 0


def _usage(native_id: int) -> _Usage | None:
    folder = f"/proc/self/task/{native_id}"
    try:
        with open(f"{folder}/stat", "rb") as file:
            state = file.read().rpartition(b")")[2].split()[0].decode()
        with open(f"{folder}/schedstat", "rb") as file:
            cpu_s = int(file.read().split()[0]) / 1e9
        with open(f"{folder}/status", "rb") as file:
            switches = _switches(file.read())
    except (OSError, ValueError, IndexError):
        return None
    return _Usage(cpu_s, time.monotonic(), state, switches)


def _at_s(reading: Mapping[int, _Usage]) -> float:
    return max((usage.at_s for usage in reading.values()), default=float("-inf"))


def _switches(status: bytes) -> int:
    """How often the thread went to sleep by itself."""
    return int(status.rpartition(b"\nvoluntary_ctxt_switches:")[2].split()[0])


# What the stack tells -------------------------------------------------------------------------


def _state(frame: FrameType | None, kernel_state: str, is_still: bool) -> tuple[str, str]:
    """State and what it waits for, from the innermost frame and the kernel's word.

    A thread that waits for the interpreter wakes up again and again to look; one that waits in a
    call does not.
    """
    if frame is None:
        return "TERMINATED", ""
    if kernel_state == "R":
        return "RUNNABLE", ""
    code = frame.f_code
    library = _LIBRARY_WAITS.get((os.path.basename(code.co_filename), code.co_name))
    if library is not None:
        state = "RUNNABLE" if library == "descriptors" else "WAITING"
        if state == "WAITING" and _has_timeout(frame):
            state = "TIMED_WAITING"
        return state, library
    line = linecache.getline(code.co_filename, frame.f_lineno)
    for pattern, state, what in _WAITS:
        if pattern.search(line):
            if state == "WAITING" and "timeout" in line:
                state = "TIMED_WAITING"
            return state, what
    if is_still:
        return "WAITING", "a call that has not returned"
    if kernel_state == "S":
        return "BLOCKED", "the interpreter (another thread runs Python or C code)"
    return "RUNNABLE", ""


def _has_timeout(frame: FrameType) -> bool:
    values: Mapping[str, Any] = frame.f_locals
    return any(values.get(name) is not None and values.get(name) != -1 for name in _TIMEOUTS)


def _stack(frame: FrameType | None) -> list[str]:
    lines: list[str] = []
    while frame is not None:
        code = frame.f_code
        source = linecache.getline(code.co_filename, frame.f_lineno).strip()
        name = name_of_file(code.co_filename) or code.co_filename
        text = f'File "{name}", line {frame.f_lineno}, in {code.co_name}'
        lines.append(f"{text}\n    {source}" if source else text)
        frame = frame.f_back
    lines.reverse()
    return lines


def top_user_frame(state: ThreadState) -> str:
    """The innermost frame that is not the engine's or the threading library's."""
    for text in reversed(state.stack):
        found = re.match(r'File "([^"]+)"', text)
        if found and not is_engine_file(found[1]) and "threading.py" not in found[1]:
            return text
    return state.stack[-1] if state.stack else ""


# Whose it is ------------------------------------------------------------------------------------

_START_SITE: Final = "_pyspark_shell_started_at"


def _owner(thread: threading.Thread) -> str:
    if thread.name in ENGINE_THREADS or thread.name.startswith((LISTENER_PREFIX, f"{SPARK_UI}-")):
        return "engine"
    if any(thread.name.startswith(name) for name in _JUPYTER):
        return "jupyter"
    target = getattr(thread, "_target", None)
    modules = (type(thread).__module__, getattr(target, "__module__", None) or "")
    if any(module.partition(".")[0] in _JUPYTER_PACKAGES for module in modules):
        return "jupyter"
    return "user"


def started_at(thread: threading.Thread) -> str:
    """Where in the user's code the thread was started; empty if nobody took notice."""
    return str(getattr(thread, _START_SITE, ""))


class StartSites:
    """Notes where threads are started, from `watch` to `unwatch`."""

    def __init__(self) -> None:
        self._is_watching = False

    def watch(self) -> None:
        """Begin to take notice."""
        if not self._is_watching:
            self._is_watching = True
            THREAD_STARTS.add(_note_site)

    def unwatch(self) -> None:
        """Do so no more."""
        if self._is_watching:
            self._is_watching = False
            THREAD_STARTS.remove(_note_site)


def _note_site(thread: threading.Thread, starter: FrameType) -> None:
    cell = current_cell()
    if cell is not None and is_engine_file(starter.f_code.co_filename):  # a magic of that cell
        setattr(thread, _START_SITE, cell.name)
        return
    while is_engine_file(starter.f_code.co_filename) and starter.f_back is not None:
        starter = starter.f_back  # `sc.thread` starts it for somebody
    code = starter.f_code
    where = place(code.co_filename, starter.f_lineno)
    is_module = code.co_name == "<module>"
    setattr(thread, _START_SITE, where if is_module else f"{code.co_name} at {where}")
