"""Jobs as a person meets them in JupyterLab: seen, killed, found again, in a real browser."""

from __future__ import annotations

import re
import statistics

import pytest

from tests.processes.waiting import within

START = """
import threading, time
from pyspark_shell import SparkContext
sc = SparkContext("local[2]", "browser")
"""
LONG = "sc.parallelize(range(60), 60).map(lambda x: time.sleep(1)).count()"


def opened(lab_page, *cells):
    """Open a notebook whose first cell has started a driver."""
    lab_page.open(lab_page.lab.write_notebook(START, *cells))
    lab_page.run_to_end(0)
    return lab_page


def test_see_job(lab_page):
    view = opened(lab_page, "sc.parallelize(range(30), 30).map(lambda x: time.sleep(0.1)).count()")

    took_ms = view.ms_from_run_to(1, "job 0")

    assert took_ms < within(0.5) * 1000
    view.is_in_state(view.job(0), "running")
    view.shows(view.job(0), re.compile(r"[1-9]\d?\+2/30"))
    view.shows(view.job(0), "In [2]")
    view.is_in_state(view.job(0), "done")
    view.shows(view.job(0), "30/30")


def test_the_line_below_a_cell_is_kept_with_the_notebook(lab_page):
    view = opened(lab_page, "sc.parallelize(range(30), 30).map(lambda x: time.sleep(0.1)).count()")
    folded = re.compile(r"1 job · 30 tasks · \d")
    view.run_to_end(1)
    view.shows(view.cell(1), folded)

    view.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    name = view.page.evaluate("jupyterapp.shell.currentWidget.context.path")
    view.open(name)

    view.shows(view.cell(1), folded)


IN_A_LOOP = """
def work():
    try:
        sc.parallelize(range(60), 60).map(lambda x: time.sleep(1)).count()
    except Exception as problem:
        print(problem)
worker = threading.Thread(target=work, daemon=True)
worker.start()
while worker.is_alive():
    pass
"""


@pytest.mark.parametrize("cell", [LONG, IN_A_LOOP], ids=["in an action", "in a loop of Python"])
def test_kill_job_busy(lab_page, cell):
    view = opened(lab_page, cell)
    took_ms = []

    for number in range(5):
        view.run(1)
        view.is_in_state(view.job(number), "running")
        assert view.kernel_status() == "busy"
        took_ms.append(view.ms_from_click_to(f"Kill job {number}", view.job(number), "killed"))
        view.wait_for_end(1)
        assert "Kill was clicked" in view.output(1)

    view.shows(view.job(4), re.compile(r"killed\s*in \d"))
    assert statistics.median(took_ms) < within(0.3) * 1000, took_ms
    print(f"click to killed: {statistics.median(took_ms):.0f} ms of {sorted(map(round, took_ms))}")


def test_the_card_of_a_kill_tells_who_when_why_how_far_and_where(lab_page):
    view = opened(lab_page, LONG.replace("sleep(1)", "sleep(30)"))
    view.run(1)
    view.shows(view.job(0), "0+2/60")
    view.click("Kill job 0")
    view.is_in_state(view.job(0), "killed")

    kills = view.section("Kills")
    card = kills.get_by_role("status", name="After the kill of job 0")
    view.shows(card, re.compile(r"Killed job 0 \d\d:\d\d:\d\d · from JupyterLab"))
    view.shows(card, "Kill was clicked")
    view.shows(card, "1 job")
    view.shows(card, "2 tasks")
    view.shows(card, re.compile(r"ended in \d"))
    view.click("Where its tasks stood", card)

    view.shows(card, re.compile(r"task \d on executor \d"))
    view.shows(card, "In[2]:1, in <lambda>")
    view.shows(card, "time.sleep(30)")


def test_kernel_stays_busy_while_the_panel_asks(lab_page):
    view = opened(lab_page, LONG)
    view.run(1)
    view.is_in_state(view.job(0), "running")
    executors = view.section("Executors")
    view.shows(executors, "runs task")
    # A stack is asked for each second; all else comes by one stream.
    executors.get_by_role("button", name=re.compile("Stack of task")).first.click()
    before = len(view.requests)

    statuses = view.page.evaluate(
        """() => new Promise(ready => {
          const {kernel} = jupyterapp.shell.currentWidget.sessionContext.session;
          const seen = [];
          const timer = setInterval(() => {
            seen.push(kernel.status);
            if (seen.length === 100) {
              clearInterval(timer);
              ready(seen);
            }
          }, 30);
        })"""
    )

    assert len(view.requests) > before
    # An answer in a subshell says `idle`; `busy` follows it at once.
    assert statuses.count("busy") >= 95
    assert statuses[-1] == "busy"
    view.click("Kill job 0")
    view.is_in_state(view.job(0), "killed")


def test_kill_spinner(lab_page):
    spin = "def spin(x):\n    while True: pass\nsc.parallelize(range(2), 2).map(spin).count()"
    view = opened(lab_page, spin)
    view.run(1)
    view.is_in_state(view.job(0), "running")

    view.click("Kill job 0")

    view.shows(view.job(0), re.compile(r"killed\s*in"), limit_s=15)
    view.wait_for_end(1)
    assert "Killed" in view.output(1)


def test_kill_c(lab_page):
    in_c = (
        "# Holds the interpreter, and looks for no signal.\n"
        "sc.parallelize(range(2), 2).map(lambda x: sum(range(10**15))).count()"
    )
    view = opened(lab_page, in_c)
    executors = view.section("Executors")
    view.run(1)
    view.is_in_state(view.job(0), "running")
    view.shows(executors, "executor 1")

    view.note_all_texts_of(view.job(0))
    view.click("Kill job 0")

    view.shows(view.job(0), re.compile(r"killed\s*in .*forced after 2\.\d s"), limit_s=20)
    texts = view.noted_texts()
    assert any(re.search("killing.*2 tasks still running", text) for text in texts), texts
    stubborn = r"task [01] on executor [01] \(pid \d+\) does not stop\s*In\[2\]:2, in <lambda>"
    named = [text for text in texts if re.search(stubborn, text)]
    assert named, texts
    assert "sum(range(" in named[-1]
    assert "Kill executor" in named[-1]
    view.wait_for_end(1)
    view.shows(executors, "executor 2")


TASKS = {
    "asleep": "time.sleep(30)",
    "in a loop": "[0 for _ in iter(int, 1)]",
    "in C code": "re.match('(a*)*b', 'a' * 60)",
}


@pytest.mark.parametrize("work", TASKS.values(), ids=TASKS)
def test_kill_task_of_a_stage(lab_page, work):
    view = opened(
        lab_page, f"import re\nsc.parallelize(range(60), 60).map(lambda x: {work}).count()"
    )
    view.run(1)
    view.is_in_state(view.job(0), "running")
    view.click("Stages of job 0")
    view.click("Tasks of stage 0")
    tasks = view.panel.get_by_role("list", name="Tasks of stage 0")
    view.shows(tasks, "running")

    running = tasks.get_by_role("button", name=re.compile("Kill task"))
    name = running.first.get_attribute("aria-label")
    running.first.click()

    number = name.split()[-1]
    row = tasks.get_by_role("listitem").filter(has=view.page.get_by_text(number, exact=True))
    view.is_in_state(row, "killed", limit_s=15)
    view.is_in_state(view.job(0), "running")
    view.click("Kill job 0")
    view.is_in_state(view.job(0), "killed", limit_s=15)


def test_kill_stage_shared(lab_page):
    shared = """
pairs = sc.parallelize(range(4), 4).map(lambda x: (x, time.sleep(20))).groupByKey()
def count():
    try:
        pairs.count()
    except Exception as problem:
        print(type(problem).__name__, problem)
threads = [threading.Thread(target=count, daemon=True) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    view = opened(lab_page, shared)
    view.run(1)
    view.is_in_state(view.job(0), "running")
    view.is_in_state(view.job(1), re.compile("running|waiting"))
    view.job(0).get_by_role("button", name="Stages of job 0").click()

    stage = view.job(0).locator(".jp-Spark-stage").first
    stage.get_by_role("button", name=re.compile("Kill stage")).click()
    view.shows(stage, "#0, #1")
    stage.get_by_role("button", name=re.compile("yes")).click()

    view.is_in_state(view.job(0), re.compile("failed|killed"))
    view.is_in_state(view.job(1), re.compile("failed|killed"))
    view.wait_for_end(1)
    assert view.output(1).count("because") == 2, view.output(1)


def test_kill_cell_and_cell_attribution(lab_page):
    two = """
def work():
    try:
        sc.parallelize(range(60), 60).map(lambda x: time.sleep(1)).count()
    except Exception:
        pass
threads = [threading.Thread(target=work, name=f"loader-{n}", daemon=True) for n in range(2)]
for thread in threads: thread.start()
"""
    view = opened(lab_page, two, LONG)
    view.run_to_end(1)
    view.run(2)
    view.is_in_state(view.job(2), re.compile("running|waiting"))
    group = view.panel.get_by_role("listitem", name="Jobs of In [2]", exact=True)
    view.shows(group, "thread loader-0")

    view.job(2).get_by_role("button", name="Go to In [3]").click()
    assert active_cell(view) == 2
    group.get_by_role("button", name="Go to In [2]").first.click()
    assert active_cell(view) == 1

    view.click("Kill all jobs of In [2]")

    view.is_in_state(view.job(0), "killed")
    view.is_in_state(view.job(1), "killed")
    view.is_in_state(view.job(2), "running")


def active_cell(view):
    view.page.wait_for_selector(".jp-Spark-flash", state="attached")
    number = view.page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex")
    view.page.wait_for_selector(".jp-Spark-flash", state="detached")
    return number


def test_kill_app_loop(lab_page):
    keeper = """
over = threading.Event()
threading.Thread(target=over.wait, name="keeper").start()
sc.parallelize(range(2), 2).count()
"""
    view = opened(lab_page, keeper, "while True: pass", "over.set()\n1 + 1")
    view.run_to_end(1)
    view.is_in_state(view.job(0), "done")
    view.run(2)

    view.click("Kill application browser")
    view.click("Kill application browser, yes")

    view.wait_for_end(2)
    assert re.search(r"Killed: application local-\d+ from JupyterLab: Kill was", view.output(2))
    card = view.panel.get_by_role("status", name="After the kill of the application").first
    view.shows(card, re.compile(r"Killed the application \d\d:\d\d:\d\d · from JupyterLab"))
    view.shows(card, "threads left: keeper (keeps the process alive)")
    view.run_to_end(3)
    assert "2" in view.output(3).splitlines()


def test_reload_second_tab_and_restart(new_lab_page, browser):
    from tests.browser.jupyter_lab import LabPage

    view = opened(new_lab_page, LONG)
    view.run(1)
    view.is_in_state(view.job(0), "running")
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        other = LabPage(new_lab_page.lab, context.new_page()).open()
        other.is_in_state(other.job(0), "running")

        view.page.reload()
        view.page.wait_for_function("window.jupyterapp?.shell?.currentWidget")
        view.command("pyspark-shell:open")
        view.is_in_state(view.job(0), "running")
        other.click("Kill job 0")

        view.is_in_state(view.job(0), "killed")
        other.is_in_state(other.job(0), "killed")
    finally:
        context.close()


def test_names_that_look_like_scripts_are_text(lab_page):
    evil = """
name = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
sc.setJobGroup(name, name)
threading.Thread(target=time.sleep, args=(60,), name=name, daemon=True).start()
sc.parallelize(range(4), 4).setName(name).cache().count()
"""
    view = opened(lab_page, evil)
    view.run_to_end(1)
    cache, threads = view.section("Cache and cleaner"), view.section("Threads")
    view.click("Stages of job 0")

    view.shows(view.job(0), "<img src=x")
    view.shows(cache, "<img src=x")
    view.shows(threads, "<script>")

    # When this one has failed, those that came before it have too.
    view.page.evaluate(
        """() => new Promise(failed => {
          const image = new Image();
          image.onerror = failed;
          image.src = 'x';
        }).then(() => undefined)"""
    )
    assert view.page.evaluate("window.hacked") is None
