"""Where a job's results arrive: given away once, dropped with their files when the job fails."""

import threading

import pytest

from pyspark_shell.executor.task_outcome import ResultFile
from pyspark_shell.scheduler.job_waiter import JobFailure, JobWaiter


@pytest.fixture
def cancelled():
    return []


@pytest.fixture
def waiter(cancelled):
    return JobWaiter(7, 3, lambda reason, interrupt: cancelled.append((reason, interrupt)))


def in_a_file(path, size=5):
    path.write_bytes(bytes(size))
    return ResultFile(str(path), size)


def test_results_are_in_the_order_of_the_tasks(waiter):
    for index in (2, 0, 1):
        waiter.task_succeeded(index, b"%d" % index)
    waiter.job_succeeded()

    assert waiter.done
    assert waiter.wait()
    assert waiter.payloads() == [b"0", b"1", b"2"]
    assert waiter.payloads() == []


def test_some_results_can_be_seen_before_the_end(waiter):
    waiter.task_succeeded(1, b"x")

    assert waiter.finished() == {1: b"x"}
    assert not waiter.done
    assert not waiter.wait(0)
    assert not waiter.wait(0.01)


def test_several_threads_may_wait(waiter):
    ended = []
    threads = [threading.Thread(target=lambda: ended.append(waiter.wait(20))) for _ in range(4)]
    for thread in threads:
        thread.start()

    waiter.job_succeeded()

    for thread in threads:
        thread.join()
    assert ended == [True] * 4


def test_the_first_end_is_the_end(waiter):
    waiter.job_failed(JobFailure(7, "broken"))
    waiter.job_succeeded()
    waiter.job_failed(JobFailure(7, "broken again"))

    assert waiter.wait()
    assert waiter.failure.message == "broken"


def test_a_failure_after_the_success_changes_nothing(waiter, tmp_path):
    result = in_a_file(tmp_path / "result")
    waiter.task_succeeded(0, result)
    waiter.job_succeeded()

    waiter.job_failed(JobFailure(7, "too late"))

    assert waiter.failure is None
    assert (tmp_path / "result").exists()


def test_a_failed_job_drops_the_files_of_its_results(waiter, tmp_path):
    waiter.task_succeeded(0, in_a_file(tmp_path / "result"))
    waiter.task_succeeded(1, ResultFile(None, 10))
    waiter.task_succeeded(2, b"inline")

    waiter.job_failed(JobFailure(7, "broken"))

    assert not (tmp_path / "result").exists()


def test_a_cancel_is_only_asked_for(waiter, cancelled):
    waiter.cancel("enough")
    waiter.cancel("at once", True)

    assert cancelled == [("enough", None), ("at once", True)]
    assert not waiter.done
