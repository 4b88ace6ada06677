"""Where a driver is that cannot answer: its stacks from outside, without any right beyond ours."""

from __future__ import annotations

import json
import os
import signal

import pytest

from pyspark_shell.common.native_stacks import DRIVER_STACK_SIGNAL, catches_signal
from pyspark_shell.rest.discovery import find
from pyspark_shell.rest.outside_stacks import CannotLook, driver_threads
from pyspark_shell.rest.runtime_file import RuntimeEntry
from tests.processes.waiting import wait_for

# One call that keeps the interpreter for seconds and that no signal ends.
COMPUTE = "tell(computing=True); sum(__import__('itertools').repeat(1, 12 * 10**8))"


@pytest.fixture
def computing(obedient):
    """Yield a driver whose main thread is inside one C call."""
    driver = obedient()
    driver.do(COMPUTE)
    driver.process.hear("computing")
    return driver


def test_the_stack_of_the_call_is_shown(computing, command):
    said = command("threads", silent_s=1)

    assert said.code == 0
    assert "does not answer" in said.err
    first, *others = said.out.split("\n\n")
    assert first.startswith("MainThread: runnable")
    assert '"<string>", line 1, in <module>' in first
    assert any(other.startswith("dag-scheduler-event-loop: ") for other in others)


def test_the_rows_are_like_those_that_the_driver_gives(computing, command):
    rows = json.loads(command("threads", "--json", silent_s=1).out)

    assert {row["sampledBy"] for row in rows} == {"faulthandler"}
    assert rows[0]["threadName"] == "MainThread"
    assert rows[0]["nativeId"] == computing.pid


def test_looking_again_and_again_changes_nothing(computing):
    for _ in range(5):
        assert driver_threads(find())[0]["threadState"] == "RUNNABLE"

    assert computing.ask("sc.parallelize(range(10), 2).sum()") == 45


def test_a_stopped_driver_writes_nothing(obedient, command):
    driver = obedient()
    os.kill(driver.pid, signal.SIGSTOP)
    try:
        said = command("threads", silent_s=1)
    finally:
        os.kill(driver.pid, signal.SIGCONT)

    assert said.code == 4
    assert "is stopped" in said.err
    assert driver.ask("1") == 1


def test_a_process_without_a_handler_is_not_signalled(tmp_path):
    (tmp_path / "driver-stacks").touch()
    entry = RuntimeEntry("me", "local-1", "", process_table=str(tmp_path / "process-table"))

    with pytest.raises(CannotLook, match="does not take the signal"):
        driver_threads(entry)
    with pytest.raises(CannotLook, match="writes no stacks"):
        driver_threads(RuntimeEntry("me", "local-1", ""))


def test_a_handler_of_the_users_is_left_alone(obedient):
    driver = obedient()
    driver.do("sc.stop(); heard = []")
    driver.do(f"signal.signal({DRIVER_STACK_SIGNAL}, lambda *_: heard.append(1))")
    driver.do("sc = start(spark__ui__port='0')")
    wait_for(lambda: driver.ask("len(sc.applicationId) > 0"), "the second context")
    os.kill(driver.pid, DRIVER_STACK_SIGNAL)

    wait_for(lambda: driver.ask("len(heard)") == 1, "the user's handler")


def test_after_the_end_of_the_context_the_handler_is_gone(obedient):
    driver = obedient()
    assert catches_signal(driver.pid, DRIVER_STACK_SIGNAL)

    driver.do("sc.stop()")

    assert driver.ask("1") == 1
    assert not catches_signal(driver.pid, DRIVER_STACK_SIGNAL)


CULPRIT = (
    "threading.Thread(name='culprit', target=lambda: "
    "(tell(computing=True), sum(__import__('itertools').repeat(1, 12 * 10**8)))).start()"
)


@pytest.mark.parametrize("main", ["time.sleep(3)", "sum(1 for _ in iter(int, 1))"])
def test_the_thread_that_has_the_interpreter_is_the_one_that_is_named(obedient, command, main):
    driver = obedient()
    driver.do(f"{CULPRIT}; {main}")
    driver.process.hear("computing")

    rows = json.loads(command("threads", "--json", silent_s=1).out)
    text = command("threads", silent_s=1).out

    (culprit,) = [row for row in rows if row["inNative"]]
    assert '"<string>", line 1, in <lambda>' in culprit["stackTrace"]["elems"][-1]
    assert culprit["threadState"] == "RUNNABLE"
    first = rows[0]
    assert first["threadName"] == "MainThread"
    assert first["threadState"] in {"WAITING", "BLOCKED"}
    if first["threadState"] == "BLOCKED":
        assert culprit["threadName"] in first["lockName"]
    assert text.count("(inside one long C call)") == 1
    names = {row["threadName"] for row in rows if row["owner"] == "engine"}
    assert {"interrupt-killed-main", "stop-spark-context", "dag-scheduler-event-loop"} <= names
    assert [row["threadName"] for row in rows if row["owner"] == "user"] == [
        "MainThread",
        culprit["threadName"],
    ]
