"""Who may publish a task's output: the first attempt that asks the driver, as long as somebody
wants it.
"""

import time
from pathlib import Path

from pyspark_shell import TaskContext
from pyspark_shell.common.errors import SparkJobCancelled
from pyspark_shell.hadoop.commit import CommitDenied
from tests.kill.victims import job_data
from tests.processes.engine import COPIES_SOON, Background, assert_settled
from tests.processes.waiting import wait_for

_LONGEST_S = 60.0


def ask(folder):
    """Ask in a task, and leave the answer in a file of the attempt."""
    context = TaskContext.get()
    granted = context.may_commit()
    name = f"{context.partitionId()}.{context.attemptNumber()}"
    (Path(folder) / name).write_text(str(granted))
    return granted


def answers(folder):
    return {entry.name: entry.read_text() for entry in Path(folder).iterdir() if entry.is_file()}


def wait_in_task(condition):
    deadline = time.monotonic() + _LONGEST_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def test_every_task_of_a_job_may_commit(sc, tmp_path):
    sc.parallelize(range(3), 3).foreach(lambda _: ask(tmp_path))

    assert answers(tmp_path) == {"0.0": "True", "1.0": "True", "2.0": "True"}


def test_an_attempt_that_asks_again_is_told_the_same(sc, tmp_path):
    assert sc.parallelize([1], 1).map(lambda _: ask(tmp_path) and ask(tmp_path)).collect() == [True]


def test_a_copy_that_asks_second_is_denied_which_is_no_failure(start, gate, record, tmp_path):
    sc = start(**COPIES_SOON)
    events = record(sc)

    def work(number):
        if number == 0:
            return number
        if TaskContext.get().attemptNumber() == 0:
            wait_in_task((tmp_path / "1.1").exists)
            if not ask(tmp_path):
                raise CommitDenied("the copy was first")
        ask(tmp_path)
        wait_in_task((tmp_path / "1.0").exists)
        gate.hold()
        return number

    running = Background(sc.parallelize(range(2), 2).map(work).collect)
    denied = "TaskCommitDenied"  # the first attempt ends so, before it could be killed
    wait_for(lambda: any(denied in str(e.reason) for e in events.of("TaskEnd")), "its end")
    gate.open()
    assert running.result() == [0, 1]

    given = answers(tmp_path)
    assert [attempt for attempt, answer in given.items() if answer == "True"] == ["1.1"]
    text = "TaskCommitDenied (Driver denied task commit) for job: 0, partition: 1, attemptNumber: 0"
    assert text in [str(end.reason) for end in events.wait_for_ends() if end.task_info.killed]
    job = job_data(sc, 0)
    assert job.num_failed_tasks == 0
    assert job.killed_tasks_summary[text] == 1
    assert_settled(sc)


def test_an_attempt_that_failed_gives_its_leave_back(start, tmp_path):
    sc = start("local[1,2]")

    def work(number):
        assert ask(tmp_path)
        if TaskContext.get().attemptNumber() == 0:
            raise ValueError("after it was let commit")
        return number

    assert sc.parallelize([7], 1).map(work).collect() == [7]
    assert answers(tmp_path) == {"0.0": "True", "0.1": "True"}


def test_after_a_kill_every_request_is_refused(sc, gate, tmp_path):
    def stubborn(_):
        gate.report()
        while not Path(gate._path("open")).exists():
            try:
                time.sleep(0.002)
            except BaseException:
                continue
        ask(folder)

    folder = tmp_path / "answers"
    folder.mkdir()
    running = Background(sc.parallelize(range(2), 2).foreach, stubborn)
    wait_for(lambda: len(gate.pids()) == 2, "both tasks")

    sc.cancelAllJobs()
    assert isinstance(running.error(), SparkJobCancelled)
    gate.open()

    wait_for(lambda: set(answers(folder).values()) == {"False"}, "an answer")
    assert_settled(sc)
    assert answers(folder) == {"0.0": "False", "1.0": "False"}
