"""The process table: never half a row, whoever reads it, and intents that are read once."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pyspark_shell.common import process_table
from pyspark_shell.common.process_identity import start_time
from pyspark_shell.common.process_table import (
    INTENTS,
    JOB_ROWS,
    MAX_JOBS,
    MAX_TAGS,
    NONE,
    KillIntent,
    KillScope,
    ProcessTable,
    SlotRow,
    outside_reason,
)
from pyspark_shell.scheduler.process_table import ProcessTableWriter


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "process-table")


@pytest.fixture
def writer(path):
    writer = ProcessTableWriter(path, slots=2, kill_timeout_s=2.0)
    yield writer
    writer.close()


@pytest.fixture
def reader(writer):
    with ProcessTable(writer.path) as table:
        yield table


def row(**changes):
    fields = {
        "executor_id": 0, "pid": os.getpid(), "start_time": start_time(os.getpid()),
        "task_id": NONE, "stage_id": NONE, "job_ids": (),
    }  # fmt: skip
    return SlotRow(**{**fields, **changes})


def intent(scope=KillScope.JOB, target=7, reason="why", who="me"):
    return KillIntent(scope, target, reason, who, at_ms=5)


def test_a_new_table_is_empty_private_and_tells_the_deadline(writer, reader):
    assert reader.rows() == []
    assert reader.intents() == []
    assert reader.kill_timeout_s == 2.0
    assert stat.S_IMODE(os.stat(writer.path).st_mode) == 0o600


def test_no_deadline_is_none(path):
    writer = ProcessTableWriter(path, 1, -1.0)
    with ProcessTable(path) as table:
        assert table.kill_timeout_s is None
    writer.close()


def test_driver_and_zygote_are_told_with_their_start_times(writer, reader):
    writer.zygote_started(os.getppid())

    processes = reader.processes()

    assert (processes.driver_pid, processes.zygote_pid) == (os.getpid(), os.getppid())
    assert processes.driver_start_time == start_time(os.getpid())
    assert processes.zygote_start_time == start_time(os.getppid())


def test_an_executor_is_there_from_its_birth_to_its_end_with_what_it_runs(writer, reader):
    writer.executor_started("0", os.getpid())
    assert reader.rows() == [row()]

    writer.task_started("0", task_id=12, stage_id=3, job_ids={7})
    assert reader.rows() == [row(task_id=12, stage_id=3, job_ids=(7,))]

    writer.task_ended("0")
    writer.write_ends()
    assert reader.rows() == [row()]

    writer.executor_ended("0")
    assert reader.rows() == []


def test_rows_are_used_again(writer, reader):
    for number in range(20):
        writer.executor_started(str(number), os.getpid())
        writer.executor_ended(str(number))
    writer.executor_started("20", os.getpid())

    assert reader.rows() == [row(executor_id=20)]


def test_more_executors_than_rows_are_left_out(writer, reader):
    for number in range(9):
        writer.executor_started(str(number), os.getpid())
        writer.task_started(str(number), number, 0, {0})

    assert [each.executor_id for each in reader.rows()] == [0, 1, 2, 3]


def test_of_many_jobs_the_first_are_shown(writer, reader):
    writer.executor_started("0", os.getpid())
    writer.task_started("0", 1, 2, set(range(100)))

    assert reader.rows()[0].job_ids == tuple(range(MAX_JOBS))


def test_jobs_that_came_later_are_shown_after_a_change(writer, reader):
    jobs = {7}
    writer.executor_started("0", os.getpid())
    writer.task_started("0", 1, 2, jobs)
    jobs.add(8)
    writer.jobs_changed()

    assert reader.rows()[0].job_ids == (7, 8)


@pytest.mark.parametrize(
    ("meant", "scope", "target"),
    [
        (True, KillScope.JOB, 7),
        (False, KillScope.JOB, 8),
        (True, KillScope.STAGE, 3),
        (False, KillScope.STAGE, 4),
        (True, KillScope.TASK, 12),
        (False, KillScope.TASK, 3),
        (True, KillScope.EXECUTOR, 0),
        (False, KillScope.EXECUTOR, 1),
        (True, KillScope.APPLICATION, NONE),
    ],
)
def test_who_is_meant_by_an_intent(meant, scope, target):
    busy = row(task_id=12, stage_id=3, job_ids=(7,))

    assert busy.is_meant_by(intent(scope, target)) is meant


class Job:
    def __init__(self, job_id, group=None, tags=()):
        self.job_id, self.group, self.tags = job_id, group, set(tags)


def test_jobs_are_found_by_the_names_of_their_group_and_tags(writer, reader):
    writer.job_started(Job(3, "nightly", {"heavy", "ü"}))
    writer.job_started(Job(4, "daily", {"heavy"}))
    writer.job_started(Job(5))

    def named(scope, name):
        return reader.jobs_named_by(KillIntent.by_name(scope, name, "why", "me"))

    assert named(KillScope.GROUP, "nightly") == {3}
    assert named(KillScope.TAG, "heavy") == {3, 4}
    assert named(KillScope.TAG, "ü") == {3}
    assert named(KillScope.TAG, "nightly") == set()
    assert named(KillScope.GROUP, "") == set()
    writer.job_ended(3)
    assert named(KillScope.TAG, "heavy") == {4}
    assert [job.job_id for job in reader.jobs()] == [4, 5]


def test_jobs_and_tags_beyond_the_tables_room_are_left_out(writer, reader):
    for number in range(JOB_ROWS + 5):
        writer.job_started(Job(number, tags=map(str, range(MAX_TAGS + 5))))
    for number in range(JOB_ROWS + 5):
        writer.job_ended(number)
    writer.job_started(Job(99))

    assert [job.job_id for job in reader.jobs()] == [99]


def test_a_task_is_meant_by_a_groups_intent_if_all_its_jobs_are():
    by_name = KillIntent.by_name(KillScope.GROUP, "nightly", "why", "me")

    assert row(task_id=1, job_ids=(7, 8)).is_meant_by(by_name, frozenset({7, 8, 9}))
    assert not row(task_id=1, job_ids=(7, 8)).is_meant_by(by_name, frozenset({7}))
    assert not row(task_id=1, job_ids=()).is_meant_by(by_name, frozenset({7}))
    assert not row(job_ids=(7,)).is_meant_by(by_name, frozenset({7}))
    many = tuple(range(MAX_JOBS))
    assert not row(task_id=1, job_ids=many).is_meant_by(by_name, frozenset(many)), "more may wait"


def test_an_executor_learns_why_its_jobs_group_is_killed(writer, reader):
    writer.job_started(Job(7, "nightly"))
    writer.executor_started("0", os.getpid())
    writer.task_started("0", 12, 3, {7})
    reader.announce(KillIntent.by_name(KillScope.GROUP, "daily", "not this", "me"))
    reader.announce(KillIntent.by_name(KillScope.GROUP, "nightly", "this", "me"))
    reader.announce(KillIntent.by_name(KillScope.TAG, "nightly", "nor that", "me"))

    assert outside_reason(writer.path, 12) == "this"


def test_a_task_that_another_job_needs_is_not_meant_by_a_jobs_intent():
    assert not row(task_id=1, stage_id=2, job_ids=(7, 8)).is_meant_by(intent())


def test_an_idle_executor_is_not_meant_by_intents_about_work():
    assert not row().is_meant_by(intent(KillScope.TASK, NONE + 1))
    assert not row().is_meant_by(intent())
    assert row().is_meant_by(intent(KillScope.EXECUTOR, 0))


def test_intents_are_read_once_in_order(writer, reader):
    first, second = intent(reason="weil é"), intent(KillScope.STAGE, 3)
    reader.announce(first)
    reader.announce(second)

    assert writer.new_intents() == [first, second]
    assert writer.new_intents() == []
    assert reader.intents() == [first, second]


def test_the_ring_of_intents_keeps_the_newest(writer, reader):
    for number in range(INTENTS + 5):
        reader.announce(intent(target=number))

    assert [each.target for each in writer.new_intents()] == list(range(5, INTENTS + 5))


def test_long_texts_are_cut_between_letters(writer, reader):
    reader.announce(intent(reason="é" * 1000, who="仕" * 1000))

    (read,) = writer.new_intents()
    assert set(read.reason) == {"é"}
    assert set(read.who) == {"仕"}


def test_a_task_learns_why_it_is_killed(writer, reader):
    writer.executor_started("0", os.getpid())
    writer.task_started("0", 12, 3, {7})
    assert outside_reason(writer.path, 12) is None

    reader.announce(intent(reason="first"))
    reader.announce(intent(KillScope.JOB, 8, reason="another's"))

    assert outside_reason(writer.path, 12) == "first"
    assert outside_reason(writer.path, 13) is None
    assert outside_reason("/nonexistent", 12) is None


def test_a_reader_never_sees_half_a_row(writer, reader):
    """The writer and many readers at once; every row read is one that was written."""
    writer.executor_started("0", os.getpid())
    over = threading.Event()

    def write():
        number = 0
        while not over.is_set():
            number += 1
            writer.task_started("0", number, number, {number})

    thread = threading.Thread(target=write)
    thread.start()
    program = f"""
from pyspark_shell.common.process_table import ProcessTable
with ProcessTable({writer.path!r}) as table:
    for _ in range(3000):
        (row,) = table.rows()
        jobs = (row.task_id,) if row.task_id >= 0 else ()
        assert (row.stage_id, row.job_ids) == (row.task_id, jobs)
"""
    try:
        readers = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
        assert [each.wait() for each in readers] == [0, 0]
    finally:
        over.set()
        thread.join()


def test_many_killers_at_once_lose_no_intent(writer):
    program = f"""
import sys
from pyspark_shell.common.process_table import KillIntent, KillScope, ProcessTable
with ProcessTable({writer.path!r}) as table:
    for number in range(8):
        table.announce(KillIntent(KillScope.JOB, number, "r", "w"))
"""
    killers = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]
    assert [each.wait() for each in killers] == [0] * 4

    assert sorted(each.target for each in writer.new_intents()) == sorted(list(range(8)) * 4)


def test_a_killer_that_was_stopped_while_it_wrote_does_not_stop_others(writer, reader):
    with open(writer.path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        reader.announce(intent())

    assert writer.new_intents() == [intent()]


def test_an_intent_that_is_no_whole_one_is_passed_over(writer, reader):
    reader.announce(intent(target=1))
    reader.announce(intent(target=2))
    at = process_table._intents_at(reader.slots)
    reader._memory[at : at + 8] = b"\xff" * 8

    assert [each.target for each in writer.new_intents()] == [2]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: os.truncate(path, 10),
        lambda path: os.truncate(path, 200),
        lambda path: os.chmod(path, 0o644),
        lambda path: Path(path).write_bytes(b"something" * 1000),
    ],
)
def test_what_is_no_private_table_is_refused(writer, spoil):
    spoil(writer.path)

    with pytest.raises(ValueError, match=r"process table|private"):
        ProcessTable(writer.path)


def test_a_link_is_not_followed(writer, tmp_path):
    (tmp_path / "link").symlink_to(writer.path)

    with pytest.raises(OSError, match="symbolic links"):
        ProcessTable(str(tmp_path / "link"))


def test_where_no_file_can_be_made_the_application_does_without(tmp_path, caplog):
    writer = ProcessTableWriter(str(tmp_path / "no" / "folder"), 2, 2.0)

    writer.executor_started("0", os.getpid())
    writer.task_started("0", 1, 2, {3})

    assert writer.new_intents() == []
    assert "no process table" in caplog.text
    writer.close()


def test_closing_removes_the_file_and_late_writes_do_no_harm(writer, path):
    writer.executor_started("0", os.getpid())

    writer.close()
    writer.task_started("0", 1, 2, {3})

    assert not os.path.exists(path)
    assert writer.new_intents() == []
