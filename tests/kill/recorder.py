"""Writes down what the listener bus tells, in its order."""

from __future__ import annotations

from tests.processes.waiting import wait_for


class Recorder:
    """A listener of a user; `events` are pairs of name and event."""

    def __init__(self, sc):
        self.events = []
        self._bus = sc._driver.bus
        self._bus.flush()  # what was told before is not for us
        sc.addSparkListener(self)

    def __getattr__(self, name):
        if not name.startswith("on"):
            raise AttributeError(name)
        return lambda event: self.events.append((name.removeprefix("on"), event))

    def close(self):
        self._bus.remove(self)

    def of(self, name):
        """Return the events of one kind."""
        return [event for kind, event in list(self.events) if kind == name]

    def names(self):
        """Return the kinds of all events about jobs, stages and tasks, in order."""
        wanted = ("Job", "Stage", "Task")
        return [kind for kind, _ in list(self.events) if kind.startswith(wanted)]

    def wait_for_ends(self):
        """Wait until every task that was started has ended, and give the ends."""
        self._bus.flush()
        wait_for(
            lambda: len(self.of("TaskEnd")) == len(self.of("TaskStart")), "the end of every task"
        )
        return self.of("TaskEnd")
