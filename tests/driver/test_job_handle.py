"""A submitted job in the hands of its thread: results are opened once, errors carry their cause."""

import pickle

import pytest

from pyspark_shell.common.errors import JobFailed, PythonException, SparkJobCancelled
from pyspark_shell.common.task_end import ExceptionFailure
from pyspark_shell.driver.job_handle import JobHandle, to_exception
from pyspark_shell.executor.task_outcome import ResultFile
from pyspark_shell.scheduler.job_waiter import JobFailure, JobWaiter
from pyspark_shell.storage.block_file import write_block
from pyspark_shell.storage.record_batches import encode_value


class Notes(list):
    def note(self, *what):
        self.append(what)


@pytest.fixture
def notes():
    return Notes()


@pytest.fixture
def waiter(notes):
    return JobWaiter(7, 2, lambda reason, interrupt: notes.note("cancelled", interrupt))


@pytest.fixture
def handle(waiter, notes):
    return JobHandle(
        waiter, lambda: notes.note("ended"), lambda job: notes.note("interrupted", job)
    )


def inline(value):
    return b"".join(map(bytes, encode_value(value)))


def in_a_file(path, value):
    parts = encode_value(value)
    size = write_block(str(path), lambda writer: [writer.write(part) for part in parts])
    return ResultFile(str(path), size)


class Exits:
    def __reduce__(self):
        return _exit, ()


class Breaks:
    def __reduce__(self):
        return _break, ()


class Interrupted:
    def __reduce__(self):
        return _interrupt, ()


def _exit():
    raise SystemExit("from a result")


def _break():
    raise ValueError("cannot be read")


def _interrupt():
    raise KeyboardInterrupt


def test_values_come_in_order_and_are_kept(handle, waiter, notes, tmp_path):
    waiter.task_succeeded(1, inline("b"))
    waiter.task_succeeded(0, in_a_file(tmp_path / "result", "a"))
    waiter.job_succeeded()

    assert handle.result() == ["a", "b"]
    assert handle.result() == ["a", "b"]
    assert notes == [("ended",)]
    assert not (tmp_path / "result").exists()


@pytest.mark.parametrize(
    ("bad", "error"),
    [(Breaks(), ValueError), (Exits(), JobFailed), (Interrupted(), KeyboardInterrupt)],
)
def test_one_bad_result_drops_the_files_of_the_others(handle, waiter, tmp_path, bad, error):
    waiter.task_succeeded(0, inline(bad))
    waiter.task_succeeded(1, in_a_file(tmp_path / "result", "b"))
    waiter.job_succeeded()

    with pytest.raises(error):
        handle.result()

    assert not (tmp_path / "result").exists()


def test_a_result_cannot_end_the_process(handle, waiter):
    waiter.task_succeeded(0, inline(Exits()))
    waiter.task_succeeded(1, inline(1))
    waiter.job_succeeded()

    with pytest.raises(JobFailed, match="SystemExit: from a result") as caught:
        handle.result()

    assert caught.value.job_id == 7


def test_an_interrupted_thread_gives_up_its_job(handle, waiter, notes):
    handle.give_up(KeyboardInterrupt())

    assert notes == [("interrupted", 7), ("cancelled", True)]


def test_a_job_that_has_ended_is_not_given_up(handle, waiter, notes):
    waiter.job_succeeded()

    handle.give_up(KeyboardInterrupt())

    assert notes == []


def test_time_may_be_up(handle, waiter, notes):
    with pytest.raises(TimeoutError, match="job 7 has not ended within"):
        handle.result(0.01)

    assert notes == []


def test_a_cancelled_job_and_a_failed_one_are_different_errors():
    assert isinstance(to_exception(JobFailure(7, "killed", cancelled=True)), SparkJobCancelled)
    failed = to_exception(JobFailure(7, "broken", stage_id=3))

    assert type(failed) is JobFailed
    assert (failed.job_id, failed.stage_id) == (7, 3)


def failure_with(pickled):
    cause = ExceptionFailure("KeyError", "'x'", "Traceback ...\nKeyError: 'x'\n", pickled)
    return JobFailure(7, f"Job aborted: {cause}", failure=cause)


def test_the_task_s_own_exception_is_the_cause():
    error = to_exception(failure_with(pickle.dumps(KeyError("x"))))

    assert isinstance(error, PythonException)
    assert isinstance(error.__cause__, KeyError)
    assert str(error).startswith("KeyError: 'x'")


@pytest.mark.parametrize("pickled", [b"", b"junk", pickle.dumps(5)])
def test_an_exception_that_cannot_be_read_leaves_its_text(pickled):
    error = to_exception(failure_with(pickled))

    assert error.__cause__ is None
    assert "KeyError: 'x'" in str(error)


@pytest.mark.parametrize("bad", [Exits(), Breaks()])
def test_an_exception_cannot_end_the_process_while_it_is_read(bad):
    assert to_exception(failure_with(pickle.dumps(bad))).__cause__ is None
