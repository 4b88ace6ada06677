"""Stages and tasks are told in the words of jobs, as the web page tells them."""

from __future__ import annotations

import pytest

from pyspark_shell.shell.row_words import stage_state, task_state, task_why

CANCELLED = "[SPARK_JOB_CANCELLED] Job 1 cancelled two words SQLSTATE: XXKDA"


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"status": "PENDING"}, "waiting"),
        ({"status": "ACTIVE"}, "waiting"),
        ({"status": "ACTIVE", "numActiveTasks": 1}, "running"),
        ({"status": "ACTIVE", "numCompleteTasks": 1, "zombieTasks": 0}, "running"),
        ({"status": "COMPLETE"}, "done"),
        ({"status": "SKIPPED"}, "skipped"),
        ({"status": "FAILED", "failureReason": "no\nluck"}, "failed"),
        ({"status": "FAILED"}, "failed"),
        ({"status": "FAILED", "failureReason": CANCELLED}, "killed"),
        ({"status": "FAILED", "failureReason": CANCELLED, "zombieTasks": 2}, "killing"),
    ],
)
def test_a_stage_has_the_words_of_the_page(row, state):
    assert stage_state(row) == state


@pytest.mark.parametrize(
    ("row", "state", "why"),
    [
        ({"status": "SUCCESS"}, "done", ""),
        ({"status": "RUNNING"}, "running", ""),
        ({"status": "RUNNING", "killing": True, "killReason": "two words"}, "killing", "two words"),
        (
            {"status": "KILLED", "killReason": f"Stage cancelled: {CANCELLED} (forced after 9 ms)"},
            "killed",
            "two words (forced after 9 ms)",
        ),
        ({"status": "FAILED", "errorMessage": "Traceback\n  ...\nValueError: 7\n"}, "failed",
         "ValueError: 7"),
    ],
)  # fmt: skip
def test_a_task_says_how_it_stands_and_why(row, state, why):
    assert (task_state(row), task_why(row)) == (state, why)
