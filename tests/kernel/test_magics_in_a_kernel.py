"""What the magics say and offer in a notebook, while a job of another thread runs and rests."""

import re

import pytest

from tests.processes.waiting import wait_for

MAGICS = ("jobs", "stages", "executors", "stack", "held", "cleaner", "threads", "spark_forget")
MAGICS += ("bg", "spark")
# A job of two tasks, in a group and with a tag whose names have blanks, that a thread waits for.
HANG = """
import threading, time
def nightly():
    sc.setJobGroup("nightly run", "all of it")
    sc.addJobTag("very big")
    try:
        sc.parallelize(range(2), 2).map(lambda n: time.sleep(3600)).count()
    except Exception as error:
        global ended
        ended = type(error).__name__
threading.Thread(target=nightly, name="nightly", daemon=True).start()
"""
GATED = (
    "sc.parallelize(range(2), 1).map("
    "lambda n: [__import__('time').sleep(0.01) for _ in iter(lambda: __import__('os')"
    ".path.exists({path!r}), True)]).count()"
)


@pytest.fixture
def notebook(shared_kernel):
    """The module's notebook, with nothing running in it."""
    shared_kernel.run("%spark progress off")
    yield shared_kernel
    if shared_kernel.driver is not None:
        shared_kernel.run("sc.cancelAllJobs()")
        wait_for(lambda: shared_kernel.jobs(status="running") == [], "the end of all jobs")


@pytest.fixture
def hanging(notebook):
    """The row of a job that hangs, with both of its tasks."""
    notebook.run(HANG)
    return wait_for(
        lambda: (
            notebook.driver
            and next((j for j in notebook.jobs(status="running") if j["numActiveTasks"] == 2), None)
        ),
        "both tasks",
    )


def said(notebook, magic):
    """What a magic printed, without the end of its last line."""
    return notebook.run(magic).rstrip("\n")


def tasks(notebook):
    rows = notebook.driver.get("executors")
    return sorted(str(task) for row in rows for task in row.get("taskIds", ()))


def test_listings_show_what_runs(notebook, hanging):
    job, stage = hanging["jobId"], hanging["stageIds"][0]

    jobs = said(notebook, "%jobs")
    stages = said(notebook, f"%stages {job}")
    executors = said(notebook, "%executors")
    threads = said(notebook, "%threads")

    assert re.search(rf"^ *{job} .* running .*0\+2/2 .*nightly run$", jobs, re.MULTILINE)
    assert re.search(rf"^ *{stage} .* 0\+2/2 ", stages, re.MULTILINE)
    assert len(re.findall(r"^\d+ +\d+ +busy +\d+ ", executors, re.MULTILINE)) == 2
    assert re.search(r"^nightly ", threads, re.MULTILINE)
    assert "MainThread" in said(notebook, "%threads all")
    assert f"stages of job {job}" not in said(notebook, f"%jobs {job}")


def test_a_stack_leads_into_the_task_s_own_code(notebook, hanging):
    text = said(notebook, f"%stack {tasks(notebook)[0]}")

    assert text.startswith(f"Task {tasks(notebook)[0]}, ")
    assert "in nightly" in text or "<lambda>" in text
    assert "task_runner" not in text
    assert "task_runner" in said(notebook, f"%stack {tasks(notebook)[0]} all")
    assert said(notebook, "%stack").count("Task ") == 2


def test_tab_offers_what_lives(notebook, hanging):
    job, stage = str(hanging["jobId"]), str(hanging["stageIds"][0])

    assert notebook.complete("%kill ")[0] == job
    assert notebook.complete("%kill stage ") == [stage]
    assert notebook.complete("%kill task ") == tasks(notebook)
    assert notebook.complete("%kill tag ") == ["very big"]
    assert notebook.complete("%kill tag very b") == ["very big"]
    assert notebook.complete("%kill group nightly r") == ["nightly run"]
    assert notebook.complete("%stack ") == tasks(notebook)
    assert notebook.complete("%stages ") == [job]
    notebook.run("named = sc.parallelize([1], 1)")
    assert notebook.complete("%held nam") == ["named"]
    executors = {row["id"] for row in notebook.driver.get("executors")} - {"driver"}
    assert set(notebook.complete("%kill executor ")) == executors
    assert set(notebook.complete("%threads ")) == executors


@pytest.mark.parametrize("target", ["{job}", "stage {stage}", "group nightly run", "tag very big"])
def test_kill_ends_it_and_says_so(notebook, hanging, target):
    job, stage = hanging["jobId"], hanging["stageIds"][0]

    text = said(notebook, f"%kill {target.format(job=job, stage=stage)}")

    assert re.fullmatch(rf"Killed job {job}: 2 tasks stopped in [\d.]+ m?s", text.strip())
    wait_for(lambda: notebook.run("ended") == "'SparkJobCancelled'", "the thread's error")
    assert said(notebook, "%kill all") == "No job runs."


def test_a_killed_task_and_a_killed_executor_are_tried_again(notebook, hanging):
    task = tasks(notebook)[0]
    assert f"Killing task {task}; it is tried again." in said(notebook, f"%kill task {task}")

    wait_for(lambda: len(set(tasks(notebook)) - {task}) == 2, "the next attempt")
    executor = next(r["id"] for r in notebook.driver.get("executors") if r.get("taskIds"))
    answer, *log = said(notebook, f"%kill executor {executor}").strip().splitlines()

    assert re.fullmatch(rf"Killed executor {executor}; task \d+ is run again elsewhere\.", answer)
    assert all(line.startswith("Lost task") for line in log)
    assert [j["jobId"] for j in notebook.jobs(status="running")] == [hanging["jobId"]]


def test_the_background_runs_while_cells_run_and_tells_its_end(notebook, tmp_path):
    gate = tmp_path / "gate"
    cell = notebook.start(f"%bg {GATED.format(path=str(gate))}").wait()
    name = re.search(r"bg-\d+", cell.text)[0]
    wait_for(lambda: [j["jobGroup"] for j in notebook.jobs(status="running")] == [name], "its job")

    assert notebook.run("1 + 1") == "2"
    gate.touch()

    wait_for(lambda: f"{name} is done after" in cell.text, "the news of its end")
    result = f"_{name.replace('-', '')}"
    assert f"{result} = 2" in cell.text
    assert notebook.run(result) == "2"


def test_interrupt_between_cells_leaves_the_background_alone(notebook, tmp_path):
    gate = tmp_path / "gate"
    cell = notebook.start(f"%bg {GATED.format(path=str(gate))}").wait()
    job = notebook.running_job()["jobId"]

    notebook.interrupt()

    assert notebook.run("sc.parallelize([1, 2], 1).sum()") == "3"
    assert notebook.driver.get(f"jobs/{job}")["status"] == "RUNNING"
    gate.touch()
    wait_for(lambda: "is done after" in cell.text, "the end of the background's code")
    assert notebook.driver.get(f"jobs/{job}")["status"] == "SUCCEEDED"


def test_what_is_held_is_named_and_forgotten(notebook):
    notebook.run("kept = sc.parallelize(range(4), 2).setName('kept').cache(); kept.count()")

    assert said(notebook, "%held kept") == "kept: variable kept"
    assert re.search(r"^rdd \d+ kept: held by variable kept", said(notebook, "%held"), re.MULTILINE)
    assert "Watches " in said(notebook, "%cleaner")
    collected = said(notebook, "%cleaner gc")
    assert re.search(r"^\d+ objects collected in [\d.]+ ms\.", collected, re.MULTILINE)
    assert said(notebook, "%spark_forget kept") == "Forgotten: variable kept."
    assert notebook.start("kept").wait().error["ename"] == "NameError"


def test_the_magic_of_the_application_shows_stops_and_restarts_it(notebook):
    notebook.run("sc.parallelize([1], 1).count()")
    name = notebook.driver.entry.application_id

    assert name in said(notebook, "%spark")
    assert said(notebook, "%spark stop") == "Stopped. The application starts again when sc is used."
    assert said(notebook, "%jobs") == "No application runs. It starts when sc is used."
    assert re.fullmatch(r"Application \S+ runs\.", said(notebook, "%spark restart"))
    assert said(notebook, "%spark progress") == "Progress is off."
    assert "%spark [progress on" in notebook.start("%spark nonsense").wait().text


def test_every_magic_explains_itself(notebook):
    text = notebook.inspect("%kill")

    assert "%kill stage 3       all jobs that use stage 3" in text
    for name in [
        "jobs",
        "stages",
        "executors",
        "stack",
        "held",
        "cleaner",
        "threads",
        "spark_forget",
        "bg",
        "spark",
    ]:
        shown = notebook.help(f"%{name}?")
        assert f"%{name} " in shown.partition("Docstring:")[2].partition("\nFile:")[0], name


def test_rdds_and_counters_are_shown_as_html_without_a_job(notebook):
    notebook.run("sc.parallelize([1], 1).count()")
    before = len(notebook.jobs())

    (rdd,) = notebook.start("sc.parallelize(range(4), 2).map(str)").wait().of("execute_result")

    assert len(notebook.jobs()) == before
    assert "map at In[" in rdd["data"]["text/html"]
    counter = notebook.start("sc.parallelize([1.0, 3.0], 2).stats()").wait()
    (stats,) = counter.of("execute_result")
    assert "mean" in stats["data"]["text/html"]
    assert "mean: 2.0" in stats["data"]["text/plain"]


def test_sql_says_how_to_get_it(notebook):
    cell = notebook.start("spark.sql('select 1')").wait()

    assert cell.error["ename"] == "SqlNotAvailable"
    assert "pip install pyspark" in cell.error["evalue"]
    assert "--engine apache" in cell.error["evalue"]
