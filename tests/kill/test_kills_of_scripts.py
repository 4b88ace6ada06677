"""Kills of applications whose driver is a script: the rungs from its main thread to its process."""

import json
import re
import signal

import pytest

from tests.processes.waiting import wait_for, within

LOUD = """
import logging
logging.basicConfig(level=logging.INFO, format="%(message)s")
sc = start(
    spark__pyshell__kill__gracePeriod="{grace}",
    spark__pyshell__kill__terminateTimeout="{timeout}",
    spark__pyshell__kill__threads="{threads}",
    spark__pyshell__kill__children="{children}",
    spark__pyshell__kill__interruptAttempts={attempts},
)
about(sc)
sc.parallelize(range(4), 2).count()
def kill():
    sys.stdin.readline()
    sc.killApplication("end of the test")
threading.Thread(target=kill, name="killer", daemon=True).start()
"""


def loud(body, timeout="10s", threads="report", grace="100ms", children="report", attempts=3):
    settings = {"timeout": timeout, "threads": threads, "grace": grace, "children": children}
    return LOUD.format(**settings, attempts=attempts) + body


# A thread that counts; `older` is there before the context.
TICKING = """
class Ticker(threading.Thread):
    def __init__(self, name, daemon, pause_s=0.01):
        super().__init__(name=name, daemon=daemon)
        self.count, self.pause_s = 0, pause_s
        self.start()

    def run(self):
        while True:
            self.count += 1
            if self.pause_s:
                time.sleep(self.pause_s)

older = Ticker("older-bg", daemon=True)
"""


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
    assert [json.loads(line)["caught"] for line in told.splitlines()] == [1, 2, 3]
    assert "(main: did not stop, interrupted 3 times, " in report
    assert "the main thread did not stop, interrupted 3 times: MainThread" in report
    assert "in swallowing_user_loop" in report
    rungs = re.findall(r"kill of local-\d+: (K\d \w+).* done in \d+ ms", report)
    assert sorted(rungs) == [
        "K0 mark", "K1 jobs", "K2 context", "K3 grace", "K4 main", "K5 threads", "K6 children",
        "K7 process",
    ]  # fmt: skip
    _, _, ending = report.partition("kill: complete in")
    _, _, dump = ending.partition("Thread dump of the driver:")
    assert re.search(r'"MainThread" #\d+ prio=5 nid=\d+ owner=user\n   state: \w+', dump)
    assert '"dag-scheduler-event-loop"' not in dump  # the context has stopped
    assert re.search(r'"stop-spark-context" #\d+ daemon prio=5 nid=\d+ owner=engine\n', dump)
    driver.assert_gone()


def test_cleaning_up_after_a_kill_is_not_interrupted(drive):
    driver = drive(
        loud(
            """
def user_loop():
    try:
        while True:
            time.sleep(0.01)
    finally:
        tell(cleaning=True)
        until = time.monotonic() + 1.6
        while time.monotonic() < until:
            time.sleep(0.01)
        tell(cleaned=True)
tell(ready=True)
try:
    user_loop()
except KeyboardInterrupt as error:
    tell(error=type(error).__name__)
""",
            grace="1900ms",
        )
    )
    driver.hear("ready")

    press(driver)

    driver.hear("cleaning")
    report = driver.finish()
    assert driver.news["cleaned"]
    assert driver.news["error"] == "SparkApplicationKilled"
    assert "(main: interrupted, threads left" in report
    driver.assert_gone()


OF_OTHERS = {
    "ignored": "signal.signal(signal.SIGINT, signal.SIG_IGN)",
    "the user's": "signal.signal(signal.SIGINT, lambda number, frame: tell(heard=True))",
}


@pytest.mark.parametrize("handler", OF_OTHERS.values(), ids=OF_OTHERS)
def test_a_main_thread_that_sleeps_is_interrupted_when_sigint_is_not_ours(drive, handler):
    driver = drive(
        f"{handler}\n"
        + loud(
            """
tell(ready=True)
try:
    time.sleep(60)
except KeyboardInterrupt as error:
    tell(error=type(error).__name__, text=str(error))
"""
        )
    )
    driver.hear("ready")

    press(driver)

    assert driver.hear("error") == "SparkApplicationKilled"
    assert "Reason: end of the test (by SparkContext.killApplication at " in driver.news["text"]
    driver.finish()
    assert "heard" not in driver.news
    driver.assert_gone()


def test_a_context_of_another_thread_interrupts_the_main_thread_with_the_reason(drive):
    driver = drive(
        """
made = []
thread = threading.Thread(
    target=lambda: made.append(start(spark__pyshell__kill__gracePeriod="100ms"))
)
thread.start()
while thread.is_alive():
    time.sleep(0.01)
[sc] = made
about(sc)
def kill():
    sys.stdin.readline()
    sc.killApplication("end of the test")
threading.Thread(target=kill, name="killer", daemon=True).start()
tell(ready=True)
try:
    while True:
        time.sleep(60)
except KeyboardInterrupt as error:
    tell(error=type(error).__name__, text=str(error))
    time.sleep(0.2)
    tell(quiet=True)
"""
    )
    driver.hear("ready")

    press(driver)

    assert driver.hear("error") == "SparkApplicationKilled"
    assert "Reason: end of the test" in driver.news["text"]
    driver.finish()
    assert driver.news["quiet"]
    driver.assert_gone()


def test_ctrl_c_after_a_killed_application_is_the_next_one_s(drive):
    driver = drive(
        """
old = start(
    spark__pyshell__kill__terminate="false", spark__pyshell__kill__gracePeriod="100ms",
    spark__pyshell__kill__interruptAttempts="1",
)
signal.signal(signal.SIGINT, lambda number, frame: None)
try:
    kill = old._driver.life.kill
    old.killApplication("old")
    while True:
        time.sleep(0.01)
except KeyboardInterrupt as error:
    tell(error=type(error).__name__)
kill.complete.wait()
hook = sys.excepthook
signal.signal(signal.SIGINT, signal.default_int_handler)
sc = start()
about(sc)
restored = sys.excepthook is sys.__excepthook__ and hook is not sys.excepthook
try:
    tell(ready=True, restored=restored)
    time.sleep(60)
except KeyboardInterrupt as error:
    tell(second=type(error).__name__, sum=sc.parallelize(range(10), 2).sum())
sc.stop()
"""
    )
    driver.hear("ready")

    driver.signal(signal.SIGINT)

    driver.finish()
    assert driver.news["error"] == "SparkApplicationKilled"
    assert (driver.news["second"], driver.news["sum"]) == ("KeyboardInterrupt", 45)
    assert driver.news["restored"]
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
        TICKING
        + loud(
            """
Ticker("user-bg", daemon=False)
while not sc.isStopped:
    time.sleep(0.01)
sc._driver.life.kill.complete.wait()
count = older.count
while older.count == count:
    time.sleep(0.01)
tell(older="goes on", answers=[t.name for t in threading.enumerate() if t.name == "user-bg"])
""",
            threads="interrupt",
            attempts=0,
        )
    )
    driver.hear("roots")

    press(driver)

    report = driver.finish()
    raised = report.partition("Exception in thread user-bg")[2]
    assert "SparkApplicationKilled: Application has been killed. Reason: end of the test" in raised
    assert "Exception in thread older-bg" not in report
    assert "threads left: older-bg (daemon)" in report
    assert driver.news["answers"] == []
    driver.assert_gone()


def test_user_threads_are_not_mentioned_where_that_is_wanted(drive):
    driver = drive(
        TICKING
        + loud(
            """
Ticker("user-bg", daemon=True)
while not sc.isStopped:
    time.sleep(0.01)
sc._driver.life.kill.complete.wait()
""",
            threads="ignore",
            attempts=0,
        )
    )
    driver.hear("roots")

    press(driver)

    report = driver.finish()
    assert "user threads are left" not in report
    assert "user-bg (daemon)" in report  # in the last line all the same
    driver.assert_gone()


def test_a_thread_that_is_left_is_told_with_its_share_of_a_core_and_who_started_it(drive):
    driver = drive(
        TICKING
        + loud(
            """
def by_the_user():
    Ticker("user-bg", daemon=False, pause_s=0)
by_the_user()
while not sc.isStopped:
    time.sleep(0.01)
tell(main="ends")
""",
            timeout="1500ms",
        )
    )
    driver.hear("roots")

    press(driver)

    _, report = driver.process.communicate(timeout=20)
    assert driver.process.returncode == 143
    [line] = re.findall(r"the process is ended because of: user-bg \((.*)\)\n", report)
    kind, state, cpu, started = line.split(", ")
    assert (kind, state in ("RUNNABLE", "BLOCKED")) == ("non-daemon", True)
    assert float(cpu.removesuffix(" % CPU")) > 5
    assert re.fullmatch(r"started by .*driver-.*\.py:\d+", started)
    driver.assert_gone()


CHILDREN = """
import subprocess
child = subprocess.Popen(["sh", "-c", "sleep 1000 & echo $! $$; exec sleep 1000"], stdout=-1)
pids = [int(word) for word in child.stdout.readline().split()]
about(sc)
tell(pids=pids)
while not sc.isStopped:
    time.sleep(0.01)
sc._driver.life.kill.complete.wait()
def runs(pid):
    try:
        return open(f"/proc/{pid}/stat").read().split()[2] != "Z"
    except OSError:
        return False
tell(left=[runs(pid) for pid in pids])
for pid in pids:
    if runs(pid):
        os.kill(pid, signal.SIGKILL)
"""


@pytest.mark.parametrize(("children", "left"), [("report", True), ("kill", False)])
def test_processes_of_user_code_and_theirs_are_told_and_ended_where_that_is_wanted(
    drive, children, left
):
    driver = drive(loud(CHILDREN, children=children, attempts=0))
    driver.hear("pids")

    press(driver)

    report = driver.finish()
    assert driver.news["left"] == [left, left]
    [told] = re.findall(r"processes that user code started are left: \[(.*)\]", report)
    assert {int(pid) for pid in told.split(", ")} == set(driver.news["pids"])
    assert f"children: {2 if left else 0})" in report
    [took_ms] = re.findall(r"K6 children done in (\d+) ms", report)
    assert int(took_ms) < 2000  # nobody has reaped the child: it is waited for no longer
    driver.assert_gone()


def test_a_c_call_that_holds_the_interpreter_delays_a_kill_and_no_more(drive):
    driver = drive(
        loud(
            """
sc.killApplication("end of the test")
returned = 0
try:
    sum(range(200_000_000))
    returned = time.monotonic()
    time.sleep(60)
except KeyboardInterrupt as error:
    late_s = time.monotonic() - returned if returned else 0.0
    tell(late_s=late_s, error=type(error).__name__, text=str(error))
"""
        )
    )

    assert driver.hear("error") == "SparkApplicationKilled"
    report = driver.finish()
    assert "Reason: end of the test" in driver.news["text"]
    assert driver.news["late_s"] < within(0.5)
    assert "(main: interrupted, threads left" in report
    driver.assert_gone()
