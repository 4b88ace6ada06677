"""Whatever order events come in, and whichever are missed, nothing stays active for ever."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyspark_shell.common.task_end import ExceptionFailure, Success, TaskKilled
from pyspark_shell.status.api import JobStatus
from pyspark_shell.status.app_status_store import AppStatusStore
from tests.status.listener_events import Events, stage

REASONS = (Success(), TaskKilled("enough"), ExceptionFailure("ValueError", "x", "trace"))


class Story:
    """Chains of events, each in its own order; a chain may wait for another's first event."""

    def __init__(self, draw):
        self.store = AppStatusStore()
        self.events = Events(self.store)
        self.chains = []
        self.ended = Counter()
        events = self.events
        events.executor("1")
        events.executor("2")
        stages = [stage(number, tasks=4) for number in range(draw(st.integers(1, 3)))]
        users = {number: [] for number in range(len(stages))}
        for job_id in range(draw(st.integers(1, 3))):
            used = draw(st.sets(st.sampled_from(range(len(stages))), min_size=1))
            cancelled = draw(st.booleans())
            begin = self._begin(job_id, [stages[number] for number in sorted(used)])
            self.chains.append([begin, self._end(job_id, cancelled)])
            for number in used:
                users[number].append(begin)
        for number, begins in users.items():
            if begins:
                self._add_stage(draw, stages[number], begins[0])

    def _add_stage(self, draw, info, after):
        submit = self._later(self.events.submit, info)
        self.chains.append([after, submit, self._later(self.events.complete, info)])
        for index in range(draw(st.integers(0, 3))):
            reason = draw(st.sampled_from(REASONS))
            executor = draw(st.sampled_from("12"))
            self.chains.append([submit, *self._task(info, index, executor, reason)])

    def _begin(self, job_id, stages):
        return self._later(self.events.start_job, job_id, *stages)

    def _end(self, job_id, cancelled):
        error = "killed" if cancelled else None
        return self._later(self.events.end_job, job_id, error, cancelled)

    def _task(self, info, index, executor, reason):
        started = []

        def start():
            started.append(self.events.launch(info, index, executor))

        def end():
            if started:
                self.events.finish(info, started[0], reason)

        return start, end

    @staticmethod
    def _later(call, *args):
        return lambda: call(*args)

    def tell(self, draw, missed=()):
        """One event after the other, each chain in its order, in a random order of chains."""
        done = []
        while left := [c for c in self.chains if any(step not in done for step in c)]:
            ready = [
                step
                for chain in left
                if (step := next(s for s in chain if s not in done)) and self._may_come(step, done)
            ]
            step = draw(st.sampled_from(ready))
            done.append(step)
            if len(done) not in missed:
                step()
            yield

    def _may_come(self, step, done):
        """Whether no chain has something else before it."""
        return all(
            step not in chain or all(before in done for before in chain[: chain.index(step)])
            for chain in self.chains
        )

    def active(self):
        store = self.store
        jobs = [(job.num_active_tasks, job.num_active_stages) for job in store.jobs.values()]
        stages = [row.num_active_tasks for row in store.stages.values()]
        return jobs, stages, [row.active_tasks for row in store.executors.values()]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_all_counts_of_what_runs_end_at_zero_and_are_never_below(data):
    story = Story(data.draw)

    for _ in story.tell(data.draw):
        jobs, stages, executors = story.active()
        assert min([*stages, *executors, *(n for pair in jobs for n in pair)]) >= 0

    jobs, stages, executors = story.active()
    assert {n for pair in jobs for n in pair} | {*stages, *executors} == {0}
    assert story.store.active_job_ids() == []
    assert all(row.is_finished for row in story.store.jobs.values())


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_look_at_the_scheduler_heals_whatever_was_missed(data):
    story = Story(data.draw)
    missed = data.draw(st.sets(st.integers(1, 30)))

    for _ in story.tell(data.draw, missed):
        pass
    story.events.tell_state(executors=["1", "2"])

    jobs, stages, executors = story.active()
    assert {n for pair in jobs for n in pair} | {*stages, *executors} == {0}
    assert story.store.active_stage_ids() == []
    assert all(job.status is not JobStatus.RUNNING for job in story.store.jobs.values())


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_start_after_its_jobs_end_still_counts_down(cancelled):
    store = AppStatusStore()
    events = Events(store)
    info = stage(0)
    events.begin(0, info)
    events.end_job(0, "killed", cancelled)

    task = events.launch(info)
    events.finish(info, task, TaskKilled("killed"))

    assert store.stage(0, 0).num_active_tasks == 0
    assert store.job(0).num_active_tasks == 0
