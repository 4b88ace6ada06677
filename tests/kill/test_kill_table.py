"""The kill table: an extra thread or none, daemon or not, killed in an action or in a loop.

Executors are gone within two seconds in every row, and the script's process ends as the row says.
"""

from dataclasses import dataclass

import pytest

from tests.processes.waiting import wait_for

SCRIPT = """
import logging
logging.basicConfig(level=logging.INFO, format="%(message)s")
sc = start(
    spark__pyshell__kill__gracePeriod="200ms", spark__pyshell__kill__terminateTimeout="1500ms"
)
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

{place}()
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
        thread = {None: "no thread", False: "non-daemon", True: "daemon"}[self.daemon]
        return f"{thread}, {self.place}"


ROWS = [
    Row(None, "action", INTERRUPTED),
    Row(None, "loop", INTERRUPTED),
    Row(None, "polite_loop", ENDED),
    Row(False, "action", TERMINATED),
    Row(False, "loop", TERMINATED),
    Row(True, "action", INTERRUPTED),
    Row(True, "loop", INTERRUPTED),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_row_of_the_kill_table(drive, row):
    driver = drive(SCRIPT.format(daemon=row.daemon, place=row.place))
    driver.hear("ready")

    driver.process.stdin.write("kill\n")
    driver.process.stdin.flush()

    wait_for(lambda: driver.processes <= {driver.process.pid}, "the end of the executors", 2)
    _, report = driver.process.communicate(timeout=15)
    assert driver.process.returncode in row.ends, report
    assert "Application has been killed. Reason: end of the test" in report
    if row.daemon is False:
        assert "user-bg (non-daemon" in report
        assert "in background" in report
    if row.ends == INTERRUPTED:
        assert "SparkApplicationKilled" in report
    driver.assert_gone()


def test_a_kept_process_is_named_in_the_last_line(drive):
    driver = drive(SCRIPT.format(daemon=True, place="polite_loop") + "time.sleep(0.5)\n")
    driver.hear("ready")

    driver.process.stdin.write("kill\n")
    driver.process.stdin.flush()

    _, report = driver.process.communicate(timeout=15)
    assert driver.process.returncode in (*ENDED, *INTERRUPTED)
    [line] = [line for line in report.splitlines() if "kill: complete in" in line]
    assert "user-bg (daemon)" in line
    assert "children: 0" in line
