"""Spark's REST API over HTTP: paths, parameters, statuses, texts."""

import json
import math

import pytest

from pyspark_shell.rest.json_text import compact, pretty
from tests.rest.fake_engine import APP, STARTED_MS


@pytest.mark.parametrize(
    "path",
    [
        "",
        "jobs",
        "jobs/0",
        "stages",
        "stages/0",
        "stages/0/0",
        "stages/0/0/taskSummary",
        "stages/0/0/taskList",
        "stages/0/0/taskTable",
        "stages/0/tasks/3/story",
        "killstate",
        "listenerBus",
        "1/jobs",
        "1/stages/0/0/taskList",
        "foo/jobs",
        "cleaner/rdd/1/lineage",
        "executors",
        "allexecutors",
        "allmiscellaneousprocess",
        "executors/driver/threads",
        "executors/1/threads",
        "executors/1/logs",
        "threads",
        "threads/driver",
        "tasks/7/threads",
        "storage/rdd",
        "environment",
        "cleaner",
        "snapshot",
        "/api/v1/version",
        "/api/v1/applications",
        "jobs/",
    ],
)
def test_every_listing_is_served(browser, path):
    for unix in (False, True):
        answer = browser.get(path, unix=unix)

        assert answer.status == 200, answer.body
        assert answer.headers["Content-Type"] == "application/json"
        assert isinstance(answer.json, (dict, list))


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("jobs/999", 404, "unknown job: 999"),
        ("jobs/x", 404, "The job id must be a number, got 'x'."),
        ("foo/jobs/999", 404, "unknown job: 999"),
        ("cleaner/rdd/x/lineage", 404, "The rdd id must be a number, got 'x'."),
        ("jobs/%D9%A1", 404, None),
        ("jobs/-1", 404, None),
        ("jobs/99999999999999999999", 404, None),
        ("jobs?status=nonsense", 404, None),
        ("stages?status=nonsense", 404, None),
        ("stages/x", 404, None),
        ("stages/0/x", 404, None),
        ("stages/0/0/taskList?length=x", 404, None),
        ("stages/0/0/taskList?sortBy=x", 404, None),
        ("stages/0/0/taskList?status=x", 404, None),
        ("stages/0/0?taskStatus=x", 404, None),
        (
            "stages/0/0/taskSummary?quantiles=0.1,x",
            400,
            'Bad value for parameter "quantiles".  Expected a double, got "x"',
        ),
        ("stages/0/0/taskSummary?quantiles=7", 400, None),
        ("stages/0/0/taskSummary?quantiles=nan", 400, None),
        ("executors/x/threads", 400, "Invalid executorId: neither 'driver' nor number."),
        ("executors/1/logs?stream=core", 400, None),
        ("threads?taskId=x", 400, None),
        ("storage/rdd/9", 404, "no rdd found w/ id 9"),
        ("storage/rdd/x", 404, None),
        ("changes?since=x", 400, None),
        ("nothing", 404, None),
        ("jobs/0/0/0", 404, None),
        ("/api/v1/applications/nope", 404, "no such app: nope"),
        ("/api/v1/applications/nope/jobs", 404, "no such app: nope"),
        ("/api/v1/applications/nope/events", 404, "no such app: nope"),
        ("/api/v1/applications?minDate=x", 400, "Couldn't parse date: x"),
        ("/api/v1/applications?status=x", 404, None),
        ("/api/v1/applications?limit=x", 404, None),
        ("/api/v1/", 404, None),
        ("/static/../server.py", 404, None),
        ("/static/%2e%2e%2fserver.py", 404, None),
        ("/static/nothing.js", 404, None),
    ],
)
def test_every_refusal_is_told(browser, path, status, error):
    answer = browser.get(path)

    assert answer.status == status
    assert answer.json["error"]
    assert error is None or answer.json == {"error": error}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 1),
        ("?status=running", 1),
        ("?status=RUNNING&status=completed", 1),
        ("?status=completed", 0),
        ("?minDate=2023-11-14", 1),
        ("?minDate=2023-11-15", 0),
        ("?maxDate=2023-11-14", 0),
        ("?minDate=2023-11-14T22:13:19.999GMT&maxDate=2023-11-14T22:13:21.000GMT", 1),
        ("?maxEndDate=2000-01-01", 0),
        ("?minEndDate=2100-01-01", 1),
        ("?limit=0", 0),
        ("?limit=5", 1),
    ],
)
def test_applications_are_chosen_as_in_spark(browser, query, found):
    assert STARTED_MS == 1_700_000_000_000
    assert len(browser.get(f"/api/v1/applications{query}").json) == found


def test_an_ended_application_is_chosen_by_its_end(browser, engine):
    row = engine.application()
    row["attempts"][0] |= {"completed": True, "endTimeEpoch": STARTED_MS + 1000}
    engine.application = lambda: row

    found = {
        query: len(browser.get(f"/api/v1/applications?{query}").json)
        for query in ("status=running", "status=completed", "minEndDate=2023-11-15")
    }

    assert found == {"status=running": 0, "status=completed": 1, "minEndDate=2023-11-15": 0}


def test_a_list_of_tasks_has_the_columns_that_are_asked_for(browser, engine):
    engine.tasks = [{"taskId": 7, "index": 3, "status": "RUNNING", "taskMetrics": {}}]

    short = browser.get("stages/0/0/taskList?columns=taskId,status,nothing").json
    whole = browser.get("stages/0/0/taskList").json

    assert short == [{"taskId": 7, "status": "RUNNING"}]
    assert whole == engine.tasks


def test_parameters_reach_the_engine(browser, engine):
    browser.get("jobs?status=running&status=Failed")
    browser.get("stages?status=active&details=true")
    browser.get("stages/0/0/taskList?offset=40&length=7&sortBy=-runtime&status=failed")
    browser.get("stages/0/0/taskList?sortBy=+runtime")
    browser.get("stages/0/0/taskList?offset=-4&length=99999999")
    browser.get("stages/0/0/taskList?sortBy=-id")

    assert engine.asked == [
        ("jobs", ["RUNNING", "FAILED"]),
        ("stages", ["ACTIVE"], True, None),
        ("tasks", 40, 7, "-runtime", ["FAILED"]),
        ("tasks", 0, 20, "runtime", []),
        ("tasks", 0, 10_000, "ID", []),
        ("tasks", 0, 20, "-ID", []),
    ]
    assert browser.get("stages/0/0/taskSummary").json["quantiles"] == [0.05, 0.25, 0.5, 0.75, 0.95]
    assert browser.get("threads?taskId=7").json == {"taskId": 7}
    assert browser.get("cleaner?holders=true").json["holders"] is True
    assert browser.get("executors/2/logs?stream=stdout&offset=-9&length=9999999999").json == {
        "executorId": "2",
        "stream": "stdout",
        "offset": -9,
        "length": 1 << 20,
    }


def test_tasks_are_chosen_by_their_status(browser):
    assert list(browser.get("stages/0?taskStatus=failed").json[0]["tasks"]) == ["6"]
    assert list(browser.get("stages/0/0").json["tasks"]) == ["5", "6"]
    assert "tasks" not in browser.get("stages/0/0?details=false").json


# Orders -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "kind", "target"),
    [
        ("jobs/0/kill", "job", 0),
        ("stages/3/kill", "stage", 3),
        ("tasks/12/kill", "task", 12),
        ("jobGroups/a%2Fb%20%C3%A9/kill", "group", ("a/b é", False)),
        ("jobGroups/g/kill?future=true", "group", ("g", True)),
        ("tags/t%22/kill", "tag", 't"'),
        ("executors/2/kill", "executor", "2"),
        ("kill", "application", APP),
    ],
)
def test_every_kill_is_an_order_of_its_own(browser, engine, path, kind, target):
    body = {"reason": "too slow", "interrupt": True, "who": "JupyterLab"}

    answer = browser.post(path, body)

    assert answer.status == 202
    assert answer.json == {f"{kind}Id": _json(target), "result": "killing", "runningTasks": 2}
    ((got_kind, got_target, order),) = engine.orders
    assert (got_kind, got_target) == (kind, target)
    assert (order.reason, order.who, order.interrupt) == ("too slow", "JupyterLab", True)


def _json(value):
    return json.loads(json.dumps(value))


def test_a_kill_needs_no_words(browser, engine):
    assert browser.post("jobs/0/kill").status == 202
    assert browser.post("stages/0/kill", {"interrupt": None}).status == 202

    reasons = [(order.reason, order.who, order.interrupt) for _, _, order in engine.orders]
    assert reasons == [
        ("killed via Web UI", "HTTP", None),
        ("killed via the Web UI", "HTTP", None),
    ]


@pytest.mark.parametrize("value", ["maybe", "1", "yes", "None"])
def test_a_group_is_not_killed_where_it_is_unclear_whether_jobs_to_come_are_meant(
    browser, engine, value
):
    answer = browser.post(f"jobGroups/g/kill?future={value}")

    assert answer.status == 400
    assert answer.json == {"error": f"future must be true or false, got '{value}'."}
    assert engine.orders == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("jobs/999/kill", 404),
        ("jobs/x/kill", 400),
        ("stages/x/kill", 400),
        ("tasks/-1/kill", 400),
        ("executors/x/kill", 400),
        ("storage/rdd/x/unpersist", 400),
        ("foo/jobs/0/kill", 404),
        ("threads/x/interrupt", 400),
        ("/api/v1/applications/nope/jobs/0/kill", 404),
        ("jobGroups//kill", 202),
    ],
)
def test_every_refused_order_is_told(browser, engine, path, status):
    assert browser.post(path).status == status
    assert len(engine.orders) == (status == 202)


def test_a_kill_that_comes_too_late_says_how_it_ended(browser, engine):
    engine.job_rows[0]["status"] = "SUCCEEDED"

    answer = browser.post("jobs/0/kill")

    assert answer.status == 409
    assert answer.json == {
        "error": "Job 0 has ended.",
        "result": "already-finished",
        "status": "SUCCEEDED",
    }


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"7",
        b"\xff\xfe",
        b'{"reason": 7}',
        b'{"reason": "' + b"x" * 3000 + b'"}',
        b'{"interrupt": "yes"}',
        b'{"who": []}',
        b"[" * 20_000,
        b'{"reason": ' + b"9" * 6000 + b"}",
    ],
)
def test_bodies_that_cannot_be_understood(browser, engine, body):
    answer = browser.post("jobs/0/kill", body)

    assert answer.status == 400
    assert answer.json["error"]
    assert engine.orders == []


def test_the_cleaners_orders(browser, engine):
    assert browser.post("cleaner/gc").json == {"collected": 3, "tookMs": 1}
    assert browser.post("cleaner/forget", {"kind": "rdd", "id": 7}).status == 200
    assert browser.post("storage/rdd/7/unpersist").status == 202
    assert engine.orders == [("forget", "rdd", 7), ("unpersist", 7)]
    for body in ({}, {"kind": "rdd"}, {"kind": "os", "id": 1}, {"kind": "rdd", "id": True}):
        assert browser.post("cleaner/forget", body).status == 400


def test_who_gives_an_order_through_the_socket_needs_no_csrf_token(browser, engine):
    assert browser.post("jobs/0/kill", unix=True, Origin="http://lab").status == 202


# JSON -------------------------------------------------------------------------------------------


def test_programs_get_compact_json_and_people_sparks(browser):
    assert browser.get("/api/v1/version", Accept="application/json").body.count(b"\n") == 0
    assert browser.get("/api/v1/version", unix=True).body.count(b"\n") == 0
    people = browser.get("/api/v1/version").body.decode()
    assert people.startswith('{\n  "spark" : "4.3.0-pyshell-')


@pytest.mark.parametrize("text", [compact, pretty])
@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({"a": [1, {"b": None}], "c": "ü\ud800\u2028</script>"}, None),
        ([math.nan, math.inf, -math.inf], ["NaN", "Infinity", "-Infinity"]),
        ({"a": {}, "b": [], "c": [[]]}, None),
        ({1: True}, {"1": True}),
    ],
)
def test_every_value_is_readable_json(text, value, read):
    assert json.loads(text(value)) == (value if read is None else read)
    text(value).decode("ascii")


def test_hostile_names_are_data(browser, engine):
    name = "<img src=x onerror=alert(1)>\"'</script>"
    engine.job_rows[0]["name"] = name

    answer = browser.get("jobs/0", Accept="text/html")

    assert answer.json["name"] == name
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    refused = browser.get("/api/v1/applications/%3Cscript%3E")
    assert refused.json == {"error": "no such app: <script>"}
    assert refused.headers["Content-Type"] == "application/json"
