"""The client: over socket or TCP, never waiting longer than it was told."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pyspark_shell.rest.client import DriverClient, NoAnswer
from pyspark_shell.rest.port import Refusal
from pyspark_shell.rest.runtime_file import RuntimeEntry


class FakeDriver(BaseHTTPRequestHandler):
    """Echoes what it is asked, or what the test wants."""

    def _answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        seen = {
            "method": self.command,
            "path": self.path,
            "authorization": self.headers["Authorization"],
            "body": json.loads(self.rfile.read(length)) if length else None,
        }
        status, content = self.server.answers.get(self.path, (200, json.dumps(seen).encode()))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer

    def log_message(self, *_):
        return


class UnixServer(HTTPServer):
    address_family = socket.AF_UNIX

    def server_bind(self):
        self.socket.bind(self.server_address)

    def get_request(self):
        return self.socket.accept()[0], ("unix", 0)


@pytest.fixture(params=["unix", "tcp"])
def fake(request, tmp_path):
    if request.param == "unix":
        server = UnixServer(str(tmp_path / "s"), FakeDriver)
        where = {"socket": str(tmp_path / "s")}
    else:
        server = HTTPServer(("127.0.0.1", 0), FakeDriver)
        where = {"port": server.server_port}
    server.answers = {}
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    server.client = DriverClient(RuntimeEntry("1", "local-7", "secret", **where))
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_get_asks_below_the_application_with_the_token(fake):
    seen = fake.client.get("jobs", status="running", details=True, nothing=None)

    assert seen == {
        "method": "GET",
        "path": "/api/v1/applications/local-7/jobs?status=running&details=true",
        "authorization": "token secret",
        "body": None,
    }


def test_post_sends_json(fake):
    seen = fake.client.post("jobs/3/kill", {"reason": "mine"})

    assert (seen["method"], seen["body"]) == ("POST", {"reason": "mine"})


def test_a_path_from_the_root_is_taken_as_it_is(fake):
    assert fake.client.get("/api/v1/version")["path"] == "/api/v1/version"


def test_the_application_itself_has_no_trailing_slash(fake):
    assert fake.client.get("")["path"] == "/api/v1/applications/local-7"


def test_a_no_is_a_refusal_with_its_body(fake):
    path = "/api/v1/applications/local-7/jobs/9/kill"
    fake.answers[path] = 409, b'{"error": "job 9 has ended", "result": "already-finished"}'

    with pytest.raises(Refusal) as refused:
        fake.client.post("jobs/9/kill")

    assert (refused.value.status, refused.value.message) == (409, "job 9 has ended")
    assert refused.value.body == {"result": "already-finished"}


@pytest.mark.parametrize("content", [b"<html>", b"[1]", b""])
def test_a_no_without_an_explanation_tells_its_number(fake, content):
    fake.answers["/x"] = 500, content

    with pytest.raises(Refusal, match="HTTP 500"):
        fake.client.get("/x")


def test_what_is_no_json_is_no_answer(fake):
    fake.answers["/x"] = 200, b"<html>"

    with pytest.raises(NoAnswer, match="no JSON"):
        fake.client.get("/x")


def _serve_one(server, serve):
    connection, _ = server.accept()
    with connection, suppress(OSError):
        serve(connection)


def listening(path, serve=None):
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    if serve is not None:
        threading.Thread(target=_serve_one, args=(server, serve), daemon=True).start()
    return server


def test_silence_is_no_answer(tmp_path):
    with (
        listening(tmp_path / "s"),
        pytest.raises(NoAnswer, match=r"pid 7.*nothing came within 0\.1 s"),
    ):
        DriverClient(RuntimeEntry("1", "a", "t", pid=7, socket=str(tmp_path / "s")), 0.1).get("x")


def test_an_answer_that_drips_does_not_outlast_the_limit(tmp_path):
    stopped = threading.Event()

    def drip(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not stopped.wait(0.02):
            connection.sendall(b" ")

    with listening(tmp_path / "s", drip), pytest.raises(NoAnswer, match="nothing came"):
        DriverClient(RuntimeEntry("1", "a", "t", socket=str(tmp_path / "s")), 0.2).get("x")
    stopped.set()


def test_what_is_no_http_is_no_answer(tmp_path):
    def greet(connection):
        connection.recv(1 << 16)
        connection.sendall(b"hello\r\n\r\n")

    with (
        listening(tmp_path / "s", greet),
        pytest.raises(NoAnswer, match="no HTTP"),
    ):
        DriverClient(RuntimeEntry("1", "a", "t", socket=str(tmp_path / "s")), 5).get("x")


def test_no_socket_is_no_answer(tmp_path):
    with pytest.raises(NoAnswer, match="no such file"):
        DriverClient(RuntimeEntry("1", "a", "t", socket=str(tmp_path / "s"))).get("x")
    with pytest.raises(NoAnswer, match="listens nowhere"):
        DriverClient(RuntimeEntry("1", "a", "t")).get("x")
