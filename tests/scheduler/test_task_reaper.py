"""A killed task is watched until it is gone."""

from __future__ import annotations

import logging

import pytest
from scheduler_fakes import FakeTimers, fake_executor

from pyspark_shell.scheduler.task_reaper import ReaperLimits, TaskReaper


class FakeHands:
    """Notes what the reaper does to executors."""

    def __init__(self):
        self.kills = []
        self.interrupted = []
        self.ended = []
        self.threads = None
        self.stuck = []
        self.native = 'Thread 0x1 (most recent call first):\n  File "job.py", line 3 in spin'

    def send_kill(self, executor, order):
        self.kills.append((order.task_id, order.interrupt_after_s, order.reason))

    def interrupt(self, executor):
        self.interrupted.append(executor.executor_id)

    def end_process(self, executor):
        self.ended.append(executor.executor_id)

    def dump_threads(self, executor_id, answer):
        if self.threads is not None:
            answer(self.threads)
        return True

    def dump_by_signal(self, executor):
        return lambda: self.native

    def task_stuck(self, task_id, stack):
        self.stuck.append((task_id, stack))


@pytest.fixture
def hands():
    return FakeHands()


@pytest.fixture
def timers():
    return FakeTimers()


@pytest.fixture
def executor():
    return fake_executor("3")


@pytest.fixture
def make(hands, timers):
    def make(**limits):
        return TaskReaper(ReaperLimits(**limits), hands, timers)

    return make


@pytest.fixture
def texts(caplog):
    caplog.set_level(logging.WARNING, "pyspark_shell.TaskReaper")
    return lambda: [record.getMessage() for record in caplog.records]


def fire(timers, delay_s):
    (timer,) = timers.waiting(delay_s)
    timer.fire()


def test_a_kill_first_asks_and_interrupts_a_moment_later(make, hands, timers, executor):
    reaper = make(interrupt_after_s=0.05)

    reaper.kill(executor, 17, False, "user")

    assert hands.kills == [(17, 0.05, "user")]
    assert reaper.task_ids() == [17]
    assert hands.interrupted == []
    fire(timers, 0.05)
    assert hands.interrupted == ["3"]


def test_a_task_that_ended_before_its_interrupt_is_left_alone(make, hands, timers, executor):
    reaper = make(interrupt_after_s=0.05)
    reaper.kill(executor, 17, False, "user")

    reaper.ended(17)

    assert timers.waiting() == []
    assert hands.interrupted == []


def test_a_kill_with_interrupt_does_so_at_once(make, hands, executor):
    make().kill(executor, 17, True, "user")

    assert hands.kills == [(17, 0.0, "user")]
    assert hands.interrupted == ["3"]


def test_a_stronger_kill_is_sent_on_and_weaker_or_equal_ones_are_not(make, hands, timers, executor):
    reaper = make(interrupt_after_s=-1)

    for interrupt in (False, False, True, True, False):
        reaper.kill(executor, 17, interrupt, "user")

    assert [after_s for _, after_s, _ in hands.kills] == [-1, 0.0]
    assert hands.interrupted == ["3"]
    assert len(timers.waiting(2.0)) == 1


def test_a_task_that_ends_is_watched_no_more(make, hands, timers, executor):
    reaper = make()
    reaper.kill(executor, 17, True, "user")

    reaper.ended(17)

    assert timers.waiting() == []
    assert hands.ended == []
    assert reaper.forced_reason(17) is None
    reaper.assert_empty()


def test_the_process_of_a_task_that_does_not_end_is_ended(make, hands, timers, executor):
    reaper = make(kill_timeout_s=2.0)
    reaper.kill(executor, 17, True, "user")

    fire(timers, 2.0)
    reaper.ended(17)

    assert hands.ended == ["3"]
    assert reaper.forced_reason(17).startswith("user (forced after ")
    assert reaper.forced_reason(17) is None
    assert executor.end_reason is None


def test_a_process_that_was_just_ended_is_no_news(
    make, hands, timers, executor, texts, monkeypatch
):
    reaper = make(kill_timeout_s=2.0, polling_interval_s=1.0)
    reaper.kill(executor, 17, True, "user")
    fire(timers, 2.0)

    fire(timers, 1.0)
    assert [text for text in texts() if "still running" in text] == []

    monkeypatch.setattr("pyspark_shell.scheduler.task_reaper._END_S", 0.0)
    fire(timers, 1.0)
    assert [text for text in texts() if "still running" in text] != []


def test_with_spark_s_exit_code_the_loss_is_an_executor_s(make, hands, timers, executor):
    reaper = make(exit_code=57)
    reaper.kill(executor, 17, True, "user")

    fire(timers, 2.0)

    assert executor.end_reason == "Command exited with code 57"
    assert reaper.forced_reason(17) is None
    assert hands.ended == ["3"]


def test_an_executor_may_be_spared(make, hands, timers, executor, texts):
    reaper = make(spares_executors=True)
    reaper.kill(executor, 17, True, "user")

    fire(timers, 2.0)

    assert hands.ended == []
    assert texts() == [
        "Killed task 17 could not be stopped within 2000 ms; not killing its executor because "
        "we are running in local mode."
    ]
    assert reaper.task_ids() == [17]


def test_below_zero_there_is_no_last_deadline(make, timers, executor):
    make(kill_timeout_s=-1, polling_interval_s=0).kill(executor, 17, True, "user")

    assert timers.waiting() == []


def test_a_reaper_that_is_off_only_sends_the_kill(make, hands, timers, executor):
    reaper = make(enabled=False, interrupt_after_s=-1)

    reaper.kill(executor, 17, False, "user")

    assert len(hands.kills) == 1
    assert timers.waiting() == []


def test_nobody_has_to_wait_for_the_deadline(make, hands, executor):
    reaper = make()
    reaper.kill(executor, 17, False, "user")

    reaper.force_now([17, 99])

    assert hands.ended == ["3"]


def test_warnings_come_again_and_again_with_the_task_s_stack(make, hands, timers, executor, texts):
    hands.threads = [
        {"stackTrace": {"elems": ['File "other.py", line 1, in f']}},
        {"taskId": 17, "stackTrace": {"elems": ['File "job.py", line 3, in spin']}},
    ]
    make(polling_interval_s=1.0).kill(executor, 17, True, "user")

    fire(timers, 1.0)
    fire(timers, 1.0)

    warned, dumped = texts()[:2]
    assert warned.startswith("Killed task 17 is still running after ")
    assert dumped == 'Thread dump from task 17:\nFile "job.py", line 3, in spin'
    assert len(texts()) == 4
    assert len(timers.waiting(1.0)) == 1


def test_an_executor_that_does_not_answer_is_asked_by_signal(make, hands, timers, executor, texts):
    make().kill(executor, 17, True, "user")

    fire(timers, 1.0)
    fire(timers, 0.2)
    fire(timers, 0.1)

    assert texts()[-1] == 'Thread dump from task 17:\nFile "job.py", line 3, in spin'


def test_an_executor_that_answered_is_not_asked_by_signal(make, hands, timers, executor, texts):
    hands.threads = []
    make().kill(executor, 17, True, "user")

    fire(timers, 1.0)
    fire(timers, 0.2)

    assert texts()[-1] == "Thread dump from task 17:\n(the task has ended)"
    assert timers.waiting(0.1) == []


def test_warnings_may_come_without_a_stack(make, timers, executor, texts):
    make(thread_dump=False).kill(executor, 17, True, "user")

    fire(timers, 1.0)

    assert len(texts()) == 1


def test_tasks_still_watched_are_named(make, executor):
    reaper = make()
    reaper.kill(executor, 17, True, "user")

    with pytest.raises(AssertionError, match=r"killed tasks \[17\] are still watched"):
        reaper.assert_empty()
