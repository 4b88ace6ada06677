"""The scheduler's thread: no post is lost, deadlines are kept, a broken handler stops nothing."""

import os
import socket
import threading

import pytest

from pyspark_shell.scheduler.selector_loop import SelectorLoop

LIMIT_S = 20


class Errors(list):
    def __call__(self, error):
        self.append(error)


@pytest.fixture
def errors():
    return Errors()


@pytest.fixture
def loop(errors):
    loop = SelectorLoop(lambda: None, errors)
    loop.start()
    yield loop
    loop.stop(LIMIT_S)


def answer_of(loop, function=lambda: None):
    """Have `function` called in the loop's thread, and wait for that."""
    answered, values = threading.Event(), []

    def call():
        values.append(function())
        answered.set()

    loop.post(call)
    assert answered.wait(LIMIT_S), "the loop does not answer"
    return values[0]


def test_posts_run_in_order_in_one_thread(loop):
    order = []
    for number in range(100):
        loop.post(lambda number=number: order.append((number, threading.current_thread().name)))

    answer_of(loop)

    assert order == [(number, "dag-scheduler-event-loop") for number in range(100)]


def test_no_post_of_many_threads_is_lost(loop):
    done = threading.Semaphore(0)

    def post():
        for _ in range(2_000):
            loop.post(done.release)

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()

    assert all(done.acquire(timeout=LIMIT_S) for _ in range(8_000))
    for thread in threads:
        thread.join()


def test_a_post_that_was_interrupted_before_it_woke_the_loop_delays_nobody_for_ever(loop):
    answer_of(loop)
    loop._awake = True  # what a KeyboardInterrupt between two lines of `post` leaves
    loop._inbox.append(lambda: None)
    os.write(loop._wake_write, b"!")  # whatever wakes it next: news, or a deadline

    for _ in range(3):
        answer_of(loop)


def test_a_handler_that_raises_is_told_and_the_next_one_runs(loop, errors):
    loop.post(lambda: 1 / 0)

    assert answer_of(loop, lambda: 5) == 5
    assert [type(error) for error in errors] == [ZeroDivisionError]


def test_an_error_while_an_error_is_told_stops_nothing():
    def told(error):
        raise RuntimeError("again")

    loop = SelectorLoop(lambda: None, told)
    loop.start()
    loop.post(lambda: 1 / 0)

    assert answer_of(loop, lambda: 5) == 5
    assert loop.stop(LIMIT_S)


def test_deadlines_are_kept_in_their_order_and_may_be_called_off(loop):
    order, last = [], threading.Event()

    def set_them():
        loop.call_later(0.02, lambda: (order.append("second"), last.set()))
        loop.call_later(0.01, lambda: order.append("first"))
        loop.call_later(0.005, lambda: order.append("never")).cancel()

    loop.post(set_them)

    assert last.wait(LIMIT_S)
    assert order == ["first", "second"]


def test_a_descriptor_is_watched_until_it_is_forgotten(loop):
    ours, theirs = socket.socketpair()
    read, heard = [], threading.Event()

    def on_readable():
        read.append(ours.recv(10))
        heard.set()

    answer_of(loop, lambda: loop.watch(ours.fileno(), on_readable))
    theirs.send(b"one")
    assert heard.wait(LIMIT_S)
    answer_of(loop, lambda: loop.forget(ours.fileno()))
    theirs.send(b"two")
    answer_of(loop)

    assert read == [b"one"]
    answer_of(loop, lambda: loop.forget(ours.fileno()))  # twice is harmless
    ours.close()
    theirs.close()


def test_what_is_called_after_each_round_sees_what_the_round_did(errors):
    seen, total = [], []
    loop = SelectorLoop(lambda: seen.append(len(total)), errors)
    loop.start()

    for _ in range(3):
        answer_of(loop, lambda: total.append(1))
    loop.stop(LIMIT_S)

    assert seen[-1] == 3
    assert seen == sorted(seen)


def test_posts_after_the_end_run_in_the_caller_s_thread(loop):
    assert loop.stop(LIMIT_S)
    names = []

    loop.post(lambda: names.append(threading.current_thread()))

    assert names == [threading.current_thread()]


def test_a_post_that_races_with_the_end_is_not_lost(errors):
    for _ in range(200):
        loop = SelectorLoop(lambda: None, errors)
        loop.start()
        ran = threading.Event()
        stopper = threading.Thread(target=loop.stop, args=(LIMIT_S,))
        stopper.start()

        loop.post(ran.set)

        assert ran.wait(LIMIT_S)
        stopper.join()


def test_the_end_gives_all_descriptors_back_and_writes_into_none_later(errors):
    before = set(os.listdir("/proc/self/fd"))
    loop = SelectorLoop(lambda: None, errors)
    loop.start()
    loop.stop(LIMIT_S)
    assert set(os.listdir("/proc/self/fd")) == before

    read, write = os.pipe()  # these take the numbers that the loop had
    os.set_blocking(read, False)
    for _ in range(10):
        loop.post(lambda: None)

    with pytest.raises(BlockingIOError):
        os.read(read, 1)
    os.close(read)
    os.close(write)


def test_it_knows_its_own_thread(loop):
    assert not loop.is_current_thread()
    assert answer_of(loop, loop.is_current_thread)
