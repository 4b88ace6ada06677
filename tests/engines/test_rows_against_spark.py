"""The same program in real PySpark and here: every answer has the same fields, types and counts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engines.one_of_everything import PATHS
from tests.engines.shapes import NEEDED, OURS, all_differences, differences

HERE = Path(__file__).parent
PROGRAM = HERE / "one_of_everything.py"

JOB_FIELDS = (
    "jobId", "name", "description", "jobGroup", "jobTags", "stageIds", "status", "numTasks",
    "numActiveTasks", "numCompletedTasks", "numSkippedTasks", "numFailedTasks", "numKilledTasks",
    "numCompletedIndices", "numActiveStages", "numCompletedStages", "numSkippedStages",
    "numFailedStages", "killedTasksSummary",
)  # fmt: skip
STAGE_FIELDS = (
    "stageId", "attemptId", "status", "numTasks", "numActiveTasks", "numCompleteTasks",
    "numFailedTasks", "numKilledTasks", "numCompletedIndices", "description", "name",
    "schedulingPool", "killedTasksSummary", "outputRecords", "shuffleReadRecords",
    "shuffleWriteRecords", "resourceProfileId",
)  # fmt: skip
TASK_FIELDS = ("index", "attempt", "partitionId", "status", "speculative")
# The stage whose tasks all run.
ENDLESS = "stages/9"
# Spark names the job of a save after a line of its own Scala code.
SAVES = "saveAsTextFile", "runJob at SparkHadoopWriter.scala"

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(420)]


def answers_of(package: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), package], capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def spark():
    return answers_of("pyspark")


@pytest.fixture(scope="module")
def ours():
    return answers_of("pyspark_shell")


def values(row: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """The fields that must be equal; lists in any order."""
    found = {name: row.get(name) for name in fields}
    if any(word in (found.get("name") or "") for word in SAVES):
        found["name"] = "save"
    return {name: sorted(v) if isinstance(v, list) else v for name, v in found.items()}


@pytest.mark.parametrize("path", PATHS)
def test_answers_have_the_same_shape(spark, ours, path):
    found = differences(spark[path], ours[path], path)
    if path.startswith(ENDLESS):  # Spark's heartbeats tell metrics before a task has any
        found = [each for each in found if not each.endswith(".taskMetrics: missing")]
    assert found == []


@pytest.mark.parametrize(
    ("kind", "path", "but"),
    [
        ("job", "jobs", ()),
        ("stage", "stages?status=complete&details=true", ()),
        ("stage", "stages", ["peakExecutorMetrics"]),  # heartbeats again: of the one that runs
    ],
)
def test_a_row_lacks_what_sparks_row_lacks(spark, ours, kind, path, but):
    of_ours = {*OURS[kind].split(), *but}
    pairs = zip(spark[path], ours[path], strict=True)
    assert [(row.keys() ^ mine.keys()) - of_ours for row, mine in pairs] == [set()] * len(
        spark[path]
    )


def test_no_field_is_allowed_to_differ_that_does_not(spark, ours):
    found = [each for path in PATHS for each in all_differences(spark[path], ours[path], path)]
    assert NEEDED - {each.allowance for each in found} == set()


def test_refusals_are_the_same(spark, ours):
    def refused(answers):
        return {path: row for path, row in answers.items() if "text" in row}

    assert refused(ours) == refused(spark)
    assert len(refused(spark)) == 14


@pytest.mark.parametrize("path", ["jobs", "jobs?status=running", "jobs?status=failed"])
def test_jobs_are_equal(spark, ours, path):
    def rows(answers):
        return [values(row, JOB_FIELDS) for row in answers[path]]

    assert rows(ours) == rows(spark)


def test_stages_are_equal(spark, ours):
    def rows(answers):
        return [values(row, STAGE_FIELDS) for row in answers["stages"]]

    assert rows(ours) == rows(spark)


def test_the_same_stages_read_files_or_the_cache(spark, ours):
    def readers(answers):
        return [row["stageId"] for row in answers["stages"] if row["inputBytes"]]

    assert readers(ours) == readers(spark)
    assert len(readers(spark)) > 1


@pytest.mark.parametrize("stage", range(10))
def test_tasks_are_equal_in_any_order(spark, ours, stage):
    def rows(answers):
        tasks = answers[f"stages/{stage}/0"]["tasks"].values()
        return sorted((values(row, TASK_FIELDS) for row in tasks), key=str)

    assert rows(ours) == rows(spark)


def test_what_a_kill_leaves_is_equal(spark, ours):
    def end_of_doomed(answers):
        stage = answers["stages/8/0"]
        errors = [row["errorMessage"] for row in stage["tasks"].values()]
        return stage["failureReason"], stage["killedTasksSummary"], errors

    assert end_of_doomed(ours) == end_of_doomed(spark)


def test_the_cache_is_equal(spark, ours):
    def described(answers):
        fields = ("id", "name", "numPartitions", "numCachedPartitions", "storageLevel")
        return [values(row, fields) for row in answers["storage/rdd"]]

    assert described(ours) == described(spark)


def test_executors_did_as_much(spark, ours):
    def totals(answers):
        rows = answers["allexecutors"]
        fields = ("activeTasks", "completedTasks", "failedTasks", "rddBlocks")
        return {name: sum(row[name] for row in rows) for name in fields}

    assert totals(ours) == totals(spark)
