"""Answers have the fields and types of real Spark's, as they were recorded."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pyspark_shell.rest.json_text import compact
from tests.engines.shapes import differences

SAMPLES = json.loads((Path(__file__).parent / "spark43_samples.json").read_text())

PATHS = {
    "GET /api/v1/version": "/api/v1/version",
    "GET /api/v1/applications": "",
    "GET /applications/{id}/jobs": "jobs",
    "GET /applications/{id}/stages": "stages",
    "GET /applications/{id}/stages/{s}/{a}": "stages/1/0",
    "GET .../taskList": "stages/1/0/taskList",
    "GET .../taskSummary": "stages/1/0/taskSummary",
    "GET /applications/{id}/executors": "executors",
    "GET /applications/{id}/executors/{e}/threads": "executors/driver/threads",
    "GET /applications/{id}/storage/rdd": "storage/rdd",
    "GET /applications/{id}/storage/rdd/{r}": "storage/rdd/1",
    "GET /applications/{id}/environment": "environment",
}
SPARK_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}GMT")


@pytest.mark.parametrize(("sample", "path"), PATHS.items())
def test_an_answer_has_the_fields_of_sparks_and_those_that_are_listed_as_ours(busy, sample, path):
    ours = json.loads(compact(busy(path)))
    spark = SAMPLES[sample]

    if isinstance(spark, list) and isinstance(ours, dict):
        spark = spark[0]

    assert differences(spark, ours) == []


def test_every_sample_is_compared():
    assert PATHS.keys() == SAMPLES.keys()


@pytest.mark.parametrize(
    ("spark", "ours", "found"),
    [
        ({"jobId": 1}, {"jobId": 1, "poolNmae": ""}, [".poolNmae: not in Spark"]),
        ({"jobId": 1, "name": ""}, {"jobId": 1, "pool": ""}, [".name: missing"]),
        ([{"a": 1}, {"a": 2}], [{"a": 1}, {}], ["[].a: not in every row"]),
        ({"a": 1}, {"a": "1"}, [".a: {'int'} in Spark, {'str'} here"]),
        ({"a": ["x"]}, {"a": []}, [".a: empty here"]),
        ({"tasks": {"1": {"index": 1}}}, {"tasks": {"2": {}}}, [".tasks[].index: missing"]),
        (
            {"speculationSummary": {"numTasks": 1}},
            {"speculationSummary": {"tasks": 1}},
            [".speculationSummary.numTasks: missing", ".speculationSummary.tasks: not in Spark"],
        ),
        ({"killedTasksSummary": {"a": 1}}, {"killedTasksSummary": {"b": 2}}, []),
        ([{"jobId": 1}, {"jobId": 2, "jobGroup": "g"}], [{"jobId": 1, "jobGroup": "g"}], []),
    ],
)
def test_whatever_differs_is_seen(spark, ours, found):
    assert differences(spark, ours) == found


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("jobs/999", 404, "unknown job: 999"),
        ("jobs?status=resting", 404, "unknown status: RESTING"),
        ("stages/99", 404, "unknown stage: 99"),
        ("stages/0/7", 404, "unknown attempt for stage 0.  Found attempts: [0]"),
        ("stages/9/0/taskSummary", 404, "No tasks reported metrics for 9 / 0 yet."),
        ("storage/rdd/99", 404, "no rdd found w/ id 99"),
        ("executors/x/threads", 400, "Invalid executorId: neither 'driver' nor number."),
        ("executors/99/threads", 404, "Executor does not exist."),
    ],
)
def test_what_is_not_there_is_refused_in_sparks_words(busy, path, status, text):
    assert busy(path) == {"status": status, "text": text}


def test_times_are_written_as_spark_does(busy):
    attempt = busy("")["attempts"][0]

    assert SPARK_DATE.fullmatch(busy("jobs/0")["submissionTime"])
    assert attempt["endTime"] == "1969-12-31T23:59:59.999GMT"
    assert attempt["endTimeEpoch"] == -1
    assert attempt["duration"] > 0


def test_what_is_absent_is_left_out(busy):
    running, first = busy("jobs?status=running")[0], busy("jobs/0")

    assert "completionTime" not in running
    assert not {"description", "jobGroup", "killState", "cell"} & first.keys()
    assert "tasks" not in busy("stages")[0]
    assert None not in [value for row in busy("jobs") for value in row.values()]


def test_tasks_come_in_the_order_that_is_asked_for(busy):
    by_id = busy("stages/0/0/taskList?length=9")
    slow_first = busy("stages/0/0/taskList?length=9&sortBy=-runtime")
    run_times = [row["taskMetrics"]["executorRunTime"] for row in slow_first]

    assert [row["taskId"] for row in by_id] == [0, 1, 2, 3]
    assert run_times == sorted(run_times, reverse=True)
    assert busy("stages/0/0/taskList?offset=1&length=2") == by_id[1:3]
    assert busy("stages/0/0/taskList?status=failed") == []


def test_a_summary_has_one_number_for_each_quantile(busy):
    summary = busy("stages/0/0/taskSummary?quantiles=0,0.5,1")

    assert summary["quantiles"] == [0.0, 0.5, 1.0]
    assert summary["duration"] == sorted(summary["duration"])
    assert len(summary["shuffleReadMetrics"]["shufflePushReadMetricsDist"]) == 9


def test_secrets_are_not_shown(busy):
    properties = dict(busy("environment")["sparkProperties"])

    assert properties["spark.my.password"] == "*********(redacted)"
    assert properties["spark.app.name"] == "everything"


def test_a_cached_rdd_tells_of_its_blocks(busy):
    rdd = next(row for row in busy("storage/rdd") if row["name"] == "numbers")

    assert (rdd["numPartitions"], rdd["numCachedPartitions"]) == (4, 4)
    assert rdd["storageLevel"] == "Memory Serialized 1x Replicated"
    assert sorted(block["blockName"] for block in rdd["partitions"]) == [
        f"rdd_{rdd['id']}_{index}" for index in range(4)
    ]
    assert sum(share["memoryUsed"] for share in rdd["dataDistribution"]) == rdd["memoryUsed"]


def test_what_is_read_from_the_cache_counts_as_input(busy):
    first, second = busy("stages/0/0"), busy("stages/1/0")
    (cached,) = busy("storage/rdd")

    assert (first["inputBytes"], first["inputRecords"]) == (0, 0)
    assert second["inputRecords"] == 100
    assert second["inputBytes"] == cached["memoryUsed"]
    assert sum(row["totalInputBytes"] for row in busy("allexecutors")) >= cached["memoryUsed"]


def test_the_driver_is_listed_beside_the_executors(busy):
    rows = {row["id"]: row for row in busy("executors")}
    killed = [row for row in busy("allexecutors") if not row["isActive"]]

    assert rows["driver"]["totalCores"] == 0
    assert sorted(row["state"] for row in rows.values()) == ["busy", "busy", "idle"]
    assert {row["state"] for row in killed} == {"dead"}
    assert all("removeTime" in row for row in killed)


def test_a_killed_job_is_accounted_for_as_in_spark(busy):
    killed = next(job for job in busy("jobs") if job.get("jobGroup") == "doomed")
    stage = busy(f"stages/{killed['stageIds'][0]}/0")
    error = (
        f"[SPARK_JOB_CANCELLED] Job {killed['jobId']} cancelled part of cancelled job group "
        "doomed SQLSTATE: XXKDA"
    )

    assert (killed["status"], killed["killState"]) == ("FAILED", "KILLED")
    assert (killed["numKilledTasks"], killed["numFailedStages"]) == (2, 1)
    assert killed["killedTasksSummary"] == {f"Stage cancelled: {error}": 2}
    assert (stage["status"], stage["failureReason"]) == ("FAILED", error)
    assert {row["status"] for row in stage["tasks"].values()} == {"KILLED"}
    assert {row["errorMessage"] for row in stage["tasks"].values()} == {f"Stage cancelled: {error}"}
