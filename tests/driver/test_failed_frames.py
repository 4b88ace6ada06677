"""An exception that went through the engine holds nothing of the engine, all of the user."""

from __future__ import annotations

import gc
import weakref

from pyspark_shell.common.errors import JobFailed
from pyspark_shell.driver import failed_frames
from pyspark_shell.driver.failed_frames import empty_frames_soon
from pyspark_shell.driver.job_handle import with_source_lines


class Thing:
    def splitlines(self):
        raise self.error


class Clock:
    """Calls what was planned when told to."""

    def __init__(self):
        self.planned = []

    def later(self, delay_s, action):
        self.planned.append((delay_s, action))

    def run(self):
        planned, self.planned = self.planned, []
        for _, action in planned:
            action()


def through_the_engine(error):
    """Return an exception that a function of the engine had a thing in its hands for."""
    thing = Thing()
    thing.error = error
    gone = weakref.ref(thing)
    try:
        with_source_lines(thing)
    except BaseException as raised:
        del thing.error, thing
        return raised, gone


def held_after(error):
    raised, gone = through_the_engine(error)
    before = gone() is not None
    clock = Clock()
    # Frames of the user's, here of this test, are left alone; so the method's own goes by hand.
    innermost = raised.__traceback__.tb_next.tb_next.tb_frame
    empty_frames_soon(raised, clock.later)
    clock.run()
    innermost.clear()
    return before, gone() is not None


def test_the_engines_frames_are_emptied():
    assert held_after(JobFailed("no")) == (True, False)


def test_those_of_pythons_own_exceptions_too():
    assert held_after(KeyboardInterrupt()) == (True, False)


def test_the_users_frames_keep_their_locals():
    raised, gone = through_the_engine(JobFailed("no"))
    clock = Clock()

    empty_frames_soon(raised, clock.later)
    clock.run()

    innermost = raised.__traceback__.tb_next.tb_next.tb_frame
    assert innermost.f_locals["self"] is gone()


def test_the_exception_is_not_kept_for_it():
    raised, _ = through_the_engine(JobFailed("no"))
    gone = weakref.ref(raised)
    clock = Clock()
    empty_frames_soon(raised, clock.later)

    del raised
    gc.collect()  # the function that kept it is in its traceback

    assert gone() is None
    clock.run()
    assert clock.planned == []


def test_what_still_runs_is_emptied_later(monkeypatch):
    clock = Clock()
    raised, _ = through_the_engine(JobFailed("no"))
    monkeypatch.setattr(failed_frames, "_empty_frames", lambda error: False)

    empty_frames_soon(raised, clock.later)
    for _ in range(5):
        clock.run()

    assert clock.planned == []
