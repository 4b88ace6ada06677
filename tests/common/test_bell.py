"""A bell wakes who waits, remembers one ring, and may be rung from anywhere."""

import threading

from pyspark_shell.common.bell import Bell
from tests.processes.waiting import within


def test_a_bell_wakes_the_thread_that_waits():
    bell, heard = Bell(), []
    thread = threading.Thread(target=lambda: heard.append(bell.wait(within(10))))
    thread.start()

    bell.ring()
    thread.join(within(10))

    assert heard == [True]


def test_rings_that_nobody_has_heard_yet_are_one():
    bell = Bell()
    for _ in range(3):
        bell.ring()

    assert bell.wait()
    assert not bell.wait(0.01)


def test_many_may_ring_at_once():
    bell = Bell()
    threads = [threading.Thread(target=bell.ring) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert bell.wait(within(1))
