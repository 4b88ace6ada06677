"""Copies of slow tasks: they run on other executors, and who reads fast is not slow."""

from pyspark_shell import TaskContext
from tests.processes.engine import COPIES_SOON, Background, wait_until_up
from tests.processes.gate import Gate
from tests.processes.waiting import wait_for

QUICK_HEARTBEATS = {"spark__executor__heartbeatInterval": "50ms"}
# Copies begin after a second: heartbeats have told by then what a task has read.
AFTER_A_SECOND = {**COPIES_SOON, "spark__speculation__minTaskRuntime": "1s"}


class Copies:
    """Notes of which stages tasks got copies, and how attempts ended."""

    def __init__(self):
        self.stages = []
        self.ends = []

    def onSpeculativeTaskSubmitted(self, event):
        self.stages.append(event.stage_id)

    def onTaskEnd(self, event):
        self.ends.append((event.task_info.speculative, str(event.reason)))


def watched(context, executors=2):
    wait_until_up(context, executors)
    copies = Copies()
    context.addSparkListener(copies)
    return copies


def test_a_slow_task_gets_a_copy_on_another_executor_and_the_first_success_wins(start, gate):
    sc = start(**COPIES_SOON)
    copies = watched(sc)

    def slow_the_first_time(number):
        if number == 3 and not TaskContext.get().attemptNumber():
            gate.stop_here()
        return number, TaskContext.get().attemptNumber()

    assert sc.parallelize(range(4), 4).map(slow_the_first_time).collect()[3] == (3, 1)

    wait_for(lambda: len(copies.ends) == 5, "the end of the slow attempt")
    assert copies.stages == [0]
    assert [end for end in copies.ends if end[0]] == [(True, "Success")]
    [lost] = [reason for _, reason in copies.ends if reason != "Success"]
    assert "another attempt succeeded" in lost


def read_many_and_stop_at(gate):
    def read(lines):
        count = sum(1 for _ in lines)
        if count > 100:
            gate.stop_here()
        yield count

    return read


def test_a_task_that_has_more_to_read_gets_no_copy(start, gate, tmp_path):
    sc = start("local[4]", **AFTER_A_SECOND, **QUICK_HEARTBEATS)
    copies = watched(sc, 4)
    for number in range(2):
        (tmp_path / f"{number}.txt").write_text("x\n" * 10)
    (tmp_path / "2.txt").write_text("x\n" * 1_000_000)

    reading = Background(
        sc.textFile(f"file://{tmp_path}/*.txt", 1)
        .mapPartitions(read_many_and_stop_at(gate))
        .collect
    )
    wait_for(gate.pids, "the task that has read a million lines")
    other = Gate(tmp_path / "other")
    waiting = Background(sc.parallelize(range(2), 2).map(lambda n: n and other.stop_here()).collect)
    wait_for(lambda: copies.stages, "the copy of a task that reads nothing and started later", 30)

    assert copies.stages == [1]
    waiting.result()
    gate.open()
    assert sorted(reading.result()) == [10, 10, 1_000_000]
