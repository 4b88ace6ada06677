"""The wall clock is set by a day, forwards or back, while an application runs."""

import pytest

SCRIPT = """
import time
step_ns = 0
true_time, true_time_ns = time.time, time.time_ns
time.time = lambda: true_time() + step_ns / 1e9
time.time_ns = lambda: true_time_ns() + step_ns

sc = start("local[2]", spark__network__timeout="1s", spark__executor__heartbeatInterval="200ms",
           spark__speculation="true", spark__speculation__interval="20ms")
about(sc)
pids = set(sc.parallelize(range(20), 4).map(lambda n: os.getpid()).collect())
removed = []

class Listener:
    def onExecutorRemoved(self, event):
        removed.append(event.reason)
    def onSpeculativeTaskSubmitted(self, event):
        removed.append("a copy")

sc.addSparkListener(Listener())
def step(records):
    time.sleep(0.3)
    return records
for step_ns in (86_400_000_000_000 * {sign}, 0):
    assert sc.parallelize(range(10), 2).mapPartitions(step).sum() == 45
    running = threading.Thread(
        target=lambda: sc.parallelize(range(10), 4).mapPartitions(step).count()
    )
    running.start()
    step_ns -= 86_400_000_000_000 * {sign}
    running.join()
after = set(sc.parallelize(range(4), 4).map(lambda n: os.getpid()).collect())
tell(removed=removed, same=pids >= after)
sc.stop()
"""


@pytest.mark.parametrize("sign", [1, -1])
def test_nobody_is_declared_dead_or_slow_when_the_clock_is_set(drive, sign):
    driver = drive(SCRIPT.format(sign=sign))

    assert driver.hear("removed") == []
    assert driver.hear("same") is True
    driver.finish()
    driver.assert_gone()
