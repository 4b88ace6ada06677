"""Ends a whole application, down to the driver's own loop, rung by rung, and says what is left.

Owns    the parked thread that does it, since Python refuses new threads while it shuts down.
Thread  `stop-spark-context`; `request` from any.
Source  Spark's stopInNewThread for the thread; the ladder is ours: Spark stops the context and
        leaves the user's loops and threads alone.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from pyspark_shell.common.config_entry import Settings
from pyspark_shell.common.process_kind import process_kind
from pyspark_shell.common.threads import STOP_CONTEXT, start_daemon
from pyspark_shell.common.ui_config import (
    KILL_CELL_GRACE_PERIOD,
    KILL_CHILDREN,
    KILL_CONTEXT_TIMEOUT,
    KILL_GRACE_PERIOD,
    KILL_INTERRUPT_ATTEMPTS,
    KILL_JOBS_TIMEOUT,
    KILL_TERMINATE,
    KILL_TERMINATE_TIMEOUT,
    KILL_THREADS,
)
from pyspark_shell.driver.main_code import (
    SCRIPT,
    await_end_of_kill,
    is_interactive,
    is_same,
    main_code,
)
from pyspark_shell.driver.main_thread import exit_as_interrupted, raise_in_thread
from pyspark_shell.executor.process_control import children_of
from pyspark_shell.executor.thread_states import ThreadState, ThreadWatch, top_user_frame

log: Final = logging.getLogger("pyspark_shell.SparkContext")

_INTERRUPT_PAUSE_S: Final = 1.0
_CHILDREN_TIMEOUT_S: Final = 5.0
_EXIT_TIMEOUT_S: Final = 5.0
# A thread above this share of a core burns CPU.
_BUSY_PERCENT: Final = 5.0
_POLL_S: Final = 0.02
TERMINATED: Final = 143


@dataclass(frozen=True, slots=True)
class KillRecord:
    """Who ended the application, when, and why.

    Attributes
    ----------
    who
        A person's or program's name for where the kill came from.
    site
        The line of code that asked, empty if it came from outside.
    """

    reason: str
    who: str
    at_ms: int
    site: str

    @property
    def message(self) -> str:
        """Spark's sentence."""
        return f"Application has been killed. Reason: {self.reason}"

    def __str__(self) -> str:
        when = time.strftime("%H:%M:%S", time.localtime(self.at_ms / 1000))
        site = f", {self.site}" if self.site else ""
        return f"{self.message} (by {self.who} at {when}{site})"


@dataclass(frozen=True, slots=True)
class KillPolicy:
    """How far a kill goes; times in seconds."""

    jobs_timeout_s: float
    context_timeout_s: float
    grace_s: float
    cell_grace_s: float
    interrupt_attempts: int
    threads: str
    children: str
    terminate: bool | None
    terminate_timeout_s: float

    @classmethod
    def read(cls, conf: Settings) -> KillPolicy:
        """The policy of a configuration."""
        return cls(
            KILL_JOBS_TIMEOUT.read(conf),
            KILL_CONTEXT_TIMEOUT.read(conf),
            KILL_GRACE_PERIOD.read(conf),
            KILL_CELL_GRACE_PERIOD.read(conf),
            KILL_INTERRUPT_ATTEMPTS.read(conf),
            KILL_THREADS.read(conf),
            KILL_CHILDREN.read(conf),
            KILL_TERMINATE.read(conf),
            KILL_TERMINATE_TIMEOUT.read(conf),
        )


class KillTarget(Protocol):
    """What the ladder asks of the application."""

    application_id: str

    def fail_jobs(self, message: str) -> None: ...

    def tasks_running(self) -> int: ...

    def stop(self) -> None: ...

    def interrupt_main(self, message: str, code: object) -> None: ...

    def is_helper_process(self, pid: int) -> bool: ...


class ApplicationKill:
    """The ladder of one application.

    Parameters
    ----------
    threads
        Describes the driver's threads.
    main_code
        Tells the piece of code that the main thread runs, None if it runs none of the user's.
    """

    def __init__(
        self,
        target: KillTarget,
        policy: KillPolicy,
        threads: ThreadWatch,
        main_code: Callable[[], object | None] = main_code,
    ) -> None:
        self._target = target
        self._policy = policy
        self._watch = threads
        self._main_code = main_code
        self._code: object | None = None  # what the main thread ran when the kill came
        self._attempts = 0
        self._requested = threading.Event()
        self._cancelled = False
        self._main_outcome = "idle"
        self.record: KillRecord | None = None
        self.complete = threading.Event()
        self.guarded = 0  # pieces of code in the main thread that want no grace

    def park(self) -> None:
        """Start the thread; it waits until it is wanted."""
        start_daemon(STOP_CONTEXT, self._run)

    def request(self, record: KillRecord) -> bool:
        """Begin the kill; False if one has begun already. Returns at once."""
        if self.record is not None:
            return False
        self.record = record
        self._requested.set()
        return True

    def dismiss(self) -> None:
        """The application has stopped by itself: the parked thread may go."""
        if self.record is None:
            self._cancelled = True
            self._requested.set()

    # In the parked thread ----------------------------------------------------------------

    def _run(self) -> None:
        self._requested.wait()
        if self._cancelled or self.record is None:
            return
        started_s = time.monotonic()
        log.error("Application has been killed. Reason: %s", self.record.reason)
        self._code = self._main_code()
        if self.guarded:
            self._target.interrupt_main(str(self.record), self._code)
        exit_as_interrupted()
        atexit.register(await_end_of_kill, self.complete)
        self._rung("jobs", self._end_jobs)
        self._rung("context", self._target.stop)
        if self._code is not None:
            self._rung("main thread", self._end_main)
        self._rung("threads", self._end_threads)
        self._rung("children", self._end_children)
        self._conclude(started_s)
        self.complete.set()
        if self._should_terminate():
            self._terminate(started_s)

    def _rung(self, name: str, climb: Callable[[], object]) -> None:
        began_s = time.monotonic()
        try:
            climb()
        except Exception:
            log.exception("kill of %s: the rung '%s' failed", self._target.application_id, name)
        took_ms = (time.monotonic() - began_s) * 1000
        log.info("kill of %s: %s done in %.0f ms", self._target.application_id, name, took_ms)

    def _end_jobs(self) -> None:
        assert self.record is not None
        self._target.fail_jobs(self.record.message)
        if self._code is not None and self._code is not SCRIPT:
            self._end_cell()
        _wait_until(lambda: self._target.tasks_running() == 0, self._policy.jobs_timeout_s)

    def _end_cell(self) -> None:
        """Somebody waits at the prompt: it does not wait for the executors and the context."""
        if not _wait_until(self._main_is_done, self._policy.cell_grace_s):
            self._interrupt_main()

    def _end_main(self) -> None:
        """Let the user's code notice by itself, then interrupt it."""
        grace_s = _INTERRUPT_PAUSE_S if self._attempts else self._policy.grace_s
        while not _wait_until(self._main_is_done, grace_s):
            if self._attempts >= self._policy.interrupt_attempts:
                self._main_outcome = "did not stop"
                states = [s for s in self._states() if _is_main(s)]
                self._show("the main thread did not stop", states)
                return
            self._interrupt_main()
            grace_s = _INTERRUPT_PAUSE_S
        if not self._attempts:
            self._main_outcome = "noticed by itself"

    def _interrupt_main(self) -> None:
        if self._attempts < self._policy.interrupt_attempts:
            self._attempts += 1
            self._target.interrupt_main(str(self.record), self._code)
            times = f" {self._attempts} times" if self._attempts > 1 else ""
            self._main_outcome = f"interrupted{times}"

    def _main_is_done(self) -> bool:
        """Whether the code that ran when the kill came has ended; the next is left alone."""
        return not is_same(self._main_code(), self._code)

    def _states(self) -> list[ThreadState]:
        self._watch.refresh()
        return self._watch.describe()

    def _user_threads(self) -> list[ThreadState]:
        return [s for s in self._states() if s.owner == "user" and not _is_main(s)]

    def _end_threads(self) -> None:
        if self._policy.threads == "ignore":
            return
        left = self._user_threads()
        if self._policy.threads == "interrupt" and left:
            for state in left:
                raise_in_thread(state.thread_id)
            _wait_until(lambda: not self._user_threads(), _INTERRUPT_PAUSE_S)
            left = self._user_threads()
        if left:
            self._show("user threads are left", left)

    def _show(self, what: str, states: list[ThreadState]) -> None:
        for state in states:
            kind = "daemon" if state.is_daemon else "non-daemon"
            cpu = "" if state.cpu_percent is None else f", {state.cpu_percent:.0f} % CPU"
            started = f", started by {state.started_at}" if state.started_at else ""
            log.warning(
                "%s: %s (%s, %s%s%s)\n%s",
                what,
                state.name,
                kind,
                state.state,
                cpu,
                started,
                top_user_frame(state),
            )

    def _end_children(self) -> None:
        children = self._children()
        if not children:
            return
        log.warning("processes that user code started are left: %s", children)
        if self._policy.children == "kill":
            for pid in children:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            _wait_until(lambda: not self._children(), _CHILDREN_TIMEOUT_S)

    def _children(self) -> list[int]:
        return [p for p in children_of(os.getpid()) if not self._target.is_helper_process(p)]

    def _conclude(self, started_s: float) -> None:
        left, children = self._user_threads(), self._children()
        is_clean = not left and not children and self._main_outcome == "idle"
        names = ", ".join(f"{s.name} ({'daemon' if s.is_daemon else 'non-daemon'})" for s in left)
        log.log(
            logging.INFO if is_clean else logging.WARNING,
            "Application %s kill: complete in %.0f ms (main: %s, threads left: %s, children: %d)",
            self._target.application_id,
            (time.monotonic() - started_s) * 1000,
            self._main_outcome,
            names or "none",
            len(children),
        )
        if (left or children) and is_interactive() and not self._should_terminate():
            log.warning("%s", what_to_do([s.name for s in left], children, process_kind().name))

    # The last rung ----------------------------------------------------------------------

    def _should_terminate(self) -> bool:
        """Whether the process itself has to end: by default a script's, if something keeps it."""
        if self._policy.terminate is not None:
            return self._policy.terminate
        return not is_interactive()

    def _terminate(self, started_s: float) -> None:
        """End the process, unless it ends by itself in time."""
        left_s = self._policy.terminate_timeout_s - (time.monotonic() - started_s)
        if _wait_until(self._nothing_is_left, max(0.0, left_s)):
            return
        users = [s for s in self._states() if s.owner == "user"]
        keepers = [s for s in users if s.keeps_process_alive or _is_main(s)]
        self._show("the process is ended because of", keepers)
        sys.stdout.flush()
        sys.stderr.flush()
        if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            os.kill(os.getpid(), signal.SIGTERM)
            _wait_until(lambda: False, _EXIT_TIMEOUT_S)
        os._exit(TERMINATED)

    def _nothing_is_left(self) -> bool:
        if self._main_code() is not None:
            return False
        return not any(
            s.keeps_process_alive or (s.cpu_percent or 0) > _BUSY_PERCENT
            for s in self._user_threads()
        )


def what_to_do(threads: list[str], children: list[int], kind: str) -> str:
    """The line for whoever sits at a shell whose application was killed, and that runs on.

    Examples
    --------
    >>> print(what_to_do(["loader"], [4711], "terminal"))
    Not ended by the kill: thread loader, process 4711. Leave the shell to end them, ...
    """
    named = [f"thread {name}" for name in threads] + [f"process {pid}" for pid in children]
    end = "Restart the kernel" if kind == "kernel" else "Leave the shell"
    keys = [KILL_THREADS.key + "=interrupt"] * bool(threads)
    keys += [KILL_CHILDREN.key + "=kill"] * bool(children)
    return (
        f"Not ended by the kill: {', '.join(named)}. {end} to end them, "
        f"or let them run; with {' and '.join(keys)} the next kill ends them too."
    )


def _is_main(state: ThreadState) -> bool:
    return state.thread_id == threading.main_thread().ident


def _wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Wait for a condition that nobody announces: what another thread or process does by itself."""
    pause = threading.Event()
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline_s:
            return False
        pause.wait(_POLL_S)
    return True
