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
    view.shows(stack, "deep_in_user_code")
    view.shows(stack, re.compile(r"same line for \d"), limit_s=10)
    stack.press("Escape")
    view.shows_no(stack)
    view.click("Kill job 0")
    view.shows(view.job(0), "killed")


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
    section.get_by_role("button", name="Stack of spinner").click()
    view.shows(spinner, "spin")
    section.get_by_role("searchbox").fill("keeper")
    view.shows_no(spinner)
    view.run_to_end(2)


@pytest.mark.slow
def test_no_burden(lab_page):
    many = "sc.parallelize(range(10_000), 10_000).map(lambda x: time.sleep(0.01)).count()"
    view = opened(lab_page, many)
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
    sizes = []
    view.page.on("response", lambda answer: sizes.append(answer))
    view.run(1)
    view.shows(view.job(0), "running")
    view.click("Stages of job 0")
    view.click("Tasks of stage 0")
    tasks = view.panel.get_by_role("list", name="Tasks of stage 0")
    view.shows(tasks, "done")

    for place in (0.25, 0.5, 0.75, 0):
        tasks.evaluate("(list, place) => (list.scrollTop = place * list.scrollHeight)", place)
        first = int(place * 10_000)
        view.page.wait_for_function(
            "n => document.querySelectorAll('.jp-Spark-task').length < 60", arg=first
        )
    view.page.wait_for_timeout(2000)
    (driver,) = view.lab.get("pyspark-shell/drivers")["drivers"]
    threads = view.lab.get(f"pyspark-shell/drivers/{driver['id']}/threads")
    ours = [each for each in threads if each["threadName"].startswith("SparkUI")]

    assert sum(each.get("cpuPercent") or 0 for each in ours) < within(5), ours
    assert view.page.evaluate("window.longest") < within(0.2) * 1000
    bodies = [
        int(each.headers.get("content-length", 0))
        for each in sizes
        if "/pyspark-shell/" in each.url
    ]
    assert bodies
    assert max(bodies) < 50_000, sorted(bodies)[-5:]
    view.click("Kill job 0")
    view.shows(view.job(0), "killed")


def test_a_hidden_panel_asks_nothing_until_a_command_kills(lab_page):
    view = opened(lab_page, LONG)
    view.run(1)
    view.shows(view.job(0), "running")

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
    view.shows(view.job(0), "killed")


def test_keyboard_and_tab(lab_page):
    view = opened(lab_page, LONG)
    view.run(1)
    view.shows(view.job(0), "running")
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
