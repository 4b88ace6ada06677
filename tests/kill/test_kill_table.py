"""The kill table: an extra thread or none, daemon or not, killed in an action or in a loop.

With the policy that a script has by itself: executors are gone within two seconds in every row, and
by then a loop has got its exception; the script's process ends as the row says, within 15 seconds.
"""

import json
from dataclasses import dataclass

import pytest

from tests.processes.waiting import Stopwatch, wait_for, within

SCRIPT = """
import logging
logging.basicConfig(level=logging.INFO, format="%(message)s")
sc = start()
about(sc)
sc.parallelize(range(4), 2).count()

def background():
    while True:
        time.sleep(0.05)

daemon = {daemon}
if daemon is not None:
    threading.Thread(target=background, name="user-bg", daemon=daemon).start()

def kill():
    sys.stdin.readline()
    tell(killed=time.monotonic())
    sc.killApplication("end of the test")
threading.Thread(target=kill, name="killer", daemon=True).start()

class Started:
    told = False

    def onTaskStart(self, event):
        if not self.told:
            self.told = True
            tell(ready=True)

def action():
    sc.addSparkListener(Started())
    sc.parallelize(range(2), 2).map(lambda n: time.sleep(3600)).collect()

def loop():
    tell(ready=True)
    n = 0
    while True:
        n += 1

def polite_loop():
    tell(ready=True)
    while not sc.isStopped:
        time.sleep(0.01)

try:
    {place}()
except BaseException as error:
    tell(error=type(error).__name__, raised=time.monotonic())
    raise
"""

INTERRUPTED = (130, -2)
ENDED = (0,)
TERMINATED = (143, -15)


@dataclass(frozen=True)
class Row:
    """Where the driver is when it is killed, and how its process has to end."""

    daemon: bool | None
    place: str
    ends: tuple[int, ...]

    def __str__(self):
        thread = {None: "no_thread", False: "non_daemon", True: "daemon"}[self.daemon]
        return f"row_{ROWS.index(self) + 1}-{thread}-{self.place}"


ROWS = [
    Row(None, "action", INTERRUPTED),
    Row(None, "loop", INTERRUPTED),
    Row(None, "polite_loop", ENDED),
    Row(False, "action", TERMINATED),
    Row(False, "loop", TERMINATED),
    Row(True, "action", INTERRUPTED),
    Row(True, "loop", INTERRUPTED),
]


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_kill_table(drive, row):
    driver = drive(SCRIPT.format(daemon=row.daemon, place=row.place))
    driver.hear("ready")

    driver.process.stdin.write("kill\n")
    driver.process.stdin.flush()

    with Stopwatch() as watch:
        wait_for(lambda: driver.processes <= {driver.process.pid}, "the end of the executors", 2)
        told, report = driver.process.communicate(timeout=within(15))
    assert watch.seconds < within(15)
    assert driver.process.returncode in row.ends, report
    for line in told.splitlines():
        driver.news.update(json.loads(line))
    if row.place == "polite_loop":
        assert "error" not in driver.news
    else:
        assert driver.news["error"] == "SparkApplicationKilled"
        took_s = driver.news["raised"] - driver.news["killed"]
        assert took_s < within(2)
        assert row.place == "action" or took_s > 1.8  # it had its seconds of grace
    assert "Application has been killed. Reason: end of the test" in report
    if row.daemon is False:
        assert "user-bg (non-daemon" in report
        assert "in background" in report
    assert ("SparkApplicationKilled" in report) == (row.place != "polite_loop")
    driver.assert_gone()


AFTERWARDS = "sc._driver.life.kill.complete.wait(1.5)  # less than the seconds of grace\n"


def test_a_kept_process_is_named_in_the_last_line(drive):
    driver = drive(SCRIPT.format(daemon=True, place="polite_loop") + AFTERWARDS)
    driver.hear("ready")

    driver.process.stdin.write("kill\n")
    driver.process.stdin.flush()

    _, report = driver.process.communicate(timeout=15)
    assert driver.process.returncode in (*ENDED, *INTERRUPTED)
    [line] = [line for line in report.splitlines() if "kill: complete in" in line]
    assert "user-bg (daemon)" in line
    assert "children: 0" in line
