"""What strangers on the port can do: send rubbish, hold connections, ask for too much.

Nothing of it is answered with a stack, and nobody else has to wait for them.
"""

import http.client
import json
import logging
import socket
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings

from pyspark_shell.rest import server_loop
from pyspark_shell.rest.handlers_tables import Download
from pyspark_shell.rest.port import Refusal
from pyspark_shell.rest.request import Request
from pyspark_shell.rest.routes import ROUTES
from tests.processes.waiting import Stopwatch, wait_for, within
from tests.rest.browser import API
from tests.rest.fake_engine import APP
from tests.rest.fuzz import HOLES, PARAMETERS, holes_of, requests, strange_requests

MALFORMED = [
    b"",
    b"\r\n\r\n",
    b"hello\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: local\x00host\r\n\r\n",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"POST /api/v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n\r\n",
    b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    b"POST /api/v1/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\xff" * 5000,
    b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"x=" * 5000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 40_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /api/v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\nabcd",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Encoding: gzip\r\n\r\nabcd",
]


@pytest.mark.parametrize("data", MALFORMED, ids=range(len(MALFORMED)))
def test_rubbish_is_refused(browser, caplog, data):
    answer = browser.raw(data)

    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 100"))
    assert b"Traceback" not in answer
    assert APP.encode() not in answer
    assert browser.get("jobs").status == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_body_has_a_limit(browser, engine):
    size = server_loop.MAX_BODY_BYTES

    assert browser.post("jobs/0/kill", b" " * size).status == 202
    with suppress(ConnectionError, http.client.HTTPException):  # it may hang up in the middle
        assert browser.post("jobs/0/kill", b" " * (size + 1)).status in (400, 413)
    assert len(engine.orders) == 1


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET /api/v1/version HTTP/1.1\r\nHost: localho",
        b"POST /api/v1/version HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc",
    ],
)
def test_a_request_that_does_not_come_to_an_end_is_cut(serve, monkeypatch, beginning):
    monkeypatch.setattr(server_loop, "IDLE_TIMEOUT_S", 0.2)
    monkeypatch.setattr(server_loop, "BODY_TIMEOUT_S", 0.2)
    browser = serve()

    with socket.create_connection(("127.0.0.1", browser.server.port)) as sock:
        sock.settimeout(within(5))
        sock.sendall(beginning)
        assert sock.recv(100) == b""


@pytest.mark.parametrize("beginning", [b"", b"GET /api/v1/version HTTP/1.1\r\nHost: loc"])
def test_connections_that_say_nothing_or_half_hold_nobody_up(browser, beginning):
    browser.get("")
    silent = [socket.create_connection(("127.0.0.1", browser.server.port)) for _ in range(200)]
    try:
        for each in silent:
            each.sendall(beginning)
        assert browser.get("jobs").status == 200, "they are all connected"
        with Stopwatch() as watch:
            assert browser.get("jobs").status == 200
        assert watch.seconds < within(0.1)
    finally:
        for each in silent:
            each.close()


def test_connections_have_a_limit_and_the_socket_has_its_own(serve, monkeypatch):
    monkeypatch.setattr(server_loop, "MAX_CONNECTIONS", 10)
    browser = serve()
    browser.get("", unix=True)
    silent = [socket.create_connection(("127.0.0.1", browser.server.port)) for _ in range(40)]
    try:
        for each in silent[10:]:
            each.settimeout(within(5))
            assert each.recv(1) == b""
        assert browser.get("", unix=True).status == 200
    finally:
        for each in silent:
            each.close()
    wait_for(lambda: _answers(browser), "room for others")


def _answers(browser):
    try:
        return browser.get("").status == 200
    except (OSError, http.client.HTTPException):
        return False


def test_many_requests_on_one_connection(browser):
    connection = http.client.HTTPConnection("127.0.0.1", browser.server.port)
    headers = {"Authorization": f"token {browser.token}"}
    for _ in range(100):
        connection.request("GET", f"{API}/jobs", headers=headers)
        assert len(json.loads(connection.getresponse().read())) == 1
    connection.close()


# Fuzz -------------------------------------------------------------------------------------------


class Noting(dict):
    """A query that says nothing, and notes what it is asked for."""

    def get(self, name, default=None):
        self[name] = default
        return default


def test_nothing_that_can_be_asked_is_left_out_below(engine):
    query = Noting()
    for route in ROUTES:
        with suppress(Refusal):
            answer = route.answer(Request(engine, dict.fromkeys(HOLES, "1"), query))
            if isinstance(answer, Download):
                answer.file.close()

    assert {hole for route in ROUTES for hole in holes_of(route.path)} == HOLES.keys()
    assert query.keys() - PARAMETERS.keys() == set()
    assert len(query) > 20


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(asked=requests(APP))
def test_whatever_is_asked_the_answer_is_json(browser, asked):
    answer = browser.ask(asked.method, asked.path, asked.body)

    assert answer.status < 500, answer.body
    if answer.headers["Content-Type"] == "application/octet-stream":
        assert answer.status == 200
    elif asked.method not in ("OPTIONS", "HEAD"):
        assert answer.json is not None
        assert answer.status < 400 or answer.json["error"]


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(strange=strange_requests(APP))
def test_a_stranger_learns_and_changes_nothing(browser, engine, strange):
    """Whatever he sends, without the token there is a refusal, and nothing of the application."""
    asked, headers = strange
    headers = {"Authorization": None, **headers}

    try:
        answer = browser.ask(asked.method, asked.path, asked.body, token=False, **headers)
    except ConnectionResetError:  # hung up on, while the body was still on its way
        assert asked.body
        if "Transfer_Encoding" not in headers:  # nobody can say where such a body ends
            head = browser.ask(asked.method, asked.path, token=False, **headers)
            assert head.status == 400, "only for a head that cannot be read"
    else:
        assert 400 <= answer.status < 500, answer.body
        assert APP.encode() not in answer.body
        assert b"Traceback" not in answer.body
    assert engine.orders == []
