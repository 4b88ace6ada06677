import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pyspark_shell.common.errors import FileAlreadyExistsException, IllegalArgumentException
from pyspark_shell.hadoop.commit import CommitDenied, FileOutputCommitter
from pyspark_shell.hadoop.text_output import write_lines


@pytest.fixture
def committer(tmp_path):
    committer = FileOutputCommitter(str(tmp_path / "out"), job_number=12)
    committer.check_output()
    committer.setup_job()
    return pickle.loads(pickle.dumps(committer))


def run_task(committer, partition, attempt=0, text="x", granted=True):
    with committer.task_attempt(partition, attempt) as task:
        write_lines([text], task.create(".txt"))
        task.commit(lambda: granted)


def tree(path):
    return sorted(
        os.path.relpath(os.path.join(folder, name), path)
        for folder, _, names in os.walk(path)
        for name in names
    )


def test_nothing_is_visible_before_the_job_is_committed(committer, tmp_path):
    run_task(committer, 0)
    run_task(committer, 1)

    assert os.listdir(tmp_path / "out") == ["_temporary"]

    committer.commit_job()

    assert tree(tmp_path / "out") == [
        "._SUCCESS.crc",
        ".part-00000.txt.crc",
        ".part-00001.txt.crc",
        "_SUCCESS",
        "part-00000.txt",
        "part-00001.txt",
    ]
    assert os.listdir(tmp_path / "out") != ["_temporary"]


def test_output_lies_where_hadoop_has_it(committer, tmp_path):
    with committer.task_attempt(3, attempt=1) as task:
        task.create()
        (working,) = tree(tmp_path / "out")
        task.commit(lambda: True)

    committed, checksum = sorted(tree(tmp_path / "out"), reverse=True)
    job = committer._job
    assert working == f"_temporary/0/_temporary/attempt_{job}_m_000003_1/part-00003"
    assert committed == f"_temporary/0/task_{job}_m_000003/part-00003"
    assert checksum.endswith("/.part-00003.crc")
    assert job.endswith("_0012")


def test_attempt_that_fails_leaves_nothing(committer, tmp_path):
    with pytest.raises(ZeroDivisionError), committer.task_attempt(0, 0) as task:
        write_lines((1 // number for number in (1, 0)), task.create())
    run_task(committer, 0, attempt=1, text="whole")

    committer.commit_job()

    assert (tmp_path / "out" / "part-00000.txt").read_text() == "whole\n"
    assert tree(tmp_path / "out") == [
        "._SUCCESS.crc",
        ".part-00000.txt.crc",
        "_SUCCESS",
        "part-00000.txt",
    ]


def test_attempt_without_leave_is_dropped(committer, tmp_path):
    run_task(committer, 0, attempt=0, text="first")

    with pytest.raises(CommitDenied, match="_m_000000_1: Not committed because the driver did not"):
        run_task(committer, 0, attempt=1, text="second", granted=False)

    committer.commit_job()
    assert (tmp_path / "out" / "part-00000.txt").read_text() == "first\n"


def test_what_the_asking_raises_goes_through(committer, tmp_path):
    def ask():
        raise ConnectionError("driver is gone")

    with pytest.raises(ConnectionError), committer.task_attempt(0, 0) as task:
        task.commit(ask)

    assert tree(tmp_path / "out") == []


def test_the_first_commit_of_a_task_stays(committer, tmp_path):
    run_task(committer, 0, attempt=0, text="first")
    with committer.task_attempt(0, 1) as second:
        write_lines(["second"], second.create(".txt"))
        was_first = second.commit(lambda: True)

    committer.commit_job()

    assert not was_first
    assert (tmp_path / "out" / "part-00000.txt").read_text() == "first\n"


def test_of_commits_at_the_same_time_one_stays_whole(committer, tmp_path):
    together = threading.Barrier(8)

    def write(attempt):
        with committer.task_attempt(0, attempt) as task:
            write_lines([str(attempt)] * 1_000, task.create())
            together.wait()
            return task.commit(lambda: True)

    with ThreadPoolExecutor(8) as pool:
        was_first = list(pool.map(write, range(8)))
    committer.commit_job()

    winner = str(was_first.index(True))
    assert was_first.count(True) == 1
    assert (tmp_path / "out" / "part-00000").read_text() == f"{winner}\n" * 1_000


def test_a_task_of_another_job_publishes_nothing_here(committer, tmp_path):
    other = FileOutputCommitter(str(tmp_path / "out"), job_number=11)
    run_task(other, 0, text="of a job that was killed")
    run_task(committer, 1)

    committer.commit_job()

    assert tree(tmp_path / "out") == [
        "._SUCCESS.crc", ".part-00001.txt.crc", "_SUCCESS", "part-00001.txt"
    ]  # fmt: skip


def test_attempts_at_the_same_time_do_not_meet(committer, tmp_path):
    with committer.task_attempt(0, 0) as first, committer.task_attempt(0, 1) as second:
        write_lines(["first"], first.create())
        write_lines(["second"], second.create())
        second.commit(lambda: True)

    committer.commit_job()

    assert (tmp_path / "out" / "part-00000").read_text() == "second\n"


def test_aborted_job_leaves_an_empty_directory(committer, tmp_path):
    run_task(committer, 0)

    committer.abort_job()

    assert os.listdir(tmp_path / "out") == []


def test_job_without_tasks_is_a_success(committer, tmp_path):
    committer.commit_job()

    assert tree(tmp_path / "out") == ["._SUCCESS.crc", "_SUCCESS"]


def test_output_that_exists_is_refused(tmp_path):
    with pytest.raises(
        FileAlreadyExistsException, match=f"Output directory file:{tmp_path} already exists"
    ):
        FileOutputCommitter(f"file:{tmp_path}").check_output()


def test_output_without_a_name_is_refused():
    with pytest.raises(IllegalArgumentException, match="Can not create a Path"):
        FileOutputCommitter("")


def test_an_attempt_that_outlives_its_job_leaves_nothing(tmp_path):
    committer = FileOutputCommitter(str(tmp_path / "out"))
    committer.setup_job()
    late, writing = committer.task_attempt(0, 1), committer.task_attempt(1, 2)
    file = writing.create()
    file.write(b"begun")

    committer.abort_job()

    file.write(b"went on")
    with pytest.raises(FileNotFoundError):
        late.create()
    late.abort()
    writing.abort()
    assert os.listdir(tmp_path / "out") == []
