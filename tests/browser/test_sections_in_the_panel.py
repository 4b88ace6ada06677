"""What else a person can do in the panel's sections, and how they look, in a real browser."""

from __future__ import annotations

import re

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


def running(view, number=0):
    view.run(1)
    view.is_in_state(view.job(number), "running")
    return view


def test_an_executor_is_killed_and_another_takes_its_place(lab_page):
    view = running(opened(lab_page, LONG))
    executors = view.section("Executors")
    view.shows(executors, "executor 0")

    view.click("Kill executor 0", executors)
    view.shows(executors, re.compile(r"Task \d+ starts anew\."))
    view.click("Kill executor 0, yes", executors)

    view.shows(executors, "executor 2", limit_s=20)
    view.click("and 1 that ended", executors)
    view.shows(executors, "ended")
    view.is_in_state(view.job(0), "running")
    kills = view.section("Kills")
    view.shows(kills, "Killed executor 0")
    view.click("Kill job 0")
    view.is_in_state(view.job(0), "killed")


def test_an_idle_executor_is_killed_by_one_click(lab_page):
    view = opened(lab_page, "sc.parallelize(range(2), 2).count()")
    view.run_to_end(1)
    executors = view.section("Executors")
    view.shows(executors, "idle")

    view.click("Kill executor 0", executors)

    view.shows(executors, "1 that ended")


def test_the_timeline_has_a_lane_for_each_executor(lab_page):
    view = running(opened(lab_page, LONG))
    timeline = view.section("Timeline")

    figure = timeline.get_by_role("figure", name="Tasks of stage 0 by executor")
    figure.locator(".jp-Spark-lane").nth(1).wait_for()
    view.page.wait_for_function(
        "() => document.querySelectorAll('.jp-Spark-lane .jp-mod-done').length >= 4"
    )

    assert figure.locator(".jp-mod-running").count() <= 2
    view.click("Kill job 0")
    view.page.wait_for_function(
        "() => document.querySelectorAll('.jp-Spark-lane .jp-mod-killed').length",
        timeout=within(15) * 1000,
    )


def test_a_group_of_jobs_is_killed_by_its_name(lab_page):
    group = f"sc.setJobGroup('..', 'two dots')\n{LONG}"
    view = running(opened(lab_page, group))
    view.click("Stages of job 0")

    view.click("Kill group ..")

    view.is_in_state(view.job(0), "killed")
    kills = view.section("Kills")
    view.shows(kills, "Killed group ..")


def test_a_cell_that_starts_job_after_job_is_killed_as_a_whole(lab_page):
    loop = """
for n in range(1000):
    sc.parallelize(range(4), 2).map(lambda x: time.sleep(0.3)).count()
"""
    view = opened(lab_page, loop)
    view.run(1)
    group = view.panel.get_by_role("listitem", name="Jobs of In [2]", exact=True)
    view.shows(group, re.compile("running|waiting"))

    view.click("Kill all jobs of In [2]")

    view.wait_for_end(1)
    assert "Kill was clicked" in view.output(1)


def test_stages_wait_for_others_and_are_skipped(lab_page):
    shuffled = """
pairs = sc.parallelize(range(4), 4).map(lambda x: (x, time.sleep(2))).groupByKey()
pairs.count()
pairs.count()
"""
    view = opened(lab_page, shuffled)
    view.run(1)
    view.is_in_state(view.job(0), "running")
    view.click("Stages of job 0")
    view.shows(view.job(0), "waits for stage 0")
    view.wait_for_end(1)

    view.click("Stages of job 1")

    view.shows(view.job(1), "skipped")


def test_garbage_is_collected_by_click(lab_page):
    view = opened(lab_page, "1")
    cache = view.section("Cache and cleaner")

    view.click("Collect garbage in the driver now", cache)

    view.shows(cache, re.compile(r"GC \d s ago found \d+"))


def test_stacks_are_downloaded_and_copied(lab_page):
    view = opened(lab_page, "1")
    view.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    threads = view.section("Threads")
    view.shows(threads, "MainThread")

    with view.page.expect_download() as download:
        view.click("Download all stacks as text", threads)
    view.click("Stack of MainThread", threads)
    threads.get_by_role("button", name="Copy").first.click()

    text = download.value.path().read_text()
    assert '"MainThread"' in text
    assert 'File "' in text
    copied = view.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith('File "')


def test_the_link_to_a_cell_that_is_gone_is_off(lab_page):
    view = running(opened(lab_page, LONG))
    link = view.job(0).get_by_role("button", name="Go to In [2]")
    assert link.is_enabled()

    view.page.evaluate("jupyterapp.shell.currentWidget.content.model.sharedModel.deleteCell(1)")

    view.page.wait_for_function("link => link.disabled", arg=link.element_handle())
    view.click("Kill job 0")
    view.is_in_state(view.job(0), "killed")


def test_the_palette_kills_all_and_says_when_nothing_runs(lab_page):
    jobs = """
for n in range(2):
    threading.Thread(
        target=lambda: sc.parallelize(range(60), 60).map(lambda x: time.sleep(1)).count(),
        daemon=True,
    ).start()
"""
    view = opened(lab_page, jobs, "1")
    view.run_to_end(1)
    view.is_in_state(view.job(1), re.compile("running|waiting"))
    view.run_to_end(2)
    view.command("pyspark-shell:next-running-cell")
    view.page.wait_for_function("jupyterapp.shell.currentWidget.content.activeCellIndex === 1")

    view.command("pyspark-shell:kill-all")

    view.is_in_state(view.job(0), "killed")
    view.is_in_state(view.job(1), "killed")
    view.command("pyspark-shell:kill-newest")
    view.page.get_by_text("No Spark job is running.").first.wait_for()


def test_folds_are_kept_and_the_badge_counts_what_runs(new_lab_page):
    view = running(opened(new_lab_page, LONG))
    view.section("Threads")
    badge = view.page.locator("[data-badge='1']")
    badge.first.wait_for(state="attached")

    view.page.reload()
    view.page.wait_for_function("window.jupyterapp?.shell?.currentWidget")
    view.command("pyspark-shell:open")

    threads = view.panel.get_by_role("region", name="Threads", exact=True)
    view.shows(threads, "MainThread")
    threads.get_by_role("button", name="Threads").first.click()
    view.click("Kill job 0")
    view.is_in_state(view.job(0), "killed")
    view.shows_no(badge)


@pytest.fixture(params=["JupyterLab Light", "JupyterLab Dark"])
def themed_page(request, lab_page):
    """The page in each theme; those that come later are light again."""
    lab_page.open()
    lab_page.command("apputils:change-theme", theme=request.param)
    lab_page.page.wait_for_function(
        "theme => document.body.dataset.jpThemeName === theme", arg=request.param
    )
    yield lab_page
    lab_page.command("apputils:change-theme", theme="JupyterLab Light")


def test_nothing_is_cut_off_in_a_narrow_side_bar(themed_page):
    cell = """
data = sc.parallelize(range(60), 60).setName("a name that is rather long for a side bar").cache()
pairs = data.map(lambda x: (x, time.sleep(1))).groupByKey()
thread = threading.Thread(target=pairs.count, name="a-thread-with-quite-a-long-name-of-its-own")
thread.start()
"""
    view = opened(themed_page, cell)
    view.run_to_end(1)
    view.is_in_state(view.job(0), "running")
    sections = ("Timeline", "Executors", "Cache and cleaner", "Threads")
    for title in sections:
        view.section(title)
    view.click("Stages of job 0")
    view.click("Tasks of stage 0")
    view.click("Stack of a-thread-with-quite-a-long-name-of-its-own")
    view.section("Executors").get_by_role("button", name=re.compile("Stack of task")).first.click()
    view.shows(view.panel, "same line for")
    view.click("Kill job 0")
    view.is_in_state(view.job(0), "killed")
    view.section("Kills")
    view.click("Where its tasks stood")

    too_wide = view.panel.evaluate(
        """panel => {
          const {width, minWidth} = panel.style;
          panel.style.width = panel.style.minWidth = '250px';
          const found = [...panel.querySelectorAll('section, header, .jp-Spark-panel')]
            .filter(each => each.scrollWidth > each.clientWidth)
            .map(each => [each.ariaLabel ?? each.tagName, each.scrollWidth,
              [...each.querySelectorAll('*')].filter(inner => inner.getBoundingClientRect().right >
                each.getBoundingClientRect().right + 0.5).map(inner => inner.className)]);
          Object.assign(panel.style, {width, minWidth});
          return found;
        }"""
    )
    assert too_wide == []
