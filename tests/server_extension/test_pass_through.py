"""What a browser may ask of drivers through a real Jupyter server, and what it may not."""

from __future__ import annotations

import http.client
import http.cookies
import json
import os
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from pyspark_shell.server_extension.columns import SHOWN
from tests.processes.waiting import wait_for, within
from tests.server_extension.fake_driver import FakeDriver

TOKEN = "a-token-for-tests"
BASE = "/user/ada/"
SOURCES = Path(__file__).parents[2]


@dataclass(frozen=True)
class Answer:
    status: int
    body: object
    headers: http.client.HTTPMessage


class JupyterServer:
    """A server under a base URL, as a hub starts one."""

    def __init__(self, folder):
        self.drivers = folder / "drivers"
        self.drivers.mkdir(mode=0o700)
        self._log = folder / "server.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        own = {
            f"JUPYTER_{name}_DIR": str(folder / name.lower())
            for name in ("CONFIG", "DATA", "RUNTIME")
        }
        with open(self._log, "w") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    *("-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
                    *(f"--port={self.port}", "--ServerApp.port_retries=0"),
                    *(f"--IdentityProvider.token={TOKEN}", f"--ServerApp.base_url={BASE}"),
                    f"--ServerApp.root_dir={folder}",
                ],
                env={**os.environ, **own, "PYSPARK_SHELL_RUNTIME_DIR": str(self.drivers)},
                stderr=log,
            )
        wait_for(self._answers, "jupyter-server", 30)

    def _answers(self):
        assert self._process.poll() is None, self._log.read_text()
        try:
            return self.ask("GET", "api/status").status == 200
        except OSError:
            return False

    def ask(self, method, path, body=None, headers=None, login=True):
        """Send a request as it is written, with no tidying of its path."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=within(10))
        try:
            connection.request(
                method,
                BASE + path,
                body,
                {**({"Authorization": f"token {TOKEN}"} if login else {}), **(headers or {})},
            )
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        try:
            told = json.loads(content)
        except ValueError:
            told = content.decode(errors="replace")
        return Answer(response.status, told, response.headers)

    @contextmanager
    def stream(self, path):
        """Ask, and leave when the block ends."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=within(10))
        try:
            connection.request("GET", BASE + path, None, {"Authorization": f"token {TOKEN}"})
            with connection.getresponse() as response:
                yield response
        finally:
            connection.close()

    def log(self):
        return self._log.read_text()

    def stop(self):
        self._process.terminate()
        self._process.wait(within(10))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = JupyterServer(tmp_path_factory.mktemp("jupyter"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def fake(server):
    started = FakeDriver(server.drivers)
    yield started
    started.stop()


@pytest.fixture
def driver(server, fake):
    fake.reset()
    wait_for(lambda: names(server) == {"d1": "fake"}, "the driver alone in the list", 10)
    wait_for(lambda: listed(server)["silentForS"] == 0, "the driver to answer", 10)
    fake.seen.clear()
    return fake


def names(server):
    rows = server.ask("GET", "pyspark-shell/drivers").body["drivers"]
    return {row["id"]: row["name"] for row in rows}


def listed(server):
    (row,) = server.ask("GET", "pyspark-shell/drivers").body["drivers"]
    return row


# Passing on ---------------------------------------------------------------------------------


def test_a_listed_driver_shows_neither_token_nor_socket(server, driver):
    answer = server.ask("GET", "pyspark-shell/drivers")

    (row,) = answer.body["drivers"]
    assert row["name"] == "fake"
    assert driver.entry.token not in json.dumps(answer.body)
    assert "socket" not in row


def test_the_driver_gets_its_token_and_nothing_of_the_browser(server, driver):
    answer = server.ask(
        "GET", "pyspark-shell/drivers/d1/jobs/7", headers={"Cookie": "mine=1", "X-Evil": "1"}
    )

    assert answer.body == {"asked": "/api/v1/applications/app-1/jobs/7"}
    assert "stolen" not in str(answer.headers)
    (_, _, headers, _) = driver.seen[-1]
    assert headers["Authorization"] == f"token {driver.entry.token}"
    assert "Cookie" not in headers
    assert "X-Evil" not in headers


def test_an_order_is_passed_on_with_its_body(server, driver):
    body = json.dumps({"reason": "enough", "who": "JupyterLab"})

    answer = server.ask("POST", "pyspark-shell/drivers/d1/jobs/7/kill", body)

    assert answer.status == 202
    method, path, _, sent = driver.seen[-1]
    assert (method, path) == ("POST", "/api/v1/applications/app-1/jobs/7/kill")
    assert json.loads(sent) == json.loads(body)


def test_a_groups_name_stays_one_piece_of_the_path(server, driver):
    server.ask("POST", "pyspark-shell/drivers/d1/jobGroups/a%2Fb%20%C3%A9..%2F/kill", "{}")

    assert driver.seen[-1][1] == "/api/v1/applications/app-1/jobGroups/a%2Fb%20%C3%A9..%2F/kill"


@pytest.mark.parametrize("name", ["..", ".", "a/b", "In[3]"])
def test_a_group_that_no_path_can_hold_is_named_in_the_body(server, driver, name):
    body = json.dumps({"group": name, "reason": "enough"})

    server.ask("POST", "pyspark-shell/drivers/d1/jobGroups/kill?future=true", body)

    _, path, _, sent = driver.seen[-1]
    group = quote(name, safe="")
    assert path == f"/api/v1/applications/app-1/jobGroups/{group}/kill?future=true"
    assert json.loads(sent) == {"reason": "enough"}


def test_a_group_needs_a_name(server, driver):
    answer = server.ask("POST", "pyspark-shell/drivers/d1/jobGroups/kill", "{}")

    assert answer.status == 400
    assert driver.seen == []


def test_only_known_names_of_a_query_are_passed_on(server, driver):
    server.ask("GET", "pyspark-shell/drivers/d1/changes?since=1&life=a&wait=0&evil=1&17=")

    assert driver.seen[-1][1].endswith("/changes?life=a&since=1&wait=0")


def test_columns_make_a_list_of_tasks_small(server, driver):
    path = "pyspark-shell/drivers/d1/stages/0/0/taskList?length=5&columns=taskId,index"

    assert server.ask("GET", path).body == [{"taskId": 0, "index": 0}]


def test_rows_have_the_columns_that_the_panel_shows(server, driver):
    snapshot = server.ask("GET", "pyspark-shell/drivers/d1/snapshot").body
    changes = server.ask("GET", "pyspark-shell/drivers/d1/changes?since=1&life=a&wait=0").body

    assert snapshot["snapshot"]["jobs"] == [{"jobId": 1, "status": "RUNNING"}]
    assert changes["changes"][0]["row"] == {"jobId": 1, "status": "SUCCEEDED"}


def fields_of(interface):
    """The fields of one of the panel's interfaces."""
    source = (SOURCES / "labextension" / "src" / "model" / "rows.ts").read_text()
    body = source.partition(f"export interface {interface} {{")[2]
    return set(re.findall(r"^  (\w+)\??:", body.partition("\n}")[0], re.MULTILINE))


def test_every_field_of_a_row_in_the_panel_is_a_column_that_is_passed_on():
    for kind, columns in SHOWN.items():
        assert fields_of(f"I{kind.capitalize()}") == columns


@pytest.mark.parametrize(
    ("interface", "writers"),
    [
        ("IDriver", "server_extension/drivers.py"),
        ("IApplication", "engines/native_listings.py status/rest_application.py"),
        ("IJob", "status/rest_jobs.py"),
        ("IStage", "status/rest_stages.py"),
        ("ITask", "status/rest_tasks.py"),
        ("IExecutor", "status/rest_executors.py"),
        ("IRdd", "status/rest_storage.py"),
        ("ITracked", "driver/cleaner_view.py"),
        ("IHolder", "driver/cleaner_view.py"),
        ("ICleaner", "driver/cleaner_view.py"),
        ("IKillCard", "status/rest_kills.py"),
        ("IKilledTask", "status/rest_kills.py"),
        ("ILeftThread", "status/rest_kills.py"),
        ("IThread", "executor/thread_states.py engines/native_threads.py"),
        ("ISnapshot", "engines/native.py"),
    ],
)
def test_every_field_of_a_row_in_the_panel_is_one_that_drivers_send(interface, writers):
    written = "".join((SOURCES / "pyspark_shell" / each).read_text() for each in writers.split())

    fields = fields_of(interface)

    assert fields
    assert {field for field in fields if f'"{field}"' not in written} == set()


@pytest.mark.parametrize(
    ("below", "asked"),
    [
        ("version", "/api/v1/version"),
        ("applications", "/api/v1/applications"),
        ("applications/app-1", "/api/v1/applications/app-1"),
        ("applications/app-1/jobs/7", "/api/v1/applications/app-1/jobs/7"),
        (
            "applications/app-1/stages?status=active",
            "/api/v1/applications/app-1/stages?status=active",
        ),
    ],
)
def test_paths_of_spark_s_rest_api_mean_the_same(server, driver, below, asked):
    answer = server.ask("GET", f"pyspark-shell/drivers/d1/api/v1/{below}")

    assert answer.status == 200
    assert driver.seen[-1][1] == asked


def test_a_kill_by_a_path_of_spark_s_rest_api(server, driver):
    path = "pyspark-shell/drivers/d1/api/v1/applications/app-1/jobs/7/kill"

    assert server.ask("POST", path, "{}").status == 202
    assert driver.seen[-1][1] == "/api/v1/applications/app-1/jobs/7/kill"
    assert server.ask("POST", "pyspark-shell/drivers/d1/api/v1/version", "{}").status == 405


# Events -------------------------------------------------------------------------------------


def test_events_are_passed_on_until_the_driver_ends_them(server, driver):
    driver.hangs_up = True

    answer = server.ask("GET", "pyspark-shell/drivers/d1/events?life=a&since=1&evil=1")

    snapshot, change = events_in(answer.body)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert driver.seen[-1][1] == "/api/v1/applications/app-1/events?life=a&since=1"
    assert (snapshot["id"], snapshot["event"]) == ("a-1", "snapshot")
    assert snapshot["data"]["snapshot"]["jobs"] == [{"jobId": 1, "status": "RUNNING"}]
    assert (change["id"], change["event"]) == ("a-2", "change")
    assert change["data"] == {"seq": 2, "kind": "job", "key": "1", "row": {"jobId": 1}}


def test_events_come_at_once_and_end_when_the_reader_leaves(server, driver):
    with server.stream("pyspark-shell/drivers/d1/events") as response:
        assert response.readline() == b"id: a-1\n"
        assert not driver.left.is_set()
        lines = iter(response.readline, b"")
        assert b": \n" in lines, "no heartbeat"

    assert driver.left.wait(within(5))


def test_a_stream_says_that_the_driver_is_silent_and_that_it_answers_again(server, driver):
    with server.stream("pyspark-shell/drivers/d1/events") as response:
        lines = iter(response.readline, b"")
        driver.silent = True
        assert b"event: silent\n" in lines
        told = json.loads(next(lines).partition(b": ")[2])
        driver.wake()
        assert b": \n" in lines, "no heartbeat"

    assert told["ageS"] >= 2
    assert "snapshot" not in told, "it was told before"


def test_no_events_come_from_a_driver_that_has_ended_or_says_nothing(server, driver):
    gone = server.ask("GET", "pyspark-shell/drivers/d9/events")
    driver.silent = True
    silent = server.ask("GET", "pyspark-shell/drivers/d1/events")

    assert (gone.status, silent.status) == (404, 504)


def events_in(body):
    """The fields of each event of a stream."""
    blocks = (block.splitlines() for block in body.strip().split("\n\n"))
    found = [dict(line.split(": ", 1) for line in block) for block in blocks]
    return [{**event, "data": json.loads(event["data"])} for event in found]


# Refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "pyspark-shell/drivers"),
        ("GET", "pyspark-shell/drivers/d1/jobs"),
        ("GET", "pyspark-shell/drivers/d1/events"),
        ("GET", "pyspark-shell/drivers/d1/api/v1/version"),
        ("POST", "pyspark-shell/drivers/d1/jobs/1/kill"),
    ],
)
def test_without_a_login_nothing_is_told(server, driver, method, path):
    answer = server.ask(method, path, "{}" if method == "POST" else None, login=False)

    assert answer.status == 403
    assert driver.seen == []


def test_a_cookie_alone_gives_no_orders(server, driver):
    login = server.ask("GET", f"tree?token={TOKEN}", login=False)
    login = login if login.headers.get_all("Set-Cookie") else server.ask("GET", "api/status")
    jar = http.cookies.SimpleCookie()
    for header in login.headers.get_all("Set-Cookie") or []:
        jar.load(header)
    page = server.ask("GET", f"login?token={TOKEN}", login=False)
    for header in page.headers.get_all("Set-Cookie") or []:
        jar.load(header)
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())
    path = "pyspark-shell/drivers/d1/jobs/1/kill"

    refused = server.ask("POST", path, "{}", {"Cookie": cookie}, login=False)
    token = {"Cookie": cookie, "X-XSRFToken": jar["_xsrf"].value if "_xsrf" in jar else ""}
    accepted = server.ask("POST", path, "{}", token, login=False)

    assert refused.status == 403
    assert accepted.status == 202
    assert len(driver.seen) == 1


@pytest.mark.parametrize(
    "path",
    [
        "d1/../d1/jobs",
        "d1/%2e%2e/jobs",
        "d1/jobs/..%2f..%2fenvironment",
        "d1/jobs/%2e%2e",
        "d1/jobs/1%00",
        "d1/jobs/1%0d%0aHost:%20evil",
        "d1/jobs/-1",
        "d1/jobs/\uff11",
        "d1/jobs/99999999999",
        "d1//jobs",
        "d1/jobs/",
        "d1/api/v1/versions",
        "d1/api/v1/applications/app-2/jobs",
        "d1/api/v1/applications//jobs",
        "d1/api/v1/applications/app-1/../jobs",
        "d1/api/v2/applications/app-1/jobs",
        "d1/http://evil/",
        "d1/jobs/1/kill",
    ],
)
def test_paths_that_no_route_allows_reach_nobody(server, driver, path):
    answer = server.ask("GET", "pyspark-shell/drivers/" + quoted(path))

    assert answer.status in (400, 404, 405)
    assert driver.seen == []


def quoted(path):
    return "".join(c if c.isascii() else "".join(f"%{b:02x}" for b in c.encode()) for c in path)


@pytest.mark.parametrize(
    "name", ["..%2fd1", "%2fetc%2fpasswd", "d1.json", "d%00", "dr%C3%AFver", "d" * 65, "d2", "*"]
)
def test_ids_that_name_no_driver_are_unknown(server, driver, name):
    answer = server.ask("GET", f"pyspark-shell/drivers/{name}/jobs")

    assert answer.status == 404
    assert driver.seen == []


@pytest.mark.parametrize(
    "body", ["[]", "7", '"x"', "{", '{"url": "http://evil"}', "\x00", "x" * 70_000]
)
def test_bodies_that_are_no_order_are_refused(server, driver, body):
    answer = server.ask("POST", "pyspark-shell/drivers/d1/jobs/1/kill", body)

    assert answer.status in (400, 413)
    assert driver.seen == []
    assert "Traceback" not in json.dumps(answer.body)


def test_a_file_that_others_may_read_is_no_driver(server, driver):
    driver.publish(mode=0o644, id="d2")

    assert names(server) == {"d1": "fake"}
    assert server.ask("GET", "pyspark-shell/drivers/d2/jobs").status == 404


def test_a_link_is_no_driver(server, driver):
    os.symlink(server.drivers / "driver-d1.json", server.drivers / "driver-d3.json")

    assert server.ask("GET", "pyspark-shell/drivers/d3/jobs").status == 404


def test_a_file_that_says_another_id_is_no_driver(server, driver):
    path = driver.publish(id="d4")
    path.rename(server.drivers / "driver-d5.json")

    assert server.ask("GET", "pyspark-shell/drivers/d5/jobs").status == 404


# Silence ------------------------------------------------------------------------------------


def test_a_silent_driver_is_told_of_with_what_was_known(server, driver):
    server.ask("GET", "pyspark-shell/drivers/d1/snapshot")
    server.ask("GET", "pyspark-shell/drivers/d1/changes?since=1&life=a&wait=0")
    driver.silent = True

    short = server.ask("GET", "pyspark-shell/drivers/d1/changes?since=2&life=a&wait=0")
    answer = server.ask("GET", "pyspark-shell/drivers/d1/snapshot")

    assert (short.status, answer.status) == (504, 504)
    assert answer.body["ageS"] >= 2
    assert "snapshot" not in short.body
    states = {job["jobId"]: job["status"] for job in answer.body["snapshot"]["jobs"]}
    assert states == {1: "SUCCEEDED", 2: "RUNNING"}
    (row,) = server.ask("GET", "pyspark-shell/drivers").body["drivers"]
    assert row["silentForS"] > 0


def test_a_driver_that_nobody_asks_is_known_to_be_silent(server, driver):
    driver.silent = True

    wait_for(lambda: listed(server)["silentForS"] > 0, "the silence of an unasked driver", 15)
    driver.wake()

    wait_for(lambda: listed(server)["silentForS"] == 0, "the answer", 5)


def test_a_silent_driver_is_asked_one_question_by_all(server, driver):
    driver.silent = True
    server.ask("GET", "pyspark-shell/drivers/d1/jobs")
    driver.seen.clear()

    answers = at_once(4, lambda: server.ask("GET", "pyspark-shell/drivers/d1/jobs"))

    assert {answer.status for answer in answers} == {504}
    assert [path for _, path, _, _ in driver.seen] == ["/api/v1/version"]
    driver.wake()
    wait_for(lambda: server.ask("GET", "pyspark-shell/drivers/d1/jobs").status == 200, "answers")


def test_a_driver_whose_queue_is_full_is_silent_and_not_gone(server, driver):
    path = server.drivers / "driver-d6.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(1)
        driver.publish(id="d6", socket=str(path))

        answers = [
            *at_once(6, lambda: server.ask("GET", "pyspark-shell/drivers/d6/jobs")),
            *at_once(6, lambda: server.ask("GET", "pyspark-shell/drivers/d6/jobs")),
        ]

    assert {answer.status for answer in answers} == {504}


def at_once(number, ask):
    """Do a thing so many times together."""
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(lambda _: ask(), range(number)))


def test_a_kill_that_nobody_can_carry_out_is_told(server, driver):
    driver.silent = True

    answer = server.ask("POST", "pyspark-shell/drivers/d1/jobs/1/kill", "{}")

    assert answer.status == 504
    assert "does not answer" in answer.body["error"]


def test_the_list_waits_until_it_is_another_one(server, driver):
    known = server.ask("GET", "pyspark-shell/drivers").body["version"]
    driver.publish(name="renamed")

    answer = server.ask("GET", f"pyspark-shell/drivers?version={known}&wait=20")

    assert answer.body["version"] != known
    assert answer.body["drivers"][0]["name"] == "renamed"


def test_polling_is_no_activity(server, driver):
    before = server.ask("GET", "api/status").body["last_activity"]
    for _ in range(3):
        server.ask("GET", "pyspark-shell/drivers/d1/jobs")

    # The question itself is an activity, told by the next one.
    assert server.ask("GET", "api/status?no_track_activity=1").body["last_activity"] == before
