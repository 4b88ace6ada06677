"""Looks at what the context cleaner has done: files, log lines, listeners."""

from __future__ import annotations

import os
import threading

from tests.processes.waiting import wait_for

LOGGER = "pyspark_shell.ContextCleaner"


class Told:
    """A cleaner listener that notes what it is told."""

    def __init__(self):
        self.cleaned = []

    def rddCleaned(self, number):
        self.cleaned.append(("rdd", number))

    def shuffleCleaned(self, number):
        self.cleaned.append(("shuffle", number))

    def broadcastCleaned(self, number):
        self.cleaned.append(("broadcast", number))

    def accumCleaned(self, number):
        self.cleaned.append(("accumulator", number))

    def checkpointCleaned(self, number):
        self.cleaned.append(("checkpoint", number))

    def __contains__(self, item):
        return item in self.cleaned


def listen(sc):
    """Attach a listener that notes everything from now on."""
    told = Told()
    sc.cleaner.attachListener(told)
    let_cleaner_pass(sc, told)
    told.cleaned.clear()
    return told


def files(sc, room, prefix=""):
    """Return the names of an application's files, on disk and in memory."""
    dirs = sc._driver.local_dirs
    found = set()
    for directory in {dirs.path(room), dirs.memory_path(room)}:
        if os.path.isdir(directory):
            found |= {name for name in os.listdir(directory) if name.startswith(prefix)}
    return found


def all_files(sc):
    return {room: files(sc, room) for room in ("blocks", "shuffle", "broadcast")}


def shuffle_ids(sc):
    """Return the shuffles that the scheduler knows."""
    scheduler = sc._driver.scheduler
    return scheduler.ask(scheduler.tracker.shuffle_ids)


def let_cleaner_pass(sc, told):
    """Wait until the cleaner has come to something that was dropped just now, thus after all
    that was dropped before.
    """
    marker = sc.broadcast(0)
    number = marker._id
    del marker
    wait_for(lambda: ("broadcast", number) in told, "the cleaner to come by")


def row_of(sc, kind, number):
    """Return the row of one thing, None if there is none."""
    rows = sc._driver.cleaner_view.describe()["rows"]
    return next((row for row in rows if (row["kind"], row["id"]) == (kind, number)), None)


def threads_called(name):
    return [thread for thread in threading.enumerate() if thread.name == name]
