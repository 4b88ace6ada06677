"""Kills of the application: what the driver is told, waits for, frees, and reports."""

import re
import threading
import time

import pytest

from pyspark_shell import SparkContext
from pyspark_shell.common.errors import SparkApplicationKilled, SparkContextStopped, SparkException
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
    with pytest.raises((SparkApplicationKilled, SparkContextStopped), match="guarded"):
        sc.checkpoint_kill()
    assert kill.complete.wait(within(10))


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

    assert time.monotonic() - at[0] < within(0.25)
    assert kill.complete.wait(within(10))
    with pytest.raises((SparkApplicationKilled, SparkContextStopped)), sc.guarded():
        pytest.fail("the body of a dead application's guard must not run")


def test_guard_costs_less_than_a_microsecond_an_item(start):
    sc = start()
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


# In scripts --------------------------------------------------------------------------------------

LOUD = """
import logging
logging.basicConfig(level=logging.INFO, format="%(message)s")
sc = start(
    spark__pyshell__kill__gracePeriod="100ms",
    spark__pyshell__kill__terminateTimeout="{timeout}",
    spark__pyshell__kill__threads="{threads}",
)
about(sc)
sc.parallelize(range(4), 2).count()
def kill():
    sys.stdin.readline()
    sc.killApplication("end of the test")
threading.Thread(target=kill, name="killer", daemon=True).start()
"""


def loud(body, timeout="10s", threads="report"):
    return LOUD.format(timeout=timeout, threads=threads) + body


def press(driver):
    driver.process.stdin.write("kill\n")
    driver.process.stdin.flush()


def test_a_loop_that_swallows_is_interrupted_three_times_then_reported_then_ended(drive):
    driver = drive(
        loud(
            """
caught = 0
def swallowing_user_loop():
    global caught
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            caught += 1
            tell(caught=caught)
tell(ready=True)
swallowing_user_loop()
""",
            timeout="3500ms",
        )
    )
    driver.hear("ready")

    press(driver)

    told, report = driver.process.communicate(timeout=20)
    assert driver.process.returncode == 143
    assert told.splitlines() == [f'{{"caught": {count}}}' for count in (1, 2, 3)]
    assert "main: did not stop" in report
    assert "the main thread did not stop: MainThread" in report
    assert "in swallowing_user_loop" in report
    driver.assert_gone()


def test_a_long_c_call_is_interrupted_right_after(drive):
    driver = drive(
        loud(
            """
import hashlib
tell(ready=True)
try:
    hashlib.pbkdf2_hmac("sha256", b"", b"", 4_000_000)
    tell(late=True)
    time.sleep(60)
except KeyboardInterrupt as error:
    tell(error=type(error).__name__, text=str(error))
time.sleep(0)
"""
        )
    )
    driver.hear("ready")

    press(driver)

    assert driver.hear("error") == "SparkApplicationKilled"
    assert "Reason: end of the test (by SparkContext.killApplication at " in driver.news["text"]
    assert driver.wait() == 0
    assert "late" not in driver.news
    driver.assert_gone()


def test_executors_are_released_when_main_ends_though_a_thread_keeps_the_process(drive):
    driver = drive(
        """
sc = start()
about(sc)
sc.parallelize(range(4), 2).count()
go_on = threading.Event()
def keep():
    sys.stdin.readline()
threading.Thread(target=keep, name="keeper").start()
tell(main="ends")
"""
    )
    driver.hear("main")

    wait_for(lambda: driver.processes == {driver.process.pid}, "the end of the executors", 2)
    press(driver)
    assert driver.wait() == 0
    driver.assert_gone()


def test_user_threads_are_interrupted_where_that_is_wanted(drive):
    driver = drive(
        loud(
            """
def spin():
    n = 0
    while True:
        n += 1
threading.Thread(target=spin, name="user-bg").start()
while not sc.isStopped:
    time.sleep(0.01)
""",
            threads="interrupt",
        )
    )
    driver.hear("roots")

    press(driver)

    _, report = driver.process.communicate(timeout=20)
    assert driver.process.returncode == 0, report
    assert "SparkApplicationKilled" in report.partition("Exception in thread user-bg")[2]
    driver.assert_gone()


def test_a_killed_context_does_not_stand_in_the_way_of_a_new_one(start):
    sc = start(**QUICK)
    killed(sc)

    with SparkContext("local[1]", "next") as following:
        assert following.parallelize([1, 2]).count() == 2
        assert SparkContext.getOrCreate() is following
    assert sc.killReason == "enough"
