"""Where threads are, since when, and what keeps them: only what Python knows."""

from __future__ import annotations

import functools
import sys
import threading

import pytest

from pyspark_shell.common.call_site import is_user_file
from pyspark_shell.common.native_stacks import native_rows, read_stacks, with_source
from pyspark_shell.executor import blockers, line_memory
from pyspark_shell.executor.blockers import Blocker
from pyspark_shell.executor.line_memory import LineMemory, innermost_user_frame
from pyspark_shell.executor.thread_states import ThreadWatch
from tests.processes.waiting import wait_for


@pytest.fixture
def clock(monkeypatch):
    """Yield a list whose only entry is what time it is."""
    now = [100.0]
    monkeypatch.setattr(line_memory.time, "monotonic", lambda: now[0])
    return now


def test_a_thread_that_is_always_found_in_one_line_has_been_there_since_the_first_look(clock):
    memory = LineMemory()
    memory.seconds_at(1, "line 3")
    clock[0] = 104.0
    memory.seconds_at(1, "line 3")
    clock[0] = 110.0

    assert memory.seconds_at(1, "line 3") == 10.0


def test_another_line_begins_anew_and_threads_do_not_share_their_time(clock):
    memory = LineMemory()
    memory.seconds_at(1, "line 3")
    memory.seconds_at(2, "line 3")
    clock[0] = 110.0

    assert memory.seconds_at(1, "line 4") == 0.0
    assert memory.seconds_at(2, "line 3") == 10.0


def test_threads_that_are_no_more_are_forgotten(clock):
    memory = LineMemory()
    memory.seconds_at(1, "line 3")
    memory.keep(lambda thread: False)
    clock[0] = 110.0

    assert memory.seconds_at(1, "line 3") == 0.0


def test_the_innermost_user_frame_is_below_libraries():
    seen = []

    def key(value):
        seen.append(sys._getframe(0))
        return value

    functools.reduce(lambda a, b: key(a), [1, 2])
    frame = innermost_user_frame(seen[0])

    assert frame.f_code.co_name == "key"
    assert is_user_file(__file__)
    assert not is_user_file(threading.__file__)
    assert not is_user_file(pytest.__file__)
    assert not is_user_file(line_memory.__file__)
    assert not is_user_file("<frozen importlib._bootstrap>")


# What keeps a thread ----------------------------------------------------------------------------


@pytest.fixture
def blocked():
    """Yield a function that runs another in a thread, and gives that thread's state in time."""
    over = []

    def begin(function, release):
        thread = threading.Thread(target=function, name="blocked", daemon=True)
        over.append((thread, release))
        thread.start()
        watch = ThreadWatch()

        def waiting():
            watch.refresh()
            [state] = [s for s in watch.describe() if s.thread_id == thread.ident]
            return state if state.blocked_by is not None else None

        return wait_for(waiting, "the thread to wait")

    yield begin
    for thread, release in over:
        release()
        thread.join()


def test_a_reentrant_lock_tells_who_has_it(blocked):
    lock = threading.RLock()
    lock.acquire()

    def take():
        with lock:
            pass

    state = blocked(take, lock.release)

    assert state.blocked_by == Blocker("lock lock", threading.get_ident())
    row = state.to_json()
    assert (row["blockedByLock"], row["blockedByThreadId"]) == ("lock lock", threading.get_ident())


def test_a_plain_lock_has_a_name_and_no_owner(blocked):
    class Account:
        def __init__(self):
            self.lock = threading.Lock()

        def take(self):
            self.lock.acquire()
            self.lock.release()

    account = Account()
    account.lock.acquire()

    state = blocked(account.take, account.lock.release)

    assert state.blocked_by == Blocker("lock self.lock", None)
    assert "blockedByThreadId" not in state.to_json()


def test_a_join_waits_for_its_thread(blocked):
    ready = threading.Event()
    loader = threading.Thread(target=ready.wait, name="loader")
    loader.start()

    state = blocked(loader.join, ready.set)

    assert state.blocked_by == Blocker("thread loader", loader.ident)


def test_no_property_of_the_users_runs():
    class Trap:
        @property
        def lock(self):
            raise AssertionError("it was asked")

    trap = Trap()
    frame = sys._getframe()

    assert blockers._lock("trap.lock", frame) is None
    assert trap is not None


# What faulthandler writes -------------------------------------------------------------------------

DUMP = """\
Thread 0x00007f01 (most recent call first):
  File "/venv/pyspark_shell/executor/message_thread.py", line 90 in _serve
  File "/venv/pyspark_shell/executor/message_thread.py", line 80 in run
  File "/usr/lib/python3.11/threading.py", line 975 in _bootstrap

Thread 0x00007f03 [loader] (most recent call first):
  <no Python frame>

Current thread 0x00007f02 (most recent call first):
  File "/nowhere/re/__init__.py", line 166 in match
  File "/home/me/job.py", line 7 in parse
  File "/home/me/job.py", line 3 in <module>
"""


def test_a_dump_is_read_with_the_main_thread_first_and_outermost_frames_first():
    stacks = read_stacks(DUMP)
    rows = native_rows(stacks, task_id=12, pid=1)

    assert [row["threadName"] for row in rows] == ["MainThread", "loader", "executor-messages"]
    main = rows[0]
    assert main["taskId"] == 12
    assert main["sampledBy"] == "faulthandler"
    assert [line.split(", ", 1)[1] for line in main["stackTrace"]["elems"]] == [
        "line 3, in <module>",
        "line 7, in parse",
        "line 166, in match",
    ]
    assert stacks[-1].place.function == "match"
    assert all("taskId" not in row for row in rows[1:])
    assert rows[2]["owner"] == "engine"
    assert rows[1]["stackTrace"]["elems"] == []


@pytest.mark.parametrize("text", ["", "\n\n", "Fatal Python error: Aborted", "garbage\n  File"])
def test_what_is_no_dump_has_no_threads(text):
    assert read_stacks(text) == []


def test_a_line_is_added_where_this_process_knows_its_source():
    element = f'File "{__file__}", line 1, in f'

    assert with_source(element).endswith('\n    """Where threads are, since when, and what '
                                         'keeps them: only what Python knows."""')  # fmt: skip
    assert with_source('File "/nowhere.py", line 1, in f') == 'File "/nowhere.py", line 1, in f'
    assert with_source("something else") == "something else"
