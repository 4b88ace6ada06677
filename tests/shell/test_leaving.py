import queue
import threading

import pytest

from pyspark_shell.common.errors import SparkJobCancelled
from pyspark_shell.shell.leaving import QuietThreads, keepers, leaving_text
from tests.processes.waiting import wait_for


@pytest.fixture
def waiting():
    """Start threads that wait for a queue."""
    gate = queue.Queue()
    started = []

    def start(target=gate.get, **options):
        thread = threading.Thread(target=target, **options)
        thread.start()
        started.append(thread)
        wait_for(lambda: thread.is_alive(), "the thread's start")
        return thread

    start.gate = gate
    yield start
    for _ in started:
        gate.put(None)
    for thread in started:
        thread.join()


def described(thread, what):
    """The text about a thread, once it has come where it waits."""
    return wait_for(lambda: what in (text := leaving_text([thread])) and text, what)


def test_a_thread_is_told_by_name_call_and_line(waiting):
    def load():
        waiting.gate.get()

    thread = waiting(load, name="loader")

    text = described(thread, "queue.get")

    assert text.startswith('Leaving… 1 thread keeps the process alive: "loader" in queue.get (')
    assert "test_leaving.py:" in text
    assert text.endswith("). Ctrl-C to leave anyway.")


def test_a_thread_without_a_line_of_the_users(waiting):
    assert '"plain" in queue.get' in described(waiting(name="plain"), "queue.get")


def test_daemons_keep_nothing(waiting):
    daemon = waiting(daemon=True)
    keeper = waiting()

    assert keeper in keepers()
    assert daemon not in keepers()
    assert threading.main_thread() not in keepers()


def test_threads_whose_jobs_end_with_the_shell_are_silent(monkeypatch):
    shown = []
    monkeypatch.setattr(threading, "excepthook", lambda args: shown.append(args.exc_type))

    def fail(error):
        raise error

    with QuietThreads():
        for error in (SparkJobCancelled("Job 1 cancelled"), ValueError("mine")):
            thread = threading.Thread(target=fail, args=(error,))
            thread.start()
            thread.join()

    assert shown == [ValueError]
