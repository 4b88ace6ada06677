"""Threads of another process: which computes, which asks for the interpreter, which waits."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pyspark_shell.common.native_threads import Activity, activities, passes_interpreter_on
from tests.processes.waiting import wait_for

OTHER = "import ctypes, itertools, threading, time\ndef other():\n    {other}\n"
PROGRAM = OTHER + "threading.Thread(target=other, daemon=True).start()\n{main}\n"
SPIN, ASK = "\n    while True: pass", "\n    while True: time.sleep(0)"
SLEEP, COMPUTE = "time.sleep(600)", "sum(itertools.repeat(1))"
HOLD = "ctypes.PyDLL(None).sleep(600)"
COMPUTES, WANTS, WAITS = Activity.COMPUTES, Activity.WANTS_INTERPRETER, Activity.WAITS


@pytest.fixture
def run():
    """Yield a function that runs two threads' lines in a process, and gives its pid."""
    processes = []

    def start(main, other):
        code = PROGRAM.format(other=other, main=main.replace("\n    ", "\n"))
        processes.append(subprocess.Popen([sys.executable, "-c", code]))
        return processes[-1].pid

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("main", "other", "wanted"),
    [
        (COMPUTE, SPIN, [COMPUTES, WANTS]),
        (SPIN, COMPUTE, [WANTS, COMPUTES]),
        (SPIN, SPIN, [WANTS, WANTS]),
        (HOLD, SPIN, [WAITS, WANTS]),
        (SLEEP, SLEEP, [WAITS, WAITS]),
    ],
)
def test_each_thread_is_told_by_what_it_does(run, main, other, wanted):
    pid = run(main, other)

    wait_for(lambda: list(activities(pid).values()) == wanted, f"{wanted}")


@pytest.mark.parametrize(
    ("main", "other", "passes"),
    [(SPIN, SPIN, True), (COMPUTE, SPIN, False), (HOLD, SPIN, False), (SLEEP, SLEEP, False)],
)
def test_only_python_passes_the_interpreter_on(run, main, other, passes):
    pid = run(main, other)
    wait_for(lambda: len(activities(pid)) == 2, "both threads")

    wait_for(lambda: passes_interpreter_on(pid) is passes, f"it to pass on: {passes}")
    if not passes:
        assert not any(passes_interpreter_on(pid) for _ in range(5))


def test_who_is_gone_does_nothing():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        assert activities(process.pid) == {}
        assert not passes_interpreter_on(process.pid)
