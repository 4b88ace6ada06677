"""The server in front of a real application: what it tells, what it kills, what it costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest
from hypothesis import HealthCheck, given, settings

from benchmarks import polls
from pyspark_shell import SparkConf, SparkContext
from pyspark_shell.rest import server_door
from pyspark_shell.rest.client import DriverClient
from pyspark_shell.rest.discovery import drivers, find
from tests.processes.driver_process import DriverProcess
from tests.processes.gate import Gate
from tests.processes.waiting import Stopwatch, wait_for, within
from tests.rest.browser import Browser
from tests.rest.fuzz import requests

LISTINGS = [
    "jobs",
    "stages",
    "stages?details=true",
    "executors",
    "allexecutors",
    "storage/rdd",
    "environment",
    "cleaner",
    "cleaner?holders=true",
    "threads",
    "executors/driver/threads",
    "snapshot",
    "changes",
]


class Client(Browser):
    """Asks the server of a context."""

    def __init__(self, context):
        base = f"/api/v1/applications/{context.applicationId}"
        super().__init__(context._ui._server, base)


@pytest.fixture
def sc():
    conf = SparkConf().setMaster("local[2]").setAppName("seen").set("spark.ui.port", "0")
    with SparkContext(conf=conf) as context:
        yield context


@pytest.fixture
def client(sc):
    return Client(sc)


@pytest.fixture
def gate(tmp_path):
    gate = Gate(tmp_path / "gate")
    yield gate
    gate.open()


def in_background(function):
    """Run a job in a thread; what it gave, or raised, is put into the list."""
    ended = []

    def run():
        try:
            ended.append(function())
        except Exception as error:
            ended.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, ended


def wait_for_task(client):
    return wait_for(
        lambda: [e for e in client.get("executors").json if e.get("taskIds")], "a running task"
    )


def test_every_listing_of_a_real_application(sc, client):
    sc.parallelize(range(10), 4).map(lambda n: (n % 2, n)).reduceByKey(max, 2).cache().count()
    cached = sc.parallelize(range(10), 2).cache()
    cached.count()

    for path in LISTINGS:
        for unix in (False, True):
            answer = client.get(path, unix=unix)
            assert answer.status == 200, (path, answer.body)
            assert answer.json is not None
    (application,) = client.get("/api/v1/applications").json
    assert (application["id"], application["name"]) == (sc.applicationId, "seen")
    assert client.get("jobs/0").json["status"] == "SUCCEEDED"
    stages = client.get("stages").json
    for stage in stages:
        path = f"stages/{stage['stageId']}/{stage['attemptId']}"
        for below in ("", "/taskList", "/taskSummary"):
            assert client.get(path + below).status == 200, path + below
    assert client.get(f"storage/rdd/{cached.id()}").json["numCachedPartitions"] == 2


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("jobs/999", "unknown job: 999"),
        ("stages/9", "unknown stage: 9"),
        ("storage/rdd/9", "no rdd found w/ id 9"),
        ("stages/9/0/taskSummary", None),
        ("tasks/999/threads", None),
        ("executors/999/threads", None),
        ("executors/999/logs", None),
    ],
)
def test_what_is_not_there(client, path, error):
    answer = client.get(path)

    assert answer.status == 404
    assert error is None or answer.json["error"] == error


def test_orders_for_what_is_not_there(client):
    for path in ("jobs/999", "stages/999", "tasks/999", "executors/999"):
        assert client.post(f"{path}/kill").status == 404, path
    assert client.get("cleaner/rdd/999/lineage").status == 404
    assert client.get("cleaner/broadcast/0/lineage").status == 404
    gone = client.post("cleaner/forget", {"kind": "rdd", "id": 999})
    assert (gone.status, gone.json["error"]) == (404, "the cleaner watches no rdd 999")
    assert client.post("storage/rdd/999/unpersist").status == 404


def test_a_job_is_killed_through_the_api(sc, client, gate):
    thread, ended = in_background(
        lambda: sc.parallelize(range(4), 4).foreach(lambda _: gate.hold())
    )
    wait_for_task(client)

    answer = client.post("jobs/0/kill", {"reason": "too slow", "who": "a test"})

    assert answer.status == 202
    assert answer.json["jobId"] == 0
    assert answer.json["result"] == "killing"
    thread.join(within(5))
    assert "[SPARK_JOB_CANCELLED] Job 0 cancelled too slow" in str(ended[0])
    wait_for(lambda: client.get("jobs/0").json.get("killState") == "KILLED", "its tasks' end")
    row = client.get("jobs/0").json
    assert (row["status"], row["killWho"]) == ("FAILED", "a test")
    again = client.post("jobs/0/kill")
    assert (again.status, again.json["result"]) == (409, "already-finished")


def test_sparks_form_kills_a_job(sc, client, gate):
    cookie = client.sign_in()
    thread, ended = in_background(lambda: sc.parallelize([1], 1).foreach(lambda _: gate.hold()))
    wait_for_task(client)

    fields = f"id=0&csrfToken={client.server.secrets.csrf}"
    form = {"Content_Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    answer = client.post("/jobs/job/kill/", fields, token=False, Cookie=cookie, **form)

    assert answer.status == 302
    thread.join(within(5))
    assert "Job 0 cancelled killed via Web UI" in str(ended[0])


def test_events_tell_the_story_of_a_job(sc, client):
    with client.events() as stream:
        assert stream.next()[1] == "snapshot"
        assert sc.parallelize(range(10), 2).sum() == 45
        statuses = []
        while "SUCCEEDED" not in statuses:
            _, _, change = stream.next()
            if change["kind"] == "job":
                statuses.append(change["row"]["status"])

    assert set(statuses) <= {"RUNNING", "SUCCEEDED"}


def test_the_last_event_is_the_applications_end(sc, client, gate):
    with client.events() as stream:
        stream.next()
        thread, _ = in_background(lambda: sc.parallelize([1], 1).foreach(lambda _: gate.hold()))
        wait_for_task(client)
        sc.stop()
        rows = []
        while (event := stream.next()) is not None:
            rows.append(event[2])
    thread.join(within(5))

    assert rows[-1]["row"]["state"] == "stopped"
    jobs = [each["row"]["status"] for each in rows if each["kind"] == "job"]
    assert jobs[-1] == "FAILED"


BUSY = {
    "loop": "while True: pass",
    "sleep": "time.sleep(600)",
    "wait": "threading.Event().wait()",
    "count": "sum(1 for _ in iter(int, 1))",
}


@pytest.mark.parametrize("busy", BUSY)
def test_a_job_is_killed_while_the_main_thread_is_busy(tmp_path, busy):
    program = f"""
sc = start(spark__ui__port=0)
def job():
    try:
        sc.parallelize(range(4), 4).foreach(lambda n: time.sleep(600))
    except Exception as error:
        tell(ended=str(error))
threading.Thread(target=job, daemon=True).start()
tell(application=sc.applicationId)
{BUSY[busy]}
"""
    driver = DriverProcess(tmp_path, program)
    try:
        client = outside(driver.hear("application"))
        wait_for(lambda: [j for j in client.get("jobs") if j["numActiveTasks"] == 2], "its tasks")

        with Stopwatch() as watch:
            assert client.post("jobs/0/kill", {"reason": "enough"})["result"] == "killing"
            assert "Job 0 cancelled enough" in driver.hear("ended")

        assert watch.seconds < within(1)
        wait_for(lambda: client.get("jobs/0").get("killState") == "KILLED", "its end", 3)
    finally:
        driver.close()


def outside(application_id):
    """A client as another process has it, by the runtime file."""
    return DriverClient(find(application_id), timeout_s=within(3))


def test_the_runtime_file_lives_as_long_as_the_application(sc, client):
    (entry,) = [each for each in drivers() if each.application_id == sc.applicationId]

    assert entry.port == client.server.port
    assert entry.token == client.token
    assert entry.socket == str(client.server.socket_path)
    assert outside(sc.applicationId).get("")["id"] == sc.applicationId
    sc.stop()
    assert [each for each in drivers() if each.id == entry.id] == []
    assert not os.path.exists(entry.socket)


def test_drivers_beside_one_another_have_addresses_of_their_own(tmp_path):
    program = "sc = start(); tell(url=sc.uiWebUrl); input()"
    pair = [DriverProcess(tmp_path, program) for _ in range(2)]
    try:
        first, second = (driver.hear("url") for driver in pair)
        assert first != second
    finally:
        for driver in pair:
            driver.close()


def test_a_start_imports_no_web_framework():
    program = """
import sys
from pyspark_shell import SparkContext
heavy = {"tornado", "asyncio", "IPython", "jupyter_client", "ipywidgets", "http", "numpy", "ssl"}
with SparkContext("local[1]", "light") as sc:
    assert sc.parallelize([1]).sum() == 1
    assert sc.uiWebUrl
    print(sorted(heavy & sys.modules.keys()))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (run.stdout, run.stderr) == ("[]\n", "")


def test_an_application_without_a_home_runs_all_the_same(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PYSPARK_SHELL_RUNTIME_DIR", str(tmp_path / "file" / "below"))
    with SparkContext("local[1]", "homeless") as sc:
        assert sc.parallelize([1, 2]).sum() == 3
        assert Client(sc).get("jobs").status == 200
    assert "will not find this application" in caplog.text


def test_whatever_is_asked_of_a_real_application_the_answer_is_json(sc, client):
    sc.parallelize(range(10), 2).map(lambda n: (n, n)).reduceByKey(max).cache().count()

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(asked=requests(sc.applicationId, spared=["applications/{app}/kill"]))
    def ask(asked):
        answer = client.ask(asked.method, asked.path, asked.body)
        assert answer.status < 500, (asked, answer.body)
        is_file = answer.headers["Content-Type"] == "application/octet-stream"
        assert is_file or asked.method in ("OPTIONS", "HEAD") or answer.json is not None

    ask()
    assert sc.parallelize(range(10), 2).sum() == 45


# A status listener that lags ---------------------------------------------------------------------


class Lag:
    """Keeps the status listeners' thread from the next job's start on."""

    def __init__(self, context):
        self.begun, self.over = threading.Event(), threading.Event()
        context._driver.bus.add(self, "appStatus")

    def onJobStart(self, _):
        self.begun.set()
        assert self.over.wait(within(30))


@pytest.fixture
def lag(sc, client, gate):
    """Yield a job that runs, and a listener that will not hear of its end."""
    run = in_background(lambda: sc.parallelize([0], 1).map(lambda _: gate.hold()).collect())
    wait_for_task(client)
    lag = Lag(sc)
    other = in_background(lambda: sc.parallelize([0], 1).count())
    assert lag.begun.wait(within(10))
    yield run
    lag.over.set()
    gate.open()
    for thread, _ in (run, other):
        thread.join(within(10))


def test_a_kill_is_heard_while_listings_wait_for_rows_that_lag(lag, client, monkeypatch):
    monkeypatch.setattr(server_door, "CATCH_UP_S", within(60))
    listings = [
        in_background(lambda path=path: client.get(path).status)
        for path in ("jobs", "snapshot", "stages/0", "environment")
    ]

    answer = client.post("jobs/0/kill")

    assert (answer.status, answer.json["result"]) == (202, "killing")
    (error,) = wait_for(lambda: lag[1], "the job's end")
    assert "killed via Web UI" in str(error)
    assert [answers for _, answers in listings] == [[], [], [], []]


def test_rows_that_lag_are_shown_as_they_are(lag, client, monkeypatch):
    monkeypatch.setattr(server_door, "CATCH_UP_S", 0.01)

    rows = client.get("jobs").json

    assert [(row["jobId"], row["status"]) for row in rows][-1] == (0, "RUNNING")


# Under load -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_eighty_polls_a_second_during_ten_thousand_tasks(sc):
    """The pollers' clock goes on whatever the driver does: who waits for an answer still asks."""
    poller = polls.start_poller(sc, polls.RATE)
    try:
        took_s = polls.run_job(sc, polls.TASKS)
        out, _ = poller.communicate(timeout=within(30))
    finally:
        poller.kill()
        poller.wait()

    seen = json.loads(out)
    assert seen["answers"] == {"200": seen["polls"]}, "no error"
    assert seen["polls"] >= 0.9 * polls.RATE * took_s
    assert seen["rate"] >= 0.9 * polls.RATE
    assert seen["p99Ms"] < within(polls.P99_TARGET_MS / 1000) * 1000


def test_a_job_of_five_thousand_tasks_costs_a_watcher_little(sc, client):
    """Every answer of a watcher that polls ten times a second, the first snapshot included."""
    sizes, states = [], []
    thread, _ = in_background(lambda: sc.parallelize(range(5000), 5000).count())
    news = client.get("changes")
    while "SUCCEEDED" not in states:
        sizes.append(len(news.body))
        found = news.json
        rows = found.get("snapshot", {}).get("jobs") or [
            change["row"] for change in found.get("changes", ()) if change["kind"] == "job"
        ]
        states += [row["status"] for row in rows]
        news = client.get(f"changes?since={found['seq']}&life={found['life']}&wait=1")
    thread.join(within(10))

    assert len(sizes) > 3, "it was watched while it ran"
    assert max(sizes) < 50_000
    assert len(client.get("snapshot").body) < 50_000
