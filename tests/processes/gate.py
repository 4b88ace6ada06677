"""Holds the first task that comes along, so that a test can do something to it at that very point.

Imported by executors too, hence light.
"""

from __future__ import annotations

import os
import time

from pyspark_shell import TaskContext

_LONGEST_S = 120.0


class Gate:
    """Stops whoever comes first until it is opened, or until that process is killed.

    Whoever comes later passes.
    """

    def __init__(self, directory):
        self.directory = str(directory)
        os.makedirs(self.directory, exist_ok=True)

    def __reduce__(self):
        return Gate, (self.directory,)

    def _path(self, name):
        return os.path.join(self.directory, name)

    # In a task ------------------------------------------------------------------------

    def stop_here(self):
        """Hold the first caller; only tasks are stopped."""
        if TaskContext.get() is None:
            return
        try:
            os.close(os.open(self._path("taken"), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            return
        self.report()
        self.hold()

    def report(self):
        """Tell the test which process this is."""
        name = self._path(f"{os.getpid()}.{time.monotonic_ns()}.pid")
        with open(name + ".new", "w") as file:
            file.write(str(os.getpid()))
        os.rename(name + ".new", name)

    def hold(self):
        """Wait until the gate is opened."""
        deadline = time.monotonic() + _LONGEST_S
        while not os.path.exists(self._path("open")):
            if time.monotonic() > deadline:
                raise AssertionError("nobody opened the gate")
            time.sleep(0.002)

    # In the test ----------------------------------------------------------------------

    def pids(self):
        """Return the processes that were reported, in order."""
        names = [name for name in os.listdir(self.directory) if name.endswith(".pid")]
        return [int(name.split(".")[0]) for name in sorted(names, key=lambda n: n.split(".")[1])]

    def open(self):
        """Let everybody go on."""
        with open(self._path("open"), "w"):
            pass

    def shut(self):
        """Stop the next one that comes, and forget who came before."""
        for name in os.listdir(self.directory):
            os.unlink(self._path(name))


class Counter:
    """Counts calls in whatever process; one byte a call at the end of a file."""

    def __init__(self, path):
        self.path = str(path)

    def add(self):
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(fd, b"+")
        os.close(fd)

    @property
    def count(self):
        try:
            return os.stat(self.path).st_size
        except FileNotFoundError:
            return 0


class StopsWhenPickled:
    """A number whose pickling stops at a gate."""

    def __init__(self, gate, number):
        self.gate = gate
        self.number = number

    def __reduce__(self):
        self.gate.stop_here()
        return StopsWhenPickled, (self.gate, self.number)


class StopsWhenUnpickled:
    """A number whose unpickling stops at a gate."""

    def __init__(self, gate, number):
        self.gate = gate
        self.number = number

    def __reduce__(self):
        return _restore, (self.gate, self.number)


def _restore(gate, number):
    gate.stop_here()
    return StopsWhenUnpickled(gate, number)
