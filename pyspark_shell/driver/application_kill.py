"""Ends a whole application, down to the driver's own loop, rung by rung, and says what is left.

Owns    the parked threads that do it, since Python refuses new ones while it shuts down.
Thread  `stop-spark-context`, and for the main thread, whose seconds of grace count from the kill
        and not from the end of its context, `interrupt-killed-main`; `request` from any.
Source  Spark's stopInNewThread for the thread; the ladder is ours: Spark stops the context and
        leaves the user's loops and threads alone.

The rungs: K0 mark; K1 jobs; K2 context; K3 the main thread may notice by itself; K4 it is
interrupted; K5 threads; K6 child processes; K7 the process itself. Each says how long it took.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol

from pyspark_shell.common.process_kind import process_kind
from pyspark_shell.common.threads import INTERRUPT_MAIN, STOP_CONTEXT, start_daemon
from pyspark_shell.driver.child_processes import ChildProcesses
from pyspark_shell.driver.kill_policy import KillPolicy, KillRecord
from pyspark_shell.driver.kill_remains import KillRemains, question
from pyspark_shell.driver.main_code import (
    SCRIPT,
    await_end_of_kill,
    is_interactive,
    is_same,
    main_code,
)
from pyspark_shell.driver.main_thread import (
    exit_as_interrupted,
    is_handling_kill,
    is_interrupt_pending,
    kill_in_thread,
)
from pyspark_shell.executor.thread_dump import dump_text
from pyspark_shell.executor.thread_states import ThreadState, ThreadWatch, top_user_frame
from pyspark_shell.status.kill_log import LeftThread

log: Final = logging.getLogger("pyspark_shell.SparkContext")

_INTERRUPT_PAUSE_S: Final = 1.0
# The interrupt comes when this share of the grace is over, for the exception to come in time.
_GRACE_SHARE: Final = 0.95
_CHILDREN_TIMEOUT_S: Final = 5.0
_EXIT_TIMEOUT_S: Final = 5.0
# A thread above this share of a core burns CPU.
_BUSY_PERCENT: Final = 5.0
_BUSY_WINDOW_S: Final = 1.0
_POLL_S: Final = 0.02
TERMINATED: Final = 143


class KillTarget(Protocol):
    """What the ladder asks of the application."""

    application_id: str

    def fail_jobs(self, message: str) -> None: ...

    def tasks_running(self) -> int: ...

    def stop(self) -> None: ...

    def interrupt_main(self, message: str, code: object) -> None: ...

    def is_helper_process(self, pid: int) -> bool: ...

    def threads_left(self, threads: Sequence[LeftThread]) -> None: ...


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
        self._children = ChildProcesses(target.is_helper_process)
        self._requested = threading.Event()
        self._cancelled = False
        self._began_s = 0.0
        self._main_rung_done = threading.Event()
        self._threads_before: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self._main_outcome = "idle"
        self.record: KillRecord | None = None
        self.complete = threading.Event()
        self.guarded = 0  # pieces of code in the main thread that want no grace

    @property
    def context_timeout_s(self) -> float:
        """How long each part of a killed context may take to stop."""
        return self._policy.context_timeout_s

    def park(self) -> None:
        """Start the threads; they wait until they are wanted."""
        self._threads_before = weakref.WeakSet(threading.enumerate())
        start_daemon(STOP_CONTEXT, self._run)
        start_daemon(INTERRUPT_MAIN, self._run_for_main)

    def request(self, record: KillRecord) -> bool:
        """Begin the kill; False if one has begun already. Returns at once."""
        if self.record is not None:
            return False
        self._began_s = time.monotonic()
        self._code = self._main_code()
        self.record = record
        if not record.spares_code:  # before the main thread is interrupted, and may end for that
            exit_as_interrupted()
            atexit.register(await_end_of_kill, self.complete)
        self._requested.set()
        return True

    def dismiss(self) -> None:
        """The application has stopped by itself: the parked thread may go."""
        if self.record is None:
            self._cancelled = True
            self._requested.set()

    # In the parked threads ---------------------------------------------------------------

    def _run(self) -> None:
        self._requested.wait()
        if self._cancelled or self.record is None:
            return
        started_s = self._began_s
        self._watch.sample()  # by the last rung a second has passed, and shares of it are known
        log.error("Application has been killed. Reason: %s", self.record.reason)
        if self.record.spares_code:
            self._rung("K2 context", self._target.stop)
            self.complete.set()
            return
        self._rung("K0 mark", lambda: None, started_s)
        self._rung("K1 jobs", self._end_jobs)
        self._rung("list of threads", self._list_threads)
        self._rung("K2 context", self._target.stop)
        self._main_rung_done.wait()
        self._rung("K5 threads", self._end_threads)
        self._rung("K6 children", self._end_children)
        terminates = self._should_terminate()
        self._rung("K7 process", partial(self._announce_end, terminates))
        self._conclude(started_s)
        self.complete.set()
        if terminates:
            self._terminate(started_s)
        elif is_interactive():
            self._tell_or_ask()

    def _run_for_main(self) -> None:
        self._requested.wait()
        if self._cancelled or self.record is None or self.record.spares_code:
            return
        try:
            if self.guarded:
                self._target.interrupt_main(str(self.record), self._code)
            if self._code is not None:
                self._end_main()
        except Exception:
            log.exception("kill of %s: the main thread", self._target.application_id)
        finally:
            self._main_rung_done.set()

    def _rung(self, name: str, climb: Callable[[], object], began_s: float | None = None) -> None:
        began_s = time.monotonic() if began_s is None else began_s
        try:
            climb()
        except Exception:
            log.exception("kill of %s: the rung '%s' failed", self._target.application_id, name)
        took_ms = (time.monotonic() - began_s) * 1000
        log.info("kill of %s: %s done in %.0f ms", self._target.application_id, name, took_ms)

    def _end_jobs(self) -> None:
        assert self.record is not None
        self._target.fail_jobs(self.record.message)
        _wait_until(lambda: self._target.tasks_running() == 0, self._policy.jobs_timeout_s)

    def _list_threads(self) -> None:
        """Tell which threads go on, while there are views that can show them."""
        left = [s for s in self._watch.describe() if s.owner == "user" and not _is_main(s)]
        self._target.threads_left([LeftThread(s.name, s.is_daemon) for s in left])

    def _end_main(self) -> None:
        """Let the user's code notice by itself, then interrupt it."""
        self._main_outcome = "noticed by itself"
        self._rung("K3 grace", self._wait_for_main, self._began_s)
        if not self._main_is_done():
            self._rung("K4 main thread", self._interrupt_main)

    def _wait_for_main(self) -> None:
        # Somebody waits at the prompt behind a cell.
        is_cell = self._code is not SCRIPT
        grace_s = self._policy.cell_grace_s if is_cell else self._policy.grace_s
        left_s = grace_s * _GRACE_SHARE - (time.monotonic() - self._began_s)
        _wait_until(self._main_is_done, left_s)

    def _interrupt_main(self) -> None:
        interrupts = 0
        while interrupts < self._policy.interrupt_attempts and self._goes_on(interrupts > 0):
            self._target.interrupt_main(str(self.record), self._code)
            interrupts += 1
            self._main_outcome = "interrupted" + (f" {interrupts} times" if interrupts > 1 else "")
            self._wait_for_c_code()
        if self._goes_on(interrupts > 0):
            times = self._main_outcome if interrupts else "not interrupted"
            self._main_outcome = f"did not stop, {times}"
            self._show(
                f"the main thread did not stop, {times}",
                [s for s in self._states() if _is_main(s)],
            )

    def _wait_for_c_code(self) -> None:
        """A call of C code hears of the interrupt when it returns; another one would not help."""
        left_s = self._policy.terminate_timeout_s - (time.monotonic() - self._began_s)
        _wait_until(lambda: self._main_is_done() or not is_interrupt_pending(), left_s)

    def _goes_on(self, has_heard: bool) -> bool:
        """Whether the main thread is still in the user's code, and not to clean up: an `except` or
        `finally` that the kill led to gets a grace of its own, and what follows on it a moment.
        """
        has_heard = has_heard or is_handling_kill()
        _wait_until(lambda: self._main_is_done() or not is_handling_kill(), self._policy.grace_s)
        return not _wait_until(self._main_is_done, _INTERRUPT_PAUSE_S if has_heard else 0.0)

    def _main_is_done(self) -> bool:
        """Whether the code that ran when the kill came has ended; the next is left alone."""
        return not is_same(self._main_code(), self._code)

    def _states(self) -> list[ThreadState]:
        self._watch.sample()
        return self._watch.describe()

    def _user_threads(self) -> list[ThreadState]:
        return [s for s in self._states() if s.owner == "user" and not _is_main(s)]

    def _end_threads(self) -> None:
        if self._policy.threads == "ignore":
            return
        left = self._user_threads()
        if self._policy.threads == "interrupt" and left:
            for state in self._started_since(left):
                kill_in_thread(state.thread_id, str(self.record))
            _wait_until(lambda: not self._started_since(self._user_threads()), _INTERRUPT_PAUSE_S)
            left = self._user_threads()
        if left:
            self._show("user threads are left", left)

    def _started_since(self, states: list[ThreadState]) -> list[ThreadState]:
        """Those that user code has started while the application lived; others are not its own."""
        before = {thread.ident for thread in self._threads_before if thread.is_alive()}
        return [s for s in states if s.started_at and s.thread_id not in before]

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
        children = self._children.running()
        if not children:
            return
        log.warning("processes that user code started are left: %s", children)
        if self._policy.children == "kill":
            killed: set[int] = set()
            _wait_until(lambda: self._children.have_ended(killed), _CHILDREN_TIMEOUT_S)

    def _conclude(self, started_s: float) -> None:
        left, children = self._user_threads(), self._children.running()
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

    # The last rung ----------------------------------------------------------------------

    def _should_terminate(self) -> bool:
        """Whether the process itself has to end: by default a script's, if something keeps it."""
        if self._policy.terminate is not None:
            return self._policy.terminate
        return not is_interactive()

    def _announce_end(self, terminates: bool) -> None:
        if not terminates:
            log.info("kill of %s: the process goes on", self._target.application_id)
            return
        left_s = self._policy.terminate_timeout_s - (time.monotonic() - self._began_s)
        log.info(
            "kill of %s: the process ends by itself within %.1f s, or is ended",
            self._target.application_id,
            max(0.0, left_s),
        )

    def _terminate(self, started_s: float) -> None:
        """End the process, unless it ends by itself in time."""
        left_s = self._policy.terminate_timeout_s - (time.monotonic() - started_s)
        if _wait_until(self._nothing_is_left, max(0.0, left_s)):
            return
        users = [s for s in self._states() if s.owner == "user"]
        keepers = [s for s in users if s.keeps_process_alive or _is_main(s)]
        self._show("the process is ended because of", keepers)
        self._dump_threads()
        sys.stdout.flush()
        sys.stderr.flush()
        if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            os.kill(os.getpid(), signal.SIGTERM)
            _wait_until(lambda: False, _EXIT_TIMEOUT_S)
        os._exit(TERMINATED)

    def _tell_or_ask(self) -> None:
        """Tell whoever sits here what is left; ask whether to end it if it may burn CPU."""
        # After a second one knows which threads are busy.
        _wait_until(lambda: not self._user_threads() or self._knows_shares(), 2 * _BUSY_WINDOW_S)
        remains = KillRemains(
            [(s.name, s.cpu_percent) for s in self._user_threads()],
            self._children.running(),
            self._code is not None and not self._main_is_done(),
            self._end_at_once,
        )
        ask = question() if self._policy.terminate is None else None
        if ask is not None and remains.burn_cpu(_BUSY_PERCENT):
            ask(remains)
        elif remains:
            log.warning("%s", remains.what_to_do(process_kind().name))

    def _end_at_once(self) -> None:
        killed: set[int] = set()
        _wait_until(lambda: self._children.have_ended(killed), _CHILDREN_TIMEOUT_S)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(TERMINATED)

    def _nothing_is_left(self) -> bool:
        if self._main_code() is not None:
            return False
        users = self._user_threads()
        if users and not self._knows_shares():
            return False
        return not any(s.keeps_process_alive or (s.cpu_percent or 0) > _BUSY_PERCENT for s in users)

    def _knows_shares(self) -> bool:
        """Whether threads have been looked at long enough to know which of them burn CPU."""
        return self._watch.window_s >= _BUSY_WINDOW_S

    def _dump_threads(self) -> None:
        log.warning("Thread dump of the driver:\n%s", dump_text(self._states()))


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
