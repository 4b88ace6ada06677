"""How an application ends when nobody calls `stop`: the main thread's end, Ctrl-C, a kill.

Owns    the kill ladder, the SIGINT handler, the watch on the main thread, the notes of who started
        which thread.
Thread  made in the thread that makes the context; `stop-spark-context` is its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from pyspark_shell.common.config_entry import Settings
from pyspark_shell.driver.application_kill import ApplicationKill, KillTarget
from pyspark_shell.driver.kill_policy import KillPolicy, KillRecord
from pyspark_shell.driver.main_thread import MainThreadInterrupt, exit_as_before
from pyspark_shell.executor.thread_states import StartSites, ThreadWatch


class DriverLife:
    """Watches over one application from its start to its stop.

    Parameters
    ----------
    on_ctrl_c
        Called for each Ctrl-C, in the main thread; must only post.
    on_main_end
        Called when the main thread ends, though other threads may keep the process.
    """

    def __init__(
        self,
        target: KillTarget,
        conf: Settings,
        on_ctrl_c: Callable[[], None],
        on_main_end: Callable[[], None],
    ) -> None:
        self.threads = ThreadWatch()
        self._sites = StartSites()
        self._interrupt = MainThreadInterrupt(on_ctrl_c)
        self._on_main_end = on_main_end
        self.kill = ApplicationKill(target, KillPolicy.read(conf), self.threads)

    def begin(self) -> None:
        """Start the parked threads, early: Python refuses new ones while it shuts down."""
        exit_as_before()  # another application was killed, this one is not
        self._sites.watch()
        self._interrupt.install()
        self.kill.park()
        _MAIN_THREAD_WATCH.add(self._on_main_end)

    def end(self) -> None:
        """The application has stopped."""
        self._sites.unwatch()
        self._interrupt.uninstall()
        self.kill.dismiss()
        _MAIN_THREAD_WATCH.remove(self._on_main_end)

    @property
    def killed(self) -> KillRecord | None:
        """Who killed the application, when and why; None if nobody has."""
        return self.kill.record

    def interrupt_main(self, message: str, code: object) -> None:
        """Raise `SparkApplicationKilled` in the main thread, if it still runs `code`."""
        self._interrupt.raise_killed(message, code)


class _MainThreadWatch:
    """Tells that the main thread is at its end, before Python waits for the other threads.

    `atexit` comes only after those, and a thread that joins the main one could not be called off.
    """

    def __init__(self) -> None:
        self._told: list[Callable[[], None]] = []
        self._is_registered = False

    def add(self, callback: Callable[[], None]) -> None:
        """Have `callback` called in the main thread, at its end."""
        self._told.append(callback)
        if not self._is_registered:
            self._is_registered = True
            with suppress(RuntimeError):  # it has ended; `atexit` is left
                threading._register_atexit(self._tell)  # type: ignore[attr-defined]

    def remove(self, callback: Callable[[], None]) -> None:
        """Do not call it any more."""
        if callback in self._told:
            self._told.remove(callback)

    def _tell(self) -> None:
        for callback in list(self._told):
            callback()


_MAIN_THREAD_WATCH: Final = _MainThreadWatch()
