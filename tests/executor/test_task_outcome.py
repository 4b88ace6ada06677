"""How an attempt ended, as JSON."""

from __future__ import annotations

import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspark_shell.common.pickling import loads
from pyspark_shell.executor.task_outcome import (
    MAX_TEXT,
    Failure,
    FetchFailure,
    Killed,
    MapOutput,
    ResultFile,
)

# With lone surrogates, which a user's text may hold.
TEXT = st.text(st.characters(codec=None), max_size=50)
COUNT = st.integers(0, 2**63)
OUTCOMES = (
    st.builds(Failure, TEXT, TEXT, TEXT, st.binary(), st.booleans())
    | st.builds(FetchFailure, COUNT, COUNT, COUNT, TEXT, st.dictionaries(COUNT, TEXT))
    | st.builds(Killed, TEXT)
    | st.builds(ResultFile, st.none() | TEXT, COUNT)
    | st.builds(MapOutput, TEXT, COUNT)
)


@given(OUTCOMES)
def test_outcomes_arrive_as_they_were_sent(outcome):
    assert type(outcome).decode(outcome.encode()) == outcome


@given(OUTCOMES)
def test_outcomes_are_plain_json(outcome):
    json.loads(outcome.encode().decode("ascii"))


def test_an_exception_is_described_and_travels_itself():
    failure = Failure.of(ValueError("bad record"), "Traceback ...")

    assert (failure.class_name, failure.description) == ("ValueError", "bad record")
    assert (failure.traceback, failure.retriable) == ("Traceback ...", True)
    assert loads(failure.pickled).args == ("bad record",)


@pytest.mark.parametrize("raised", [RuntimeError, SystemExit, KeyboardInterrupt, RecursionError])
def test_an_exception_without_a_text_has_a_description(raised):
    class Hostile(Exception):
        def __str__(self):
            raise raised

    failure = Failure.of(Hostile(), "")

    assert failure.description == f"(its __str__ raised {raised.__name__})"


@pytest.mark.parametrize("raised", [RuntimeError, SystemExit, KeyboardInterrupt, RecursionError])
def test_an_exception_that_raises_while_it_is_pickled_travels_as_text(raised):
    class Hostile(Exception):
        def __reduce__(self):
            raise raised

    failure = Failure.of(Hostile("text"), "")

    assert (failure.description, failure.pickled) == ("text", b"")


def test_an_exception_that_holds_a_lock_travels_as_text():
    failure = Failure.of(ValueError("text", threading.Lock()), "")

    assert failure.pickled == b""
    assert failure.class_name == "ValueError"


def test_megabytes_in_an_exception_are_cut():
    failure = Failure.of(ValueError("x" * 10_000_000), "begin" + "y" * 1_000_000 + "end")

    assert len(failure.description) == MAX_TEXT
    assert failure.pickled == b""
    assert failure.traceback.startswith("beginy")
    assert failure.traceback.endswith("yend")
    assert "characters are left out" in failure.traceback
    assert len(failure.encode()) < 4 * MAX_TEXT


def test_a_text_of_exactly_the_limit_is_whole():
    assert Failure.of(ValueError(""), "x" * MAX_TEXT).traceback == "x" * MAX_TEXT


def test_a_long_class_name_is_cut():
    error = type("E" * 10_000, (Exception,), {})()

    assert Failure.of(error, "").class_name == "E" * 512


def test_a_text_that_is_no_plain_string_is_described():
    class Text(str):
        def __len__(self):
            raise RuntimeError

    class Hostile(Exception):
        def __str__(self):
            return Text("text")

    failure = Failure.of(Hostile(), "")

    assert Failure.decode(failure.encode()).description == "text"
