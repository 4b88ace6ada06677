"""The magics on a real application, without a terminal."""

import os
import time
from types import SimpleNamespace

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from pyspark_shell.common.errors import SparkJobCancelled
from pyspark_shell.shell.completion import complete_magic
from pyspark_shell.shell.magics import register_magics
from pyspark_shell.shell.progress_switch import PROGRESS
from tests.processes.engine import Background
from tests.processes.waiting import wait_for


@pytest.fixture
def shell(tmp_path, monkeypatch, sc):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    shell = InteractiveShell()
    register_magics(shell)
    shell.user_ns.update(sc=sc, gate=str(tmp_path / "gate"), wait=wait_for_file)
    yield shell
    shell.history_manager.end_session()


@pytest.fixture
def say(shell, capsys):
    """Run a magic; gives what it printed."""

    def run(line):
        capsys.readouterr()
        shell.run_line_magic(*line.partition(" ")[::2])
        return capsys.readouterr().out

    return run


@pytest.fixture
def hanging(sc, tmp_path):
    """A job of two tasks that wait, in a group."""
    path = str(tmp_path / "hanging")

    def hang(x):
        open(f"{path}-{x}", "w").close()
        while not os.path.exists(path):
            time.sleep(0.01)

    def run():
        sc.setJobGroup("nightly", None)
        return sc.parallelize(range(2), 2).map(hang).count()

    job = Background(run)
    wait_for(lambda: all(os.path.exists(f"{path}-{x}") for x in range(2)), "both tasks")
    yield job
    open(path, "w").close()
    wait_for(lambda: not sc.statusTracker().getActiveJobsIds(), "the job's end")


def wait_for_file(path):
    while not os.path.exists(path):
        time.sleep(0.01)


def completions(line):
    answer = complete_magic(SimpleNamespace(text_until_cursor=line))
    return [each.text for each in answer["completions"]]


def test_a_guarded_cell_runs_as_any_other(shell, sc):
    value = shell.run_cell_magic(
        "spark_guard", "", "found = sc.parallelize([1, 2]).sum()\nfound + 1"
    )

    assert (value, shell.user_ns["found"]) == (4, 3)
    assert sc._driver.life.kill.guarded == 0
    with pytest.raises(ZeroDivisionError):
        shell.run_cell_magic("spark_guard", "", "1 / 0")


def test_jobs_and_stages_are_listed(sc, say):
    sc.parallelize([(1, 2)], 2).reduceByKey(max).count()
    job_id = max(sc.statusTracker().getJobIdsForGroup(None))

    assert " done " in say("jobs")
    assert "4/4" in say(f"jobs {job_id}")
    assert len(say(f"stages {job_id}").splitlines()) == 3
    assert "reduceByKey at" in say("stages")


def test_a_job_is_killed_and_told_when_it_has_ended(sc, say, hanging):
    (job_id,) = sc.statusTracker().getActiveJobsIds()
    assert "nightly" in say("jobs")
    assert "busy" in say("executors")

    said = say(f"kill {job_id}")

    assert said.startswith(f"Killed job {job_id}: 2 tasks stopped in ")
    with pytest.raises(SparkJobCancelled, match="killed via %kill"):
        hanging.result()
    assert say(f"kill {job_id}") == f"Job {job_id} has ended already: FAILED.\n"
    assert "killed via %kill" in say("jobs")


def test_a_stuck_task_shows_its_line(say, hanging):
    said = say("stack")

    assert said.count("in hang") == 2
    assert "task_runner.py" not in said
    assert "task_runner.py" in say("stack all")


def test_what_lives_is_offered(sc, say, hanging):
    (job_id,) = sc.statusTracker().getActiveJobsIds()

    assert completions("%kill ")[0] == str(job_id)
    assert "executor" in completions("%kill e")
    assert completions("%kill group n") == ["nightly"]
    assert len(completions("%kill task ")) == 2
    assert completions("%stages ") == [str(job_id)]
    assert completions("%spark progress o") == ["on", "off"]
    assert completions("kill ") == []


def test_who_holds_an_rdd_is_told(shell, say):
    shell.run_cell("r = sc.range(3).setName('numbers').cache(); r.count()", store_history=True)

    assert "variable r" in say("held r")
    assert "numbers: held by" in say("held")
    assert "Watches 1 RDD" in say("cleaner")


def test_garbage_is_collected_when_asked(say):
    assert "objects collected in" in say("cleaner gc")


def test_threads_of_the_user_are_told_apart(say, hanging):
    said = say("threads")

    assert "MainThread" in said
    assert "dag-scheduler-event-loop" not in said
    assert "dag-scheduler-event-loop" in say("threads all")
    assert "MainThread" in say(f"threads {completions('%threads ')[0]}")


def test_code_in_the_background_is_a_group_and_leaves_its_value(shell, sc, capsys):
    shell.run_line_magic("bg", "[wait(gate), sc.range(3).sum()][1]")
    started = capsys.readouterr().out
    name = started.split(" ")[0]
    assert f"%kill group {name} ends them." in started

    open(shell.user_ns["gate"], "w").close()

    result = f"_{name.replace('-', '')}"
    wait_for(lambda: result in shell.user_ns, "the result")
    assert shell.user_ns[result] == 3
    assert sc.statusTracker().getJobIdsForGroup(name)


def test_background_code_that_fails_says_why(shell, capsys):
    shell.run_line_magic("bg", "1 / 0")
    said = []

    def look():
        said.append(capsys.readouterr().out)
        return "failed after" in "".join(said)

    wait_for(look, "the failure")
    assert "ZeroDivisionError: division by zero" in "".join(said)


def test_progress_is_a_switch(say):
    assert say("spark progress off") == "Progress is off.\n"
    assert not PROGRESS.is_on
    assert say("spark progress on") == "Progress is on.\n"


def test_the_application_is_told(sc, say):
    assert f"{sc.applicationId}, master local[2]" in say("spark")


@pytest.mark.parametrize("line", ["kill foo", "spark foo", "held nobody", "spark_forget", "bg"])
def test_words_that_mean_nothing_are_told_with_the_usage(say, line):
    with pytest.raises(UsageError):
        say(line)


def test_what_does_not_exist_is_told(say):
    assert say("kill 4711") == "Unknown job: 4711.\n"
    assert say("stack 4711") == "Unknown task: 4711.\n"
    assert say("threads 4711").startswith("Executor does not exist")


MAGICS = "jobs stages executors kill stack threads held cleaner spark_forget bg spark spark_guard"


@pytest.mark.parametrize("name", MAGICS.split())
def test_every_magic_explains_itself(shell, name):
    magic = shell.find_line_magic(name) or shell.find_cell_magic(name)

    assert f"%{name}" in magic.__doc__
    assert len(magic.__doc__.splitlines()) > 2
