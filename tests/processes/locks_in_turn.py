"""A driver that notes all locks which its engine makes, and lets finalizers run under each in turn.

A collection of cycles, and thus a user's finalizer, can come in any line of any thread. Prints as
JSON where the locks were made, and where one could not be taken.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import threading
import urllib.request
import weakref
from operator import add
from typing import Any

PACKAGE = "pyspark_shell" + os.sep
# They guard nothing: their locks are held until something happens.
SIGNALS = ("common/bell.py", "scheduler/job_waiter.py")
# The engine waits 10 s at most for its own threads; whoever has to be given up is stuck, too.
_LIMIT_S = 8.0


class MadeLocks:
    """Every lock that code of the package makes, by the file that does; also those within events
    and conditions.
    """

    def __init__(self) -> None:
        self.by_file: dict[str, list[Any]] = {}
        for name in ("Lock", "RLock"):
            setattr(threading, name, self._noting(getattr(threading, name)))

    def _noting(self, make: Any) -> Any:
        def made() -> Any:
            lock = make()
            frame = sys._getframe(1)
            while frame.f_back is not None and frame.f_code.co_filename == threading.__file__:
                frame = frame.f_back
            _, package, file = frame.f_code.co_filename.rpartition(PACKAGE)
            if package:
                self.by_file.setdefault(file, []).append(lock)
            return lock

        return made


MADE = MadeLocks()

from pyspark_shell import SparkConf, SparkContext  # noqa: E402 - its locks shall be noted
from pyspark_shell.widgets.cell_progress import CellProgress  # noqa: E402
from tests.processes.cleaning import let_cleaner_pass, listen  # noqa: E402


class Shell:
    """As much of a notebook's shell as progress wants."""

    kernel = None

    def __init__(self) -> None:
        self.events = self

    def register(self, name: str, callback: object) -> None:
        """Run no cell."""


def start() -> SparkContext:
    """A context that has all parts that lock, watched in all ways."""
    sys.stderr.isatty = lambda: True  # type: ignore[method-assign]
    CellProgress(Shell(), lambda: True).begin()
    conf = SparkConf().setMaster("local[2]").setAppName("locks")
    conf.set("spark.local.dir", os.environ["LOCAL_DIR"]).set("spark.ui.port", "0")
    conf.set("spark.eventLog.enabled", "true").set("spark.eventLog.dir", os.environ["LOCAL_DIR"])
    conf.set("spark.ui.showConsoleProgress", "true")
    sc = SparkContext(conf=conf)
    web, _, token = str(sc._ui_address_with_token).partition("/?token=")
    path = f"{web}/api/v1/applications/{sc.applicationId}/threads?token={token}"
    with urllib.request.urlopen(path) as answer:
        assert json.load(answer)
    return sc


class User:
    """Has finalizers that use all of the API."""

    def __init__(self, sc: SparkContext) -> None:
        self._sc = sc
        self.shared = sc.broadcast([1, 2])
        self.done = 0
        self.dropped: set[tuple[str, int]] = set()

    def work(self) -> None:
        """Make one of everything, use it, and let go of it."""
        sc = self._sc
        numbers = sc.parallelize(range(4), 2).cache()
        total, shared = sc.accumulator(0), sc.broadcast([3])
        vars(self.shared).pop("_value", None)  # so that it is read again
        assert self.shared.value == [1, 2]
        sc.setJobGroup("finalizers", "work")
        pairs = numbers.map(lambda n: (n % 2, n + shared.value[0])).reduceByKey(add)
        assert pairs.count() == 2
        total.add(pairs.id())
        assert total.value == pairs.id()
        numbers.unpersist()
        shared.destroy()
        assert SparkContext.getOrCreate() is sc
        started = threading.Thread(target=sc.statusTracker().getActiveJobsIds)
        started.start()
        started.join()
        self.done += 1

    def drop_under(self, lock: Any) -> None:
        """Lose the last reference to one of everything while `lock` is held."""
        sc = self._sc
        things = [sc.parallelize([1]).cache(), sc.broadcast(1), sc.accumulator(1)]
        self.dropped |= {("rdd", things[0].id()), ("broadcast", things[1]._id)}
        self.dropped.add(("accumulator", things[2].aid))
        for thing in things:
            weakref.finalize(thing, self.work).atexit = False
        del thing
        with lock:
            things.clear()


def in_turn(user: User, by_file: dict[str, list[Any]]) -> str | None:
    """Where the first lock was made under which a finalizer does not end."""
    for file, locks in by_file.items():
        for lock in locks:
            thread = threading.Thread(target=user.drop_under, args=(lock,), daemon=True)
            thread.start()
            thread.join(_LIMIT_S)
            if thread.is_alive():
                faulthandler.dump_traceback(all_threads=True)
                return file
    return None


def main() -> None:
    """Run and tell."""
    sc = start()
    user = User(sc)
    user.work()
    made = MADE.by_file
    guards = {file: list(made[file]) for file in sorted(made.keys() - SIGNALS)}
    told = listen(sc)
    hung = in_turn(user, guards)
    if hung is None:
        let_cleaner_pass(sc, told)
    news = {
        "locks": {file: len(locks) for file, locks in guards.items()},
        "hung": hung,
        "done": user.done,
        "dropped": sorted(user.dropped),
        "cleaned": sorted(user.dropped & set(told.cleaned)),
    }
    print(json.dumps(news), flush=True)
    if hung is not None:
        os._exit(1)
    sc.stop()


if __name__ == "__main__":
    main()
