"""What a kill's card tells, from the order to the last end."""

from __future__ import annotations

import pytest

from pyspark_shell.common.task_end import Success, TaskKilled
from pyspark_shell.listener.events import SparkListenerTaskStuck
from pyspark_shell.status.app_status_store import AppStatusStore
from pyspark_shell.status.kill_log import KilledTask
from pyspark_shell.status.kill_targets import write_down
from pyspark_shell.status.rest_kills import kill_row
from tests.status.listener_events import Events, stage


@pytest.fixture
def store():
    return AppStatusStore()


@pytest.fixture
def events(store):
    events = Events(store)
    events.executor("1", pid=4711)
    return events


@pytest.fixture
def running(events):
    """A job with one task."""
    info = stage(0)
    events.begin(0, info)
    return info, events.launch(info)


def test_a_card_follows_a_kill_to_its_end(store, events, running):
    info, task = running
    store.kills.order("job", "0", "JupyterLab", "enough", 1990, [0])
    ordered = kill_row(store.kills.newest()[0])
    events.end_job(0, "Job 0 cancelled enough", cancelled=True)
    events.post(SparkListenerTaskStuck(task.task_id, 'File "job.py", line 3, in spin\n    spin()'))
    events.finish(info, task, TaskKilled("enough (forced after 2001 ms)"), at_ms=4000)

    card = kill_row(store.kills.newest()[0])

    assert (ordered["state"], ordered["tasks"]) == ("killing", [])
    assert card == {
        "id": 0, "scope": "job", "target": "0", "who": "JupyterLab", "reason": "enough",
        "at": 1990, "jobs": [0], "state": "killed", "tookMs": 2010,
        "tasks": [{
            "taskId": 0, "executorId": "1", "pid": 4711, "endedAfterMs": 2010, "forced": True,
            "lastStack": ['File "job.py", line 3, in spin', "    spin()"],
        }],
    }  # fmt: skip
    assert store.kills.dying == {}
    assert store.executors["1"].forced_kills == 1
    assert (store.job(0).kill_who, store.job(0).kill_reason) == ("JupyterLab", "enough")


def test_a_job_that_was_faster_closes_its_card(store, events, running):
    info, task = running
    store.kills.order("job", "0", "the command", "enough", 1500, [0])

    events.finish(info, task, Success())
    events.complete(info)
    events.end_job(0, at_ms=1600)

    card = kill_row(store.kills.newest()[0])
    assert (card["state"], card["tookMs"], card["tasks"]) == ("killed", 100, [])
    assert store.job(0).kill_state is None


def test_one_order_for_several_jobs_is_one_card(store, events, running):
    other = stage(1)
    events.begin(1, other)
    card = store.kills.order("group", "red", "JupyterLab", "enough", 1500, [0, 1])

    events.end_job(0, "Job 0 cancelled enough", cancelled=True)
    events.end_job(1, "Job 1 cancelled enough", cancelled=True)

    assert store.kills.newest() == [card]
    assert card.took_ms is None
    events.finish(*running, TaskKilled("enough"))
    assert card.took_ms is not None


def test_a_second_order_for_the_same_job_gets_its_own_card(store, events, running):
    first = store.kills.order("job", "0", "JupyterLab", "enough", 1500, [0])
    second = store.kills.order("job", "0", "the command", "now", 1600, [0])

    events.end_job(0, "Job 0 cancelled enough", cancelled=True)
    events.finish(*running, TaskKilled("enough"))

    assert [card.took_ms is not None for card in (first, second)] == [True, True]


def test_a_kill_that_finds_nothing_has_ended_at_once(store):
    card = store.kills.order("group", "red", "the command", "enough", 1500, [])

    assert kill_row(card)["tookMs"] == 0


def test_a_kill_of_an_idle_executor_ends_with_its_process(store, events):
    card = store.kills.order("executor", "1", "JupyterLab", "enough", 3, [])
    waiting = kill_row(card)["state"]

    events.lose_executor("1")

    assert (waiting, kill_row(card)["state"], card.took_ms) == ("killing", "killed", 2)


def test_only_the_newest_cards_are_kept(store):
    for number in range(100):
        store.kills.order("job", str(number), "", "", number, [])

    assert len(store.kills.newest()) == 40
    assert [card.target for card in store.kills.newest(2)] == ["99", "98"]


def test_a_card_does_not_wait_for_what_the_scheduler_does_not_know(store, events, running):
    _, task = running
    card = store.kills.order(
        "task", "0", "JupyterLab", "enough", 1500, tasks=[KilledTask(9, "1", 1)]
    )
    other = store.kills.order("job", "0", "JupyterLab", "enough", 1500, [0])

    events.tell_state(jobs=[0], tasks=[task.task_id], executors=["1"])

    assert (card.took_ms, other.took_ms) == (1500, None)


@pytest.mark.parametrize(("scope", "target"), [("task", "0"), ("job", "0"), ("executor", "1")])
def test_a_target_that_ends_while_its_card_is_written_is_not_waited_for(
    store, events, running, scope, target
):
    """Its last event comes after the look at the rows, before there is a card to find."""
    info, task = running
    order = store.kills.order

    def too_late(*arguments):
        events.finish(info, task, Success(), at_ms=1300)
        events.complete(info)
        events.end_job(0, at_ms=1400)
        events.lose_executor()
        return order(*arguments)

    store.kills.order = too_late
    card = write_down(store, scope, target, "JupyterLab", "enough", 1500)

    assert kill_row(card)["state"] == "killed"
    assert store.kills.dying == {}
