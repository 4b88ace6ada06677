"""The part of SparkContext that ends the whole application and helps loops to notice it.

Thread  any of the user's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pyspark_shell.api.job_control import JOB_GROUP_ID, JobControl
from pyspark_shell.common.errors import SparkApplicationKilled, SparkJobCancelled

T = TypeVar("T")


class KillHelpers(JobControl):
    """killApplication, guard, checkpoint_kill, thread."""

    def killApplication(self, reason: str = "killed via SparkContext.killApplication") -> None:
        """End the application with all that runs in it; returns at once.

        All jobs fail with `SparkApplicationKilled`, executors end, the main thread is interrupted
        if it runs the user's code, and threads that are left are reported. A script's process ends
        too. One that has ended already is left alone.

        Parameters
        ----------
        reason
            Why, for `killReason`, the errors and the log.

        Examples
        --------
        >>> sc.killApplication("the wrong month")  # doctest: +SKIP
        """
        driver = self._driver
        if driver is not None:
            driver.kill(reason, "SparkContext.killApplication")

    def checkpoint_kill(self) -> None:
        """Raise if the application, or this thread's job group for good, was killed; for loops of
        the driver.

        Raises
        ------
        SparkApplicationKilled
            The application was killed.
        SparkJobCancelled
            `cancelJobGroupAndFutureJobs` was called for the group of this thread.

        Examples
        --------
        >>> for _ in range(3):
        ...     sc.checkpoint_kill()
        """
        driver = self._driver
        killed = self._killed if driver is None else driver.life.killed
        if killed is not None:
            raise SparkApplicationKilled(str(killed))
        if driver is not None and driver.jobs.cancelled_groups:
            group = self._local_properties().get(JOB_GROUP_ID)
            if group in driver.jobs.cancelled_groups:
                raise SparkJobCancelled(f"Job group {group} was cancelled for all future jobs.")

    def guard(self, iterable: Iterable[T]) -> Iterator[T]:
        """Go through `iterable`, and stop with an error when the application or this thread's
        group is killed.

        Parameters
        ----------
        iterable
            Its items are taken one by one, as the loop asks for them.

        Raises
        ------
        SparkApplicationKilled, SparkJobCancelled
            As `checkpoint_kill`, before the next item.

        Examples
        --------
        >>> sum(sc.guard(range(4)))
        6
        """
        driver = self._driver
        if driver is None:
            self.checkpoint_kill()
            yield from iterable
            return
        life, groups, own = driver.life.kill, driver.jobs.cancelled_groups, self._local_properties
        for item in iterable:
            if life.record is not None or (groups and own().get(JOB_GROUP_ID) in groups):
                self.checkpoint_kill()
            yield item

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Have the body interrupted as soon as the application is killed, without the seconds of
        grace that other code of the main thread gets: for loops that cannot ask.

        Examples
        --------
        >>> with sc.guarded():
        ...     sum(x * y for x in range(10) for y in range(10))
        2025
        """
        self.checkpoint_kill()
        driver = self._driver
        if driver is None or threading.current_thread() is not threading.main_thread():
            yield
            return
        driver.life.kill.guarded += 1
        try:
            yield
        finally:
            driver.life.kill.guarded -= 1

    def thread(
        self, target: Callable[..., Any], *args: Any, name: str | None = None, **kwargs: Any
    ) -> threading.Thread:
        """Start a daemon thread whose jobs belong to the group and have the tags of the calling
        thread.

        Being a daemon it does not keep the process alive, and its jobs end with those of its group.

        Parameters
        ----------
        target
            What it runs.
        *args, **kwargs
            Arguments for `target`.
        name
            The thread's name.

        Examples
        --------
        >>> seen = []
        >>> sc.thread(seen.append, 1, name="loader").join()
        >>> seen
        [1]
        """
        properties = dict(self._local_properties())

        def run() -> None:
            self._adopt_local_properties(properties)
            target(*args, **kwargs)

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        return thread
