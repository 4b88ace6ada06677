"""A kernel starts nothing before it is used, and leaves nothing when it goes, however it goes."""

import os
import signal

import pytest

from tests.kernel.conftest import left_of
from tests.processes.hidden_pyspark import hide_pyspark
from tests.processes.waiting import describe, wait_for

BUSY = "sc.parallelize(range(4), 4).map(lambda n: __import__('time').sleep(3600)).count()"


def test_an_empty_notebook_starts_nothing(notebook, tmp_path):
    notebook.run("1 + 1")
    notebook.run("isinstance(sc, object), spark is not None")

    assert notebook.processes() == {notebook.pid}
    assert notebook.driver is None
    assert not (tmp_path / "local").exists()


def test_tab_and_help_in_an_untouched_notebook_start_nothing(notebook):
    assert "parallelize" in [name.rpartition(".")[2] for name in notebook.complete("sc.")]
    assert notebook.complete("sc.parallelize(range(3)).")
    assert [name.rpartition(".")[2] for name in notebook.complete("spark.sparkC")]
    assert "starts when it is used" in notebook.inspect("sc")
    assert "numSlices" in notebook.inspect("sc.parallelize")
    assert "property" in notebook.inspect("sc.uiWebUrl").lower()
    assert "SparkSession" in notebook.inspect("spark")
    notebook.run("sc?")  # the answer is for the pager

    assert notebook.driver is None
    assert {describe(pid) for pid in notebook.processes() - {notebook.pid}} == set()
    assert notebook.run("sc.parallelize([1, 2], 1).sum()").endswith("3")


def test_the_runtime_file_names_the_kernel(notebook):
    notebook.run("sc.parallelize([1], 1).count()")

    entry = notebook.driver.entry

    assert entry.kind == "kernel"
    assert os.path.realpath(entry.connection_file) == os.path.realpath(
        notebook.manager.connection_file
    )


@pytest.mark.parametrize("cell", ["1", BUSY], ids=["idle", "busy"])
def test_a_restart_leaves_no_executor_and_no_file(notebook, tmp_path, cell):
    notebook.run("sc.parallelize(range(4), 4).cache().count()")
    name = notebook.driver.entry.application_id
    notebook.start(cell)
    before = notebook.processes()

    notebook.manager.restart_kernel(now=False)
    notebook.client.stop_channels()
    notebook.connect()

    wait_for(lambda: not before & notebook.processes(), "the end of the old processes", 5)
    wait_for(lambda: left_of(tmp_path, name) == [], "clean directories", 5)
    assert notebook.run("sc.parallelize([1, 2], 1).sum()") == "3"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_kernel_leaves_no_executor_and_no_file(notebook, tmp_path, number):
    notebook.run("sc.parallelize(range(4), 4).cache().count()")
    name = notebook.driver.entry.application_id
    busy = notebook.start(BUSY)
    notebook.running_job()
    before = notebook.processes()

    os.kill(notebook.pid, number)

    wait_for(lambda: not before & notebook.processes(), "the end of the processes", 3)
    wait_for(lambda: left_of(tmp_path, name) == [], "clean directories", 3)
    assert not busy.has_ended


def test_the_shutdown_of_a_busy_kernel_leaves_nothing(notebook, tmp_path):
    notebook.run("sc.parallelize(range(4), 4).cache().count()")
    name = notebook.driver.entry.application_id
    notebook.start(BUSY)
    notebook.running_job()

    notebook.manager.shutdown_kernel(now=False)

    wait_for(lambda: not notebook.processes(), "the end of the processes", 5)
    wait_for(lambda: left_of(tmp_path, name) == [], "clean directories", 3)


def test_sc_in_the_namespace_is_what_the_user_makes_it(notebook):
    notebook.run("from pyspark_shell import SparkContext\nmine = SparkContext('local[1]', 'mine')")

    assert notebook.run("sc is mine, spark.sparkContext is mine") == "(True, True)"
    assert notebook.run("sc.stop(); sc.isStopped") == "True"


def test_two_kernels_do_not_disturb_each_other(start_notebook):
    one, two = start_notebook(), start_notebook()
    for notebook in (one, two):
        notebook.run("sc.parallelize(range(4), 2).sum()")

    one.run("sc.stop()")

    assert one.driver is None
    assert two.run("sc.parallelize(range(4), 2).sum()") == "6"


def test_existing_code_finds_us_as_pyspark_where_that_is_wanted(start_notebook):
    notebook = start_notebook(settings=["--conf spark.pyshell.aliasPyspark=true"])

    notebook.run(
        "from pyspark import SparkContext, StorageLevel\nfrom pyspark.sql import SparkSession"
    )

    assert notebook.run("isinstance(sc, SparkContext)") == "True"
    assert notebook.run("SparkSession.builder.getOrCreate().sparkContext is sc") == "True"
    assert notebook.run("sc.parallelize([1, 2], 1).persist(StorageLevel.DISK_ONLY).sum()") == "3"


def test_where_pyspark_is_not_installed_our_kernel_answers_for_it(
    start_notebook, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", str(hide_pyspark(tmp_path / "path")))
    notebook = start_notebook()

    notebook.run("import pyspark\nfrom pyspark.sql import SparkSession")

    assert "+pyshell." in notebook.run("pyspark.__version__")
    missing = notebook.start("import pyspark.pandas").wait()
    assert missing.error["ename"] in ("ImportError", "ModuleNotFoundError")
    assert "pip install pyspark" in missing.error["evalue"]


def test_an_idle_application_is_announced_closed_and_made_anew(start_notebook):
    notebook = start_notebook(settings=["--conf spark.pyshell.driver.idleTime=3s"])
    cell = notebook.start("kept = 7; sc.parallelize([1, 2], 1).sum()").wait()

    wait_for(lambda: "idle and will be closed in 2 s." in cell.text, "the warning")
    wait_for(lambda: "closed: idle for 3 s." in cell.text, "the end")

    wait_for(lambda: notebook.processes() == {notebook.pid}, "the end of the executors")
    assert notebook.run("kept + sc.parallelize([1, 2], 1).sum()") == "10"


def test_an_rdd_says_what_it_is_and_a_thread_that_stays_is_told(notebook):
    cell = notebook.start("sc.parallelize(range(4), 2).map(str)").wait()
    (result,) = cell.of("execute_result")

    assert "2 partitions, not cached\n  map at In[1]:1" in result["data"]["text/plain"]
    assert "map at In[1]:1" in result["data"]["text/html"]
    told = notebook.run(
        "import threading\ngo = threading.Event()\n"
        "threading.Thread(target=go.wait, name='loader').start()"
    )
    assert told.startswith('Hint: thread "loader" will keep the process when you leave;')
    notebook.run("go.set()")
