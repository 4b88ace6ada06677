"""Looks into a running engine: its processes, and whether anything of a job is left in it."""

from __future__ import annotations

import threading

from tests.processes.waiting import wait_for

# Settings with which a task gets a copy soon after half of the others have ended.
COPIES_SOON = {
    "spark__speculation": "true",
    "spark__speculation__interval": "20ms",
    "spark__speculation__minTaskRuntime": "50ms",
    "spark__speculation__multiplier": "1.1",
    "spark__speculation__quantile": "0.5",
}


def scheduler_of(sc):
    return sc._driver.scheduler


def executors(sc):
    """Return the executors that are up."""
    return [e for e in scheduler_of(sc).executors() if e.registered and not e.closed]


def executor_pids(sc):
    return [executor.pid for executor in executors(sc)]


def zygote_pid(sc):
    return scheduler_of(sc)._backend._zygote.pid


def wait_until_up(sc, count):
    """Wait until `count` executors are up, and give their process ids."""
    wait_for(lambda: len(executors(sc)) == count, f"{count} executors to be up")
    return executor_pids(sc)


def assert_settled(sc):
    """Fail unless every owner's tables become empty; killed tasks get time to end."""
    problems = []

    def empty():
        try:
            sc._driver.assert_empty()
        except AssertionError as left:
            problems.append(left)
            return False
        return True

    try:
        wait_for(empty, "empty tables")
    except AssertionError:
        raise problems[-1] from None


class Background:
    """Runs a function in a thread and keeps what it gave or raised."""

    def __init__(self, function, *args):
        self._function = function
        self._args = args
        self._value = None
        self._error = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            self._value = self._function(*self._args)
        except BaseException as error:
            self._error = error

    @property
    def is_alive(self):
        """Whether it has not ended."""
        return self._thread.is_alive()

    def result(self, limit_s=30.0):
        """Wait for the end; gives the value or raises the error."""
        wait_for(lambda: not self._thread.is_alive(), "a thread of the test", limit_s)
        if self._error is not None:
            raise self._error
        return self._value

    def error(self, limit_s=30.0):
        """Wait for the end, which must be an error, and give it."""
        wait_for(lambda: not self._thread.is_alive(), "a thread of the test", limit_s)
        assert self._error is not None, f"no error, but {self._value!r}"
        return self._error
