"""Threads as text: header, state and frames of each, and a summary."""

import threading

from pyspark_shell.executor.thread_dump import dump_text, summary
from pyspark_shell.executor.thread_states import ThreadState, ThreadWatch


def state(name="user-bg", thread_state="WAITING", **changes):
    fields = {
        "thread_id": 7,
        "native_id": 70,
        "name": name,
        "is_daemon": True,
        "state": thread_state,
        "owner": "user",
        "started_at": "",
        "cpu_percent": None,
        "waits_for": "a lock",
        "keeps_process_alive": False,
        "stack": ['File "job.py", line 1, in <module>', 'File "job.py", line 3, in work\n    pass'],
    }
    return ThreadState(**(fields | changes))


def test_a_thread_has_header_state_and_frames_innermost_first():
    _, text = dump_text([state()]).split("\n\n")

    assert text.splitlines() == [
        '"user-bg" #7 daemon prio=5 nid=70 owner=user',
        "   state: WAITING (waits for a lock)",
        '\tat File "job.py", line 3, in work',
        "    pass",
        '\tat File "job.py", line 1, in <module>',
    ]


def test_a_task_s_thread_names_it_and_only_daemons_are_called_so():
    text = dump_text([state(is_daemon=False, waits_for="", task_id=12)])

    assert '"user-bg" #7 prio=5 nid=70 owner=user TID=12\n   state: WAITING\n' in text


def test_the_summary_counts_states_and_gives_their_shares():
    states = [state(thread_state=s) for s in ("RUNNABLE", "WAITING", "WAITING", "TIMED_WAITING")]

    shares = "WAITING 2 (50 %), RUNNABLE 1 (25 %), TIMED_WAITING 1 (25 %)"
    assert summary(states) == f"4 threads: {shares}"


def test_a_thread_that_has_no_frames_any_more_is_terminated():
    watch = ThreadWatch()
    over = threading.Event()
    thread = threading.Thread(target=over.wait, name="gone", daemon=True)
    thread.start()
    over.set()
    thread.join()

    gone = watch._describe(thread, None, None)

    assert (gone.state, gone.stack, gone.waits_for) == ("TERMINATED", [], "")
    assert '"gone" #' in dump_text([gone])


def test_threads_come_task_first_then_by_name_whatever_its_case_then_by_id():
    over = threading.Event()
    names = ["bravo", "Alpha", "Charlie", "alpha"]
    threads = [threading.Thread(target=over.wait, name=f"test-{name}") for name in names]
    for thread in threads:
        thread.start()
    try:
        found = ThreadWatch().describe(task_id=3)
    finally:
        over.set()
        for thread in threads:
            thread.join()

    assert found[0].task_id == 3
    assert found[0].thread_id == threading.main_thread().ident
    ours = [(s.name.lower(), s.thread_id) for s in found if s.name.startswith("test-")]
    assert ours == sorted((t.name.lower(), t.ident) for t in threads)
