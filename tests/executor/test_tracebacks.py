"""Tracebacks show the user's frames."""

from __future__ import annotations

import pytest

from pyspark_shell.common import threads
from pyspark_shell.common.pickling import dumps
from pyspark_shell.executor.tracebacks import (
    fold_native_stack,
    format_error,
    is_engine_frame,
    stack_of,
)

ENGINE_FILE = threads.__file__


def through_the_engine(function):
    """Call a function from code that counts as the engine's."""
    code = compile("def call(f):\n    return f()\n", ENGINE_FILE, "exec")
    names = {}
    exec(code, names)
    return names["call"](function)


def error_of(function):
    with pytest.raises(BaseException) as raised:  # noqa: PT011
        function()
    return raised.value


def fail():
    raise ValueError("bad record")


def test_frames_of_the_engine_are_folded_away():
    text = format_error(error_of(lambda: through_the_engine(fail)))

    assert ENGINE_FILE not in text
    assert "in fail" in text
    assert text.startswith("Traceback (most recent call last):\n")
    assert text.endswith("ValueError: bad record\n")


def test_an_error_of_the_engine_s_own_keeps_its_frames():
    code = compile("def fail():\n    raise OSError('disk')\n", ENGINE_FILE, "exec")
    names = {}
    exec(code, names)
    error = error_of(names["fail"])
    error.__traceback__ = error.__traceback__.tb_next

    assert ENGINE_FILE in format_error(error)


def test_causes_and_contexts_are_folded_too():
    def chained():
        try:
            through_the_engine(fail)
        except ValueError as error:
            raise KeyError("key") from error

    text = format_error(error_of(lambda: through_the_engine(chained)))

    assert ENGINE_FILE not in text
    assert "ValueError: bad record" in text
    assert "The above exception was the direct cause" in text
    assert text.endswith("KeyError: 'key'\n")


def test_errors_that_cause_one_another_come_to_an_end():
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first

    assert "ValueError: first" in format_error(first)


@pytest.mark.parametrize("raised", [RuntimeError, SystemExit, KeyboardInterrupt])
def test_an_error_whose_text_cannot_be_made_still_has_a_text(raised):
    class Hostile(Exception):
        def __str__(self):
            raise raised

    assert "Hostile" in format_error(Hostile())


def test_cloudpickle_counts_as_the_engine():
    assert is_engine_frame(ENGINE_FILE)
    assert is_engine_frame("/usr/lib/python3/site-packages/cloudpickle/cloudpickle.py")
    assert not is_engine_frame(__file__)
    assert callable(dumps)


def test_of_a_native_stack_the_main_thread_is_shown():
    text = (
        'Thread 0x1 (most recent call first):\n  File "other.py", line 1 in wait\n\n'
        "Current thread 0x2 (most recent call first):\n"
        '  File "job.py", line 3 in spin\n  File "job.py", line 7 in <module>\n'
        f'  File "{ENGINE_FILE}", line 9 in run\n'
    )

    assert fold_native_stack(text) == (
        'File "job.py", line 7, in <module>\nFile "job.py", line 3, in spin'
    )


@pytest.mark.parametrize("text", ["", "\n", "Fatal Python error", "x\n\n"])
def test_a_native_stack_without_frames_is_no_error(text):
    assert fold_native_stack(text) == ""


def test_a_native_stack_of_the_engine_alone_is_shown_as_it_is():
    text = f'Current thread 0x2 (most recent call first):\n  File "{ENGINE_FILE}", line 9 in run'

    assert fold_native_stack(text).startswith(f'File "{ENGINE_FILE}", line 9, in run')


def test_where_an_exception_came_from_is_told_without_the_engine():
    def spin():
        raise ValueError

    told = stack_of(error_of(lambda: through_the_engine(spin)))

    assert ENGINE_FILE not in told
    assert [line.rpartition(" ")[2] for line in told.splitlines()] == [
        "error_of",
        "<lambda>",
        "through_the_engine",
        "spin",
    ]
