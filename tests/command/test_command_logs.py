"""What executors wrote, as `pyspark-shell logs` shows it of drivers that answer and that do not."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from pyspark_shell.rest.client import DriverClient
from pyspark_shell.rest.discovery import find
from pyspark_shell.rest.outside_logs import OutsideLogs
from pyspark_shell.rest.outside_stacks import CannotLook
from pyspark_shell.rest.port import Refusal
from pyspark_shell.rest.runtime_file import RuntimeEntry
from tests.processes.driver_process import ROOT
from tests.processes.waiting import wait_for, within

PRINT = "sc.parallelize([0, 1], 2).foreach(lambda n: print('{}', n, file=sys.stderr, flush=True))"


def test_logs_show_what_tasks_print(obedient, command):
    driver = obedient()
    nothing = command("logs")
    driver.do(PRINT.format("hello"))

    wait_for(lambda: command("logs").out.count("hello") == 2, "both lines")
    both, one = command("logs"), command("logs", 0)

    assert nothing.out.startswith("Nothing on stderr yet.")
    assert re.fullmatch(r"(executor \d \| hello \d\n){2}", both.out)
    assert re.fullmatch(r"(hello \d\n)*", one.out)
    assert [row["executorId"] for row in json.loads(command("logs", "--json").out)] == ["0", "1"]


def test_logs_are_followed_until_the_driver_ends(obedient, runtime):
    driver = obedient()
    following = subprocess.Popen(
        [sys.executable, "-m", "pyspark_shell.shell.main", "logs", "-f"],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
    )
    driver.do(PRINT.format("later"))
    first = [following.stdout.readline() for _ in range(2)]
    driver.process.process.stdin.close()

    rest = following.communicate(timeout=within(30))[0]

    assert all("later" in line for line in first)
    assert "has ended" in rest
    assert following.returncode == 0


def test_logs_of_a_silent_driver_are_read_from_their_files(obedient, command):
    driver = obedient()
    driver.do(PRINT.format("hello"))
    wait_for(lambda: command("logs").out.count("hello") == 2, "both lines")
    os.kill(driver.pid, signal.SIGSTOP)
    try:
        both, one = command("logs", silent_s=1), command("logs", 0, silent_s=1)
        as_json = command("logs", "--json", "--stdout", silent_s=1)
        unknown, its_own = command("logs", 77, silent_s=1), command("logs", "driver", silent_s=1)
    finally:
        os.kill(driver.pid, signal.SIGCONT)

    for said in (both, one, as_json):
        assert said.code == 0
        assert f"(pid {driver.pid}) does not answer: nothing came within 1 s" in said.err
    assert re.fullmatch(r"(executor \d \| hello \d\n){2}", both.out)
    assert re.fullmatch(r"(hello \d\n)*", one.out)
    assert [(row["executorId"], row["text"]) for row in json.loads(as_json.out)] == [
        ("0", ""),
        ("1", ""),
    ]
    assert (unknown.code, unknown.out) == (1, "")
    assert unknown.err.endswith("pyspark-shell: Executor 77 has no stderr.\n")
    assert (its_own.code, its_own.out) == (1, "")
    assert its_own.err.endswith("pyspark-shell: The driver prints where it was started.\n")


def test_logs_of_a_silent_driver_are_followed_until_it_ends(obedient):
    driver = obedient()
    driver.do("dots = lambda n: [(print('.', flush=True), time.sleep(0.05)) for _ in iter(int, 1)]")
    driver.begin("job(dots)")
    os.kill(driver.pid, signal.SIGSTOP)
    words = ("logs", "--follow", "--stdout", "--timeout", "1")
    following = subprocess.Popen(
        [sys.executable, "-m", "pyspark_shell.shell.main", *words],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
    )
    first = following.stdout.readline()
    with open(f"/proc/{driver.task_pids()[0]}/fd/1", "a") as log:
        log.write("the last word\n")
    assert any("the last word" in line for line in following.stdout)
    os.kill(driver.pid, signal.SIGKILL)

    rest = following.communicate(timeout=within(30))[0]

    assert re.fullmatch(r"executor \d \| \.\n", first)
    assert "has ended" in rest
    assert following.returncode == 0


def test_a_log_is_read_in_pieces_from_outside_as_by_the_driver(obedient):
    driver = obedient()
    driver.do("sc.parallelize([0], 1).foreach(lambda _: print('ab' * 4, flush=True))")
    assert driver.ask("1") == 1
    client, logs = DriverClient(find(), within(10)), OutsideLogs(find())
    (one,) = (n for n in logs.executors() if logs.piece(n, "stdout", 0, 99)["text"])

    for offset, length in ((0, 3), (-3, 9), (99, 1)):
        query = {"stream": "stdout", "offset": offset, "length": length}
        assert logs.piece(one, **query) == client.get(f"executors/{one}/logs", **query)

    with pytest.raises(Refusal, match=r"Executor 9 has no stderr\."):
        logs.piece("9", "stderr", 0, 1)


def test_where_no_zygote_tells_where_logs_are_none_are_shown():
    with pytest.raises(CannotLook, match="has no process table"):
        OutsideLogs(RuntimeEntry("me", "local-1", ""))
