"""Errors name their condition, and one that nobody knows is refused."""

import pickle

import pytest

from pyspark_shell.errors import PySparkException, PySparkValueError


def test_a_condition_fills_its_text():
    error = PySparkValueError(
        errorClass="NOT_INT", messageParameters={"arg_name": "n", "arg_type": "str"}
    )

    assert str(error) == "[NOT_INT] Argument `n` should be an int, got str."
    assert error.getCondition() == "NOT_INT"
    assert error.getMessageParameters() == {"arg_name": "n", "arg_type": "str"}


def test_an_unknown_condition_is_refused():
    with pytest.raises(ValueError, match="Cannot find main error class 'NOPE'"):
        PySparkException(errorClass="NOPE", messageParameters={})


def test_a_message_of_its_own_needs_no_known_condition():
    assert str(PySparkException(message="m", errorClass="NOPE")) == "[NOPE] m"


def test_errors_travel():
    error = PySparkValueError(
        errorClass="NOT_STR", messageParameters={"arg_name": "s", "arg_type": "int"}
    )

    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), str(copy), copy.getCondition()) == (type(error), str(error), "NOT_STR")
