"""The exception of a kill: raised in the task that is meant, and nowhere else."""

import signal
import threading
import time

import pytest

from pyspark_shell.common.errors import TaskKilledException
from pyspark_shell.executor.interrupt import INTERRUPT_SIGNAL, NO_TASK, TaskInterrupt
from pyspark_shell.lineage.task_context import TaskContext


@pytest.fixture
def interrupt():
    before = signal.getsignal(INTERRUPT_SIGNAL)
    yield TaskInterrupt()
    signal.signal(INTERRUPT_SIGNAL, before)


def context(task_id):
    return TaskContext(0, 0, 0, 0, task_id, {}, {}, 1)


def in_another_thread(call, *args):
    thread = threading.Thread(target=call, args=args)
    thread.start()
    thread.join()


def test_the_running_task_is_interrupted_with_its_reason(interrupt):
    interrupt.begin(context(7))
    assert interrupt.mark_killed(7, "enough")
    killer = threading.Timer(0.05, interrupt.request, (7,))
    killer.start()

    with pytest.raises(TaskKilledException, match="enough"):
        time.sleep(60)

    assert interrupt.delivered
    killer.join()


def test_a_late_signal_never_hits_the_next_task(interrupt):
    interrupt.begin(context(7))
    interrupt.shield()
    in_another_thread(interrupt.request, 7)  # comes while the outcome is reported
    interrupt.end()
    in_another_thread(interrupt.request, 7)
    interrupt.begin(context(8))

    signal.raise_signal(INTERRUPT_SIGNAL)  # the very late one: the wanted task is still 7

    assert not interrupt.delivered
    assert interrupt.running_task_id == 8
    assert not interrupt.mark_killed(7, "late")
    interrupt.end()
    assert interrupt.running_task_id == NO_TASK
    signal.raise_signal(INTERRUPT_SIGNAL)  # nor what comes between two tasks


def test_a_section_that_must_not_be_left_half_done_is_left_alone_until_its_end(interrupt):
    interrupt.begin(context(7))
    interrupt.mark_killed(7, "enough")

    with interrupt.shielded(), interrupt.shielded():
        in_another_thread(interrupt.request, 7)
        done = True
    assert done
    assert not interrupt.delivered

    with pytest.raises(TaskKilledException):
        interrupt.request(7)  # the message thread tries again


def test_an_import_is_not_left_half_done(interrupt, tmp_path, monkeypatch):
    module = tmp_path / "interrupted_module.py"
    module.write_text("import signal\nsignal.raise_signal(signal.SIGUSR1)\nwhole = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    interrupt.begin(context(7))
    interrupt.mark_killed(7, "enough")
    interrupt._wanted = 7

    import interrupted_module

    assert interrupted_module.whole
    assert not interrupt.delivered


def drivers_signal():
    signal.raise_signal(INTERRUPT_SIGNAL)


def test_the_driver_s_signal_is_heard_once_for_an_order(interrupt):
    interrupt.begin(context(7))
    interrupt.mark_killed(7, "enough")
    interrupt.expect(7)

    with pytest.raises(TaskKilledException, match="enough"):
        drivers_signal()

    drivers_signal()  # a second one of the same order does not disturb what the task cleans up
    with pytest.raises(TaskKilledException):
        interrupt.request(7)  # the message thread's, a second later, does


def test_after_the_message_thread_s_interrupt_the_driver_s_does_nothing(interrupt):
    interrupt.begin(context(7))
    interrupt.expect(7)
    with pytest.raises(TaskKilledException):
        interrupt.request(7)

    drivers_signal()


def test_a_signal_that_overtakes_its_order_waits_a_moment_for_it(interrupt, monkeypatch):
    monkeypatch.setattr("pyspark_shell.executor.interrupt._ORDER_S", 30.0)
    interrupt.begin(context(7))
    order = threading.Timer(0.05, interrupt.expect, (7,))
    order.start()

    with pytest.raises(TaskKilledException):
        drivers_signal()

    order.join()


def test_an_order_that_came_too_late_for_one_task_does_not_cut_the_next_one_s_wait(
    interrupt, monkeypatch
):
    monkeypatch.setattr("pyspark_shell.executor.interrupt._ORDER_S", 30.0)
    interrupt.begin(context(7))
    interrupt.expect(7)
    interrupt.end()  # it had done its work before the signal came
    interrupt.begin(context(8))
    order = threading.Timer(0.05, interrupt.expect, (8,))
    order.start()

    with pytest.raises(TaskKilledException):
        drivers_signal()

    order.join()


def test_an_order_for_another_task_does_not_make_a_signal_mean_this_one(interrupt):
    interrupt.begin(context(8))
    interrupt.expect(7)

    drivers_signal()

    assert not interrupt.delivered


def test_a_kill_from_outside_is_heard_once_a_second_and_with_the_table_s_reason(interrupt):
    before = signal.getsignal(INTERRUPT_SIGNAL)
    heard = TaskInterrupt(lambda task_id: "from outside" if task_id == 7 else None)
    heard.begin(context(7))

    with pytest.raises(TaskKilledException, match="from outside"):
        signal.raise_signal(INTERRUPT_SIGNAL)
    signal.raise_signal(INTERRUPT_SIGNAL)  # too soon: it may clean up

    heard.end()
    heard.begin(context(8))
    signal.raise_signal(INTERRUPT_SIGNAL)  # another one is not meant
    assert heard.from_outside
    assert not heard.delivered
    signal.signal(INTERRUPT_SIGNAL, before)
