"""One engine that is told to start tasks that do not end, and to kill them.

Run as `python -m benchmarks.kill_process ENGINE EXECUTORS`, ENGINE being pyspark or pyspark_shell.
Reads a line of JSON, answers with one: `{"start": name, "interrupt": bool}` with the processes of
the tasks, `{"kill": true}` with the moment of the call and, as soon as the job's tasks have ended
for the scheduler, a second line.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def spin(_: int) -> None:
    while True:
        pass


def sleep(_: int) -> None:
    time.sleep(3600)


def wait_for_a_lock(_: int) -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def read_a_socket(_: int) -> None:
    import socket

    ours, theirs = socket.socketpair()
    ours.recv(1)
    theirs.close()


def swallow_exceptions(number: int) -> None:
    while True:
        try:
            for step in range(100_000):
                number ^= step
        except Exception:
            continue


def swallow_everything(number: int) -> None:
    while True:
        try:
            for step in range(100_000):
                number ^= step
        except BaseException:
            continue


def multiply_arrays(_: int) -> None:
    import numpy

    matrix = numpy.ones((200, 200))
    while True:
        matrix = matrix @ matrix / 200


def backtrack(_: int) -> None:
    import re

    re.match(r"(a|a)*b", "a" * 80 + "c")


def compute_in_c(_: int) -> None:
    sum(range(10**15))  # holds the interpreter, and looks for no signal


def start_processes(number: int) -> None:
    import subprocess

    here = Path(os.environ["KILL_BENCHMARK"])
    for _ in range(2):
        child = subprocess.Popen(["sh", "-c", "while :; do :; done"])
        (here / f"{number}.{child.pid}").touch()
    time.sleep(3600)


TASKS: dict[str, Callable[[int], None]] = {
    "tight Python loop": spin,
    "time.sleep": sleep,
    "lock wait": wait_for_a_lock,
    "socket read": read_a_socket,
    "swallows Exception": swallow_exceptions,
    "numpy in a loop": multiply_arrays,
    "busy grandchildren": start_processes,
    "regular expression (GIL held)": backtrack,
    "swallows BaseException": swallow_everything,
    "C code (GIL held)": compute_in_c,
}
IMPORTS = {"numpy in a loop": "numpy"}  # nobody is interrupted while a module is half made
PROCESSES_OF_A_TASK = {"busy grandchildren": 3}
_AT_WORK_S = 0.01  # of the processor: more than the lines before take
FORCED = ("swallows BaseException", "C code (GIL held)")


def _cpu_s(pid: int) -> tuple[str, float]:
    """State of a process's main thread, and its processor time."""
    state = Path(f"/proc/{pid}/task/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state, int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9


def _is_at_work(pid: int, before_s: float) -> bool:
    state, cpu_s = _cpu_s(pid)
    return state == "S" or cpu_s - before_s > _AT_WORK_S


class Victims:
    """Jobs with one task for each executor."""

    def __init__(self, engine: str, executors: int, here: Path) -> None:
        self._engine = engine
        self._executors = executors
        self._here = here
        self._thread: threading.Thread | None = None
        package = importlib.import_module(engine)
        conf = package.SparkConf().setMaster(f"local[{executors}]").setAppName("kill")
        conf.set("spark.ui.showConsoleProgress", "false")
        self._sc = package.SparkContext(conf=conf)
        self._sc.setLogLevel("OFF")

    def start(self, name: str, interrupt: bool) -> list[int]:
        """Start a job; gives the processes that have to fall silent."""
        for entry in self._here.iterdir():
            entry.unlink()
        self._await_free_slots()
        function, directory = TASKS[name], str(self._here)
        module = IMPORTS.get(name, "os")

        def work(number: int) -> None:
            importlib.import_module(module)
            with open(f"{directory}/{number}.{os.getpid()}", "w"):
                pass
            function(number)

        def run() -> None:
            self._sc.setJobGroup("victim", name, interrupt)
            try:
                self._sc.parallelize(range(self._executors), self._executors).foreach(work)
            except Exception:  # both engines raise what they call a killed job
                return

        self._thread = threading.Thread(target=run)
        self._thread.start()
        wanted = self._executors * PROCESSES_OF_A_TASK.get(name, 1)
        while len(found := os.listdir(self._here)) < wanted:
            time.sleep(0.01)
        pids = [int(entry.split(".")[1]) for entry in found]
        self._await_work(pids)
        return pids

    def _await_work(self, pids: list[int]) -> None:
        """Wait until the tasks have got from their first line into what they do."""
        before = {pid: _cpu_s(pid)[1] for pid in pids}
        while not all(_is_at_work(pid, cpu_s) for pid, cpu_s in before.items()):
            time.sleep(0.001)

    def _await_free_slots(self) -> None:
        seen = self._sc.parallelize(range(self._executors), self._executors)
        assert seen.map(lambda n: n).sum() == sum(range(self._executors))

    def kill(self) -> int:
        """Kill the job; gives when that was called."""
        called_ns = time.monotonic_ns()
        self._sc.cancelJobGroup("victim")
        return called_ns

    def await_ends(self) -> None:
        """Wait until the scheduler knows of no task; PySpark's is not asked, its processes end."""
        assert self._thread is not None
        self._thread.join()
        if self._engine == "pyspark_shell":
            while self._sc._driver.scheduler.tasks_running():
                time.sleep(0.001)

    def stop(self) -> None:
        self._sc.stop()


def main(engine: str, executors: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**news: Any) -> None:
        print(json.dumps(news), file=answers, flush=True)

    with tempfile.TemporaryDirectory() as here:
        os.environ["KILL_BENCHMARK"] = here
        victims = Victims(engine, int(executors), Path(here))
        answer(ready=True)
        for line in sys.stdin:
            order = json.loads(line)
            if "start" in order:
                answer(pids=victims.start(order["start"], order["interrupt"]))
            else:
                answer(called_ns=victims.kill())
                victims.await_ends()
                answer(ended=True)
        victims.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
