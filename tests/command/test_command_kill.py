"""`pyspark-shell kill` from a second terminal: every scope, refusals, drivers that are silent."""

from __future__ import annotations

import json
import os
import re
import signal

import pytest

from pyspark_shell.shell.command import run_command
from tests.processes.waiting import Stopwatch, has_ended, wait_for, wait_for_end, within

KILLED = re.compile(r"killed in \d+(\.\d+)? m?s \(2 tasks\)")
# What a driver's main thread does while somebody wants to kill its job.
BUSY = {
    "a Python loop": "until(lambda: os.path.exists(gate + '.free'))",
    "a tight loop": "while not os.path.exists(gate + '.free'): pass",
    "time.sleep": "time.sleep(600)",
}


@pytest.fixture
def running(obedient):
    """Yield a driver whose job 0 has two tasks that do not end by themselves."""
    driver = obedient()
    driver.begin("job(group='nightly', tag='heavy')")
    return driver


def errors(driver):
    return driver.ask("[str(e) for e in errors]")


def wait_for_error(driver):
    return wait_for(lambda: errors(driver), "the job's error")[0]


@pytest.mark.parametrize(
    "scope",
    [("--job", 0), ("--stage", 0), ("--group", "nightly"), ("--tag", "heavy")],
    ids=lambda scope: scope[0],
)
def test_a_job_is_killed_by_each_of_its_names(running, command, scope):
    pids = running.task_pids()

    said = command("kill", *scope, "--reason", "spring cleaning")

    assert said.code == 0
    assert said.err == ""
    assert said.lines[0] == f"killing {scope[0][2:]} {scope[1]}: 2 tasks still running"
    assert KILLED.fullmatch(said.lines[-1])
    assert "spring cleaning" in wait_for_error(running)
    wait_for_end(pids, 2)
    (row,) = json.loads(command("jobs", "--json").out)
    assert (row["killState"], row["killWho"]) == ("KILLED", "the command")
    assert "spring cleaning" in row["killReason"]


def test_a_killed_task_is_tried_again(running, command):
    before = len(running.task_pids())

    said = command("kill", "--task", 0)

    assert said.code == 0
    assert said.lines[0] == "killing task 0: 1 task still running"
    wait_for(lambda: len(running.task_pids()) == before + 1, "the task's next attempt")
    assert errors(running) == []


def test_a_killed_executor_is_replaced(running, command):
    (row, _) = [r for r in json.loads(command("executors", "--json").out) if r["id"] != "driver"]

    said = command("kill", "--executor", row["id"])

    assert said.code == 0
    wait_for_end([row["pid"]], 2)
    wait_for(lambda: len(running.task_pids()) == 3, "the task's next attempt")


def test_the_application_is_killed(running, command):
    said = command("kill", "--app", "--reason", "enough")

    assert said.code == 0, said.err
    assert said.lines[0].startswith("killing the application: ")
    assert said.lines[-1].startswith("killed in ")
    running.process.process.stdin.close()
    running.process.wait()
    assert "Application has been killed. Reason: enough" in running.process.process.stderr.read()
    assert json.loads(command("ps", "--json").out) == []


def test_json_tells_the_end_as_the_kills_card(running, command):
    said = command("kill", "--job", 0, "--json")

    card = json.loads(said.out)
    assert card["result"] == "killed"
    assert (card["scope"], card["target"], card["jobs"]) == ("job", "0", [0])
    assert {task["pid"] for task in card["tasks"]} == set(running.task_pids())
    assert all(task["endedAfterMs"] >= 0 for task in card["tasks"])


def test_a_task_that_ends_by_force_alone_is_counted(obedient, command):
    driver = obedient(KILL_TIMEOUT="300ms")
    driver.begin("job(hold)")

    said = command("kill", "--job", 0)

    assert said.code == 0
    assert said.lines[-1].endswith("(2 tasks, 2 by force)")


def test_a_task_that_does_not_stop_is_named_and_what_ends_it(obedient, command):
    driver = obedient(KILL_TIMEOUT="10min")
    driver.begin("job(refuse, partitions=1)", tasks=1)

    said = command("kill", "--job", 0)
    rest = command("kill", *said.err.split()[-2:])

    (pid,) = driver.task_pids()
    assert said.code == 1
    assert f"(pid {pid}) does not stop: " in said.out
    assert "is still being killed after 10" in said.err
    assert "pyspark-shell kill --executor " in said.err
    assert rest.code == 0, rest
    wait_for_end([pid], 2)


def test_no_wait_returns_once_the_driver_has_begun(obedient, command):
    driver = obedient(KILL_TIMEOUT="10min")
    driver.begin("job(refuse)")

    said = command("kill", "--job", 0, "--no-wait")

    assert (said.code, said.lines) == (0, ["killing job 0: 2 tasks still running"])


# Refusals ----------------------------------------------------------------------------------------


def test_refusals_are_told(running, command):
    command("kill", "--job", 0)

    twice, unknown = command("kill", "--job", 0), command("kill", "--job", 99)
    group = command("kill", "--group", "nobody's")
    as_json = command("kill", "--job", 0, "--json")

    assert (twice.code, twice.err) == (1, "pyspark-shell: job 0 has ended already: FAILED\n")
    assert (unknown.code, unknown.err) == (1, "pyspark-shell: unknown job: 99\n")
    assert group.code == 1
    assert "unknown job group" in group.err
    assert as_json.code == 1
    assert json.loads(as_json.out)["result"] == "already-finished"


def test_where_kills_are_switched_off_that_is_told(drive, command, tmp_path):
    body = """
sc = start(spark__ui__port="0", spark__ui__killEnabled="false")
tell(up=True)
sys.stdin.read()
sc.stop()
"""
    drive(body).hear("up")

    said = command("kill", "--job", 0)

    assert said.code == 1
    assert "killEnabled" in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--job",),
        ("--job", "seven"),
        ("--job", "-1"),
        ("--job", "1", "--app"),
        ("--job", "1", "a", "b"),
        ("--wait", "--no-wait", "--job", "1"),
        ("--jo", "1"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_understood_is_usage(command, arguments):
    said = command("kill", *arguments)

    assert said.code == 2
    assert "usage: pyspark-shell kill" in said.err


# Drivers that are busy, or silent ---------------------------------------------------------------


@pytest.mark.parametrize("what", BUSY)
def test_a_busy_main_thread_is_no_hindrance(running, command, what):
    pids = running.task_pids()
    running.do("tell(busy=True)")
    running.process.hear("busy")
    running.do(BUSY[what])

    said = command("kill", "--job", 0)

    assert said.code == 0
    assert said.err == ""
    assert KILLED.fullmatch(said.lines[-1])
    wait_for_end(pids, 2)


def test_a_driver_whose_threads_all_compute_is_given_time_to_answer(running, command):
    pids = running.task_pids()
    running.do(
        "[threading.Thread(target=lambda: [None for _ in iter(int, 1) if False], daemon=True)"
        ".start() for _ in range(3)]; tell(busy=True)"
    )
    running.process.hear("busy")
    running.do("while True: pass")

    said = command("kill", "--job", 0, silent_s=0.05)

    assert (said.code, said.err) == (0, "")
    assert KILLED.fullmatch(said.lines[-1])
    wait_for_end(pids, 2)


def test_a_driver_inside_one_c_call_is_killed_from_outside(running, command):
    pids = running.task_pids()
    running.do("tell(held=True); ctypes.PyDLL(None).sleep(5)")
    running.process.hear("held")

    said = command("kill", "--job", 0, "--reason", "spring cleaning", silent_s=1)

    assert said.code == 0
    assert "does not answer: nothing came within 1 s" in said.err
    assert said.lines[0] == "killing from outside: the driver will hear of it when it wakes"
    assert said.lines[1] == "2 processes to end"
    assert re.fullmatch(r"killed in \d+(\.\d+)? m?s", said.lines[-1])
    wait_for_end(pids, 2)
    error = wait_for_error(running)
    assert "Job 0 cancelled spring cleaning" in error
    assert "lost" not in error
    (row,) = json.loads(command("jobs", "--json").out)
    assert (row["killState"], row["killWho"]) == ("KILLED", "the command")
    assert row["killReason"] == "spring cleaning"
    # The driver has heard of it seconds later; that is not how long it took.
    (card,) = running.ask("[each for each in sc._ui.engine.kills() if each['scope'] == 'job']")
    assert {task["endedAfterMs"] < 2_500 for task in card["tasks"]} == {True}
    assert card["tookMs"] == max(task["endedAfterMs"] for task in card["tasks"])
    assert running.ask("sc.parallelize(range(10), 2).sum()") == 45


@pytest.mark.parametrize(
    "scope", [("--group", "nightly"), ("--tag", "heavy")], ids=lambda scope: scope[0]
)
def test_a_silent_drivers_jobs_are_killed_by_their_names_too(running, command, scope):
    pids = running.task_pids()
    running.do("job(group='daily', tag='light')")
    running.do("tell(held=True); ctypes.PyDLL(None).sleep(5)")
    running.process.hear("held")

    said = command("kill", *scope, "--reason", "spring cleaning", silent_s=1)

    assert said.code == 0
    assert said.lines[0] == "killing from outside: the driver will hear of it when it wakes"
    assert said.lines[1] == "2 processes to end"
    wait_for_end(pids, 1)
    error = wait_for_error(running)
    assert "Job 0 cancelled spring cleaning" in error
    assert "lost" not in error
    rows = {row["jobId"]: row for row in json.loads(command("jobs", "--json").out)}
    assert rows[0]["killReason"] == "spring cleaning"
    assert rows[1]["status"] == "RUNNING"


def test_of_a_silent_drivers_jobs_those_of_another_group_go_on(running, command):
    running.do("tell(held=True); ctypes.PyDLL(None).sleep(2)")
    running.process.hear("held")

    said = command("kill", "--group", "weekly", silent_s=1)

    assert said.code == 1
    assert "unknown job group: weekly" in said.err
    assert errors(running) == []
    assert not any(map(has_ended, running.task_pids()))


@pytest.mark.parametrize("task", ["spin", "hold"])
def test_a_silent_drivers_group_is_gone_a_second_and_the_deadline_after_the_order(
    obedient, task, capsys
):
    driver = obedient(KILL_TIMEOUT="500ms")
    driver.begin(f"job({task}, group='nightly')")
    pids = driver.task_pids()
    driver.do("tell(held=True); ctypes.PyDLL(None).sleep(8)")
    driver.process.hear("held")

    with Stopwatch() as watch:
        code = run_command(["kill", "--group", "nightly", "--json"])
        wait_for_end(pids, 0.1)  # a thread or two of theirs may still be on the way out

    said = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (said["scope"], said["target"]) == ("group", "nightly")
    assert sorted(each["pid"] for each in said["ended"]) == sorted(pids)
    assert watch.seconds < within(1 + 0.5)
    assert "Job 0 cancelled" in wait_for_error(driver)


def test_a_silent_driver_is_interrupted_only_if_asked(running, command):
    running.do("tell(held=True); ctypes.PyDLL(None).sleep(4)")
    running.process.hear("held")

    said = command("kill", "--job", 0, "--interrupt", "--json", silent_s=1)

    assert json.loads(said.out)["driverInterrupted"] is True
    assert running.process.wait() != 0
    assert "KeyboardInterrupt" in running.process.process.stderr.read()


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        (("--group", "nightly"), "group nightly"),
        (("--tag", "heavy"), "tag heavy"),
        (("--app",), "the application"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_driver_says_on_waking_by_its_name_what_was_killed(running, command, scope, told):
    running.do("tell(held=True); ctypes.PyDLL(None).sleep(4)")
    running.process.hear("held")

    said = command("kill", *scope, silent_s=1)

    assert said.code == 0
    running.process.process.stdin.close()
    running.process.wait()
    heard = running.process.process.stderr.read()
    assert f"killed from outside by the command: {told}, killed by hand" in heard


@pytest.fixture
def stopped(running):
    """Yield the driver while a signal has stopped it."""
    os.kill(running.pid, signal.SIGSTOP)
    yield running
    os.kill(running.pid, signal.SIGCONT)


@pytest.mark.parametrize(
    "scope",
    [("--job", 77), ("--task", 77), ("--executor", 77), ("--group", "nope"), ("--tag", "nope")],
    ids=lambda scope: scope[0],
)
def test_what_a_silent_driver_does_not_have_is_not_found(stopped, command, scope):
    said = command("kill", *scope, "--json", silent_s=1)

    assert said.code == 1
    assert f": {scope[1]}, as the process table of the silent driver tells" in said.err
    assert json.loads(said.out)["error"].startswith("unknown ")
    assert not any(map(has_ended, stopped.task_pids()))


def test_what_may_wait_in_a_silent_driver_is_said_not_to_run(stopped, command):
    said = command("kill", "--stage", 77, silent_s=1)
    as_json = json.loads(command("kill", "--stage", 77, "--json", silent_s=1).out)

    assert said.code == 0
    assert said.lines[-1].startswith("nothing of stage 77 runs")
    assert (as_json["result"], as_json["scope"], as_json["target"]) == (
        "nothing-runs", "stage", "77",
    )  # fmt: skip


def test_a_silent_driver_is_not_said_to_have_ended_with_its_executors(stopped, command):
    pids = stopped.task_pids()

    said = command("kill", "--app", silent_s=1)
    as_json = json.loads(command("kill", "--app", "--json", silent_s=1).out)

    assert said.code == 0
    assert re.match(
        rf"2 executors ended in \S+ m?s; the driver \(pid {stopped.pid}\) still lives: "
        r"it finds the kill, and ends, when it can\. It is stopped \(SIGSTOP\)",
        said.lines[-1],
    )
    assert (as_json["result"], as_json["driverLives"]) == ("executors-ended", True)
    assert (as_json["scope"], as_json["target"]) == ("application", stopped.application_id)
    wait_for_end(pids, 1)
    assert not has_ended(stopped.pid)
