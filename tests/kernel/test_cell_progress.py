"""The progress line: when it comes, how often it speaks, what stays of it, and its Kill."""

import json

from tests.kernel.conftest import WIDGET_VIEW
from tests.kernel.widget_clicks import FrontEnd
from tests.processes.waiting import wait_for

SLEEPING = "sc.parallelize(range(4), 4).map(lambda n: __import__('time').sleep(3600)).collect()"
SECOND = "sc.parallelize(range(4), 4).map(lambda n: __import__('time').sleep(0.5)).count()"


def shown(cell):
    """Return what was displayed for a cell with a widget in it."""
    return [c for c in cell.of("display_data") if WIDGET_VIEW in c["data"]]


def folded(cell):
    """Wait for the text that stays of the line."""
    return wait_for(lambda: cell.of("update_display_data"), "the folded line")[-1]["data"]


def buttons(cell):
    """Return the Kill buttons' comm ids by their tooltips."""
    opened = [c for c in cell.of("comm_open") if c["target_name"] == "jupyter.widget"]
    states = {c["comm_id"]: c["data"]["state"] for c in opened}
    return {
        state["tooltip"]: comm_id
        for comm_id, state in states.items()
        if state["_model_name"] == "ButtonModel"
    }


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
    closed = {c["comm_id"] for c in cell.of("comm_close")}
    assert closed == {c["comm_id"] for c in cell.of("comm_open")}


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

    assert len(buttons(cell)) == 3
    notebook.interrupt()
    cell.wait()
    wait_for(lambda: folded(cell)["text/plain"].endswith("8 killed"), "the last word")


def test_kill_works_while_its_cell_runs(notebook):
    front_end = FrontEnd(notebook)
    cell = notebook.start(SLEEPING)
    wait_for(lambda: buttons(cell), "the button")

    front_end.click(buttons(cell)["Kill job 0"])
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
    wait_for(lambda: buttons(cell), "the button")

    front_end.click(buttons(cell)["Kill job 0"])

    wait_for(lambda: notebook.jobs()[0].get("killState") == "KILLED", "the kill")
    assert not cell.has_ended
    notebook.interrupt()
    cell.wait()


def test_without_subshells_the_button_says_why_it_cannot_be_used(notebook):
    notebook.run("type(get_ipython().kernel)._supports_kernel_subshells = False")
    cell = notebook.start(SLEEPING)
    tooltip = wait_for(lambda: list(buttons(cell)), "the button")[0]

    states = [c["data"]["state"] for c in cell.of("comm_open")]

    assert "between cells" in tooltip
    assert [s["disabled"] for s in states if s["_model_name"] == "ButtonModel"] == [True]
    notebook.interrupt()
    cell.wait()


def test_progress_can_be_turned_off(notebook):
    notebook.run("%spark progress off")
    cell = notebook.start(SECOND).wait()

    assert cell.of("display_data", "comm_open") == []
    assert notebook.run("sc.parallelize([1], 1).count()") == "1"


def test_names_are_text_and_never_markup(notebook):
    cell = notebook.start(
        "evil = sc.parallelize(range(2), 2).map(lambda n: __import__('time').sleep(1))\n"
        "sc.setLocalProperty('callSite.short', '<script>alert(1)</script>')\n"
        "evil.setName('<script>').count()"
    ).wait()

    assert "<script>" not in json.dumps([c["data"] for c in cell.of("comm_open", "comm_msg")])


def test_200_jobs_and_5000_tasks_add_less_than_five_kilobytes(notebook):
    notebook.run("sc.parallelize([1], 1).count()")
    cell = notebook.start(
        """
import time
began = time.monotonic()
for n in range(200):
    sc.parallelize(range(25), 25).count()
took = time.monotonic() - began
"""
    ).wait(120)
    took_s = float(notebook.run("took"))

    data = folded(cell)

    assert data["text/plain"].startswith("200 jobs · 5,000 tasks · ")
    saved = {"output_type": "display_data", "metadata": {}, "data": data}
    assert len(json.dumps(saved)) < 5000
    updates = [c for c in cell.of("comm_msg") if "value" in c["data"].get("state", {})]
    views = len(shown(cell)) + len(cell.of("update_display_data"))
    assert len(updates) <= 2 * 4 * (took_s + 1)  # a line and the number below it
    assert views == 2
