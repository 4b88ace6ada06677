"""Spark's own History Server reads our log, and tells of the application what we told while it
ran.
"""

import json
import os
import signal
import threading
import time

import pytest

from pyspark_shell import SparkConf, SparkContext, TaskContext
from pyspark_shell.common.errors import JobFailed
from pyspark_shell.engines.native import NativeEngine
from pyspark_shell.hadoop.commit import CommitDenied
from pyspark_shell.status.event_log_files import (
    IN_PROGRESS,
    RollingEventLogFiles,
    complete_log_of_the_dead,
)
from tests.processes.waiting import wait_for
from tests.status.history_server import HistoryServer

pytestmark = [pytest.mark.spark, pytest.mark.timeout(600)]

NAME = "naïve 名前 <b>\u2028 \U0001f600"
# Addresses of the driver's own server, which ends with it.
ANSWERED_LIVE_ONLY = {"executorLogs"}
CUT, ROLLING, ENDED = "local-1", "local-2", "local-3"
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
REASON = "nobody wants it — 取消"


class DieOnce:
    """Kills the process of the first task that comes along."""

    def __init__(self, flag):
        self._flag = str(flag)

    def __call__(self, record):
        if not os.path.exists(self._flag):
            os.close(os.open(self._flag, os.O_CREAT))
            os.kill(os.getpid(), signal.SIGKILL)
        return record


def denied_once(record):
    """End the first attempt as one that was not let publish its output."""
    if TaskContext.get().attemptNumber() == 0:
        raise CommitDenied("another one was first")
    return record


def run_jobs(sc, tmp_path):
    """Leave one of everything in the log."""
    pairs = sc.parallelize(range(100), 4).map(lambda n: (n % 3, n)).setName(NAME)
    sums = pairs.reduceByKey(lambda a, b: a + b, 3)
    sums.collect()
    sums.collect()  # its map stage is skipped

    cached = sc.parallelize(range(1_000), 3).setName(NAME).cache()
    seen = sc.accumulator(0)
    cached.foreach(seen.add)
    cached.count()

    sc.setJobGroup("nächtlich", f"job of {NAME}")
    sc.addJobTag("tag")
    with pytest.raises(JobFailed, match="division"):
        sc.parallelize([1, 0], 2).map(lambda n: 1 / n).collect()
    sc.clearJobTags()
    kill_a_job(sc)
    sc.setLocalProperty("spark.jobGroup.id", None)

    sc.parallelize(range(4), 2).map(DieOnce(tmp_path / "died")).count()
    sc.parallelize([1], 1).map(denied_once).count()
    sc.parallelize([1], 1).map(lambda _: b"large" * 400_000).collect()
    lose_map_outputs(sc)
    sums.collect()  # a fetch failure, and both stages run again

    sc.parallelize(["a", "ü"], 2).saveAsTextFile(str(tmp_path / "text"))
    sc.textFile(str(tmp_path / "text")).count()
    return cached


def kill_a_job(sc):
    def submit():
        with pytest.raises(JobFailed, match="SPARK_JOB_CANCELLED"):
            sc.parallelize(range(4), 4).foreach(lambda _: time.sleep(300))

    thread = threading.Thread(target=submit)
    thread.start()
    tracker = sc.statusTracker()
    store = sc._driver.status_store
    job_id = wait_for(lambda: max(tracker.getActiveJobsIds(), default=None), "the job")
    wait_for(lambda: store.job(job_id).num_active_tasks == 2, "its tasks")
    sc.cancelJob(job_id, REASON)
    thread.join()
    wait_for(lambda: store.job(job_id).num_killed_tasks == 2, "the ends of its tasks")


def lose_map_outputs(sc):
    folder = sc._driver.local_dirs.path("shuffle")
    for entry in os.scandir(folder):
        os.unlink(entry.path)


def cut_short(log):
    """Leave what a driver that was killed at its first failure leaves, under another id."""
    whole = log.read_text()
    end = whole.rindex("\n", 0, whole.index("ExceptionFailure")) + 1
    for name in (CUT, ENDED):
        log.with_name(f"{name}{IN_PROGRESS}").write_text(whole[:end].replace(log.name, name))
    complete_log_of_the_dead(str(log.with_name(ENDED)))


def in_parts(log):
    """Write the same events once more as a rolling log, under another id."""
    files = RollingEventLogFiles(str(log.parent), ROLLING, part_bytes=20_000)
    for line in log.read_bytes().splitlines():
        files.write(json.loads(line.decode().replace(log.name, ROLLING)), flush=False)
    files.close()


class Live:
    """Our own rows when the application has ended; then executors and what they held are gone, so
    those are from just before.
    """

    def __init__(self, engine, executors, storage):
        self.application = engine.application()
        self.executors, self.storage = executors, storage
        self.jobs = engine.jobs()
        self.stages = engine.stages()
        self.tasks = {
            (row["stageId"], row["attemptId"]): engine.task_list(
                row["stageId"], row["attemptId"], length=1_000
            )
            for row in self.stages
        }
        self.details = {key: engine.stage_attempt(*key) for key in self.tasks}
        self.summaries = {
            key: engine.task_summary(*key, QUANTILES)
            for key in self.tasks
            if has_success(self, key)
        }
        self.environment = engine.environment()


def has_success(live, key):
    return any(row["status"] == "SUCCESS" for row in live.tasks[key])


class Application:
    """One application that has ended: our rows of it, and the History Server's."""

    def __init__(self, live, server):
        self.live = live
        self._server = server
        self._base = f"applications/{live.application['id']}"

    def history(self, path=""):
        return self._server.get(f"{self._base}/{path}" if path else self._base)

    def list_of(self, status):
        return self._server.get(f"applications?status={status}")

    def history_of(self, application_id, path):
        return self._server.get(f"applications/{application_id}/{path}")


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    directory = tmp_path_factory.mktemp("history")
    logs = directory / "logs"
    logs.mkdir()
    conf = SparkConf().setMaster("local[2,4]").setAppName(NAME)
    conf.set("spark.eventLog.enabled", "true").set("spark.eventLog.dir", logs.as_uri())
    conf.set("spark.eventLog.logBlockUpdates.enabled", "true").set("spark.my.secret", "hidden")
    with SparkContext(conf=conf) as sc:
        engine = NativeEngine(sc._driver)
        kept = run_jobs(sc, directory)
        executors, storage = engine.executors(active_only=False), engine.storage()
    live = Live(engine, executors, storage)
    del kept
    cut_short(logs / live.application["id"])
    in_parts(logs / live.application["id"])
    server = HistoryServer(logs, directory)
    try:
        server.wait_for_application(live.application["id"])
        server.wait_for_application(CUT)
        server.wait_for_application(ROLLING)
        server.wait_for_application(ENDED)
        yield Application(live, server)
    finally:
        server.stop()


def differences(ours, theirs, key, excluded=()):
    """Compare rows by their key in the fields that both have; the order of rows is no matter."""
    ours = {key(row): row for row in ours}
    theirs = {key(row): row for row in theirs}
    assert ours.keys() == theirs.keys()
    return [
        f"{number} {field}: ours {row[field]!r}, the History Server's {theirs[number][field]!r}"
        for number, row in ours.items()
        for field in sorted(row.keys() & theirs[number].keys() - set(excluded))
        if row[field] != theirs[number][field]
    ]


def fields_of_neither(ours, theirs, key):
    """Return fields of the History Server's rows that ours lack."""
    ours = {key(row): row for row in ours}
    return sorted({field for row in theirs for field in row.keys() - ours[key(row)].keys()})


def test_the_application_is_listed_as_completed(application):
    told = application.history()
    (attempt,) = told["attempts"]
    (own,) = application.live.application["attempts"]

    assert told["name"] == NAME
    assert attempt["completed"] is True
    # When the file was written last; we tell when the application ended.
    excluded = {"lastUpdated", "lastUpdatedEpoch"}
    for field in own.keys() & attempt.keys() - excluded:
        assert own[field] == attempt[field], field


def test_jobs_are_equal(application):
    history = application.history("jobs")

    assert differences(application.live.jobs, history, lambda row: row["jobId"]) == []
    assert fields_of_neither(application.live.jobs, history, lambda row: row["jobId"]) == []


def test_the_killed_job_is_told_with_its_reason(application):
    (killed,) = [row for row in application.history("jobs") if row["numKilledTasks"] == 2]

    text = f"[SPARK_JOB_CANCELLED] Job {killed['jobId']} cancelled {REASON} SQLSTATE: XXKDA"
    assert killed["status"] == "FAILED"
    assert killed["killedTasksSummary"] == {f"Stage cancelled: {text}": 2}


def attempt_of(row):
    return row["stageId"], row["attemptId"]


def test_stages_are_equal(application):
    history = application.history("stages")

    # Peaks of memory pools of a JVM; ours tell of Python's processes.
    excluded = {"peakExecutorMetrics"}
    assert differences(application.live.stages, history, attempt_of, excluded) == []
    assert set(fields_of_neither(application.live.stages, history, attempt_of)) <= excluded


def test_a_stage_that_ran_again_has_two_attempts(application):
    attempts = [attempt for _, attempt in map(attempt_of, application.history("stages"))]

    assert 1 in attempts


def test_tasks_are_equal(application):
    for (stage, attempt), ours in application.live.tasks.items():
        history = application.history(f"stages/{stage}/{attempt}/taskList?length=1000")

        forget_what_nobody_measured(ours, history)
        assert differences(ours, history, lambda row: row["taskId"], ANSWERED_LIVE_ONLY) == []
        missing = fields_of_neither(ours, history, lambda row: row["taskId"])
        assert missing == [], f"stage {stage}.{attempt}"


def test_the_result_that_was_too_large_for_a_message_was_fetched(application):
    rows = [row for rows in application.live.tasks.values() for row in rows]
    (fetched,) = [row for row in rows if "resultFetchStart" in row]

    path = f"stages/{fetched['stageId']}/0/taskList"
    (history,) = application.history(path)
    assert history["resultFetchStart"] == fetched["resultFetchStart"]
    assert history["gettingResultTime"] == fetched["gettingResultTime"]


def test_what_each_executor_did_for_a_stage_is_equal(application):
    for (stage, attempt), ours in application.live.details.items():
        history = application.history(f"stages/{stage}/{attempt}?details=true")

        theirs, own = history["executorSummary"], ours["executorSummary"]
        assert theirs.keys() == own.keys()
        for executor, row in theirs.items():
            # As for executors.
            for field in row.keys() - {"peakMemoryMetrics"}:
                assert own[executor][field] == row[field], (stage, attempt, executor, field)


def test_distributions_are_equal(application):
    quantiles = ",".join(map(str, QUANTILES))
    for (stage, attempt), ours in application.live.summaries.items():
        history = application.history(f"stages/{stage}/{attempt}/taskSummary?quantiles={quantiles}")

        if any(row["status"] != "SUCCESS" for row in application.live.tasks[stage, attempt]):
            # Spark looks these two up among tasks that did not succeed, too.
            del history["duration"], history["schedulerDelay"]
        assert history == {field: ours[field] for field in history}, (stage, attempt)


def forget_what_nobody_measured(ours, history):
    """A task that was lost told no metrics; a History Server, as Spark's, fills in zeros."""
    lost = {row["taskId"] for row in ours if "taskMetrics" not in row}
    for row in history:
        if row["taskId"] in lost:
            del row["taskMetrics"], row["schedulerDelay"]


def test_every_way_of_a_tasks_end_is_there(application):
    messages = [
        row.get("errorMessage", "")
        for stage, attempt in application.live.tasks
        for row in application.history(f"stages/{stage}/{attempt}/taskList?length=1000")
    ]

    for beginning in (
        "Stage cancelled: [SPARK_JOB_CANCELLED]",
        "[PYTHON_EXCEPTION]",
        "ExecutorLostFailure (executor ",
        "FetchFailed(BlockManagerId(",
        "TaskCommitDenied (Driver denied task commit) for job: ",
    ):
        assert any(message.startswith(beginning) for message in messages), beginning


def test_executors_are_equal(application):
    history = application.history("allexecutors")
    for row in history:
        if row["id"] == "driver":
            del row["totalDuration"]  # it went on after we looked

    excluded = ANSWERED_LIVE_ONLY | {
        # What our processes use at this moment; the log tells of none.
        "peakMemoryMetrics",
        # The log tells all blocks as the driver's: a History Server would forget those of an
        # executor that is gone, and they are not gone.
        "rddBlocks",
        "memoryUsed",
        "diskUsed",
        "memoryMetrics",
    }
    assert differences(application.live.executors, history, by_id, excluded) == []
    assert set(fields_of_neither(application.live.executors, history, by_id)) <= excluded
    ended = [row for row in history if "removeReason" in row]
    assert len(ended) >= 2
    for field in ("rddBlocks", "memoryUsed", "diskUsed"):
        ours = sum(row[field] for row in application.live.executors)
        assert ours == sum(row[field] for row in history), field


def test_applications_are_listed_by_whether_they_are_complete(application):
    by_status = {
        status: [row["id"] for row in application.list_of(status)]
        for status in ("completed", "running")
    }

    assert sorted(by_status["completed"]) == sorted(
        [application.live.application["id"], ENDED, ROLLING]
    )
    assert by_status["running"] == [CUT]


def test_a_log_that_the_guardian_completed_is_read_like_any_other(application):
    (attempt,) = application.history_of(ENDED, "")["attempts"]

    assert attempt["completed"] is True
    assert attempt["endTime"] > attempt["startTime"]
    assert application.history_of(ENDED, "jobs") == application.history_of(CUT, "jobs")


def test_a_log_that_was_cut_is_listed_as_incomplete(application):
    (attempt,) = application.history_of(CUT, "")["attempts"]
    statuses = {row["status"] for row in application.history_of(CUT, "jobs")}

    assert attempt["completed"] is False
    assert statuses == {"SUCCEEDED", "RUNNING"}


def test_a_rolling_log_tells_the_same(application):
    for path in ("jobs", "stages?details=true", "allexecutors"):
        assert application.history_of(ROLLING, path) == application.history(path), path


def by_id(row):
    return row["id"]


def test_cached_rdds_are_equal(application):
    history = application.history("storage/rdd")

    # The log tells all blocks as the driver's, see above.
    excluded = {"dataDistribution"}
    assert [row["name"] for row in history] == [NAME]
    assert differences(application.live.storage, history, by_id, excluded) == []


def test_the_environment_is_equal_and_without_secrets(application):
    history = application.history("environment")

    for field, value in application.live.environment.items():
        assert value == history[field], field
    assert ["spark.my.secret", "*********(redacted)"] in history["sparkProperties"]
