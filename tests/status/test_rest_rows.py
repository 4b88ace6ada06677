"""Rows as JSON: what Spark has, what we add, and what is left out."""

from __future__ import annotations

import pytest

from pyspark_shell.common.cell import CELL_ID, CELL_PROMPT, CELL_THREAD
from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.task_end import (
    ExceptionFailure,
    ExecutorLostFailure,
    FetchFailed,
    TaskKilled,
)
from pyspark_shell.status.app_status_store import AppStatusStore
from pyspark_shell.status.rest_executors import Usage, executor_row
from pyspark_shell.status.rest_jobs import job_row
from pyspark_shell.status.rest_stages import stage_row
from pyspark_shell.status.rest_tasks import task_list, task_row, task_summary
from tests.status.listener_events import Events, stage


@pytest.fixture
def store():
    return AppStatusStore()


@pytest.fixture
def events(store):
    events = Events(store)
    events.executor("1", pid=4711)
    return events


def test_a_scripts_job_names_its_file_and_line(store, events):
    events.begin(0, stage(7))

    row = job_row(store.job(0))

    assert (row["callSite"], row["site"]) == ("count at job.py:7", {"file": "job.py", "line": 7})
    assert not {"cell", "killState", "completedAt", "failureReason", "jobGroup"} & row.keys()
    assert (row["pool"], row["interruptOnCancel"]) == ("default", False)


def test_a_notebooks_job_names_its_cell(store, events):
    info = stage(0)
    info.name = "collect at In[3]:2"
    cell = {CELL_ID: "4f3a", CELL_PROMPT: "3", CELL_THREAD: "loader"}
    events.begin(0, info, **cell, **{"spark.scheduler.pool": "fast"})

    row = job_row(store.job(0))

    assert row["cell"] == {"id": "4f3a", "prompt": 3, "line": 2, "thread": "loader"}
    assert "site" not in row
    assert (row["pool"], row["poolName"]) == ("fast", "fast")


def test_a_stage_says_what_it_waits_for(store, events):
    done, running, skipped = stage(0), stage(1), stage(2)
    last = stage(3, parents=(0, 1, 2))
    events.start_job(0, done, running, skipped, last)
    events.submit(done)
    events.complete(done)
    events.submit(running)

    assert stage_row(store.stage(3, 0), store)["waitsFor"] == [1]
    assert stage_row(store.stage(1, 0), store)["waitsFor"] == []


def test_a_stage_waits_for_a_parent_that_waits_itself(store, events):
    first, second, third = stage(0), stage(1, parents=(0,)), stage(2, parents=(1,))
    events.start_job(0, first, second, third)
    events.submit(first)

    assert stage_row(store.stage(2, 0), store)["waitsFor"] == [1]


def test_a_stage_knows_its_middle_and_its_slowest_task(store, events):
    info = stage(0, tasks=5)
    events.begin(0, info)
    assert not {"medianTaskMs", "slowestTaskMs"} & stage_row(store.stage(0, 0), store).keys()

    for index, took_ms in enumerate((10, 50, 20, 20, 90)):
        events.finish(info, events.launch(info, index), at_ms=1200 + took_ms)

    row = stage_row(store.stage(0, 0), store)
    assert (row["medianTaskMs"], row["slowestTaskMs"]) == (20, 90)
    assert (row["lastTaskEndAt"], row["zombieTasks"]) == (1290, 0)


def test_what_each_executor_did_for_a_stage(store, events):
    info = stage(0, tasks=3)
    events.executor("2")
    events.begin(0, info)
    written = TaskMetrics(shuffle_write_bytes=10, shuffle_write_records=2)
    events.finish(info, events.launch(info, 0, "1"), metrics=written)
    events.finish(info, events.launch(info, 1, "1"), TaskKilled("enough"))
    events.launch(info, 2, "2")

    row = stage_row(store.stage(0, 0), store, details=True)

    first = row["executorSummary"]["1"]
    assert (first["succeededTasks"], first["killedTasks"], first["failedTasks"]) == (1, 1, 0)
    assert (first["shuffleWrite"], first["taskTime"]) == (10, 100)
    assert row["executorSummary"]["2"]["taskTime"] == 0
    assert list(row["tasks"]) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("reason", "status", "message"),
    [
        (TaskKilled("enough"), "KILLED", "enough"),
        (ExceptionFailure("ValueError", "x", "Traceback"), "FAILED", "Traceback"),
        (ExecutorLostFailure("1", False, "gone"), "FAILED", "Reason: gone"),
        (FetchFailed(1, 2, 3, "file is gone"), "FAILED", "file is gone"),
    ],
)
def test_a_task_that_did_not_succeed_says_why(store, events, reason, status, message):
    info = stage(0)
    events.begin(0, info)
    events.finish(info, events.launch(info), reason)

    stage_data = store.stage(0, 0)
    row = task_row(stage_data.tasks[0], stage_data, store)

    assert row["status"] == status
    assert row["errorMessage"].endswith((message, "message=\nfile is gone\n)"))
    assert row.get("killReason") == ("enough" if status == "KILLED" else None)
    assert (row["stageId"], row["jobIds"], row["pid"]) == (0, [0], 4711)


def test_a_huge_error_is_cut(store, events):
    info = stage(0)
    events.begin(0, info)
    events.finish(info, events.launch(info), ExceptionFailure("ValueError", "x", "y" * 1_000_000))

    stage_data = store.stage(0, 0)

    assert len(task_row(stage_data.tasks[0], stage_data, store)["errorMessage"]) == 65536


def test_a_running_task_grows_older_and_has_no_metrics(store, events):
    info = stage(0)
    events.begin(0, info)
    events.launch(info)

    stage_data = store.stage(0, 0)
    row = task_row(stage_data.tasks[0], stage_data, store)

    assert (row["status"], row["killing"]) == ("RUNNING", False)
    assert row["duration"] > 0
    assert not {"taskMetrics", "errorMessage", "killReason"} & row.keys()


def test_a_task_whose_end_was_missed_is_unknown(store, events):
    info = stage(0)
    events.begin(0, info)
    events.launch(info)

    events.tell_state(jobs=[0], executors=["1"])

    stage_data = store.stage(0, 0)
    row = task_row(stage_data.tasks[0], stage_data, store)
    assert row["status"] == "UNKNOWN"
    assert "duration" not in row


def test_tasks_are_sorted_and_sifted(store, events):
    info = stage(0, tasks=3)
    events.begin(0, info)
    for index, run_ms in enumerate((20, 90, 50)):
        metrics = TaskMetrics(executor_run_time_ms=run_ms)
        events.finish(info, events.launch(info, index), metrics=metrics)
    events.finish(info, events.launch(info, 3), TaskKilled("enough"))
    stage_data = store.stage(0, 0)

    def ids(sort_by, *statuses):
        return [event.task_info.task_id for event in task_list(stage_data, sort_by, statuses)]

    assert ids("ID") == [0, 1, 2, 3]
    assert ids("runtime") == [3, 0, 2, 1]
    assert ids("-runtime", "SUCCESS") == [1, 2, 0]
    assert ids("ID", "KILLED", "FAILED") == [3]


def test_quantiles_are_those_of_the_tasks_that_succeeded(store, events):
    info = stage(0, tasks=4)
    events.begin(0, info)
    stage_data = store.stage(0, 0)
    assert task_summary(stage_data, [0.5]) is None
    for index in range(4):
        metrics = TaskMetrics(result_size_bytes=100 * (index + 1))
        events.finish(info, events.launch(info, index), metrics=metrics)
    events.finish(info, events.launch(info, 4), TaskKilled("x"), TaskMetrics(result_size_bytes=9))

    summary = task_summary(stage_data, [0.0, 0.25, 0.5, 0.75, 1.0])

    assert summary["resultSize"] == [100.0, 200.0, 300.0, 400.0, 400.0]
    assert summary["duration"] == [50.0] * 5


def test_second_copies_of_slow_tasks_are_summed_up(store, events):
    info = stage(0, tasks=1)
    events.begin(0, info)
    slow, copy = events.launch(info, 0), events.launch(info, 0)
    assert "speculationSummary" not in stage_row(store.stage(0, 0), store, details=True)
    copy.speculative = True

    events.finish(info, copy)
    events.finish(info, slow, TaskKilled("another attempt succeeded"))

    row = stage_row(store.stage(0, 0), store, details=True)
    assert row["speculationSummary"] == {
        "numTasks": 1,
        "numActiveTasks": 0,
        "numCompletedTasks": 1,
        "numFailedTasks": 0,
        "numKilledTasks": 0,
    }
    assert (row["numCompleteTasks"], row["numCompletedIndices"], row["numKilledTasks"]) == (1, 1, 1)


def test_an_executor_is_idle_busy_killing_and_dead(store, events):
    def state():
        row = executor_row(store.executors["1"], store, Usage(), 0)
        return row["state"], row["keptBecause"], row.get("idleSince")

    info = stage(0)
    seen = [state()]
    events.begin(0, info)
    task = events.launch(info)
    seen.append(state())
    events.end_job(0, "cancelled", cancelled=True)
    seen.append(state())
    events.finish(info, task, TaskKilled("cancelled"))
    seen.append(state())
    events.lose_executor("1", "it was killed")
    seen.append(state())

    assert seen == [
        ("idle", "idle, ready for the next task", 1),
        ("busy", "running task 0", None),
        ("killing", "killed task 0 not yet ended", None),
        ("idle", "idle, ready for the next task", 1250),
        ("dead", "", None),
    ]
    assert executor_row(store.executors["1"], store, Usage(), 0)["removeReason"] == "it was killed"


def test_rows_of_what_has_ended_are_made_once(store, events):
    info = stage(0, tasks=1)
    events.begin(0, info)
    assert job_row(store.job(0)) is not job_row(store.job(0))
    task = events.launch(info)
    events.complete(info, reason="killed")
    events.end_job(0, "killed", cancelled=True)
    before = job_row(store.job(0)), stage_row(store.stage(0, 0), store)

    events.finish(info, task, TaskKilled("killed"))

    after = job_row(store.job(0)), stage_row(store.stage(0, 0), store)
    assert [row["numKilledTasks"] for row in before + after] == [0, 0, 1, 1]
    assert (before[0]["killState"], after[0]["killState"]) == ("KILLING", "KILLED")
    assert job_row(store.job(0)) is after[0]
    assert stage_row(store.stage(0, 0), store) is after[1]


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_start_that_is_told_after_its_stages_end_shows_until_its_end(store, events, is_lost):
    info = stage(0, tasks=1)
    events.begin(0, info)
    events.complete(info, reason="killed")
    events.end_job(0, "killed", cancelled=True)

    def active():
        return stage_row(store.stage(0, 0), store)["numActiveTasks"]

    assert active() == 0
    task = events.launch(info)
    assert active() == 1
    if is_lost:
        events.tell_state()
    else:
        events.finish(info, task, TaskKilled("killed"))
    assert active() == 0


def test_a_finished_stage_that_serves_another_job_names_it(store, events):
    shared, own = stage(0), stage(1, parents=(0,))
    events.start_job(0, shared)
    events.start_job(1, shared, own)
    events.submit(shared)
    events.complete(shared)
    both = stage_row(store.stage(0, 0), store)["jobIds"]

    events.end_job(0, "cancelled", cancelled=True)

    assert (both, stage_row(store.stage(0, 0), store)["jobIds"]) == ([0, 1], [1])


def test_a_result_that_was_fetched_says_when_and_how_long(store, events):
    info = stage(0, tasks=2)
    events.begin(0, info)
    metrics = TaskMetrics(executor_run_time_ms=20)
    slow, quick = events.launch(info, 0), events.launch(info, 1)
    slow.getting_result_time_ms = 1_230
    assert slow.status == "GET RESULT"
    events.finish(info, slow, metrics=metrics, at_ms=1_260)
    events.finish(info, quick, metrics=metrics, at_ms=1_260)

    data = store.stage(0, 0)
    rows = [task_row(data.tasks[task.task_id], data, store) for task in (slow, quick)]
    assert [row["gettingResultTime"] for row in rows] == [30, 0]
    assert [row["schedulerDelay"] for row in rows] == [10, 40]
    assert rows[0]["resultFetchStart"].endswith(":01.230GMT")
    assert "resultFetchStart" not in rows[1]
    assert task_summary(data, [0, 1])["gettingResultTime"] == [0, 30]
