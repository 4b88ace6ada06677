"""Raises `TaskKilledException` inside the running task, and only there.

Thread  the handler runs in the main thread; `request` is called by the message thread.

A signal wakes sleeps, lock waits and most blocking calls. Its handler compares the task id, so a
late signal never hits the next task, and does not raise inside the engine's critical sections or
an import: it notes that the interrupt is still owed, and the message thread signals again shortly.

The driver sends the same signal when an interrupt is due: the message thread may wait long for the
interpreter, or for a processor, while a task burns; for ever in C code that holds the interpreter,
some of which, regular expressions say, looks for signals. The order was sent before the signal; if
it was not read yet, the handler lets the message thread run for a moment.

A signal of neither comes from somebody who kills while the driver cannot answer; then the process
table says whether this task is meant, and why.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from pyspark_shell.common.errors import TaskKilledException
from pyspark_shell.lineage.task_context import TaskContext

INTERRUPT_SIGNAL: Final = signal.SIGUSR1
NO_TASK: Final = -1
# Whoever kills from outside signals more often, not knowing whether it was heard.
OUTSIDE_AGAIN_S: Final = 1.0
# How long the handler waits for the message thread to read the order that the signal belongs to.
_ORDER_S: Final = 0.05


class TaskInterrupt:
    """The one slot's interrupt. Create it in the main thread.

    Parameters
    ----------
    outside_reason
        Why somebody outside kills a task, given its id; None if nobody does.

    Attributes
    ----------
    delivered
        Whether the running task was interrupted.
    from_outside
        Whether that was by somebody outside; the process ends with such a task.
    """

    def __init__(self, outside_reason: Callable[[int], str | None] = lambda task_id: None) -> None:
        self._outside_reason = outside_reason
        self.from_outside = False
        self._outside_at_s = 0.0
        self._main = threading.main_thread().ident
        self._running: TaskContext | None = None
        self._wanted = NO_TASK
        self._ordered = NO_TASK
        self._order_came = threading.Lock()  # an Event's lock may be held where the signal comes
        self._order_came.acquire()
        self._shields = 0
        self.delivered = False
        signal.signal(INTERRUPT_SIGNAL, self._on_signal)
        signal.siginterrupt(INTERRUPT_SIGNAL, True)

    # In the main thread ----------------------------------------------------------

    def begin(self, context: TaskContext) -> None:
        """From here on the task may be interrupted."""
        self.delivered = False
        self._order_came.acquire(blocking=False)  # one for an earlier task, that it outran
        self._running = context
        self._shields = 0

    def shield(self) -> None:
        """From here on it may not; the task's outcome is being reported."""
        self._shields += 1

    def end(self) -> None:
        """The task is over."""
        self._running = None
        self._shields = 0

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """A section that must not be left half done."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1

    @property
    def running_task_id(self) -> int:
        """Id of the running task, `NO_TASK` when idle."""
        running = self._running
        return NO_TASK if running is None else running.taskAttemptId()

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        running = self._running
        if running is None or self._shields or _is_importing(frame):
            return
        task_id = running.taskAttemptId()
        is_meant = task_id == self._wanted or self._is_ordered(task_id)
        if not is_meant and not self._is_meant_outside(running):
            return
        self._wanted = NO_TASK
        self.delivered = True
        raise TaskKilledException(running.kill_reason or "killed")

    def _is_ordered(self, task_id: int) -> bool:
        """Whether the driver's signal means the task, and comes before the message thread's."""
        if self.delivered:
            return False
        if self._ordered != task_id:
            self._order_came.acquire(timeout=_ORDER_S)
        return self._ordered == task_id

    def _is_meant_outside(self, running: TaskContext) -> bool:
        """Whether somebody outside kills the task; not again while it cleans up after the first
        time.
        """
        now_s = time.monotonic()
        if self.from_outside and now_s - self._outside_at_s < OUTSIDE_AGAIN_S:
            return False
        reason = self._outside_reason(running.taskAttemptId())
        if reason is None:
            return False
        running.mark_killed(reason)
        self.from_outside, self._outside_at_s = True, now_s
        return True

    # From the message thread -----------------------------------------------------

    def mark_killed(self, task_id: int, reason: str) -> bool:
        """Set the running task's kill flag; False if another task runs, or none."""
        running = self._running
        if running is None or running.taskAttemptId() != task_id:
            return False
        running.mark_killed(reason)
        return True

    def expect(self, task_id: int) -> None:
        """A signal of the driver's will mean this task."""
        self._ordered = task_id
        if self._order_came.locked():
            self._order_came.release()

    def request(self, task_id: int) -> None:
        """Signal the main thread once; the handler decides whether it raises."""
        self._wanted = task_id
        if self._main is not None and self.running_task_id == task_id:
            signal.pthread_kill(self._main, INTERRUPT_SIGNAL)


def _is_importing(frame: FrameType | None) -> bool:
    """Whether an import is under way: an exception would leave a module half made."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
