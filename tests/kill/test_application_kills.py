"""Kills of the application: what the driver is told, waits for, frees, and reports."""

import logging
import re
import threading
import time

import pytest

from pyspark_shell import SparkContext
from pyspark_shell.common.errors import (
    SparkApplicationKilled,
    SparkContextStopped,
    SparkException,
    SparkJobCancelled,
)
from tests.kill.victims import held, swallow_everything
from tests.processes.engine import Background
from tests.processes.waiting import Stopwatch, wait_for, wait_for_end, within

QUICK = {
    "spark__pyshell__kill__gracePeriod": "100ms",
    "spark__pyshell__kill__terminate": "false",
    "spark__pyshell__kill__interruptAttempts": "0",
}


def killed(sc, reason="enough"):
    """Kill the application, wait until the ladder is through, and give the kill."""
    kill = sc._driver.life.kill
    sc.killApplication(reason)
    assert kill.complete.wait(within(10))
    return kill


def test_errors_after_a_kill_name_who_when_why_and_both_call_sites(start):
    sc = start(**QUICK)
    rdd = sc.parallelize(range(4), 2)
    killed(sc, "too expensive")

    assert sc.isStopped
    assert sc.killReason == "too expensive"
    for use in (rdd.count, lambda: sc.parallelize([1]), lambda: sc.broadcast(1)):
        with pytest.raises(SparkContextStopped) as caught:
            use()
        text = str(caught.value)
        assert "Application has been killed. Reason: too expensive" in text
        assert re.search(r"by SparkContext\.killApplication at \d\d:\d\d:\d\d, ", text)
        assert re.search(r"killApplication at .*test_application_kills\.py:\d+", text)
        assert re.search(r"created at: \S+ at .*conftest\.py:\d+", text)


def test_jobs_of_a_killed_application_raise_spark_s_sentence(start, gate):
    sc = start(**QUICK)

    def work(number):
        gate.report()
        time.sleep(3600)

    running = Background(sc.parallelize(range(2), 2).map(work).collect)
    wait_for(lambda: len(gate.pids()) == 2, "both tasks")

    with Stopwatch() as watch:
        killed(sc)

    error = running.error()
    assert isinstance(error, SparkApplicationKilled)
    assert str(error) == "Application has been killed. Reason: enough"
    wait_for_end(gate.pids(), 2)
    assert watch.seconds < within(2)


def test_the_ladder_waits_so_long_for_the_jobs_and_then_takes_their_executors(start, gate, caplog):
    caplog.set_level(logging.INFO, "pyspark_shell.SparkContext")
    sc = start(
        **QUICK, spark__pyshell__kill__jobsTimeout="300ms", spark__task__reaper__killTimeout="1h"
    )
    running, pids = held(sc, gate, swallow_everything)

    killed(sc)

    assert isinstance(running.error(), SparkApplicationKilled)
    wait_for_end(pids, 2)
    [took_ms] = re.findall(r"K1 jobs done in (\d+) ms", caplog.text)
    assert 300 <= int(took_ms) < 1000 * within(0.6)


def test_a_second_kill_changes_nothing(start):
    sc = start(**QUICK)
    driver = sc._driver
    assert driver.kill("first", "the test")
    assert not driver.kill("second", "the test")

    assert driver.life.kill.complete.wait(within(10))
    assert sc.killReason == "first"


def test_an_idle_driver_that_is_killed_gets_its_reason_and_no_exception(start, caplog):
    sc = start(**QUICK)
    thread_errors = []
    import threading

    hook, threading.excepthook = threading.excepthook, thread_errors.append
    try:
        killed(sc, "Master removed our application: KILLED")
    finally:
        threading.excepthook = hook

    assert thread_errors == []
    assert caplog.text.count("Application has been killed. Reason: Master removed our") == 1
    assert sc.killReason == "Master removed our application: KILLED"
    assert "Traceback" not in caplog.text


# Helpers -----------------------------------------------------------------------------------------


def test_guard_and_checkpoint_raise_at_once_when_the_application_is_killed(start):
    sc = start(**QUICK)
    kill = sc._driver.life.kill
    at = []

    def numbers():
        for number in range(10**9):
            if number == 1000:
                sc.killApplication("guarded")
                at.append(time.monotonic())
            yield number

    with pytest.raises(SparkApplicationKilled, match="guarded"):
        for _ in sc.guard(numbers()):
            pass
    assert time.monotonic() - at[0] < within(0.2)
    with pytest.raises(SparkApplicationKilled, match="guarded"):
        sc.checkpoint_kill()
    assert kill.complete.wait(within(10))
    sc.stop()
    with pytest.raises(SparkApplicationKilled, match="guarded"):
        sc.checkpoint_kill()
    with pytest.raises(SparkApplicationKilled, match="guarded"):
        next(sc.guard([1]))


def test_a_checkpoint_raises_within_a_fifth_of_a_second_of_a_kill_by_another_thread(start):
    sc = start(**QUICK)
    kill = sc._driver.life.kill
    killer = threading.Timer(0.05, sc.killApplication, ("by another",))
    killer.start()

    def ask_on():
        while True:
            sc.checkpoint_kill()

    with pytest.raises(SparkApplicationKilled, match="by another"):
        ask_on()

    assert time.time() - kill.record.at_ms / 1000 < within(0.2)
    assert kill.complete.wait(within(10))


def test_guards_of_a_group_that_was_cancelled_for_good_raise_and_others_go_on(start):
    sc = start(spark__scheduler__numCancelledJobGroupsToTrack="2")
    sc.setJobGroup("mine", "")
    passed = []

    def loop():
        for number in sc.guard(range(10)):
            passed.append(number)
            if number == 2:
                sc.cancelJobGroup("mine")  # not for good
            if number == 4:
                sc.cancelJobGroupAndFutureJobs("mine")

    with pytest.raises(SparkJobCancelled, match="Job group mine was cancelled for all future"):
        loop()
    assert passed == [0, 1, 2, 3, 4]
    with pytest.raises(SparkJobCancelled):
        sc.checkpoint_kill()

    sc.setJobGroup("other", "")
    sc.checkpoint_kill()
    assert sc.parallelize([1, 2], 2).sum() == 3
    sc.cancelJobGroupAndFutureJobs("second")
    sc.cancelJobGroupAndFutureJobs("third")  # two are remembered: the first is forgotten
    sc.setJobGroup("mine", "")
    sc.checkpoint_kill()
    assert list(sc.guard([1])) == [1]
    assert sc.parallelize([1, 2], 2).sum() == 3


def test_guarded_code_that_never_asks_is_interrupted_at_once(start):
    sc = start(**QUICK)  # its ladder never interrupts the main thread
    kill = sc._driver.life.kill
    at = []

    def loop():
        at.append(time.monotonic())
        threading.Timer(0.05, sc.killApplication, ("guarded",)).start()
        while True:
            pass

    with pytest.raises(SparkApplicationKilled, match="guarded"), sc.guarded():
        loop()

    assert time.monotonic() - at[0] < within(0.5)
    assert kill.complete.wait(within(10))
    with pytest.raises(SparkApplicationKilled, match="guarded"), sc.guarded():
        pytest.fail("the body of a dead application's guard must not run")


@pytest.mark.parametrize("cancelled", [None, "other"])
def test_guard_costs_less_than_a_microsecond_an_item(start, cancelled):
    sc = start()
    if cancelled is not None:
        sc.cancelJobGroupAndFutureJobs(cancelled)
    count = 300_000

    def seconds(items):
        began = time.process_time()
        for _ in items:
            pass
        return time.process_time() - began

    bare = min(seconds(range(count)) for _ in range(5))
    guarded = min(seconds(sc.guard(range(count))) for _ in range(5))

    assert (guarded - bare) / count < 1e-6


# Listeners ---------------------------------------------------------------------------------------


class StopsInside:
    """Stops, or kills, from the bus's own thread."""

    def __init__(self, sc, verb):
        self._sc = sc
        self._verb = verb
        self.outcome = []

    def onJobEnd(self, _):
        try:
            self.outcome.append(self._verb())
        except SparkException as error:
            self.outcome.append(str(error))


def test_stop_in_a_listener_is_refused(start):
    sc = start()
    listener = StopsInside(sc, sc.stop)
    sc.addSparkListener(listener)
    driver = sc._driver

    assert sc.parallelize(range(10), 2).sum() == 45
    driver.bus.flush()

    assert "Cannot stop SparkContext within listener bus thread." in listener.outcome[0]
    assert not driver.is_stopped
    assert sc.parallelize(range(10), 2).sum() == 45


def test_kill_in_a_listener_stops_in_a_thread_of_its_own(start):
    sc = start(**QUICK)
    listener = StopsInside(sc, lambda: sc.killApplication("from a listener"))
    sc.addSparkListener(listener)
    kill = sc._driver.life.kill

    assert sc.parallelize(range(10), 2).sum() == 45

    assert kill.complete.wait(within(10))
    assert listener.outcome == [None]
    assert sc.isStopped


def test_a_killed_context_does_not_stand_in_the_way_of_a_new_one(start):
    sc = start(**QUICK)
    killed(sc)

    with SparkContext("local[1]", "next") as following:
        assert following.parallelize([1, 2]).count() == 2
        assert SparkContext.getOrCreate() is following
        with pytest.raises(SparkContextStopped) as caught:
            sc.parallelize([1])
        following_s = r"The currently active SparkContext was created at: .*_kills\.py:\d+\.$"
        assert re.search(following_s, str(caught.value))
    with pytest.raises(SparkContextStopped, match="No SparkContext is active: make a new one"):
        sc.parallelize([1])
    assert sc.killReason == "enough"
