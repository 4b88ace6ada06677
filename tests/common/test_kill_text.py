"""The reason is found in what Spark says of kills."""

from __future__ import annotations

import pytest

from pyspark_shell.common.kill_text import reason_in, short_reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("[SPARK_JOB_CANCELLED] Job 3 cancelled because x\ny SQLSTATE: XXKDA", "because x\ny"),
        (
            "Job 3 cancelled because SparkContext was shut down",
            "because SparkContext was shut down",
        ),
        ("[SPARK_JOB_CANCELLED] Job 3 cancelled  SQLSTATE: XXKDA", ""),
        ("something else", "something else"),
    ],
)
def test_the_reason_is_found_in_the_error(error, reason):
    assert reason_in(error) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("enough", "enough"),
        ("enough (forced after 2001 ms)", "enough (forced after 2001 ms)"),
        (
            "Stage cancelled: [SPARK_JOB_CANCELLED] Job 1 cancelled because x\ny SQLSTATE: XXKDA "
            "(forced after 2 ms)",
            "x\ny (forced after 2 ms)",
        ),
        (
            "Stage cancelled: [SPARK_JOB_CANCELLED] Job 1 cancelled part of cancelled job group g "
            "SQLSTATE: XXKDA",
            "part of cancelled job group g",
        ),
        (
            "Stage cancelled because SparkContext was shut down",
            "Stage cancelled because SparkContext was shut down",
        ),
    ],
)
def test_a_killed_tasks_reason_is_that_of_the_killer(text, reason):
    assert short_reason(text) == reason
