"""The page of a real application: each order is clicked, and the application does it."""

from __future__ import annotations

import sys
import threading

import pytest

from pyspark_shell import SparkConf, SparkContext
from tests.browser.jupyter_lab import browser_path
from tests.processes.gate import Gate
from tests.processes.waiting import wait_for, within

pytestmark = pytest.mark.ui


@pytest.fixture
def sc():
    conf = SparkConf().setMaster("local-cluster[2,1,700]").setAppName("clicked")
    conf.set("spark.ui.port", "0").set("spark.task.reaper.killTimeout", "1s")
    with SparkContext(conf=conf) as context:
        yield context


@pytest.fixture
def gate(tmp_path):
    gate = Gate(tmp_path / "gate")
    yield gate
    gate.open()


@pytest.fixture
def page(sc):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=browser_path(), args=options)
        page = browser.new_page()
        page.set_default_timeout(within(10) * 1000)
        page.goto(sc._ui_address_with_token)
        page.get_by_text("live", exact=True).wait_for()
        yield page
        browser.close()


@pytest.fixture
def begin(sc, gate):
    """Yield a function that starts a job whose first task is held; gives what became of it."""
    threads = []

    def start(tasks=1):
        ended = []

        def run():
            try:
                held = sc.parallelize(range(tasks), tasks).map(lambda n: gate.stop_here() or n)
                ended.append(held.collect())
            except Exception as error:
                ended.append(error)

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        wait_for(gate.pids, "the task to run")
        return ended

    yield start
    gate.open()
    for thread in threads:
        thread.join(within(20))


def open_tab(page, sc, name):
    page.goto(f"{sc.uiWebUrl}/#{name}")


def test_a_killed_task_is_tried_again_and_tells_its_story(page, sc, gate, begin):
    ended = begin()
    open_tab(page, sc, "stages")
    page.get_by_role("button", name="Tasks of stage 0.0").click()

    page.get_by_role("button", name="Kill task 0").click()

    wait_for(lambda: ended, "the job's end", 20)
    assert ended == [[0]]
    page.get_by_role("button", name="Story of task 1").click()
    story = page.get_by_label("Story of partition 0").get_by_role("listitem")
    story.nth(1).wait_for()
    assert "killed" in story.nth(0).inner_text()
    assert "done" in story.nth(1).inner_text()


def test_a_killed_executor_is_replaced(page, sc, gate, begin):
    ended = begin()
    (row,) = [row for row in sc._ui.engine.executors() if row.get("taskIds")]
    open_tab(page, sc, "executors")

    page.get_by_role("button", name=f"Kill executor {row['id']}").click()
    page.get_by_role("dialog").get_by_role("button", name="Kill executor").click()

    wait_for(lambda: ended, "the job's end", 20)
    assert ended == [[0]]
    dead = page.locator("article.executor.dead").filter(has_text=f"executor {row['id']}")
    dead.wait_for()


def test_a_shared_stage_is_killed_after_a_question_that_names_its_jobs(page, sc, gate):
    held = sc.parallelize(range(2), 2).map(lambda n: (gate.stop_here() or n, 1))
    pairs = held.reduceByKey(lambda a, b: a + b, 2)
    errors = []

    def collect():
        try:
            pairs.collect()
        except Exception as error:
            errors.append(str(error))

    threads = [threading.Thread(target=collect, daemon=True) for _ in range(2)]
    threads[0].start()
    wait_for(gate.pids, "the task to run")
    threads[1].start()
    wait_for(lambda: len(sc.statusTracker().getActiveJobsIds()) == 2, "two jobs")
    open_tab(page, sc, "stages")

    page.get_by_role("button", name="Kill stage 0").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("#1 ").wait_for()
    dialog.get_by_role("button", name="Kill 2 jobs").click()

    wait_for(lambda: len(errors) == 2, "both jobs to end", 20)
    assert all("killed via the Web UI" in error for error in errors)
    for each in threads:
        each.join(within(10))


def test_what_is_cached_is_given_up_and_garbage_is_collected(page, sc):
    words = sc.parallelize(range(10), 2).setName("words").cache()
    words.count()
    open_tab(page, sc, "storage")

    page.get_by_role("button", name=f"Unpersist RDD {words.id()}").click()

    page.get_by_text("Nothing is cached").wait_for()
    assert not words.getStorageLevel().useMemory
    open_tab(page, sc, "cleaner")
    page.get_by_role("button", name="Collect garbage now").click()
    page.get_by_text("garbage collection").wait_for()
    page.get_by_text("(user)").wait_for()


def test_the_lineage_of_what_is_watched_is_shown(page, sc):
    pairs = sc.parallelize([(1, 2)], 2).map(lambda pair: pair).setName("pairs")
    groups = pairs.groupByKey().cache()
    groups.count()
    open_tab(page, sc, "cleaner")

    page.get_by_role("button", name=f"Show lineage of rdd {groups.id()}").click()

    drawn = page.locator("pre").filter(has_text="ParallelCollectionRDD")
    drawn.wait_for()
    assert drawn.inner_text().splitlines() == groups.toDebugString().decode().splitlines()
    page.get_by_role("button", name=f"Hide lineage of rdd {groups.id()}").click()
    drawn.wait_for(state="detached")


def test_what_a_variable_holds_is_released_and_cleaned(page, sc, monkeypatch):
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)  # a script's variables are its own
    main = vars(sys.modules["__main__"])
    main["held_by_a_name"] = sc.parallelize(range(10), 2).setName("words").cache()
    number = main["held_by_a_name"].id()
    main["held_by_a_name"].count()
    open_tab(page, sc, "cleaner")
    page.get_by_role("button", name="Show holders").click()
    page.get_by_text("variable held_by_a_name").wait_for()

    page.get_by_role("button", name=f"Release rdd {number}", exact=True).click()

    page.get_by_text("Released from variable held_by_a_name").wait_for()
    assert "held_by_a_name" not in main
    wait_for(lambda: sc._driver.cleaner.entities.cleaned["rdd"] == 1, "it to be cleaned", 1)
    page.locator("article.cleaned", has_text="words").wait_for()
    assert sc._driver.scheduler.blocks.cached_partitions(number) == {}
