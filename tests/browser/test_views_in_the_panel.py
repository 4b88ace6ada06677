"""Executors, cache and threads in the panel, and what the panel costs, in a real browser."""

from __future__ import annotations

import re

import pytest

from tests.processes.waiting import within

START = """
import threading, time
from pyspark_shell import SparkContext
sc = SparkContext("local[2]", "browser")
"""
CACHED = "df = sc.parallelize(range(100), 2).cache()\ndf.count()"
LONG = "sc.parallelize(range(60), 60).map(lambda x: time.sleep(1)).count()"


def opened(lab_page, *cells):
    """Open a notebook whose first cell has started a driver."""
    lab_page.open(lab_page.lab.write_notebook(START, *cells))
    lab_page.run_to_end(0)
    return lab_page


def test_live_stack_of_a_task(lab_page):
    stuck = """
def deep_in_user_code(x):
    time.sleep(60)
sc.parallelize(range(2), 2).map(deep_in_user_code).count()
"""
    view = opened(lab_page, stuck)
    executors = view.section("Executors")
    view.run(1)
    view.shows(executors, "runs task")

    executors.get_by_role("button", name=re.compile("Stack of task")).first.click()

    stack = view.panel.get_by_role("region", name=re.compile("Stack of task"))
    view.shows(stack, "In[2]:2, in deep_in_user_code")
    view.shows(stack, "time.sleep(60)")
    view.shows(stack, re.compile(r"same line for \d"), limit_s=10)
    view.page.keyboard.press("Escape")
    view.shows_no(stack)
    focused = view.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused.startswith("Stack of task")
    view.click("Kill job 0")
    view.is_in_state(view.job(0), "killed")


def test_cleaner_view(lab_page):
    view = opened(
        lab_page, "df = sc.parallelize(range(100), 2).cache()\ndf.count()", "df", "del df"
    )
    for number in (1, 2, 3):
        view.run_to_end(number)
    cache = view.section("Cache and cleaner")
    row = cache.get_by_role("listitem", name=re.compile(r"^rdd \d+$"))
    view.shows(row, "held")

    view.click("Who holds them?")
    view.shows(row, re.compile(r"held by .*Out\[3\]"), limit_s=15)
    view.shows(row, re.compile(r"held by .*(?<![\w])_3\b"))
    row.get_by_role("button", name=re.compile("Release")).click()
    row.get_by_role("button", name=re.compile("yes")).click()

    view.shows(row, re.compile(r"cleaned \d\d:\d\d"), limit_s=20)


def test_unpersist(lab_page):
    view = opened(lab_page, CACHED)
    view.run_to_end(1)
    cache = view.section("Cache and cleaner")
    row = cache.get_by_role("listitem", name=re.compile(r"^rdd \d+$"))
    view.shows(row, "2 blocks")

    row.get_by_role("button", name=re.compile("Unpersist")).click()

    view.shows_no(row.get_by_text("2 blocks"))


def test_threads_view(lab_page):
    threads = """
def spin():
    while not stop: pass
stop = False
threading.Thread(target=spin, name="spinner", daemon=True).start()
threading.Thread(target=time.sleep, args=(60,), name="keeper").start()
"""
    view = opened(lab_page, threads, "stop = True")
    view.run_to_end(1)
    section = view.section("Threads")

    keeper = section.get_by_role("listitem", name="keeper", exact=True)
    view.shows(keeper, "keeps the process alive")
    spinner = section.get_by_role("listitem", name="spinner", exact=True)
    view.shows(spinner, "% CPU")
    view.shows(spinner, "In [2]")
    view.shows(spinner, "started at In[2]:4")
    section.get_by_role("button", name="Stack of spinner").click()
    view.shows(spinner, re.compile(r"In\[2\]:2, in spin"))
    section.get_by_role("searchbox").fill("keeper")
    view.shows_no(spinner)
    view.run_to_end(2)


CPU = """
import os
def cpu_s():
    times = os.times()
    return times.user + times.system
before = cpu_s()
time.sleep(10)
print("cpu", cpu_s() - before)
"""


@pytest.mark.slow
def test_no_burden(lab_page):
    many = "sc.parallelize(range(10_000), 10_000).map(lambda x: None).count()"
    slow = """
import threading
job = threading.Thread(
    target=lambda: sc.parallelize(range(10_000), 10_000).map(lambda x: time.sleep(0.05)).count(),
    daemon=True,
)
job.start()
"""
    view = opened(lab_page, many, slow, CPU, CPU)
    sizes = []
    view.page.on("response", lambda answer: sizes.append(answer))
    view.run(1)
    view.is_in_state(view.job(0), "running")
    view.click("Stages of job 0")
    view.click("Tasks of stage 0")
    tasks = view.panel.get_by_role("list", name="Tasks of stage 0")
    view.page.evaluate(
        """() => {
          window.longest = 0;
          new PerformanceObserver(list => {
            for (const entry of list.getEntries()) {
              window.longest = Math.max(window.longest, entry.duration);
            }
          }).observe({type: 'longtask'});
        }"""
    )
    view.is_in_state(view.job(0), "done", limit_s=60)
    view.shows(view.panel, "10000 tasks")

    for place in (0.25, 0.5, 0.75, 0):
        tasks.evaluate("(list, place) => (list.scrollTop = place * list.scrollHeight)", place)
        view.shows(tasks, f"{int(place * 10_000)}done")
        assert tasks.locator(".jp-Spark-task").count() < 60
    tasks.evaluate("list => (list.scrollTop = 0.5 * list.scrollHeight)")
    number = tasks.locator(".jp-Spark-id").filter(has_text=re.compile("^5000$"))
    number.wait_for()  # the list draws its rows after it was scrolled
    assert view.page.evaluate("window.longest") < within(0.2) * 1000

    # What an open list of a stage that goes on costs the driver.
    view.run_to_end(2)
    view.is_in_state(view.job(1), "running")
    view.click("Stages of job 1")
    view.click("Tasks of stage 1")
    view.run_to_end(3)
    view.page.evaluate("jupyterapp.shell.collapseRight()")
    view.run_to_end(4)
    seen, hidden = (float(view.output(n).split("cpu ")[1]) / 10 for n in (3, 4))
    print(f"a core is used by {seen:.1%} with the panel, {hidden:.1%} without")
    assert seen - hidden < within(0.05)

    bodies = [
        int(each.headers.get("content-length", 0))
        for each in sizes
        if "/pyspark-shell/" in each.url
    ]
    assert bodies
    assert max(bodies) < 50_000, sorted(bodies)[-5:]
    view.command("pyspark-shell:open")
    view.click("Kill job 1")
    view.is_in_state(view.job(1), "killed")


def asks_nothing(view):
    """Whether the panel asks for nothing while a job makes some progress."""
    before = len(view.requests)
    shown = view.cell(1).inner_text()
    view.page.wait_for_function(
        "([cell, shown]) => cell.innerText !== shown && /[4-9]\\+2/.test(cell.innerText)",
        arg=[view.cell(1).element_handle(), shown],
        timeout=within(15) * 1000,
    )
    return view.requests[before:] == []


def test_a_panel_that_nobody_sees_asks_nothing(lab_page):
    view = opened(lab_page, LONG)
    view.run(1)
    view.is_in_state(view.job(0), "running")
    view.page.evaluate(
        """() => {
          Object.defineProperty(document, 'hidden', {value: true, configurable: true});
          document.dispatchEvent(new Event('visibilitychange'));
        }"""
    )
    assert asks_nothing(view)
    view.page.evaluate(
        """() => {
          delete document.hidden;
          document.dispatchEvent(new Event('visibilitychange'));
        }"""
    )
    view.shows(view.job(0), re.compile(r"\d\+2/60"))

    # As a tab that stands behind another one.
    notebook = view.page.evaluate("jupyterapp.shell.currentWidget.id")
    view.command("pyspark-shell:open-tab")
    tab = view.page.locator("#pyspark-shell-tab")
    view.shows(tab, "running")
    view.page.evaluate("jupyterapp.shell.collapseRight()")
    view.page.evaluate("id => jupyterapp.shell.activateById(id)", notebook)
    view.page.wait_for_function("!document.querySelector('#pyspark-shell-tab').offsetParent")
    assert asks_nothing(view)
    view.command("pyspark-shell:kill-all")
    view.wait_for_end(1)


def test_a_hidden_panel_asks_nothing_until_a_command_kills(lab_page):
    view = opened(lab_page, LONG)
    view.run(1)
    view.is_in_state(view.job(0), "running")

    view.page.evaluate("jupyterapp.shell.collapseRight()")
    view.page.wait_for_function("!document.querySelector('#pyspark-shell-panel').offsetParent")
    before = len(view.requests)
    view.page.wait_for_function(
        r"() => /\b([4-9]|\d\d)\+2\/60/.test(document.body.innerText)", timeout=within(10) * 1000
    )

    assert len(view.requests) <= before + 1
    view.command("pyspark-shell:kill-newest")
    view.wait_for_end(1)
    assert "from JupyterLab" in view.output(1)
    view.command("pyspark-shell:open")
    view.is_in_state(view.job(0), "killed")


def test_keyboard_and_tab(lab_page):
    view = opened(lab_page, LONG)
    view.run(1)
    view.is_in_state(view.job(0), "running")
    view.command("pyspark-shell:open-tab")
    tab = view.page.locator("#pyspark-shell-tab")
    row = tab.get_by_role("listitem", name="job 0", exact=True)
    view.shows(row, "running")

    row.get_by_role("button", name="Stages of job 0").focus()
    view.page.keyboard.press("Enter")
    view.shows(row, "stage 0")
    row.get_by_role("button", name="Kill job 0").focus()
    view.page.keyboard.press("Enter")

    view.shows(row, "killed")
