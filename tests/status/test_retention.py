"""What is remembered, and for how long."""

from __future__ import annotations

from pyspark_shell.status.app_status_store import AppStatusStore
from tests.status.listener_events import Events, stage


def run_jobs(events, numbers, tasks=1):
    for number in numbers:
        info = stage(number, tasks)
        events.begin(number, info)
        for index in range(tasks):
            events.finish(info, events.launch(info, index))
        events.complete(info)
        events.end_job(number)


def test_of_1200_jobs_a_thousand_or_a_tenth_more_are_kept():
    store = AppStatusStore()
    run_jobs(Events(store), range(1200))

    assert 1000 <= len(store.jobs) <= 1100
    assert 1000 <= len(store.stages) <= 1100
    assert list(store.jobs)[-1] == 1199


def test_at_no_moment_are_there_fewer_than_the_limit_or_a_tenth_more():
    store = AppStatusStore(retained_jobs=50, retained_stages=50)
    events = Events(store)
    run_jobs(events, range(50))

    for number in range(50, 300):
        run_jobs(events, [number])
        assert 50 <= len(store.jobs) <= 55


def test_running_jobs_and_killed_ones_with_tasks_are_never_dropped():
    store = AppStatusStore(retained_jobs=10, retained_stages=10)
    events = Events(store)
    running, zombie = stage(0), stage(1)
    events.begin(0, running)
    events.launch(running)
    events.begin(1, zombie)
    events.launch(zombie)
    events.complete(zombie, reason="killed")
    events.end_job(1, "killed", cancelled=True)

    run_jobs(events, range(2, 100))

    assert store.job(0) is not None
    assert store.job(1) is not None
    assert store.stage(0, 0).num_active_tasks == store.stage(1, 0).num_active_tasks == 1


def test_tasks_beyond_the_limit_go_oldest_first_and_running_ones_last():
    store = AppStatusStore(retained_tasks=100)
    events = Events(store)
    info = stage(0, tasks=500)
    events.begin(0, info)
    running = events.launch(info, 0)

    for index in range(1, 500):
        events.finish(info, events.launch(info, index))

    kept = list(store.stage(0, 0).tasks)
    assert 90 <= len(kept) <= 100
    assert kept[0] == running.task_id
    assert kept[-1] == 499
    assert kept[1:] == list(range(kept[1], 500))
    assert store.stage(0, 0).num_complete_tasks == 499


def test_tasks_of_old_stages_make_room_for_those_of_new_ones():
    store = AppStatusStore(retained_tasks=100)

    run_jobs(Events(store), range(50), tasks=10)

    kept = [len(row.tasks) for row in store.stages.values()]
    assert 190 <= sum(kept) <= 200, "twice as many as of one stage"
    assert (kept[0], kept[-1]) == (0, 10)


def test_each_stage_may_have_its_limit():
    store = AppStatusStore(retained_tasks=100)

    run_jobs(Events(store), range(2), tasks=100)

    assert [len(row.tasks) for row in store.stages.values()] == [100, 100]


def test_tasks_of_forgotten_stages_are_not_counted():
    store = AppStatusStore(retained_jobs=5, retained_stages=5, retained_tasks=1000)

    run_jobs(Events(store), range(200), tasks=10)

    assert sum(len(row.tasks) for row in store.stages.values()) == 50


def test_events_of_a_dropped_stage_change_nothing():
    store = AppStatusStore(retained_jobs=1, retained_stages=1)
    events = Events(store)
    run_jobs(events, range(9))
    before = list(store.stages)

    events.finish(stage(0), events.launch(stage(0)))
    events.end_job(0)

    assert list(store.stages) == before
