"""Records go through a program, and the program goes with the task."""

from __future__ import annotations

import time

import pytest

from pyspark_shell.common.errors import PySparkRuntimeError
from pyspark_shell.lineage.pipe_command import PipeCommand


def test_records_are_lines():
    assert list(PipeCommand("cat", {}, False)(["a", "b\n", 3, "ü"])) == ["a", "b", "3", "ü"]


def test_much_data_does_not_block_on_either_side():
    lines = [f"{n:0100}" for n in range(50_000)]

    assert list(PipeCommand("cat", {}, False)(iter(lines))) == lines


def test_last_line_needs_no_end():
    assert list(PipeCommand("printf 'a\\nb'", {}, False)([])) == ["a", "b"]


def test_environment_is_the_one_given():
    assert list(PipeCommand("env", {"NAME": "värde"}, False)([])) == ["NAME=värde"]


def test_program_may_stop_reading():
    lines = (str(n) for n in range(1_000_000))

    assert list(PipeCommand("head -n 1", {}, True)(lines)) == ["0"]


def test_exit_code_counts_if_it_is_checked():
    assert list(PipeCommand("false", {}, False)([1])) == []
    with pytest.raises(PySparkRuntimeError) as failed:
        list(PipeCommand("false", {}, True)([1]))
    assert "Pipe function `false` exited with error code 1." in str(failed.value)


def test_missing_program_is_an_error():
    with pytest.raises(FileNotFoundError, match="no_such_program"):
        list(PipeCommand("no_such_program", {}, False)([]))


def test_error_of_the_records_is_the_task_s():
    def records():
        yield 1
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        list(PipeCommand("cat", {}, False)(records()))


def test_program_ends_with_the_iterator():
    output = PipeCommand("sh -c 'echo $$; exec sleep 100'", {}, False)([])
    process = f"/proc/{next(output)}"
    started = time.monotonic()

    output.close()

    assert time.monotonic() - started < 5
    with pytest.raises(FileNotFoundError):
        open(process + "/stat").close()
