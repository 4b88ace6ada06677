"""Ctrl-C in a plain script: KeyboardInterrupt within a second, and the context is healthy."""

import os
import signal
import subprocess

import pytest

from tests.processes.waiting import Stopwatch, wait_for, within

SCRIPT = """
import random
from operator import add
sc = start()
about(sc)

def forever(number):
    {work}

def check():
    pairs = sc.parallelize(range(100), 4).map(lambda n: (n % 3, n))
    assert pairs.reduceByKey(add).collectAsMap() == {{k: sum(range(k, 100, 3)) for k in range(3)}}

check()
for round in range({rounds}):
    try:
        tell(**{{f"round{{round}}": True}})
        {action}
    except KeyboardInterrupt:
        began = time.monotonic()
        check()
        tell(**{{f"caught{{round}}": True, f"next{{round}}": time.monotonic() - began}})
    else:
        raise AssertionError("no KeyboardInterrupt")
def settled():
    try:
        sc._driver.scheduler.assert_empty()
    except AssertionError:
        return False
    return True
until = time.monotonic() + 10
while not settled():
    assert time.monotonic() < until
    time.sleep(0.01)
sc.stop()
"""

ACTIONS = {
    "collect": "sc.parallelize(range(4), 4).map(forever).collect()",
    "shuffle": "sc.parallelize(range(4), 4).map(forever).keyBy(str).groupByKey().count()",
    "to local iterator": "list(sc.parallelize(range(4), 4).map(forever).toLocalIterator())",
    "driver code": "time.sleep(30)",
}
WORKS = {
    "sleeping": "time.sleep(3600)",
    "spinning": "\n    while True: pass",
    "in C": "import re; re.match(r'(a|a)*b', 'a' * 60 + 'c')",
}


@pytest.mark.parametrize(
    ("action", "work"),
    [*((action, "sleeping") for action in ACTIONS), ("collect", "spinning"), ("collect", "in C")],
)
def test_ctrl_c_ends_the_action_and_nothing_else(drive, action, work):
    rounds = 1 if work == "in C" else 3
    driver = drive(SCRIPT.format(action=ACTIONS[action], work=WORKS[work], rounds=rounds))

    for number in range(rounds):
        driver.hear(f"round{number}")
        if action != "driver code":
            wait_for(lambda: len(driver.processes) >= 4, "two executors")
        with Stopwatch() as watch:
            driver.signal(signal.SIGINT)
            driver.hear(f"caught{number}")
        assert watch.seconds - driver.hear(f"next{number}") < within(1)

    errors = driver.finish()
    assert "Traceback" not in errors
    driver.assert_gone()


def test_a_storm_of_ctrl_c_at_any_point_leaves_a_healthy_context(drive):
    driver = drive(
        """
from operator import add
sc = start()
about(sc)
caught = 0
while True:
    try:
        tell(**{f"ready{caught}": True})
        for n in range(10 ** 9):
            pairs = sc.parallelize(range(200), 4).map(lambda n: (n % 7, n))
            assert pairs.reduceByKey(add, 3).count() == 7
            sc.parallelize(range(2), 2).map(lambda n: time.sleep(0.02)).count()
    except KeyboardInterrupt:
        tell(**{f"caught{caught}": True})
        caught += 1
        if caught == 20:
            break
signal.signal(signal.SIGINT, signal.SIG_IGN)
for n in range(50):
    assert sc.parallelize(range(200), 4).map(lambda n: (n % 7, n)).reduceByKey(add, 3).count() == 7
began = time.monotonic()
for n in range(20):
    assert sc.parallelize(range(10), 2).sum() == 45
tell(seconds=time.monotonic() - began)
sc.stop()
"""
    )

    for number in range(20):
        driver.hear(f"ready{number}")
        subprocess.run(["sleep", f"0.{number * 37 % 100:02}"], check=True)
        with Stopwatch() as watch:
            driver.signal(signal.SIGINT)
            driver.hear(f"caught{number}")
        assert watch.seconds < within(1)

    driver.hear("seconds")
    driver.finish()
    assert driver.news["seconds"] < 2, "jobs have become slow"
    driver.assert_gone()


def test_ctrl_c_that_nobody_catches_ends_the_script_as_python_does(drive):
    driver = drive(
        "sc = start()\nabout(sc)\ntell(ready=True)\n"
        "sc.parallelize(range(4), 4).map(lambda n: time.sleep(3600)).count()\n"
    )
    driver.hear("ready")

    driver.signal(signal.SIGINT)

    assert driver.wait() in (130, -signal.SIGINT)
    driver.assert_gone()


def test_ctrl_c_of_a_terminal_reaches_the_driver_alone(drive):
    driver = drive(SCRIPT.format(action=ACTIONS["collect"], work=WORKS["sleeping"], rounds=1))
    driver.hear("round0")

    os.killpg(driver.process.pid, signal.SIGINT)  # what the terminal signals: its whole group

    driver.hear("caught0")
    driver.finish()
    driver.assert_gone()
