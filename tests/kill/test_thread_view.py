"""The view of threads: whose each is, what it waits for, what it costs, and whether it keeps the
process.
"""

import threading
import time

import pytest

from pyspark_shell.api.threads import SparkThread
from pyspark_shell.executor.thread_states import ThreadWatch
from tests.kill.victims import held, hold_the_interpreter, sleep, spin
from tests.processes.waiting import wait_for


@pytest.fixture
def threads():
    """Yield a function that starts a thread of the user; all end with the test."""
    over = threading.Event()
    started = []

    def begin(name, target, daemon=True):
        thread = threading.Thread(target=target, args=(over,), name=name, daemon=daemon)
        started.append(thread)
        thread.start()
        return thread

    yield begin
    over.set()
    for thread in started:
        thread.join()


def row_of(name, watch=None):
    watch = watch or ThreadWatch()
    [row] = [state for state in watch.describe() if state.name == name]
    return row


def test_threads_of_the_engine_and_of_the_user_are_told_apart(sc, threads):
    threads("user-bg", lambda over: over.wait(), daemon=False)

    engine, user = row_of("dag-scheduler-event-loop"), row_of("user-bg")

    assert (engine.owner, engine.is_daemon, engine.keeps_process_alive) == ("engine", True, False)
    assert (user.owner, user.is_daemon, user.keeps_process_alive) == ("user", False, True)
    assert "test_thread_view.py" in user.started_at
    assert row_of("MainThread").owner == "user"


def test_a_thread_of_the_context_is_the_user_s_and_started_in_the_user_s_line(sc):
    over = threading.Event()
    thread = sc.thread(over.wait, name="loader")
    mine = SparkThread(over.wait, name="mine")
    mine.start()
    try:
        rows = [row_of("loader"), row_of("mine")]
    finally:
        over.set()
        thread.join()
        mine.join()

    assert [(row.owner, row.is_daemon, row.keeps_process_alive) for row in rows] == [
        ("user", True, False)
    ] * 2
    assert all("test_thread_view.py:" in row.started_at for row in rows)


def test_a_thread_that_waits_for_a_lock_is_waiting(threads):
    lock = threading.Lock()

    def blocked(over):
        lock.acquire()
        lock.release()

    lock.acquire()
    try:
        threads("blocked", blocked)
        row = wait_for(lambda: waiting("blocked"), "the thread to wait")
    finally:
        lock.release()

    assert (row.state, row.waits_for) == ("WAITING", "a lock")
    assert row.stack[-1].endswith("lock.acquire()")
    assert "in blocked" in row.stack[-1]


def waiting(name):
    row = row_of(name)
    return row if row.state == "WAITING" else None


def test_a_wait_with_a_timeout_is_timed(threads):
    threads("timed", lambda over: over.wait(60))

    row = wait_for(lambda: (r := row_of("timed")).waits_for and r, "the thread to wait")

    assert row.state == "TIMED_WAITING"


def test_a_thread_that_spins_costs_processor_time(threads):
    def busy(over):
        while not over.is_set():
            pass

    watch = ThreadWatch()
    threads("spinner", busy)
    watch.sample()

    def share():
        began_s, used_s = time.monotonic(), time.process_time()
        threading.Event().wait(0.3)  # the time over which the share is taken
        watch.sample()
        row = row_of("spinner", watch)
        of_process = (time.process_time() - used_s) / (time.monotonic() - began_s)
        fair = 50 * min(1, of_process)  # on a busy machine the process itself gets less
        return row if (row.cpu_percent or 0) > fair else None

    row = wait_for(share, "a share above one half")
    assert row.state in ("RUNNABLE", "BLOCKED")
    assert any("in busy" in frame for frame in row.stack)


def test_the_shape_is_spark_s(threads):
    threads("user-bg", lambda over: over.wait())

    row = row_of("user-bg").to_json()

    assert list(row) == [
        "threadId", "threadName", "threadState", "stackTrace", "blockedByLock", "holdingLocks",
        "synchronizers", "monitors", "lockName", "suspended", "inNative", "isDaemon", "priority",
        # ours
        "nativeId", "owner", "startedAt", "cpuPercent", "keepsProcessAlive", "sameLineSeconds",
        "sampledBy",
    ]  # fmt: skip
    assert list(row["stackTrace"]) == ["elems"]
    assert row["stackTrace"]["elems"]


@pytest.mark.parametrize(("function", "states"), [(sleep, ["TIMED_WAITING"]), (spin, ["RUNNABLE"])])
def test_an_executor_describes_its_threads_with_the_task_first(sc, gate, function, states):
    running, _ = held(sc, gate, function)
    scheduler = sc._driver.scheduler
    for executor in scheduler.executors():

        def dump(executor_id=executor.executor_id):
            rows = scheduler.dump_threads(executor_id, timeout_s=5)
            return rows if rows and rows[0]["threadState"] in states else None

        rows = wait_for(dump, "a dump that shows the task at work")
        assert rows[0]["taskId"] == executor.running.task_id
        assert any(f"in {function.__name__}" in frame for frame in rows[0]["stackTrace"]["elems"])
        assert {row["owner"] for row in rows[1:]} == {"engine"}

    assert scheduler.dump_threads("no such executor") is None
    sc.cancelAllJobs()
    running.error()


def test_an_executor_whose_interpreter_is_held_does_not_answer_and_nobody_waits_for_ever(sc, gate):
    running, _ = held(sc, gate, hold_the_interpreter, 1)
    [busy] = [e for e in sc._driver.scheduler.executors() if e.running]

    assert sc._driver.scheduler.dump_threads(busy.executor_id, timeout_s=0.2) is None

    sc.cancelAllJobs()
    running.error()
