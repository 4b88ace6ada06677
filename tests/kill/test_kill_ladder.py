"""The ladder that ends a task: flag, exception, stack, and past the deadline its process."""

import logging
import os
import re
import threading
import time
from functools import partial

import pytest

from pyspark_shell import SparkContext
from pyspark_shell.common.errors import SparkJobCancelled
from tests.kill.victims import (
    assert_next_job_is_exact,
    backtrack,
    held,
    hold_the_interpreter,
    sleep,
    spin,
    swallow_everything,
    swallow_exceptions,
    wait_for_a_lock,
    wait_in_c,
)
from tests.processes.engine import Background, assert_settled, executor_pids, wait_until_up
from tests.processes.gate import Counter
from tests.processes.waiting import Stopwatch, wait_for, wait_for_end, within

YIELDING = [spin, sleep, wait_for_a_lock, swallow_exceptions, backtrack]
STUBBORN = [swallow_everything, wait_in_c, hold_the_interpreter]


def name_of(function):
    return function.__name__


@pytest.mark.parametrize("function", YIELDING, ids=name_of)
def test_python_code_ends_with_an_exception_and_its_process_by_itself(sc, gate, record, function):
    events = record(sc)
    running, pids = held(sc, gate, function)

    with Stopwatch() as watch:
        sc.cancelAllJobs()
        ends = events.wait_for_ends()

    assert watch.seconds < within(0.2)
    assert all("forced" not in end.reason.reason for end in ends)
    assert isinstance(running.error(), SparkJobCancelled)
    wait_for_end(pids, 1)
    wait_for_fresh_executors(sc, pids)
    removed = wait_for(lambda: len(events.of("ExecutorRemoved")) == 2 and events, "their news")
    for event in removed.of("ExecutorRemoved"):
        assert "ended with exit code 0: it had run its last task" in event.reason


@pytest.mark.parametrize("function", STUBBORN, ids=name_of)
def test_what_only_sigkill_ends_loses_its_process_but_no_cached_block(
    sc, gate, tmp_path, record, function
):
    computed = Counter(tmp_path / "computed")

    def slow_square(number):
        computed.add()
        return number * number

    cached = sc.parallelize(range(100), 4).map(slow_square).cache()
    assert cached.count() == 100
    events = record(sc)
    running, pids = held(sc, gate, function)

    with Stopwatch() as watch:
        sc.cancelAllJobs()
        wait_for_end(pids, 1.4)

    assert watch.seconds < within(0.4 + 1)
    assert isinstance(running.error(), SparkJobCancelled)
    wait_for_fresh_executors(sc, pids)
    for end in events.wait_for_ends():
        assert re.search(r" \(forced after \d+ ms\)$", end.reason.reason)
        assert end.task_info.status == "KILLED"
    assert (cached.sum(), computed.count) == (sum(n * n for n in range(100)), 100)
    cached.unpersist()


def wait_for_fresh_executors(sc, pids):
    fresh = partial(executor_pids, sc)
    wait_for(lambda: len(fresh()) == 2 and not set(fresh()) & set(pids), "fresh executors", 3)


def test_everything_that_a_task_started_goes_with_it(sc, gate):
    def work(number):
        import multiprocessing
        import subprocess

        tell = partial(tell_pid, gate.directory)
        tell(subprocess.Popen(["sleep", "1000"]).pid)
        tell(subprocess.Popen(["sleep", "1000"], start_new_session=True).pid)
        pool = multiprocessing.get_context("fork").Pool(2)
        for process in pool._pool:
            tell(process.pid)
        pool.map(time.sleep, [1000, 1000])

    running = Background(sc.parallelize([1], 1).map(work).collect)
    wait_for(lambda: len(gate.pids()) == 4, "two sleeps and a pool of two")

    sc.cancelAllJobs()

    running.error()
    wait_for_end(gate.pids(), 2)


def tell_pid(directory, pid):
    path = os.path.join(directory, f"{pid}.{time.monotonic_ns()}.pid")
    with open(path, "w"):
        pass


@pytest.mark.parametrize(("stubborn", "tidied"), [(False, 2), (True, 0)])
def test_finally_blocks_run_at_level_one_only(sc, gate, counter, record, stubborn, tidied):
    work = swallow_everything if stubborn else sleep

    def tidy(number):
        try:
            work(number)
        finally:
            counter.add()

    events = record(sc)
    running, _ = held(sc, gate, tidy)

    sc.cancelAllJobs()

    running.error()
    reasons = [end.reason.reason for end in events.wait_for_ends()]
    assert counter.count == tidied
    assert ["forced" in reason for reason in reasons] == [stubborn] * 2


@pytest.mark.parametrize("stubborn", [False, True], ids=["level 1", "level 3"])
def test_a_partition_that_was_cached_by_half_is_never_served(sc, gate, stubborn):
    work = hold_the_interpreter if stubborn else sleep

    def slowly(number):
        if number == 499 and not os.path.exists(gate._path("open")):
            gate.report()
            work(number)
        return number

    cached = sc.parallelize(range(1000), 2).map(slowly).cache()
    running = Background(cached.count)
    wait_for(gate.pids, "the first partition to be almost cached")

    sc.cancelAllJobs()

    assert isinstance(running.error(), SparkJobCancelled)
    gate.open()
    assert cached.collect() == list(range(1000))
    assert cached.collect() == list(range(1000))
    cached.unpersist()


def test_a_flag_alone_ends_a_task_that_looks_at_it(start, gate, record):
    sc = start(spark__pyshell__task__interruptAfter="1h", spark__task__reaper__killTimeout="1h")
    events = record(sc)

    def look(_):
        from pyspark_shell import TaskContext

        gate.report()
        while not TaskContext.get().isInterrupted():
            time.sleep(0.01)
        TaskContext.get().killTaskIfInterrupted()

    running = Background(sc.parallelize([1], 1).map(look).collect)
    wait_for(gate.pids, "the task to run")

    sc.cancelAllJobs()

    running.error()
    [end] = events.wait_for_ends()
    assert end.task_info.killed


def test_a_slow_reader_of_a_shuffle_ends_between_two_records(start, gate, counter, record):
    sc = start(spark__pyshell__task__interruptAfter="1h", spark__task__reaper__killTimeout="1h")
    events = record(sc)
    pairs = sc.parallelize(range(10_000), 2).map(lambda n: (0, n)).partitionBy(1)

    def read(records):
        gate.report()
        for _ in records:
            counter.add()
            time.sleep(0.01)
        return []

    running = Background(pairs.mapPartitions(read).collect)
    wait_for(lambda: counter.count > 8, "the reader to read")
    read_before = counter.count

    sc.cancelAllJobs()

    running.error()
    assert_settled(sc)
    assert counter.count - read_before < 100  # of 10 000: each takes 10 ms
    assert events.wait_for_ends()[-1].task_info.killed


# A kill that overtakes its task ------------------------------------------------------------------


def test_a_kill_that_overtakes_the_launch_ends_the_task_before_user_code(
    sc, counter, record, monkeypatch
):
    backend = sc._driver.scheduler._backend
    send = backend._send

    def send_late(executor, channel, data):
        if channel is executor.tasks:
            backend._loop.call_later(2, partial(send, executor, channel, data))
        else:
            send(executor, channel, data)

    monkeypatch.setattr(backend, "_send", send_late)
    events = record(sc)
    running = Background(sc.parallelize(range(2), 2).foreach, lambda _: counter.add())
    wait_for(lambda: len(events.of("TaskStart")) == 2, "the launches")

    sc.cancelAllJobs()

    running.error()
    assert all(end.task_info.killed for end in events.wait_for_ends())
    assert counter.count == 0


# The reaper's words ------------------------------------------------------------------------------


def stubborn_user_function(number):
    swallow_everything(number)


def interpreter_holding_user_function(number):
    hold_the_interpreter(number)


@pytest.mark.parametrize(
    "function", [stubborn_user_function, interpreter_holding_user_function], ids=name_of
)
def test_the_reaper_warns_with_the_stack_of_the_user_s_function(start, gate, caplog, function):
    caplog.set_level(logging.WARNING, "pyspark_shell.TaskReaper")
    sc = start(spark__task__reaper__pollingInterval="1s", spark__task__reaper__killTimeout="1800ms")
    running, _ = held(sc, gate, function, tasks=1)
    [task_id] = sc._driver.scheduler.ask(lambda: [e.running.task_id for e in busy(sc)])

    sc.cancelAllJobs()

    running.error()
    assert_settled(sc)
    warned = re.findall(rf"Killed task {task_id} is still running after (1\d\d\d) ms", caplog.text)
    assert len(warned) == 1
    assert f"Thread dump from task {task_id}:" in caplog.text
    assert function.__name__ in caplog.text
    assert f"Killed task {task_id} could not be stopped within 18" in caplog.text


def busy(sc):
    return [e for e in sc._driver.scheduler.executors() if e.running]


# Spark's own values ------------------------------------------------------------------------------


def test_like_spark_nobody_watches_a_killed_task(start, gate, caplog):
    limits = reaper_limits(start(spark__pyshell__compat="spark"))
    assert (limits.enabled, limits.polling_interval_s, limits.kill_timeout_s) == (False, 10, -1)
    SparkContext._active_spark_context.stop()
    sc = start(
        "local-cluster[2,1,512]",
        spark__pyshell__compat="spark",
        spark__task__reaper__pollingInterval="50ms",
        spark__task__reaper__killTimeout="100ms",
    )
    running, pids = held(sc, gate, swallow_everything)

    sc.cancelAllJobs()

    assert isinstance(running.error(), SparkJobCancelled)
    assert sc._driver.scheduler._backend.reaper.task_ids() != []
    wait_for_a_timer(sc, 0.4)  # one that the reaper had set before would have fired
    assert sc._driver.scheduler.tasks_running() == 2
    assert set(executor_pids(sc)) == set(pids)
    assert "Killed task" not in caplog.text


def reaper_limits(sc):
    return sc._driver.scheduler._backend.reaper._limits


def wait_for_a_timer(sc, seconds):
    """Wait until the scheduler has come to a deadline that is set now."""
    loop, fired = sc._driver.scheduler._loop, threading.Event()
    sc._driver.scheduler.ask(lambda: loop.call_later(seconds, fired.set))
    assert fired.wait(within(seconds + 1))


def test_like_spark_a_reader_ends_between_two_records_and_not_inside_one(start, gate, counter):
    sc = start(spark__pyshell__compat="spark")
    pairs = sc.parallelize(range(10_000), 2).map(lambda n: (0, n)).partitionBy(1)

    def read(records):
        for read, _ in enumerate(records):
            if read == 0:
                gate.report()
                gate.hold()  # an exception raised here would keep it from counting
                counter.add()
        return []

    running = Background(pairs.mapPartitions(read).collect)
    wait_for(gate.pids, "the reader to read")
    sc.cancelAllJobs()
    running.error()
    gate.open()

    assert_settled(sc)
    assert counter.count == 1


def test_without_a_kill_timeout_nothing_is_forced(start, gate, caplog):
    sc = start(spark__task__reaper__killTimeout="-1", spark__task__reaper__pollingInterval="100ms")
    running, pids = held(sc, gate, swallow_everything)

    sc.cancelAllJobs()

    running.error()
    wait_for(lambda: caplog.text.count("is still running after") >= 6, "three warnings of each")
    assert set(executor_pids(sc)) == set(pids)
    sc._driver.scheduler.force_kills({0})
    wait_for_end(pids, 1)


def test_like_spark_an_executor_ends_with_57_and_other_jobs_go_on(start, gate, tmp_path, record):
    sc = start(
        "local-cluster[2,1,512]",
        spark__pyshell__compat="spark",
        spark__task__reaper__enabled="true",
        spark__task__reaper__killTimeout="300ms",
    )
    events = record(sc)
    wait_until_up(sc, 2)
    killed, pids = held(sc, gate, swallow_everything, tasks=1, spark__jobGroup__id="killed")
    other = Background(sc.parallelize(range(10), 1).map(gated(gate)).sum)
    wait_for(lambda: len(gate.pids()) >= 2, "the other job's task")

    sc.cancelJobGroup("killed")

    assert isinstance(killed.error(), SparkJobCancelled)
    wait_for_end(pids, 1.3)
    wait_for(lambda: events.of("ExecutorRemoved"), "news of the executor's end")
    [removed] = events.of("ExecutorRemoved")
    assert "Command exited with code 57" in removed.reason
    assert "memory" not in removed.reason
    gate.open()
    assert other.result() == 45


def gated(gate):
    def work(number):
        if number == 0:
            gate.report()
            gate.hold()
        return number

    return work


def test_like_spark_a_local_master_lets_the_task_run(start, gate, caplog):
    sc = start(
        spark__pyshell__compat="spark",
        spark__task__reaper__enabled="true",
        spark__task__reaper__killTimeout="200ms",
    )
    running, pids = held(sc, gate, swallow_everything, tasks=1)

    sc.cancelAllJobs()

    running.error()
    wait_for(lambda: "running in local mode" in caplog.text, "the line of the reaper")
    assert "could not be stopped within 200 ms; not killing" in caplog.text
    assert set(pids) <= set(executor_pids(sc))


def test_the_next_job_is_exact_after_every_level(sc, gate):
    for function in (sleep, swallow_everything):
        running, _ = held(sc, gate, function)
        sc.cancelAllJobs()
        running.error()
        assert_next_job_is_exact(sc)
