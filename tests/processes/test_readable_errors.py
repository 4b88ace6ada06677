"""What a user reads when a job fails: where, the own frames first, and what a dead process said."""

import ctypes
import logging
import os
import re
import sys

import pytest

from pyspark_shell.common.errors import JobFailed, PythonException
from tests.processes.engine import Background, wait_until_up
from tests.processes.waiting import kill, wait_for


def divide(number):
    return 1 // number


def test_an_exception_names_stage_and_task_and_shows_the_user_s_own_frames_first(sc):
    numbers = sc.parallelize([2, 1, 0], 3)

    with pytest.raises(PythonException) as caught:
        numbers.map(divide).collect()

    text = str(caught.value)
    assert re.search(r"Task 2 in stage \d+\.0 failed 1 times", text)
    assert re.search(r"Lost task 2\.0 in stage \d+\.0 \(TID \d+\)", text)
    assert "ZeroDivisionError" in text
    frames = re.findall(r'File "(.*)", line \d+, in (\w+)', text)
    assert frames[0] == (__file__, "divide")


def test_a_process_that_crashes_leaves_its_last_words_in_the_error(sc):
    def crash(number):
        print("the last words", file=sys.stderr, flush=True)
        os._exit(7)

    with pytest.raises(JobFailed) as caught:
        sc.parallelize([1], 1).map(crash).collect()

    text = str(caught.value)
    assert "exit code 7" in text
    assert re.search(r"Its last output on stderr:\n.*the last words", text, re.DOTALL)


def test_a_crash_in_c_is_named_and_leaves_a_stack(start):
    sc = start(spark__python__worker__faulthandler__enabled="true")

    def crash(number):
        return ctypes.string_at(0)

    with pytest.raises(JobFailed) as caught:
        sc.parallelize([1], 1).map(crash).collect()

    text = str(caught.value)
    assert "SIGSEGV (-11)" in text
    assert "Segmentation fault" in text
    assert re.search(r"in crash$", text, re.MULTILINE)


def test_a_process_that_is_killed_may_have_met_the_system_s_memory_killer(start, gate):
    sc = start("local[1,1]")
    stopped = sc.parallelize([1], 1).map(lambda n: (gate.report(), gate.hold())[0])
    running = Background(stopped.collect)

    for count in range(1, 5):  # so often that the task has to be blamed
        kill(wait_for(lambda n=count: len(gate.pids()) == n and gate.pids()[-1], "the task"))

    text = str(running.error())
    assert "SIGKILL (-9)" in text
    assert "the system may have run out of memory" in text


def test_tasks_that_no_executor_takes_are_told_of(start, caplog, gate):
    sc = start(spark__starvation__timeout="50ms")
    pids = wait_until_up(sc, 2)
    text = "Initial job has not accepted any resources; check your cluster UI"

    with caplog.at_level(logging.WARNING):
        sc._driver.scheduler.ask(lambda: hide_executors(sc, True))
        waiting = Background(sc.parallelize(range(4), 2).sum)
        wait_for(lambda: text in caplog.text, "the warning")
        sc._driver.scheduler.ask(lambda: hide_executors(sc, False))

    assert waiting.result() == 6
    assert wait_until_up(sc, 2) == pids


def hide_executors(sc, hidden):
    """Have no executor be free, as if none had come up; in the scheduler's thread."""
    for executor in sc._driver.scheduler._backend.executors.values():
        executor.registered = not hidden
    sc._driver.scheduler._offers_wanted = True
