"""Kills as an executor's message thread times them: marks, interrupts, and interrupts once more."""

import pytest

from pyspark_shell.common.clock import ManualClock
from pyspark_shell.executor.interrupt import NO_TASK
from pyspark_shell.executor.message_thread import MessageThread
from pyspark_shell.executor.messages import KillTask


class Interrupt:
    """Stands for the running task: who is asked to be interrupted, and whether that is heard."""

    def __init__(self):
        self.running_task_id = NO_TASK
        self.delivered = False
        self.requests = []
        self.marked = []

    def mark_killed(self, task_id, reason):
        if self.running_task_id != task_id:
            return False
        self.marked.append(reason)
        return True

    def expect(self, task_id):
        self.expected = task_id

    def request(self, task_id):
        self.requests.append(task_id)


@pytest.fixture
def interrupt():
    return Interrupt()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def marks():
    return {}


@pytest.fixture
def thread(interrupt, marks, clock):
    return MessageThread(None, interrupt, marks, 10.0, clock)


@pytest.fixture
def after(thread, clock, interrupt):
    """Let time pass in steps of a hundredth; gives how many interrupts were asked for."""

    def after(seconds):
        before = len(interrupt.requests)
        for _ in range(round(seconds * 100)):
            clock.advance(0.01)
            thread._interrupt_if_due(clock.monotonic_s())
            thread._forget_old_marks(clock.monotonic_s())
        return len(interrupt.requests) - before

    return after


def test_a_mark_that_nobody_wanted_is_forgotten_after_ten_seconds(thread, marks, after):
    thread._begin_kill(KillTask(7, 0.0, "early"))

    after(9.9)
    assert marks == {7: "early"}
    after(0.2)
    assert marks == {}


def test_a_running_task_is_flagged_at_once_and_interrupted_when_that_is_due(
    thread, interrupt, marks, after
):
    interrupt.running_task_id = 7

    thread._begin_kill(KillTask(7, 0.05, "enough"))

    assert (interrupt.marked, marks) == (["enough"], {})
    assert interrupt.expected == 7
    assert after(0.04) == 0
    assert after(0.01) == 1


def test_what_the_driver_s_signal_has_interrupted_is_not_interrupted_again_at_once(
    thread, interrupt, after
):
    interrupt.running_task_id = 7
    thread._begin_kill(KillTask(7, 0.05, "enough"))
    interrupt.delivered = True

    assert after(1.0) == 0
    assert after(0.1) == 1


def test_a_stronger_kill_interrupts_a_task_that_swallowed_the_first(thread, interrupt, after):
    interrupt.running_task_id = 7
    thread._begin_kill(KillTask(7, 0.0, "enough"))
    interrupt.delivered = True
    after(0.1)

    thread._begin_kill(KillTask(7, 0.0, "now"))

    assert after(0.01) == 1


def test_a_task_that_swallows_its_interrupt_is_interrupted_again_once_a_second(
    thread, interrupt, after
):
    interrupt.running_task_id = 7
    thread._begin_kill(KillTask(7, 0.0, "enough"))
    assert after(0.01) == 1

    interrupt.delivered = True  # it heard, and goes on
    after(0.02)

    assert [after(1.01) for _ in range(4)] == [1, 1, 1, 1]


def test_an_interrupt_that_had_to_be_put_off_is_tried_again_soon(thread, interrupt, after):
    interrupt.running_task_id = 7
    thread._begin_kill(KillTask(7, 0.0, "enough"))

    assert after(0.5) > 20
    interrupt.running_task_id = 8  # the next task is not meant
    assert after(0.5) == 0
    assert set(interrupt.requests) == {7}


def test_a_stronger_kill_brings_the_interrupt_forward_and_a_weaker_one_does_not_put_it_off(
    thread, interrupt, after
):
    interrupt.running_task_id = 7
    thread._begin_kill(KillTask(7, 5.0, "patient"))
    assert after(0.1) == 0

    thread._begin_kill(KillTask(7, 0.0, "now"))
    thread._begin_kill(KillTask(7, 9.0, "later"))

    assert after(0.01) == 1


def test_without_an_interrupt_there_is_only_the_flag(thread, interrupt, after):
    interrupt.running_task_id = 7

    thread._begin_kill(KillTask(7, -1.0, "like spark"))

    assert interrupt.marked == ["like spark"]
    assert after(3) == 0
