"""The progress line: when it comes, how often it speaks, what stays of it, and its Kill."""

import json
from html import escape

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient

from tests.kernel.conftest import WIDGET_VIEW
from tests.kernel.widget_clicks import FrontEnd, widgets
from tests.processes.waiting import PATIENCE, wait_for

SLEEPING = "sc.parallelize(range(4), 4).map(lambda n: __import__('time').sleep(3600)).collect()"
SECOND = "sc.parallelize(range(4), 4).map(lambda n: __import__('time').sleep(0.5)).count()"


def shown(cell):
    """Return what was displayed for a cell with a widget in it."""
    return [c for c in cell.of("display_data") if WIDGET_VIEW in c["data"]]


def folded(cell):
    """Wait for the text that stays of the line."""
    return wait_for(lambda: cell.of("update_display_data"), "the folded line")[-1]["data"]


def buttons(notebook):
    """Return the comm ids of Kill buttons that are shown, in the order of their lines."""
    states = widgets(notebook)
    boxes = [s for s in states.values() if s["_model_name"] == "GridBoxModel"]
    shown = [name.removeprefix("IPY_MODEL_") for box in boxes for name in box.get("children", ())]
    return [i for i in shown if i in states and states[i]["_model_name"] == "ButtonModel"]


def test_a_quick_job_shows_nothing(notebook):
    notebook.run("sc.parallelize(range(4), 4).count()")

    def quick_cell():
        cell = notebook.start("sc.parallelize(range(4), 4).count()").wait()
        job = notebook.jobs()[0]
        return cell if job["completedAt"] - job["submittedAt"] < 400 else None

    assert wait_for(quick_cell, "a quick job").of("display_data", "comm_open") == []


def test_a_line_folds_to_text_that_needs_no_widgets(notebook):
    cell = notebook.start(f"{SECOND}\n{SECOND}").wait()

    data = folded(cell)

    assert len(shown(cell)) == 1
    assert data["text/plain"].startswith("2 jobs · 8 tasks · ")
    assert data["text/plain"] in data["text/html"]
    assert WIDGET_VIEW not in data


def test_the_widgets_of_a_line_serve_the_next_cell(notebook):
    first = notebook.start(f"{SECOND}\n{SECOND}").wait()
    second = notebook.start(SECOND).wait()

    assert folded(second)["text/plain"].startswith("1 job · 4 tasks · ")
    assert len(first.of("comm_open")) == 6  # a layout, two styles, box, text and button
    assert second.of("comm_open") == []
    views = [shown(cell)[0]["data"][WIDGET_VIEW]["model_id"] for cell in (first, second)]
    assert views[0] == views[1]


def test_the_line_stands_under_the_cell_whose_thread_runs_the_job(notebook):
    first = notebook.start(
        f"import threading\ngo = threading.Event()\n"
        f"thread = threading.Thread(target=lambda: (go.wait(), {SECOND}))\nthread.start()"
    ).wait()

    second = notebook.start("go.set(); thread.join()").wait()

    assert folded(first)["text/plain"].startswith("1 job · 4 tasks · ")
    assert shown(second) == []


def test_a_job_that_starts_between_cells_is_shown_under_its_cell(notebook):
    cell = notebook.start(f"import threading\nthreading.Timer(1, lambda: {SECOND}).start()").wait()

    assert folded(cell)["text/plain"].startswith("1 job · 4 tasks · ")


def test_the_end_of_the_application_folds_the_line(notebook):
    cell = notebook.start(SLEEPING)
    wait_for(lambda: shown(cell), "the line")

    notebook.driver.post("kill", {"reason": "spring cleaning"})
    cell.wait()

    assert folded(cell)["text/plain"].startswith("1 job · 0 tasks · ")


def test_many_jobs_are_three_lines_and_a_number(notebook):
    cell = notebook.start(
        f"""
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as pool:
    done = [pool.submit(lambda: {SLEEPING}) for _ in range(8)]
"""
    )
    wait_for(
        lambda: any("+5 more" in json.dumps(c) for c in cell.of("comm_msg", "comm_open")),
        "the number of further jobs",
    )

    assert len(buttons(notebook)) == 3
    notebook.interrupt()
    cell.wait()
    wait_for(lambda: folded(cell)["text/plain"].endswith("8 killed"), "the last word")


def test_kill_works_while_its_cell_runs(notebook):
    front_end = FrontEnd(notebook)
    cell = notebook.start(SLEEPING)
    wait_for(lambda: buttons(notebook), "the button")

    front_end.click(buttons(notebook)[0])
    cell.wait()

    assert cell.error["traceback"] == [
        "Killed: job 0 (collect, 0 of 4 tasks) from the notebook: killed by its Kill button"
    ]
    assert WIDGET_VIEW not in folded(cell)  # even though a task may still be ending
    wait_for(lambda: "1 killed" in folded(cell)["text/plain"], "the last word")


def test_kill_of_a_thread_s_job_works_while_the_main_thread_loops(notebook):
    front_end = FrontEnd(notebook)
    cell = notebook.start(
        f"import threading\nthreading.Thread(target=lambda: {SLEEPING}).start()\nwhile True: pass"
    )
    wait_for(lambda: buttons(notebook), "the button")

    front_end.click(buttons(notebook)[0])

    wait_for(lambda: notebook.jobs()[0].get("killState") == "KILLED", "the kill")
    assert not cell.has_ended
    notebook.interrupt()
    cell.wait()


def test_without_subshells_the_button_says_why_it_cannot_be_used(notebook):
    notebook.run("type(get_ipython().kernel)._supports_kernel_subshells = False")
    cell = notebook.start(SLEEPING)
    button = wait_for(lambda: buttons(notebook), "the button")[0]

    state = widgets(notebook)[button]

    assert "between cells" in state["tooltip"]
    assert state["disabled"]
    notebook.interrupt()
    cell.wait()


def test_progress_can_be_turned_off(notebook):
    notebook.run("%spark progress off")
    cell = notebook.start(SECOND).wait()

    assert cell.of("display_data", "comm_open") == []
    assert notebook.run("sc.parallelize([1], 1).count()") == "1"


def test_turning_progress_off_folds_the_line_of_a_cell_that_goes_on(notebook):
    loader = notebook.start(
        f"import threading\nthreading.Thread(target=lambda: {SLEEPING}).start()"
    )
    wait_for(lambda: buttons(notebook), "the line")

    notebook.run("%spark progress off")

    assert folded(loader)["text/plain"] == "1 job · 0 tasks · 1 running"
    notebook.run("%kill all")
    wait_for(lambda: "1 killed" in folded(loader)["text/plain"], "the last word")


def test_a_restart_between_two_drawings_does_not_mix_two_applications(notebook):
    cell = notebook.start(
        f"""
numbers = sc.parallelize(range(4), 4)
for _ in range(3): numbers.count()
{SECOND}
get_ipython().run_line_magic("spark", "restart")
import time; time.sleep(1.5)
"""
    ).wait()

    assert folded(cell)["text/plain"].startswith("4 jobs · 16 tasks · ")


def test_jobs_that_the_engine_has_forgotten_are_counted(start_notebook):
    notebook = start_notebook(settings=["--conf spark.ui.retainedJobs=3"])

    cell = notebook.start(f"for _ in range(12): sc.parallelize(range(2), 2).count()\n{SECOND}")

    assert folded(cell.wait())["text/plain"].startswith("13 jobs · 28 tasks · ")


def test_names_are_text_and_never_markup(notebook):
    evil = "<script>alert(1)</script>"
    cell = notebook.start(
        "slow = sc.parallelize(range(2), 2).map(lambda n: __import__('time').sleep(1))\n"
        f"exec(compile('slow.count()', '/{evil}.py', 'exec'))"
    ).wait()

    said = json.dumps([c["data"] for c in cell.of("comm_open", "comm_msg")])

    assert "<script>" not in said
    assert escape(evil) in said


MANY = """
import time
began = time.monotonic()
for n in range(200):
    sc.parallelize(range(25), 25).count()
{SECOND}
took = time.monotonic() - began
""".replace("{SECOND}", SECOND)


def test_200_jobs_speak_at_most_four_times_in_any_second(notebook):
    notebook.run("sc.parallelize([1], 1).count()")
    cell = notebook.start(MANY).wait(120)

    data = folded(cell)

    assert data["text/plain"].startswith("201 jobs · 5,004 tasks · ")
    assert len(shown(cell)) + len(cell.of("update_display_data")) == 2
    kinds = ("comm_msg", "update_display_data")
    said = [m for m in notebook.published if m["msg_type"] in kinds]
    at_s = sorted(m["header"]["date"].timestamp() for m in said)
    assert len(at_s) > 1
    assert max(sum(began <= at < began + 1 for at in at_s) for began in at_s) <= 4


def test_a_saved_notebook_grows_by_less_than_five_kilobytes(kernel_specs, tmp_path, monkeypatch):
    for key, value in {
        "IPYTHONDIR": tmp_path / "ipython",
        "JUPYTER_RUNTIME_DIR": tmp_path / "runtime",
        "PYSPARK_SUBMIT_ARGS": f"--master local[2] --conf spark.local.dir={tmp_path} pyspark-shell",
    }.items():
        monkeypatch.setenv(key, str(value))
    cells = [nbformat.v4.new_code_cell(source) for source in ("sc.version;", MANY, SECOND + ";")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    before = len(nbformat.writes(notebook))
    options = {"timeout": int(120 * PATIENCE), "record_timing": False}
    client = NotebookClient(notebook, kernel_name="pyspark_shell", **options)
    client.create_kernel_manager()
    client.km.kernel_spec_manager = KernelSpecManager(kernel_dirs=[str(kernel_specs)])

    client.execute()

    saved = nbformat.writes(notebook)
    assert "201 jobs" in saved
    assert "1 job · 4 tasks" in saved
    assert len(saved) - before < 5000, saved
