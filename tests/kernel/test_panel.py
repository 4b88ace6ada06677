"""`sc.panel()`: four tabs that follow the application while a cell runs, and buttons that work."""

import pytest

from tests.kernel.widget_clicks import FrontEnd, widgets
from tests.processes.waiting import wait_for

SLEEPING = "sc.parallelize(range(4), 4).map(lambda n: __import__('time').sleep(3600)).collect()"
TABS = ["Jobs", "Executors", "Cache", "Threads"]


@pytest.fixture
def panel(notebook):
    """A panel that a front end shows; gives the front end."""
    notebook.run("numbers = sc.parallelize(range(100), 4).setName('<b>nums</b>').cache()")
    notebook.run("numbers.count()")
    front_end = FrontEnd(notebook)
    shown = notebook.start("shown = sc.panel()\nshown").wait()
    assert shown.of("execute_result"), shown.text
    front_end.panel_id = front_end.one("VBoxModel", _view_count=0)
    front_end.set(front_end.panel_id, _view_count=1)
    return front_end


def open_tab(front_end, name):
    front_end.set(front_end.one("TabModel"), selected_index=TABS.index(name))


def test_kill_works_while_the_cell_runs(notebook, panel):
    cell = notebook.start(SLEEPING)
    kill = wait_for(lambda: panel.button("Kill job 1"), "the button")

    panel.click(kill)
    cell.wait()

    assert cell.error["traceback"] == [
        "Killed: job 1 (collect, 0 of 4 tasks) from the notebook's panel: killed from sc.panel()"
    ]
    wait_for(lambda: "killed" in panel.text(), "the panel's word for it")


def test_tabs_follow_while_a_cell_loops(notebook, panel):
    cell = notebook.start("print('begun')\nwhile True: pass")
    cell.says("begun")

    open_tab(panel, "Executors")
    wait_for(lambda: "executor 0 · pid" in panel.text(), "an executor")
    open_tab(panel, "Cache")
    wait_for(lambda: "4 of 4 partitions" in panel.text(), "the cached RDD")
    open_tab(panel, "Threads")
    wait_for(lambda: "MainThread" in panel.text(), "the threads")

    assert "cleaner: " in panel.text()
    assert "<b>" not in panel.text()
    notebook.interrupt()
    cell.wait()


def test_what_loses_data_is_asked_twice(notebook, panel):
    open_tab(panel, "Cache")
    unpersist = wait_for(lambda: panel.button("Unpersist RDD 1"), "the button")

    panel.click(unpersist)
    wait_for(lambda: panel.one("ButtonModel", description="Unpersist: click again"), "the question")
    assert "4 of 4 partitions" in panel.text()
    panel.click(unpersist)

    wait_for(lambda: "partitions" not in panel.text(), "an empty cache")


def test_an_executor_is_killed_by_the_second_click(notebook, panel):
    cell = notebook.start(SLEEPING)
    job = notebook.running_job()["jobId"]
    executor = next(r["id"] for r in notebook.driver.get("executors") if r.get("taskIds"))
    open_tab(panel, "Executors")
    kill = wait_for(lambda: panel.button(f"Kill executor {executor}"), "the button")

    panel.click(kill)
    wait_for(lambda: panel.one("ButtonModel", description="Kill: click again"), "the question")
    assert executor in [row["id"] for row in notebook.driver.get("executors")]
    panel.click(kill)

    wait_for(
        lambda: executor not in [row["id"] for row in notebook.driver.get("executors")],
        "the executor's end",
    )
    wait_for(lambda: notebook.driver.get(f"jobs/{job}")["numActiveTasks"] == 2, "the next attempt")
    assert not cell.has_ended
    notebook.interrupt()
    cell.wait()


def test_without_subshells_the_panel_s_buttons_say_what_to_do_instead(notebook):
    notebook.run("type(get_ipython().kernel)._supports_kernel_subshells = False")
    notebook.run("sc.parallelize([1], 1).count()")
    notebook.run("sc.panel()")
    states = widgets(notebook).values()

    kill = next(s for s in states if s.get("description") == "Kill application")

    assert kill["disabled"]
    assert "takes clicks only between cells" in kill["tooltip"]
    assert "Use the Spark panel at the right, or the kernel's Interrupt." in kill["tooltip"]


def test_a_panel_that_nobody_sees_says_nothing(notebook, panel):
    hidden = set(panel.widgets())
    panel.set(panel.panel_id, _view_count=0)
    wait_for(lambda: notebook.run("shown._wanted.is_set()") == "False", "the panel's rest")
    notebook.run("seen = sc.panel()\nseen")
    box = next(
        comm_id
        for comm_id, state in panel.widgets().items()
        if comm_id not in hidden and state.get("_view_count") == 0
    )
    panel.set(box, _view_count=1)
    before = len(notebook.published)

    def draws_a_job(job):
        """Let a job run, and wait until the panel that is seen shows that it is done."""
        notebook.run("sc.parallelize([1], 1).count()")
        shown = f"#{job} count at "
        wait_for(lambda: shown in panel.text() and "done" in panel.text(), shown)

    draws_a_job(1)
    draws_a_job(2)

    comms = {
        m["content"]["comm_id"] for m in notebook.published[before:] if m["msg_type"] == "comm_msg"
    }
    assert comms - hidden
    assert not comms & hidden


def test_the_panel_says_how_the_application_ended(notebook, panel):
    notebook.run("sc.stop()")

    wait_for(lambda: "stopped" in panel.text(), "the end")
