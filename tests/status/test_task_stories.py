"""What became of one task, attempt by attempt."""

from __future__ import annotations

import pytest

from pyspark_shell.common.task_end import TaskKilled
from pyspark_shell.listener.events import SparkListenerTaskStuck
from pyspark_shell.status.app_status_store import AppStatusStore
from pyspark_shell.status.rest_stories import task_story
from tests.status.listener_events import Events, stage

KILLED = "enough (forced after 2001 ms)"


@pytest.fixture
def store():
    return AppStatusStore()


@pytest.fixture
def events(store):
    events = Events(store)
    events.executor("1", pid=4711)
    events.executor("2", pid=4712)
    return events


def test_a_story_joins_the_attempts_of_a_task_and_says_how_each_ended(store, events):
    first, second = stage(0), stage(0, attempt=1)
    events.begin(0, first)
    events.launch(first, index=0)
    killed = events.launch(first, index=1)
    store.kills.order("job", "0", "JupyterLab", "enough", 1210, [0])
    events.end_job(0, "Job 0 cancelled enough", cancelled=True)
    events.post(SparkListenerTaskStuck(killed.task_id, 'File "job.py", line 3, in spin\n  spin()'))
    events.finish(first, killed, TaskKilled(KILLED), at_ms=3300)
    events.complete(first, "cancelled")
    events.begin(1, second)
    again = events.launch(second, index=1, executor="2")
    events.finish(second, again, at_ms=3900)
    last = events.launch(second, index=1, executor="2")

    story = task_story(store.stage_attempts(0), 1, store)

    assert [row["taskId"] for row in story] == [killed.task_id, again.task_id, last.task_id]
    assert story[0] == {
        "taskId": 1, "index": 1, "attempt": 0, "stageAttempt": 0, "executorId": "1", "pid": 4711,
        "speculative": False, "startedAt": 1200, "endedAt": 3300, "duration": 2100,
        "status": "KILLED", "reason": KILLED, "forced": True,
        "lastStack": ['File "job.py", line 3, in spin', "  spin()"],
    }  # fmt: skip
    assert (story[1]["status"], story[1]["stageAttempt"], story[1]["reason"]) == ("SUCCESS", 1, "")
    assert (story[2]["status"], story[2].get("endedAt"), story[2]["pid"]) == ("RUNNING", None, 4712)


def test_a_task_that_never_ran_has_no_story(store, events):
    events.begin(0, stage(0))

    assert task_story(store.stage_attempts(0), 7, store) == []
