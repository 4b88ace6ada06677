"""Each event's JSON has the keys, their order and the types of what Spark 4.3 wrote."""

import json
from pathlib import Path

import pytest

from pyspark_shell.common.block_manager_id import BlockManagerId
from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.common.task_end import (
    ExceptionFailure,
    ExecutorLostFailure,
    FetchFailed,
    Resubmitted,
    Success,
    TaskCommitDenied,
    TaskKilled,
    TaskResultLost,
)
from pyspark_shell.listener.events import (
    RDDInfo,
    ResourceAmount,
    SparkListenerApplicationEnd,
    SparkListenerApplicationStart,
    SparkListenerBlockManagerAdded,
    SparkListenerBlockManagerRemoved,
    SparkListenerBlockUpdated,
    SparkListenerEnvironmentUpdate,
    SparkListenerExecutorAdded,
    SparkListenerExecutorMetricsUpdate,
    SparkListenerExecutorRemoved,
    SparkListenerJobEnd,
    SparkListenerJobStart,
    SparkListenerResourceProfileAdded,
    SparkListenerSpeculativeTaskSubmitted,
    SparkListenerStageCompleted,
    SparkListenerStageSubmitted,
    SparkListenerTaskEnd,
    SparkListenerTaskGettingResult,
    SparkListenerTaskStart,
    SparkListenerUnpersistRDD,
    StageInfo,
    TaskInfo,
)
from pyspark_shell.status.json_protocol import event_to_json, log_start

RECORDED = json.loads(Path(__file__).with_name("spark_event_log.json").read_text())
# Objects whose keys are names of the user's; their values are compared as texts only.
MAPS = {
    "Classpath Entries",
    "Hadoop Properties",
    "Metrics Properties",
    "Properties",
    "Spark Properties",
    "System Properties",
    "Log Urls",
}
# Accumulators of Python have no names, so Spark has only its internal ones here, ours has none.
UNNAMED = {"Accumulables", "Accumulator Updates"}
TRACEBACK = 'Traceback (most recent call last):\n  File "/job.py", line 7, in parse\nValueError: no'


def stage_info(**given):
    rdd = RDDInfo(3, "PythonRDD", "map at job.py:1", 3, StorageLevel.MEMORY_ONLY, (2,))
    return StageInfo(0, 0, "collect at job.py:2", 3, [rdd], (1,), "map at job.py:1", **given)


def task_info(**given):
    return TaskInfo(0, 0, 0, 0, 1_000, "0", "localhost", "PROCESS_LOCAL", **given)


def task_end(reason, metrics=None, **info):
    return SparkListenerTaskEnd(
        0, 0, "ResultTask", reason, task_info(finish_time_ms=2_000, **info), metrics
    )


KILLED = TaskKilled("Stage cancelled: because")
RAISED = ExceptionFailure("ValueError", "no", TRACEBACK)
EVENTS = {
    "SparkListenerResourceProfileAdded": SparkListenerResourceProfileAdded(
        0, {"memory": ResourceAmount(512), "offHeap": ResourceAmount(0)}, {"cpus": 1}
    ),
    "SparkListenerBlockManagerAdded": SparkListenerBlockManagerAdded(1, "driver", "localhost", 9),
    "SparkListenerEnvironmentUpdate": SparkListenerEnvironmentUpdate({"spark.app.name": "a"}),
    "SparkListenerApplicationStart": SparkListenerApplicationStart("a", "local-1", 1, "me"),
    "SparkListenerJobStart": SparkListenerJobStart(0, 1, [stage_info()], {"callSite.short": "x"}),
    "SparkListenerStageSubmitted": SparkListenerStageSubmitted(
        stage_info(submission_time_ms=1), {"spark.job.description": "x"}
    ),
    "SparkListenerBlockUpdated": SparkListenerBlockUpdated("rdd_1_0", "0", 10, 0),
    "SparkListenerExecutorAdded": SparkListenerExecutorAdded(1, "0", "localhost", 1, 99),
    "SparkListenerTaskStart": SparkListenerTaskStart(0, 0, task_info()),
    "SparkListenerTaskGettingResult": SparkListenerTaskGettingResult(
        task_info(getting_result_time_ms=1_500)
    ),
    "SparkListenerTaskEnd:Success": task_end(Success(), TaskMetrics(executor_run_time_ms=3)),
    "SparkListenerStageCompleted": SparkListenerStageCompleted(
        stage_info(submission_time_ms=1, completion_time_ms=2)
    ),
    "SparkListenerJobEnd:JobSucceeded": SparkListenerJobEnd(0, 2, None),
    "SparkListenerTaskEnd:ExceptionFailure": task_end(RAISED, TaskMetrics(), failed=True),
    "SparkListenerStageCompleted:failed": SparkListenerStageCompleted(
        stage_info(submission_time_ms=1, completion_time_ms=2, failure_reason="no")
    ),
    "SparkListenerJobEnd:JobFailed": SparkListenerJobEnd(0, 2, TRACEBACK),
    "SparkListenerApplicationEnd": SparkListenerApplicationEnd(2),
    "SparkListenerTaskEnd:TaskKilled": task_end(KILLED, TaskMetrics(), killed=True),
}


def assert_same_shape(ours, sparks, where):
    assert type(ours) is type(sparks), where
    if isinstance(sparks, dict):
        if where[-1] in MAPS:
            assert all(type(value) is str for value in ours.values()), where
            return
        assert list(ours) == list(sparks), where
        for key, value in sparks.items():
            assert_same_shape(ours[key], value, (*where, key))
    elif isinstance(sparks, list) and where[-1] not in UNNAMED and sparks:
        assert_same_shape(ours[0], sparks[0], (*where, 0))


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_has_the_shape_of_sparks(name):
    ours = event_to_json(EVENTS[name])

    assert_same_shape(ours, RECORDED[name], (name,))


def test_every_recorded_event_is_compared():
    assert set(RECORDED) - set(EVENTS) == {"SparkListenerLogStart"}
    assert list(log_start("4.3.0")) == list(RECORDED["SparkListenerLogStart"])


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_the_name_comes_first(event):
    assert next(iter(event_to_json(event))) == "Event"


def test_events_without_a_recording_have_their_required_keys():
    removed = event_to_json(SparkListenerExecutorRemoved(5, "0", "gone"))
    gone = event_to_json(SparkListenerBlockManagerRemoved(5, "0", "localhost"))
    unpersisted = event_to_json(SparkListenerUnpersistRDD(3))

    assert removed == {
        "Event": "SparkListenerExecutorRemoved",
        "Timestamp": 5,
        "Executor ID": "0",
        "Removed Reason": "gone",
    }
    added = event_to_json(EVENTS["SparkListenerBlockManagerAdded"])
    where = {**added["Block Manager ID"], "Executor ID": "0"}
    assert gone == {
        "Event": "SparkListenerBlockManagerRemoved",
        "Block Manager ID": where,
        "Timestamp": 5,
    }
    assert unpersisted == {"Event": "SparkListenerUnpersistRDD", "RDD ID": 3}


def test_events_that_spark_does_not_log_are_nothing():
    assert event_to_json(SparkListenerExecutorMetricsUpdate("0")) is None
    assert event_to_json(SparkListenerSpeculativeTaskSubmitted(0, 0, 0, 0)) is None


@pytest.mark.parametrize(
    ("reason", "keys"),
    [
        (Success(), []),
        (Resubmitted(), []),
        (TaskResultLost(), []),
        (KILLED, ["Kill Reason", "Accumulator Updates"]),
        (
            FetchFailed(1, 2, 3, "lost"),
            ["Shuffle ID", "Map ID", "Map Index", "Reduce ID", "Message"],
        ),
        (
            FetchFailed(1, 2, 3, "lost", BlockManagerId("7")),
            [
                "Block Manager Address",
                *("Shuffle ID", "Map ID", "Map Index"),
                "Reduce ID",
                "Message",
            ],
        ),
        (
            ExecutorLostFailure("0", True, "died"),
            ["Executor ID", "Exit Caused By App", "Loss Reason"],
        ),
        (TaskCommitDenied(1, 2, 3), ["Job ID", "Partition ID", "Attempt Number"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_end_of_a_task_has_its_keys(reason, keys):
    told = event_to_json(task_end(reason))["Task End Reason"]

    assert told["Reason"] == type(reason).__name__
    assert list(told) == ["Reason", *keys]


def test_a_task_that_could_not_tell_its_metrics_has_none():
    assert "Task Metrics" not in event_to_json(task_end(ExecutorLostFailure("0", False, "died")))


def test_a_start_is_told_as_it_was_though_the_task_has_ended_since():
    ended = task_info(getting_result_time_ms=1_900, finish_time_ms=2_000, failed=True)

    started = event_to_json(SparkListenerTaskStart(0, 0, ended))["Task Info"]
    fetched = event_to_json(SparkListenerTaskGettingResult(ended))["Task Info"]

    for told in (started, fetched):
        assert (told["Finish Time"], told["Failed"], told["Killed"]) == (0, False, False)
    assert (started["Getting Result Time"], fetched["Getting Result Time"]) == (0, 1_900)


def test_a_traceback_becomes_a_stack_trace_with_the_innermost_frame_first():
    text = '  File "/a.py", line 1, in <module>\n    f()\n  File "/lib/b.py", line 22, in f\n'

    told = event_to_json(SparkListenerJobEnd(0, 1, text))["Job Result"]["Exception"]

    assert told["Stack Trace"][0] == {
        "Declaring Class": "b",
        "Method Name": "f",
        "File Name": "/lib/b.py",
        "Line Number": 22,
    }
    assert len(told["Stack Trace"]) == 2


def test_a_cached_block_is_the_applications_and_not_an_executors():
    told = event_to_json(SparkListenerBlockUpdated("rdd_1_0", "7", 10, 0))["Block Updated Info"]

    assert told["Block Manager ID"]["Executor ID"] == "driver"
    assert told["Storage Level"]["Use Memory"]
