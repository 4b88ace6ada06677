"""SIGSTOP of processes of the engine: noticed in time, replaced, the job exact."""

import os
import signal

import pytest

from tests.processes.engine import Background, wait_until_up, zygote_pid
from tests.processes.waiting import Stopwatch, kill, wait_for, wait_for_end, within

TIMEOUT_S = 1


class Removals:
    """Notes why executors were removed."""

    def __init__(self):
        self.reasons = []

    def onExecutorRemoved(self, event):
        self.reasons.append(event.reason)


@pytest.fixture
def sc(start):
    context = start(
        spark__network__timeout=f"{TIMEOUT_S}s", spark__executor__heartbeatInterval="200ms"
    )
    wait_until_up(context, 2)
    return context


def test_an_executor_that_freezes_in_a_task_is_replaced(sc, gate):
    numbers = sc.parallelize(range(10), 2).map(lambda n: (gate.stop_here(), n)[1])
    removals = Removals()
    sc.addSparkListener(removals)

    running = Background(numbers.sum)
    [pid] = wait_for(gate.pids, "the task to reach the gate")
    with Stopwatch() as watch:
        os.kill(pid, signal.SIGSTOP)
        assert running.result() == 45

    assert watch.seconds < within(TIMEOUT_S + 5)
    wait_for_end([pid], 2)
    [reason] = wait_for(lambda: removals.reasons, "the listener to be told")
    assert "no heartbeat for" in reason
    assert "memory" not in reason


def test_an_executor_that_freezes_idle_is_replaced(sc):
    frozen = wait_until_up(sc, 2)

    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)

    assert sc.parallelize(range(10), 2).sum() == 45
    wait_for_end(frozen, TIMEOUT_S + 5)


def test_a_zygote_that_freezes_is_replaced(sc):
    zygote, executors = zygote_pid(sc), wait_until_up(sc, 2)

    os.kill(zygote, signal.SIGSTOP)
    for pid in executors:
        kill(pid)

    assert Background(sc.parallelize(range(10), 2).sum).result(TIMEOUT_S + 10) == 45
    wait_for_end([zygote], 5)
    assert zygote_pid(sc) != zygote


def test_a_task_that_holds_the_interpreter_is_busy_and_not_frozen(sc, counter):
    def hold(number):
        counter.add()
        with Stopwatch() as watch:
            sum(range(1_000_000))
        sum(range(int(1_000_000 * 3 * TIMEOUT_S / watch.seconds)))  # one call of C code
        return number

    assert sc.parallelize(range(2), 2).map(hold).sum() == 1

    assert counter.count == 2


def test_a_task_that_holds_the_interpreter_and_does_nothing_loses_its_process(sc, gate):
    def deadlock(number):
        import ctypes

        if not gate.pids():
            gate.report()
            ctypes.PyDLL(None).sleep(3600)
        return number

    with Stopwatch() as watch:
        assert sc.parallelize([7], 1).map(deadlock).sum() == 7

    assert watch.seconds < within(TIMEOUT_S + 5)
    wait_for_end(gate.pids(), 1)


def test_a_driver_that_slept_does_not_think_its_executors_dead(sc, tmp_path):
    import subprocess
    import sys

    before = wait_until_up(sc, 2)
    script = (
        "import os, signal, sys, time\n"
        "os.kill(int(sys.argv[1]), signal.SIGSTOP)\n"
        "time.sleep(float(sys.argv[2]))\n"
        "os.kill(int(sys.argv[1]), signal.SIGCONT)\n"
    )

    subprocess.run([sys.executable, "-c", script, str(os.getpid()), str(TIMEOUT_S + 1)], check=True)

    assert sc.parallelize(range(10), 2).sum() == 45
    assert wait_until_up(sc, 2) == before
