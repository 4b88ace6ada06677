"""What a thread does is read from its innermost line and the kernel's word."""

from __future__ import annotations

import linecache
import sys
import threading
from types import SimpleNamespace

import pytest

from pyspark_shell.common.cell import Cell, name_cell_files
from pyspark_shell.common.native_stacks import with_source
from pyspark_shell.common.threads import ENGINE_THREADS, LISTENER_PREFIX
from pyspark_shell.executor import thread_states
from pyspark_shell.executor.thread_states import (
    StartSites,
    ThreadState,
    ThreadWatch,
    describe_threads,
    top_user_frame,
)


@pytest.fixture
def frame_at(monkeypatch):
    """A frame whose current line is `source`."""

    def frame_at(source, file_name="job.py", function="work", **local_variables):
        monkeypatch.setattr(linecache, "getline", lambda name, line: source)
        code = SimpleNamespace(co_filename=file_name, co_name=function)
        return SimpleNamespace(f_code=code, f_lineno=3, f_locals=local_variables, f_back=None)

    return frame_at


def thread_state(stack=(), **changes):
    fields = {
        "thread_id": 1, "native_id": 2, "name": "n", "is_daemon": False, "state": "RUNNABLE",
        "owner": "user", "started_at": "", "cpu_percent": None, "waits_for": "",
        "keeps_process_alive": True, "stack": list(stack),
    }  # fmt: skip
    return ThreadState(**{**fields, **changes})


@pytest.mark.parametrize(
    ("line", "state", "waits_for"),
    [
        ("time.sleep(5)", "TIMED_WAITING", "time.sleep"),
        ("sleep(5)", "TIMED_WAITING", "time.sleep"),
        ("worker.join()", "WAITING", "the end of a thread"),
        ("worker.join(timeout=3)", "TIMED_WAITING", "the end of a thread"),
        ("lock.acquire()", "WAITING", "a lock"),
        ("with self._lock:", "WAITING", "a lock"),
        ("ready.wait()", "WAITING", "an event"),
        ("queue.get(timeout=1)", "TIMED_WAITING", "a queue"),
        ("future.result()", "WAITING", "a future"),
        ("select.select([a], [], [])", "RUNNABLE", "descriptors"),
        ("sock.recv(1)", "RUNNABLE", "input"),
        ("answer = input()", "RUNNABLE", "input"),
    ],
)
def test_a_line_tells_what_a_sleeping_thread_waits_for(frame_at, line, state, waits_for):
    assert thread_states._state(frame_at(line), "S", False) == (state, waits_for)


def test_a_thread_that_uses_the_processor_runs_whatever_its_line_says(frame_at):
    assert thread_states._state(frame_at("time.sleep(5)"), "R", False) == ("RUNNABLE", "")


def test_a_sleeping_thread_without_a_wait_is_blocked_by_the_interpreter(frame_at):
    state, waits_for = thread_states._state(frame_at("x += 1"), "S", False)

    assert state == "BLOCKED"
    assert "the interpreter" in waits_for


def test_a_thread_that_slept_through_waits_for_its_call(frame_at):
    state = thread_states._state(frame_at("library.compute(x)"), "S", True)

    assert state == ("WAITING", "a call that has not returned")


def test_without_the_kernel_s_word_a_plain_line_runs(frame_at):
    assert thread_states._state(frame_at("x += 1"), "", False) == ("RUNNABLE", "")


def test_a_thread_without_a_frame_is_gone():
    assert thread_states._state(None, "", False) == ("TERMINATED", "")


@pytest.mark.parametrize(
    ("file_name", "function", "timeout", "state", "waits_for"),
    [
        ("threading.py", "wait", None, "WAITING", "an event"),
        ("threading.py", "wait", 3.0, "TIMED_WAITING", "an event"),
        ("threading.py", "_wait_for_tstate_lock", -1, "WAITING", "the end of a thread"),
        ("queue.py", "get", None, "WAITING", "a queue"),
        ("selectors.py", "select", 3.0, "RUNNABLE", "descriptors"),
    ],
)
def test_library_functions_are_known_by_name(
    frame_at, file_name, function, timeout, state, waits_for
):
    frame = frame_at("anything", f"/usr/lib/python3/{file_name}", function, timeout=timeout)

    assert thread_states._state(frame, "S", False) == (state, waits_for)


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        (sorted(ENGINE_THREADS)[0], "engine"),
        (f"{LISTENER_PREFIX}appStatus", "engine"),
        ("IOPub", "jupyter"),
        ("Thread-7 (work)", "user"),
        ("MainThread", "user"),
    ],
)
def test_a_thread_belongs_to_whom_its_name_says(name, owner):
    assert thread_states._owner(threading.Thread(name=name)) == owner


def test_the_row_has_spark_s_names_and_ours():
    row = thread_state(["File ..."], waits_for="a lock", task_id=17, job_id=3).to_json()

    assert (row["threadId"], row["threadName"], row["threadState"]) == (1, "n", "RUNNABLE")
    assert row["stackTrace"] == {"elems": ["File ..."]}
    assert (row["lockName"], row["taskId"], row["jobId"]) == ("a lock", 17, 3)
    assert row["keepsProcessAlive"] is True


def test_a_thread_without_a_task_names_none():
    row = thread_state().to_json()

    assert "taskId" not in row
    assert "jobId" not in row


def test_this_thread_is_seen_with_its_stack():
    watch = ThreadWatch()

    (main,) = [state for state in watch.describe(task_id=5) if state.task_id == 5]

    assert main.thread_id == threading.main_thread().ident
    assert any("test_this_thread_is_seen_with_its_stack" in frame for frame in main.stack)
    assert not main.keeps_process_alive


def test_the_task_s_thread_comes_first():
    rows = describe_threads(task_id=9)

    assert rows[0]["taskId"] == 9
    assert all("taskId" not in row for row in rows[1:])
    assert all("taskId" not in row for row in describe_threads())


@pytest.fixture
def watch(monkeypatch):
    """A watch of one thread, whose readings are given."""

    def watch(*readings):
        usages = iter([thread_states._Usage(*reading) for reading in readings])
        monkeypatch.setattr(thread_states, "_native_ids", lambda: [77])
        monkeypatch.setattr(thread_states, "_usage", lambda native_id: next(usages))
        return ThreadWatch()

    return watch


def test_shares_of_the_processor_are_those_between_two_readings(watch):
    watch = watch((1.0, 10.0, "S", 5), (1.5, 12.0, "S", 9))

    watch.sample()
    first = dict(watch._shares)
    watch.sample()

    assert first == {}
    assert watch._shares == {77: 25.0}


def test_a_share_is_of_one_to_two_seconds_however_often_somebody_looks(watch):
    looks = [(0.0, 10.0), (0.0, 10.5), (0.5, 11.0), (0.5, 11.1), (1.0, 11.9), (1.1, 12.0)]
    watch = watch(*[(cpu_s, at_s, "R", 0) for cpu_s, at_s in looks])

    seen = []
    for _ in looks:
        watch.sample()
        seen.append((watch._shares.get(77), round(watch.window_s, 1)))

    assert seen == [(None, 0), (0.0, 0.5), (50.0, 1.0), (45.5, 1.1), (52.6, 1.9), (60.0, 1.0)]


@pytest.mark.parametrize(
    ("kernel_state", "switches", "still"), [("S", 5, {77}), ("S", 6, set()), ("R", 5, set())]
)
def test_only_a_thread_that_slept_all_the_time_is_still(watch, kernel_state, switches, still):
    watch = watch((1.0, 10.0, "S", 5), (1.0, 11.0, kernel_state, switches))

    watch.sample()
    watch.sample()

    assert watch._still == still


def test_the_innermost_frame_of_the_user_s_is_found():
    stack = [
        f'File "{__file__}", line 1, in outer',
        'File "/home/me/job.py", line 2, in spin',
        f'File "{threading.__file__}", line 3, in wait',
        f'File "{thread_states.__file__}", line 4, in engine',
    ]

    assert top_user_frame(thread_state(stack)) == stack[1]
    assert top_user_frame(thread_state(stack[2:])) == stack[3]
    assert top_user_frame(thread_state()) == ""


def test_start_sites_are_noted_only_while_they_are_watched(monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", lambda thread: None)
    plain = threading.Thread.start
    sites, noted, unnoted = StartSites(), threading.Thread(), threading.Thread()

    sites.watch()
    sites.watch()
    line = sys._getframe().f_lineno + 1
    noted.start()
    sites.unwatch()
    unnoted.start()

    assert thread_states.started_at(noted).endswith(f"{__file__}:{line}")
    assert thread_states.started_at(unnoted) == ""
    assert threading.Thread.start is plain


def test_code_of_a_cell_goes_by_the_cell_s_name():
    name_cell_files(lambda file: "In[2]" if file == "/tmp/ipykernel_7/1.py" else None)
    over, ready = threading.Event(), threading.Event()
    names = {"ready": ready, "over": over}
    code = "def wait():\n    ready.set()\n    over.wait()\n"
    exec(compile(code, "/tmp/ipykernel_7/1.py", "exec"), names)
    thread = threading.Thread(target=names["wait"], name="of a cell", daemon=True)
    thread._pyspark_shell_cell = Cell("cell-1", 2)
    try:
        thread.start()
        ready.wait()
        [row] = [row for row in describe_threads() if row["threadName"] == "of a cell"]
    finally:
        over.set()
        thread.join()
        name_cell_files(None)

    assert any(
        each.startswith('File "In[2]", line 3, in wait') for each in row["stackTrace"]["elems"]
    )
    assert row["cell"] == {"id": "cell-1", "prompt": 2}


def test_what_an_executor_says_of_a_cell_is_told_by_its_name_and_source(monkeypatch):
    monkeypatch.setattr(linecache, "getline", lambda file, line: f"{line} of {file}")
    name_cell_files(lambda file: "In[2]" if file == "cell.py" else None)
    try:
        told = with_source('File "cell.py", line 3, in spin')
        kept = with_source('File "cell.py", line 3, in spin\n    own')
    finally:
        name_cell_files(None)

    assert told == 'File "In[2]", line 3, in spin\n    3 of cell.py'
    assert kept == 'File "In[2]", line 3, in spin\n    own'
