"""`%load_ext pyspark_shell` makes a Spark shell of a stock kernel; the kernelspec names ours."""

import json
import subprocess
import sys

import pytest

from pyspark_shell.shell.install_kernel import kernel_spec
from tests.kernel.conftest import KERNELSPEC
from tests.kernel.test_kernel_interrupts import STUBBORN
from tests.kernel.widget_clicks import FrontEnd
from tests.processes.hidden_pyspark import hide_pyspark
from tests.processes.waiting import wait_for

SLEEPING = "sc.parallelize(range(4), 4).map(lambda n: __import__('time').sleep(3600)).collect()"


def stock_notebook(kernel_specs, start_notebook):
    """A notebook with ipykernel's own kernel, and our extension."""
    folder = kernel_specs / "stock"
    folder.mkdir(exist_ok=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "stock", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    notebook = start_notebook(kernel_name="stock")
    assert notebook.run("%load_ext pyspark_shell") == ""
    return notebook


@pytest.fixture
def stock(kernel_specs, start_notebook):
    return stock_notebook(kernel_specs, start_notebook)


def test_a_stock_kernel_gets_names_cells_and_magics(stock):
    assert stock.processes() == {stock.pid}

    assert stock.run("sc.parallelize(range(4), 2).sum()", cell_id="cell-a") == "6"

    job = stock.jobs()[0]
    assert (job["name"], job["cell"]["id"]) == ("sum at In[2]:1", "cell-a")
    assert "done" in stock.run("%jobs")


def test_interrupt_in_a_stock_kernel_ends_the_cell_s_jobs(stock):
    cell = stock.start(SLEEPING)
    stock.running_job()

    stock.interrupt()
    cell.wait()

    assert cell.error["traceback"][-1] == "KeyboardInterrupt at In[2]:1"
    assert stock.jobs(status="running") == []


def test_progress_kill_and_restart_are_the_same_in_a_stock_kernel(stock):
    front_end = FrontEnd(stock)
    cell = stock.start(SLEEPING)
    kill = wait_for(lambda: front_end.button("Kill this job"), "the line's button")
    front_end.click(kill)
    assert "Killed: job 0 (collect, 0 of 4 tasks) from the notebook" in cell.wait().text
    loop = stock.start("print('begun')\nwhile True: pass")
    loop.says("begun")
    name = stock.driver.entry.application_id

    stock.driver.post("kill", {"reason": "spring cleaning", "who": "JupyterLab"})
    loop.wait()

    assert loop.error["traceback"] == [
        f"Killed: application {name} from JupyterLab: spring cleaning"
    ]
    stock.run("%spark restart")
    assert stock.start("sc.parallelize([1, 2], 1).sum()").wait().text.endswith("3")


def test_a_click_in_a_stock_kernel_does_not_make_it_look_idle(stock):
    front_end = FrontEnd(stock)
    stock.run("sc.panel()")
    cell = stock.start("print('begun')\nwhile True: pass")
    cell.says("begun")
    before = len(stock.published)

    front_end.set(front_end.one("TabModel"), selected_index=1)
    stock.client.control_channel.send(stock.client.session.msg("list_subshell_request", {}))

    def states():
        stock.read()
        later = [m for m in stock.published[before:] if m["msg_type"] == "status"]
        return [m["content"]["execution_state"] for m in later]

    wait_for(lambda: states().count("idle") >= 2, "both answers")
    wait_for(lambda: states()[-1] == "busy", "the cell's own state again")
    stock.interrupt()
    cell.wait()
    assert states()[-1] == "idle"


def test_the_panel_kills_in_a_stock_kernel(stock):
    stock.run("sc.parallelize([1], 1).count()")
    front_end = FrontEnd(stock)
    stock.run("sc.panel()")
    front_end.set(front_end.one("VBoxModel", _view_count=0), _view_count=1)
    cell = stock.start(SLEEPING)

    front_end.click(wait_for(lambda: front_end.button("Kill job 1"), "the button"))

    assert "Killed: job 1 (collect, 0 of 4 tasks) from the notebook's panel" in cell.wait().text


def test_a_second_interrupt_in_a_stock_kernel_ends_executors_that_do_not_stop(stock):
    cell = stock.start(STUBBORN)
    stock.running_job()
    executors = {row["pid"] for row in stock.driver.get("executors") if row["id"] != "driver"}

    stock.interrupt()
    cell.says("not stop yet")
    stock.interrupt()
    cell.wait()

    wait_for(lambda: not executors & stock.processes(), "the end of the executors")
    assert stock.run("sc.parallelize([1, 2], 1).sum()") == "3"


def test_a_context_that_runs_already_is_taken_over(kernel_specs, stock):
    stock.run("%unload_ext pyspark_shell")
    stock.run("del sc, spark\nfrom pyspark_shell import SparkContext\nsc = SparkContext()")
    stock.run("%load_ext pyspark_shell")

    assert stock.run("spark.sparkContext is sc") == "True"
    assert stock.run("sc.parallelize([1, 2], 1).sum()") == "3"


def test_a_stock_kernel_has_no_pyspark_that_is_not_installed(
    kernel_specs, start_notebook, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", str(hide_pyspark(tmp_path / "path")))
    notebook = stock_notebook(kernel_specs, start_notebook)

    missing = notebook.start("import pyspark").wait()

    assert missing.error["evalue"] == "No module named 'pyspark'"


def test_in_our_kernel_the_extension_is_there_already(notebook):
    notebook.run("%load_ext pyspark_shell")

    assert notebook.run("sc.parallelize([1, 2], 1).sum()") == "3"
    assert [job["name"] for job in notebook.jobs()] == ["sum at In[2]:1"]


def test_the_shipped_kernelspec_is_the_one_that_is_installed():
    assert json.loads((KERNELSPEC / "kernel.json").read_text()) == kernel_spec("python")


def test_install_kernel_writes_this_python(tmp_path):
    command = [sys.executable, "-m", "pyspark_shell.shell.main", "install-kernel"]
    subprocess.run([*command, "--prefix", str(tmp_path)], check=True, capture_output=True)

    file = tmp_path / "share" / "jupyter" / "kernels" / "pyspark_shell" / "kernel.json"

    assert json.loads(file.read_text()) == kernel_spec(sys.executable)
