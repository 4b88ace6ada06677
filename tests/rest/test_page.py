"""The page in a real browser: what people see, what they can do, what hostile names cannot."""

import threading

import pytest

from tests.browser.jupyter_lab import browser_path
from tests.processes.waiting import wait_for, within

pytestmark = pytest.mark.ui

HOSTILE = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>'\""
NOW_MS = 1_700_000_000_000


def job(job_id, **fields):
    row = {
        "jobId": job_id,
        "name": f"collect at In[{job_id}]:1",
        "callSite": f"collect at In[{job_id}]:1",
        "status": "RUNNING",
        "stageIds": [job_id],
        "jobTags": [],
        "numTasks": 10,
        "numActiveTasks": 2,
        "numCompletedTasks": 3,
        "numFailedTasks": 0,
        "numKilledTasks": 0,
        "submittedAt": NOW_MS,
        "zombieTasks": 0,
    }
    return {**row, **fields}


def stage(stage_id, **fields):
    row = {
        "stageId": stage_id,
        "attemptId": 0,
        "status": "ACTIVE",
        "name": "collect",
        "details": "",
        "numTasks": 10,
        "numActiveTasks": 2,
        "numCompleteTasks": 3,
        "numFailedTasks": 0,
        "numKilledTasks": 0,
        "jobIds": [stage_id],
        "submittedAt": NOW_MS,
    }
    return {**row, **fields}


def executor(executor_id, **fields):
    row = {"id": executor_id, "isActive": True, "state": "busy", "pid": 4711, "taskIds": [5]}
    numbers = {"completedTasks": 3, "maxMemory": 1 << 30, "rssBytes": 1 << 24, "failedTasks": 0}
    return {**row, **numbers, **fields}


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        launched = playwright.chromium.launch(executable_path=browser_path(), args=options)
        yield launched
        launched.close()


@pytest.fixture
def rows(engine):
    """The fake application's snapshot; tests put rows into its lists."""
    application = {
        "id": engine.application_id,
        "name": "figures",
        "state": "running",
        "master": "local[2]",
        "kind": "script",
        "pid": 1,
        "startedAt": NOW_MS,
    }
    lists = {name: [] for name in ("jobs", "stages", "executors", "rdds", "kills")}
    snapshot = {"application": application, **lists, "cleaner": {"state": "off"}, "omitted": {}}
    engine.snapshot = lambda: snapshot
    return snapshot


@pytest.fixture
def look(serve, chromium):
    """Yield a function that opens the page; errors and violations of its policy fail the test."""
    problems = []
    contexts = []

    def open_page(tab="jobs", width=1100, **settings):
        browser = serve(**settings)
        contexts.append(chromium.new_context(viewport={"width": width, "height": 800}))
        page = contexts[-1].new_page()
        page.set_default_timeout(within(5) * 1000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: _note(line, problems))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.browser_of_tests = browser
        page.goto(browser.server.web_url_with_token)
        page.goto(f"{browser.server.web_url}/#{tab}")
        page.get_by_text("live", exact=True).wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def _note(line, problems):
    if line.type == "error" and "Content Security Policy" in line.text:
        problems.append(line.text)


def test_the_page_shows_what_runs_and_follows_it(look, rows, engine):
    rows["jobs"].append(job(3))
    page = look()

    row = page.locator("article").filter(has_text="#3")
    assert "running" in row.inner_text()
    assert "3+2/10" in row.inner_text()
    engine.change("job", "3", **job(3, numCompletedTasks=9, numActiveTasks=1))
    row.get_by_text("9+1/10").wait_for()
    engine.change("job", "4", **job(4))
    page.get_by_role("button", name="Stages of job 4").wait_for()
    engine.change("job", "3", **job(3, status="SUCCEEDED", completedAt=NOW_MS + 1))
    row.get_by_text("done").wait_for()


def test_a_click_kills_and_the_row_tells_the_truth(look, rows, engine):
    rows["jobs"].append(job(3))
    engine.job_rows[3] = job(3)
    page = look()

    page.get_by_role("button", name="Kill job 3").click()
    wait_for(lambda: engine.orders, "the order")
    page.get_by_text("Killing…").wait_for()
    row = page.locator("article").filter(has_text="#3")
    assert "running" in row.inner_text(), "nothing but the driver says that a job is killed"
    killed = {"status": "FAILED", "completedAt": NOW_MS + 1, "zombieTasks": 2}
    engine.change("job", "3", **job(3, killState="KILLING", **killed))
    row.get_by_text("2 tasks still running").wait_for()
    engine.change("job", "3", **job(3, killState="KILLED", killedAt=NOW_MS + 400, **killed))
    row.get_by_text("killed in 0.4 s").wait_for()

    (kind, target, order), *more = engine.orders
    assert (kind, target, order.who, more) == ("job", 3, "the web page", [])


def test_a_refusal_is_told(look, rows):
    rows["jobs"].append(job(77))
    page = look()

    page.get_by_role("button", name="Kill job 77").click()

    page.get_by_text("unknown job: 77").wait_for()


def test_what_destroys_more_is_asked_first(look, rows, engine):
    rows["jobs"] += [job(0), job(1)]
    rows["stages"].append(stage(0, jobIds=[0, 1]))
    page = look("stages")

    page.get_by_role("button", name="Kill stage 0").click()
    dialog = page.get_by_role("dialog")
    assert "#1 collect at In[1]:1" in dialog.inner_text()
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    page.get_by_role("button", name="Kill application").click()
    dialog.get_by_role("button", name="Kill application").click()
    wait_for(lambda: engine.orders, "the order")

    assert [kind for kind, _, _ in engine.orders] == ["application"]


def test_a_user_who_may_not_kill_sees_no_button(look, rows):
    rows["jobs"].append(job(3))
    rows["executors"].append(executor("1"))
    page = look(spark__ui__killEnabled="false")

    page.get_by_text("#3").wait_for()
    assert page.locator("button.kill").count() == 0


def test_where_nothing_may_be_killed_the_other_orders_are_there(look, rows, engine):
    rdd = {"id": 1, "name": "words", "storageLevel": "", "numPartitions": 1, "callSite": ""}
    rows["rdds"].append(rdd | {"numCachedPartitions": 1, "memoryUsed": 1, "diskUsed": 1})
    rows["executors"].append(executor("1"))
    entity = {"kind": "rdd", "id": 1, "name": "words", "callSite": "", "state": "live"}
    entity |= {"memoryBytes": 1, "diskBytes": 1, "canUnpersist": True}
    entity |= {"heldBy": [{"path": "variable words", "forgettable": True}]}
    engine.cleaner = lambda holders: {"state": "waiting", "rows": [entity]}
    page = look("cleaner", spark__ui__killEnabled="false")

    page.get_by_role("button", name="Release rdd 1").click()
    page.get_by_text("Nothing to release").wait_for()
    page.get_by_role("button", name="Unpersist RDD 1").click()
    page.get_by_role("button", name="Collect garbage now").click()
    page.get_by_text("3 objects found").wait_for()
    page.goto(f"{page.browser_of_tests.server.web_url}/#storage")
    page.get_by_role("button", name="Unpersist RDD 1").wait_for()

    assert page.locator("button.kill").count() == 0
    assert engine.orders == [("forget", "rdd", 1), ("unpersist", 1)]


def test_hostile_names_are_text_everywhere(look, rows, engine):
    rows["application"]["name"] = HOSTILE
    hurt = job(3, description=HOSTILE, jobGroup=HOSTILE, jobTags=[HOSTILE], callSite=HOSTILE)
    failed = job(4, status="FAILED", failureReason=HOSTILE, name=HOSTILE, callSite=HOSTILE)
    rows["jobs"] += [hurt, failed]
    rows["stages"].append(stage(3, name=HOSTILE, details=HOSTILE))
    rows["rdds"].append(
        {"id": 1, "name": HOSTILE, "storageLevel": HOSTILE, "numPartitions": 1, "callSite": HOSTILE}
        | {"numCachedPartitions": 1, "memoryUsed": 1, "diskUsed": 1}
    )
    rows["executors"].append(executor("1", removeReason=HOSTILE, keptBecause=HOSTILE))
    task = {"taskId": 1, "executorId": "1", "pid": 1, "forced": True, "lastStack": [HOSTILE]}
    card = {"id": 1, "scope": "group", "target": HOSTILE, "who": HOSTILE, "reason": HOSTILE}
    rows["kills"].append({**card, "at": 1, "jobs": [3], "tasks": [task], "state": "killed"})
    entity = {"kind": "rdd", "id": 1, "name": HOSTILE, "callSite": HOSTILE, "state": "live"}
    entity |= {"memoryBytes": 1, "diskBytes": 1, "heldBy": [{"path": HOSTILE}], "error": HOSTILE}
    engine.cleaner = lambda holders: {"state": HOSTILE, "rows": [entity]}
    thread = {"threadId": 1, "threadName": HOSTILE, "threadState": "RUNNABLE", "owner": "user"}
    thread |= {"stackTrace": {"elems": [f'File "{HOSTILE}", line 1, in f\n  {HOSTILE}']}}
    engine.executor_threads = lambda executor_id: [thread]
    logs = {"text": HOSTILE, "offset": 0, "length": 9, "size": 9}
    engine.logs = lambda *asked: logs
    engine.environment = lambda: {"sparkProperties": [[HOSTILE, HOSTILE]]}
    page = look()

    for tab in ("jobs", "stages", "executors", "storage", "cleaner", "threads", "environment"):
        page.goto(f"{page.browser_of_tests.server.web_url}/#{tab}")
        page.locator("main").get_by_text("<script>").first.wait_for()
        openers = page.locator("main .opener, main [aria-label^=Output]").element_handles()
        for opener in openers:
            opener.click()
        are_open = "all => all.every(each => each.ariaExpanded === 'true')"
        page.wait_for_function(are_open, arg=openers)
        assert page.locator("main img, main script, header img, dialog img").count() == 0
    assert page.title() == f"{HOSTILE} · pyspark-shell"


def test_a_slow_listener_is_told(look, rows, engine):
    rows["application"]["droppedEvents"] = {"shared": 12}
    queue = {"name": "shared", "depth": 7, "capacity": 9, "dropped": 12}
    engine.listener_bus = lambda: [queue]
    page = look("environment")

    page.get_by_text("12 events dropped from queue shared").wait_for()
    page.get_by_text("7 of 9 wait, 12 dropped").wait_for()


def test_a_task_that_was_tried_again_tells_its_story(look, rows, engine):
    task = {"taskId": 9, "index": 4, "partitionId": 4, "attempt": 1, "executorId": "2", "pid": 12}
    task |= {"status": "SUCCESS", "stageId": 3, "stageAttempt": 0, "duration": 5}
    first = {"taskId": 5, "index": 4, "attempt": 0, "stageAttempt": 0, "executorId": "1", "pid": 11}
    first |= {"startedAt": NOW_MS, "duration": 2100, "status": "KILLED", "speculative": False}
    first |= {"reason": HOSTILE, "forced": True, "lastStack": ['File "job.py", line 3, in spin']}
    rows["stages"].append(stage(3))
    engine.task_list = lambda *asked: [task]
    engine.task_story = lambda stage_id, index: [first, {**task, "reason": "", "lastStack": []}]
    page = look("stages")

    page.get_by_role("button", name="Tasks of stage 3.0").click()
    page.get_by_role("button", name="Story of task 9").click()

    told = page.get_by_label("Story of partition 4").get_by_role("listitem")
    told.nth(1).wait_for()
    assert "task 5 · executor 1 (pid 11)" in told.nth(0).inner_text()
    assert "line 3, in spin" in told.nth(0).inner_text()
    assert "ended by force" in told.nth(0).inner_text()
    assert HOSTILE in told.nth(0).inner_text()
    assert "done" in told.nth(1).inner_text()


@pytest.mark.parametrize("tab", ["jobs", "stages", "executors", "storage", "cleaner", "threads"])
def test_nothing_sticks_out_of_a_narrow_window(look, rows, tab):
    long = "a_very_long_name_without_any_blank_" * 4
    rows["application"]["name"] = long
    rows["jobs"].append(job(3, description=long))
    rows["stages"].append(stage(3, name=long))
    rows["executors"] += [executor("1"), executor("driver")]
    page = look(tab, width=360)

    page.locator("main section").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("tab", ["jobs", "stages", "executors", "storage", "cleaner"])
def test_an_empty_list_says_what_would_fill_it(look, rows, tab):
    page = look(tab)

    page.locator(".empty h3").wait_for()


def test_what_executors_use_is_told_by_events_and_not_asked_for(look, rows, engine):
    rows["executors"].append(executor("1"))
    listings = []
    engine.executors = listings.append
    page = look("executors")
    page.get_by_text("16.0 MiB").wait_for()

    for percent in (73, 99):
        engine.change("executor", "1", **executor("1", cpuPercent=percent, rssBytes=5 << 20))
        page.get_by_text(f"{percent} %").wait_for()

    page.get_by_text("5.0 MiB").wait_for()
    assert listings == []


def test_the_end_stays_visible(look, rows, engine):
    rows["jobs"].append(job(3))
    page = look()
    engine.change("job", "3", **job(3, status="FAILED", failureReason="SparkContext was shut down"))

    stopper = threading.Thread(target=page.browser_of_tests.server.stop)
    stopper.start()
    page.locator("h1 .pill.stopped").wait_for()
    page.locator(".health.ended").wait_for()
    stopper.join()

    assert "SparkContext was shut down" in page.locator("article").inner_text()
    assert page.locator("button.kill").count() == 0
    page.get_by_role("tab", name="Threads").click()
    page.get_by_text("there is nobody to ask").wait_for()


def test_a_lost_connection_is_said_and_found_again(look, rows, engine):
    rows["jobs"].append(job(3))
    page = look()
    engine.change("job", "5", **job(5))
    page.get_by_role("button", name="Stages of job 5").wait_for()
    page.context.set_offline(True)
    loop = page.browser_of_tests.server._loop
    for server in loop._servers:
        for connection in list(server._connections):
            connection.stream.io_loop.add_callback(connection.stream.close)
    page.get_by_text("reconnecting").wait_for()
    engine.change("job", "9", **job(9))
    page.context.set_offline(False)

    page.get_by_role("button", name="Stages of job 9").wait_for()
    page.get_by_text("live", exact=True).wait_for()
    assert page.get_by_role("button", name="Stages of job").count() == 3, "it goes on where it was"


def test_a_driver_that_says_nothing_is_called_silent(look, rows):
    rows["jobs"].append(job(3))
    page = look()
    held = threading.Event()
    feed = page.browser_of_tests.server._loop._feed
    loop = feed._pump.get_loop()
    loop.call_soon_threadsafe(held.wait, within(30))

    page.get_by_text("no answer: Python is in one long C call").wait_for(timeout=within(20) * 1000)
    assert "#3" in page.locator("article").inner_text()
    held.set()
    page.get_by_text("live", exact=True).wait_for()


def test_the_keyboard_does_all(look, rows, engine):
    rows["jobs"].append(job(3))
    engine.job_rows[3] = job(3)
    page = look()

    page.keyboard.press("3")
    page.get_by_text("No executor has started yet").wait_for()
    page.keyboard.press("1")
    page.get_by_text("No executor has started yet").wait_for(state="detached")
    page.get_by_role("button", name="Stages of job 3").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Stages of job 3", expanded=True).wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.ariaLabel") == "Kill job 3"
    engine.change("job", "3", **job(3, numCompletedTasks=4))
    page.get_by_text("4+2/10").wait_for()
    assert page.evaluate("document.activeElement.ariaLabel") == "Kill job 3"
    page.keyboard.press("Enter")
    wait_for(lambda: engine.orders, "the order")


def test_the_token_is_asked_for_and_given(serve, chromium, rows):
    browser = serve()
    context = chromium.new_context()
    page = context.new_page()
    page.goto(browser.server.web_url)
    page.get_by_label("Token").fill(browser.token)
    page.get_by_role("button", name="Open").click()

    page.get_by_text("figures").wait_for()
    assert browser.token not in page.url
    context.close()


def test_a_link_from_another_site_works_once_the_cookie_is_there(serve, chromium, rows):
    browser = serve()
    address = browser.server.web_url
    context = chromium.new_context()
    page = context.new_page()
    page.goto(browser.server.web_url_with_token)
    page.route(
        "http://elsewhere.example/",
        lambda route: route.fulfill(
            content_type="text/html", body=f'<a href="{address}/">look</a>'
        ),
    )
    page.goto("http://elsewhere.example/")
    page.get_by_text("look").click()

    page.get_by_text("figures").wait_for()
    context.close()


def test_a_hidden_page_asks_for_nothing(look, rows, engine):
    rows["jobs"].append(job(3))
    page = look()
    feed = page.browser_of_tests.server._loop._feed
    hide = (
        "(value) => {Object.defineProperty(document, 'hidden', {value, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))}"
    )
    page.evaluate(hide, True)
    engine.change("job", "4", **job(4))
    wait_for(lambda: repr(feed).endswith(": 0 watch>"), "nobody to watch", 15)
    page.evaluate(hide, False)

    page.get_by_role("button", name="Stages of job 4").wait_for()
