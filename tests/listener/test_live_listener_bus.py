"""Who hears of which event, in which order, and what is dropped when a listener is too slow."""

from __future__ import annotations

import re
import threading

import pytest

from pyspark_shell import SparkConf
from pyspark_shell.common.errors import IllegalConfig
from pyspark_shell.driver.driver_config import bus_capacities
from pyspark_shell.listener.events import (
    SparkListenerApplicationEnd,
    SparkListenerBlockUpdated,
    SparkListenerExecutorMetricsUpdate,
    SparkListenerJobEnd,
    SparkListenerUnpersistRDD,
)
from pyspark_shell.listener.live_listener_bus import LiveListenerBus
from tests.processes.waiting import wait_for

METRICS = SparkListenerExecutorMetricsUpdate("1")


class Recorder:
    """Notes what it hears; with a gate it waits before each event."""

    def __init__(self, gate=None):
        self.heard = []
        self._gate = gate

    def _hear(self, event):
        if self._gate is not None:
            assert self._gate.wait(30)
        self.heard.append(event)

    onJobEnd = onUnpersistRDD = onBlockUpdated = onExecutorMetricsUpdate = _hear


@pytest.fixture
def bus():
    bus = LiveListenerBus(capacity=100)
    yield bus
    bus.stop(10)


def jobs(count):
    return [SparkListenerJobEnd(number, 0, None) for number in range(count)]


def test_each_listener_hears_everything_in_order(bus):
    one, other = Recorder(), Recorder()
    bus.add(one, "appStatus")
    bus.add(other, "shared")

    for event in jobs(50):
        bus.post(event)

    assert bus.flush()
    assert one.heard == other.heard == jobs(50)


def test_a_listener_without_a_method_hears_nothing_of_it(bus):
    recorder = Recorder()
    bus.add(recorder)

    bus.post(SparkListenerApplicationEnd(1))
    bus.post(SparkListenerUnpersistRDD(7))

    assert bus.flush()
    assert recorder.heard == [SparkListenerUnpersistRDD(7)]


def test_a_failing_listener_stays_and_the_others_hear_on(bus, caplog):
    class Failing:
        calls = 0

        def onJobEnd(self, event):
            self.calls += 1
            raise ValueError("no")

    failing, recorder = Failing(), Recorder()
    bus.add(failing)
    bus.add(recorder)

    for event in jobs(3):
        bus.post(event)

    assert bus.flush()
    assert (failing.calls, len(recorder.heard)) == (3, 3)
    assert "threw an exception" in caplog.text


def test_a_slow_users_listener_loses_events_and_the_status_store_none(bus, caplog):
    gate = threading.Event()
    slow, status = Recorder(gate), Recorder()
    bus.add(slow, "shared")
    bus.add(status, "appStatus")

    for event in jobs(1000):
        bus.post(event)
    gate.set()

    assert bus.flush()
    assert len(status.heard) == 1000
    assert len(slow.heard) + bus.dropped()["shared"] == 1000
    assert bus.dropped()["shared"] > 0
    assert bus.dropped()["appStatus"] == 0
    assert "Dropping event from queue shared" in caplog.text


def test_dropped_events_are_counted_in_the_log_once_a_minute(bus, caplog):
    gate = threading.Event()
    bus.add(Recorder(gate), "shared")
    (queue,) = bus.queues()
    now = [1000.0]
    queue.clock = lambda: now[0]

    def told():
        lines = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
        return [re.sub(r" since [A-Z][a-z]{2} .*", " since then.", line) for line in lines]

    for event in jobs(100):
        bus.post(event)
    wait_for(lambda: queue.depth < 100, "the first to be held")
    for event in jobs(51):
        bus.post(event)
    first = ["Dropped 1 events from shared since the application started."]
    assert (told(), bus.dropped()["shared"]) == (first, 50)
    now[0] += 59
    bus.post(jobs(1)[0])
    assert told() == first
    now[0] += 1
    bus.post(jobs(1)[0])
    assert told() == [*first, "Dropped 51 events from shared since then."]
    now[0] += 61
    gate.set()
    assert bus.flush()
    bus.post(jobs(1)[0])
    assert len(told()) == 2, "nothing was dropped since"
    assert sum("Dropping event from queue shared" in r.getMessage() for r in caplog.records) == 1


def test_a_queue_may_have_a_capacity_of_its_own(caplog):
    bus = LiveListenerBus(100, {"shared": 7})
    gate = threading.Event()
    for name in ("shared", "other"):
        bus.add(Recorder(gate), name)

    assert {queue.name: queue.capacity for queue in bus.queues()} == {"shared": 7, "other": 100}
    for event in jobs(50):
        bus.post(event)
    dropped = bus.dropped()
    gate.set()
    bus.stop(10)
    assert dropped["shared"] in (42, 43)
    assert dropped["other"] == 0


def test_capacities_come_from_the_configuration():
    conf = SparkConf(loadDefaults=False)
    conf.set("spark.scheduler.listenerbus.eventqueue.shared.capacity", "70")
    conf.set("spark.scheduler.listenerbus.eventqueue.capacity", "1000")

    assert bus_capacities(conf) == {"shared": 70}
    conf.set("spark.scheduler.listenerbus.eventqueue.eventLog.capacity", "0")
    with pytest.raises(IllegalConfig, match=r"eventLog\.capacity"):
        bus_capacities(conf)


def test_only_metrics_are_dropped_where_life_cycles_are_kept(bus):
    gate = threading.Event()
    status = Recorder(gate)
    bus.add(status, "appStatus")
    block = SparkListenerBlockUpdated("rdd_1_0", "1", 10, 0)

    for event in jobs(300):
        bus.post(event)
        bus.post(METRICS)
        bus.post(block)
    gate.set()

    assert bus.flush()
    assert [event for event in status.heard if event is not METRICS and event != block] == jobs(300)
    assert status.heard.count(block) == 300
    assert status.heard.count(METRICS) + bus.dropped()["appStatus"] == 300
    assert bus.dropped()["appStatus"] >= 200


def test_one_queue_is_waited_for_though_another_is_stuck(bus):
    gate = threading.Event()
    bus.add(Recorder(gate), "shared")
    status = Recorder()
    bus.add(status, "appStatus")

    bus.post(jobs(1)[0])

    assert bus.flush(30, name="appStatus")
    assert not bus.flush(0.01)
    assert len(status.heard) == 1
    gate.set()


def test_after_its_end_nobody_waits_for_it():
    bus = LiveListenerBus()
    recorder = Recorder()
    bus.add(recorder, "appStatus")
    bus.post(jobs(1)[0])
    bus.stop()

    assert bus.flush(30)
    assert recorder.heard == jobs(1)


def test_a_listener_does_not_wait_for_itself(bus):
    flushed = []

    class Waits:
        def onJobEnd(self, event):
            flushed.append((bus.flush(30), bus.is_listener_thread()))

    bus.add(Waits(), "appStatus")
    bus.post(jobs(1)[0])

    assert bus.flush()
    assert flushed == [(True, True)]


def test_who_was_removed_hears_no_more(bus):
    recorder = Recorder()
    bus.add(recorder)
    bus.post(jobs(1)[0])
    assert bus.flush()

    bus.remove(recorder)
    bus.post(jobs(1)[0])

    assert bus.flush()
    assert len(recorder.heard) == 1
