"""Kill of the application: the cell that runs ends within a second, and no other is hit."""

import re

import pytest

from tests.kernel.widget_clicks import FrontEnd
from tests.processes.waiting import Stopwatch, wait_for, within

SLEEPING = "sc.parallelize(range(2), 2).map(lambda n: __import__('time').sleep(3600)).collect()"
CELLS = {
    "a loop": "while True: pass",
    "time.sleep": "import time; time.sleep(60)",
    "an action": SLEEPING,
}


@pytest.fixture
def notebook(shared_kernel):
    """A kernel with an application of this test's own."""
    shared_kernel.run("%spark restart")
    wait_for(lambda: shared_kernel.driver, "the new application")
    return shared_kernel


@pytest.fixture
def front_end(notebook):
    """A front end that shows the panel of the application."""
    front_end = FrontEnd(notebook)
    notebook.run("sc.panel()")
    return front_end


def kill_from_another_process(notebook, request):
    notebook.driver.post("kill", {"reason": "spring cleaning", "who": "JupyterLab"})


def click_in_the_panel(notebook, request):
    front_end = request.getfixturevalue("front_end")
    *_, newest = [
        comm_id
        for comm_id, state in front_end.widgets().items()
        if state.get("tooltip") == "Kill application the application"
    ]
    front_end.click(newest)
    front_end.click(newest)  # it asks again


def kill_in_a_thread(notebook, request):
    notebook.go.touch()


KILLERS = {
    "another process": (kill_from_another_process, "JupyterLab: spring cleaning"),
    "a click": (click_in_the_panel, "the notebook's panel: killed from sc.panel()"),
    "a thread": (kill_in_a_thread, "%kill: killed via %kill"),
}


@pytest.fixture
def killer(request, notebook, tmp_path):
    """Who kills; ready to do so."""
    kill, text = KILLERS[request.param]
    if kill is click_in_the_panel:
        request.getfixturevalue("front_end")
    notebook.go = tmp_path / "go"
    if kill is kill_in_a_thread:
        notebook.run(
            f"""
import os, threading
def kill_when_told(wait=threading.Event().wait):
    while not os.path.exists({str(notebook.go)!r}):
        wait(0.005)
    get_ipython().run_line_magic("kill", "app")
threading.Thread(target=kill_when_told, daemon=True).start()
"""
        )
    return lambda: kill(notebook, request), text


@pytest.mark.parametrize("killer", KILLERS, indirect=True)
@pytest.mark.parametrize("code", CELLS.values(), ids=CELLS)
def test_the_cell_ends_within_a_second_with_one_line(notebook, killer, code):
    kill, text = killer
    name = notebook.driver.entry.application_id
    cell = notebook.start(f"print('begun')\n{code}")
    cell.says("begun")
    if code == SLEEPING:
        notebook.running_job()

    with Stopwatch() as watch:
        kill()
        wait_for(lambda: cell.error, "the error", 5)

    assert watch.seconds < within(1)
    assert cell.error["ename"] == "SparkApplicationKilled"
    assert cell.error["traceback"] == [f"Killed: application {name} from {text}"]
    cell.wait()
    assert last_status_before_the_error(cell) == "busy"
    assert value(notebook, "1 + 1, sc.isStopped") == "(2, True)"


def value(notebook, code):
    """The value of a cell; threads print meanwhile."""
    (result,) = notebook.start(code).wait().of("execute_result")
    return result["data"]["text/plain"]


def last_status_before_the_error(cell):
    """What a front end showed all along: whatever was published last, for whatever request."""
    said = cell.notebook.published
    error = next(m for m in said if m["msg_type"] == "error" and m in cell.messages)
    before = said[: said.index(error)]
    states = [m["content"]["execution_state"] for m in before if m["msg_type"] == "status"]
    return states[-1]


def test_cells_that_wait_in_the_queue_are_not_hit(notebook):
    loop = notebook.start("print('begun')\nwhile True: pass")
    loop.says("begun")
    innocent = [
        notebook.start(
            "import time\nend = time.monotonic() + 0.8\nwhile time.monotonic() < end: pass"
        )
        for _ in range(5)
    ]

    notebook.driver.post("kill", {"reason": "spring cleaning"})
    for cell in [loop, *innocent]:
        cell.wait(30)

    assert loop.error["ename"] == "SparkApplicationKilled"
    assert [cell.error for cell in innocent] == [None] * 5


def test_a_cell_after_a_restart_is_not_hit(notebook):
    # A loop of two lines: CPython 3.11 takes the jump of a short one to be outside of the try.
    cell = notebook.start(
        """print('begun')
try:
    while True:
        str()
except KeyboardInterrupt:
    print('caught')"""
    )
    cell.says("begun")
    later = [
        notebook.start("%spark restart"),
        notebook.start("import time\nend = time.monotonic() + 4\nwhile time.monotonic() < end: 1"),
    ]

    notebook.driver.post("kill", {"reason": "spring cleaning"})
    for each in [cell, *later]:
        each.wait(30)

    assert "caught" in cell.text
    assert [each.error for each in [cell, *later]] == [None] * 3
    assert re.search(r"Application local-\d+ runs\.", later[0].text)
    assert value(notebook, "sc.parallelize([1, 2], 1).sum()") == "3"
    said = [m["content"]["text"] for m in notebook.published if m["msg_type"] == "stream"]
    assert "processes that user code started" not in "".join(said)


def test_a_cell_that_awaits_ends_too(notebook):
    cell = notebook.start("import asyncio\nprint('begun')\nawait asyncio.sleep(60)")
    cell.says("begun")

    with Stopwatch() as watch:
        notebook.driver.post("kill", {"reason": "spring cleaning"})
        wait_for(lambda: cell.error, "the error", 5)

    assert watch.seconds < within(1)
    assert cell.error["ename"] == "CancelledError"
    cell.wait()
    assert value(notebook, "1 + 1") == "2"
