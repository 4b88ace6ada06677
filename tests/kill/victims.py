"""What tasks do while they are killed, and how a test starts such tasks. Imported by executors
too.
"""

from __future__ import annotations

import threading
import time

from tests.processes.engine import Background
from tests.processes.waiting import wait_for


def spin(_):
    while True:
        pass


def sleep(_):
    while True:
        time.sleep(0.1)


def wait_for_a_lock(_):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def swallow_exceptions(_):
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            continue


def swallow_everything(_):
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            continue


def wait_in_c(_):
    """Wait for a lock of the C library, which no signal ends; the interpreter is free meanwhile."""
    import ctypes

    library, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(128)
    library.pthread_mutex_lock(mutex)
    library.pthread_mutex_lock(mutex)


def backtrack(_):
    """C code that holds the interpreter, and looks for signals now and then."""
    import re

    re.match(r"(a|a)*b", "a" * 60 + "c")


def hold_the_interpreter(_):
    """C code that holds the interpreter, and looks for nothing."""
    sum(range(10**15))


def held(sc, gate, function, tasks=2, **properties):
    """Start a job whose tasks do not end, and wait until they run; gives it and their processes."""
    before = len(gate.pids())

    def work(number):
        gate.report()
        function(number)
        return number

    def run():
        for name, value in properties.items():
            sc.setLocalProperty(name.replace("__", "."), value)
        return sc.parallelize(range(tasks), tasks).map(work).collect()

    running = Background(run)
    wait_for(lambda: len(gate.pids()) == before + tasks, "the tasks to run")
    return running, gate.pids()[before:]


def newest_job(sc):
    """Return the id of the job that was submitted last."""
    sc._driver.bus.flush()
    return max(sc._driver.status_store.jobs)


def job_data(sc, job_id):
    sc._driver.bus.flush()
    return sc._driver.status_store.job(job_id)


def running_task_ids(sc):
    executors = sc._driver.scheduler.executors()
    return sc._driver.scheduler.ask(lambda: [e.running.task_id for e in executors if e.running])


def assert_next_job_is_exact(sc):
    pairs = sc.parallelize(range(100), 4).map(lambda n: (n % 3, n))
    sums = pairs.reduceByKey(lambda a, b: a + b, 2).collectAsMap()
    assert sums == {key: sum(range(key, 100, 3)) for key in range(3)}
