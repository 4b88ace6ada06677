"""A thread of the user's is interrupted from outside; those of the engine are not."""

from __future__ import annotations

import threading

import pytest

from pyspark_shell.rest.port import Refusal
from tests.processes.waiting import wait_for, within


class Worker(threading.Thread):
    """Runs until it is interrupted."""

    def __init__(self):
        super().__init__(name="my worker", daemon=True)
        self.ended_by = None
        self.over = threading.Event()

    def run(self):
        try:
            while not self.over.is_set():
                pass
        except BaseException as error:
            self.ended_by = type(error)


@pytest.fixture
def worker(sc):
    worker = Worker()
    worker.start()
    yield worker
    worker.over.set()
    worker.join(within(10))


def test_a_thread_of_the_users_is_interrupted_at_its_next_line(engine, worker):
    answer = engine.interrupt_thread(worker.ident)

    assert answer == {
        "threadId": worker.ident, "threadName": "my worker", "result": "interrupting"
    }  # fmt: skip
    worker.join(within(5))
    assert worker.ended_by is KeyboardInterrupt


def test_the_main_thread_gets_ctrl_c(engine):
    def interrupt_and_wait():
        engine.interrupt_thread(threading.main_thread().ident)
        wait_for(lambda: False, "the interrupt")

    with pytest.raises(KeyboardInterrupt):
        interrupt_and_wait()


def test_threads_of_the_engine_and_those_that_are_gone_are_refused(engine):
    rows = engine.executor_threads("driver")
    scheduler = next(row for row in rows if row["threadName"] == "dag-scheduler-event-loop")

    with pytest.raises(Refusal) as refused:
        engine.interrupt_thread(scheduler["threadId"])
    with pytest.raises(Refusal) as unknown:
        engine.interrupt_thread(1)

    assert (refused.value.status, unknown.value.status) == (403, 404)
    assert "is the engine's" in refused.value.message
