"""Saved output is whole or not there: exactly the lines, no left-overs, `_SUCCESS` last of all."""

import os
import signal

import pytest

from pyspark_shell.common.errors import JobFailed, SparkJobCancelled
from tests.processes.engine import (
    COPIES_SOON,
    Background,
    assert_settled,
    executor_pids,
    wait_until_up,
)
from tests.processes.gate import Gate
from tests.processes.waiting import kill, wait_for

LINES = [f"line {number}" for number in range(400)]
PARTS = [f"part-0000{number}" for number in range(4)]


def visible(folder):
    """What a reader of the folder sees: everything but hidden checksums."""
    if not folder.exists():
        return []
    return sorted(name for name in os.listdir(folder) if not name.startswith("."))


def read(folder):
    parts = [folder / name for name in visible(folder) if name.startswith("part-")]
    return [line for part in parts for line in part.read_text().splitlines()]


def assert_whole(folder):
    """Fail unless all lines are there, and nothing of an attempt beside them."""
    assert visible(folder) == ["_SUCCESS", *PARTS]
    assert read(folder) == LINES


def assert_not_committed(folder):
    """Fail if a reader would find anything; what attempts wrote aside goes with the next save."""
    assert set(visible(folder)) <= {"_temporary"}


def stopped_at(gate, line):
    """A function that holds the task that comes to `line`."""

    def pass_on(text):
        if text == line:
            gate.stop_here()
        return text

    return pass_on


def test_output_is_whole(sc, tmp_path):
    sc.parallelize(LINES, 4).saveAsTextFile(str(tmp_path / "out"))

    assert_whole(tmp_path / "out")


def test_an_executor_killed_while_it_writes_changes_nothing(sc, gate, tmp_path):
    lines = sc.parallelize(LINES, 4).map(stopped_at(gate, "line 250"))
    running = Background(lines.saveAsTextFile, str(tmp_path / "out"))
    [pid] = wait_for(gate.pids, "the task in the middle of its part")

    kill(pid)

    running.result()
    assert_whole(tmp_path / "out")


def test_executors_killed_again_and_again_change_nothing(sc, tmp_path):
    for turn in range(5):
        wait_until_up(sc, 2)
        gate = Gate(tmp_path / f"gate-{turn}")
        lines = sc.parallelize(LINES, 4).map(stopped_at(gate, f"line {turn * 90}"))
        running = Background(lines.saveAsTextFile, str(tmp_path / f"out-{turn}"))
        wait_for(gate.pids, "a task amid its part")
        for pid in executor_pids(sc):
            kill(pid)

        running.result()
        assert_whole(tmp_path / f"out-{turn}")


def test_a_task_that_fails_at_first_writes_its_part_once(sc3, counter, tmp_path):
    def fail_at_first(text):
        if text == "line 250":
            counter.add()
            if counter.count < 3:
                raise ValueError("not yet")
        return text

    sc3.parallelize(LINES, 4).map(fail_at_first).saveAsTextFile(str(tmp_path / "out"))

    assert_whole(tmp_path / "out")


def test_a_failed_job_publishes_nothing(sc, tmp_path):
    def fail(text):
        if text == "line 399":
            raise ValueError("the last line")
        return text

    with pytest.raises(JobFailed, match="the last line"):
        sc.parallelize(LINES, 4).map(fail).saveAsTextFile(str(tmp_path / "out"))

    assert_not_committed(tmp_path / "out")


def test_a_cancelled_job_publishes_nothing(sc, gate, tmp_path):
    lines = sc.parallelize(LINES, 4).map(stopped_at(gate, "line 399"))
    running = Background(lines.saveAsTextFile, str(tmp_path / "out"))
    wait_for(gate.pids, "the last task")

    sc.cancelAllJobs()

    with pytest.raises(SparkJobCancelled):
        running.result()
    gate.open()
    assert_settled(sc)
    assert_not_committed(tmp_path / "out")


def test_two_copies_of_a_slow_task_write_its_part_once(start, gate, tmp_path):
    sc = start(**COPIES_SOON)
    wait_until_up(sc, 2)

    sc.parallelize(LINES, 4).map(stopped_at(gate, "line 399")).saveAsTextFile(str(tmp_path / "out"))

    assert_whole(tmp_path / "out")


def test_a_driver_killed_while_it_saves_leaves_no_success(drive, tmp_path):
    driver = drive(
        f"""
sc = start()
about(sc)
def slowly(text):
    if text == "line 399":
        open({str(tmp_path / "last")!r}, "w").close()
        time.sleep(3600)
    return text
lines = [f"line {{n}}" for n in range(400)]
tell(ready=True)
sc.parallelize(lines, 4).map(slowly).saveAsTextFile({str(tmp_path / "out")!r})
"""
    )
    driver.hear("ready")
    wait_for((tmp_path / "last").exists, "the last task")

    driver.signal(signal.SIGKILL)

    driver.wait()
    driver.assert_gone()
    assert_not_committed(tmp_path / "out")
