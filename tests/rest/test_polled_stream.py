"""Those who ask with the same bytes: they are answered before anything is parsed, and rightly."""

from __future__ import annotations

import json
import re
import select
import socket
import time
from types import SimpleNamespace

import pytest

from pyspark_shell.common.errors import SparkContextStopped
from pyspark_shell.rest import recent_answers, server_loop, server_stream
from pyspark_shell.rest.server_handlers import BaseHandler
from tests.processes.waiting import wait_for, within
from tests.rest.browser import API


@pytest.fixture
def parsed(monkeypatch):
    """The paths of the requests that went the whole way."""
    paths = []
    prepare = BaseHandler.prepare

    def counted(self):
        paths.append(self.request.path.rpartition("/")[2])
        prepare(self)

    monkeypatch.setattr(BaseHandler, "prepare", counted)
    return paths


@pytest.fixture
def still(engine, serve, monkeypatch):
    """Return a served application in which nothing happens unless the test says so."""
    engine.happened = 0
    monkeypatch.setattr(type(engine), "milestones", property(lambda self: self.happened))
    return serve(spark__ui__liveUpdate__period="1h")


class Line:
    """A connection that is kept, through the socket or the port."""

    def __init__(self, browser, unix=True):
        self._browser = browser
        if unix:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(str(browser.server.socket_path))
        else:
            self.sock = socket.create_connection(("127.0.0.1", browser.server.port))
        self.sock.settimeout(within(10))
        self._file = self.sock.makefile("rb")

    def request(self, path="jobs", host="localhost", more="", method="GET"):
        return (
            f"{method} {API}/{path} HTTP/1.1\r\nHost: {host}\r\n"
            f"Authorization: token {self._browser.token}\r\n{more}\r\n"
        ).encode()

    def close(self):
        self._file.close()
        self.sock.close()

    def read(self):
        """The status, headers and body of the next answer; None if the server has hung up."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self._file.readline()
            if not line:
                return None
            head += line
        length = int(re.search(rb"Content-Length: (\d+)", head)[1])
        return int(head[9:12]), head, self._file.read(length)

    def ask(self, *given, **how):
        self.sock.sendall(self.request(*given, **how))
        return self.read()


@pytest.fixture
def connect():
    """Yield a function that connects to a served application."""
    lines = []

    def line(*given, **how):
        lines.append(Line(*given, **how))
        return lines[-1]

    yield line
    for each in lines:
        each.close()


@pytest.fixture
def line(still, connect):
    return connect(still)


@pytest.mark.parametrize("unix", [True, False])
def test_the_same_bytes_get_the_same_answer_unparsed(still, parsed, unix, connect):
    line = connect(still, unix)
    first = line.ask()
    again = [line.ask() for _ in range(20)]

    assert first[0] == 200
    assert again == [first] * 20
    assert parsed == ["jobs"]
    assert connect(still, unix).ask() == first  # somebody else, who asks the same
    assert parsed == ["jobs"]


def test_what_happens_is_seen_at_once(line, engine, parsed):
    assert b"RUNNING" in line.ask()[2]
    engine.job_rows[0] = {"jobId": 0, "status": "SUCCEEDED"}
    engine.happened += 1

    assert b"SUCCEEDED" in line.ask()[2]
    assert parsed == ["jobs"] * 2


def test_an_answer_grows_old(engine, serve, parsed, connect):
    line = connect(serve(spark__ui__liveUpdate__period="0"))
    assert [line.ask()[0] for _ in range(3)] == [200] * 3
    assert parsed == ["jobs"] * 3


def test_who_goes_on_polling_gets_new_rows_unparsed(engine, serve, parsed, monkeypatch, connect):
    monkeypatch.setattr(type(engine), "milestones", property(lambda self: 0))
    line = connect(serve(spark__ui__liveUpdate__period="1s"))
    first = line.ask()
    engine.job_rows[0] = {"jobId": 0, "status": "RUNNING", "numCompletedTasks": 12_345}

    latest = wait_for(lambda: b"12345" in (answer := line.ask())[2] and answer, "the new row")

    assert parsed == ["jobs"]
    assert json.loads(latest[2])[0]["numCompletedTasks"] == 12_345
    heads = [re.sub(rb"(Date|Content-Length): [^\r]*", b"", head) for _, head, _ in (first, latest)]
    assert heads[0] == heads[1]


def test_those_who_poll_in_turns_do_not_keep_an_old_text_alive(engine, serve, monkeypatch, connect):
    now = SimpleNamespace(s=0.0)
    monkeypatch.setattr(recent_answers, "time", SimpleNamespace(monotonic=lambda: now.s))
    monkeypatch.setattr(type(engine), "milestones", property(lambda self: 0))
    served = serve(spark__ui__liveUpdate__period="1s")
    lines = connect(served), connect(served)
    mores = "X: one\r\n", "X: two\r\n"

    for turn, now.s in enumerate([0.0, 1.2, 1.3, 2.25, 2.35, 3.22, 3.4, 4.2, 4.45, 5.19]):
        engine.job_rows[0] = {"jobId": 0, "status": "RUNNING", "at": now.s}
        told = json.loads(lines[turn % 2].ask(more=mores[turn % 2])[2])[0]["at"]
        assert now.s - told < 1.0


def test_what_cannot_be_made_anew_is_told_by_the_handlers(engine, serve, monkeypatch, connect):
    monkeypatch.setattr(type(engine), "milestones", property(lambda self: 0))
    line = connect(serve(spark__ui__liveUpdate__period="300ms"))
    assert line.ask()[0] == 200

    def fail(self, statuses):
        raise SparkContextStopped("over")

    monkeypatch.setattr(type(engine), "jobs", fail)
    assert wait_for(lambda: (answer := line.ask())[0] == 503 and answer, "the refusal")[0] == 503


def test_an_order_on_any_connection_makes_all_forget(still, line, engine):
    assert b"KILLING" not in line.ask()[2]
    engine.job_rows[0] = {"jobId": 0, "status": "RUNNING", "killState": "KILLING"}
    assert still.post("jobs/0/kill").status == 202

    assert b"KILLING" in line.ask()[2]


def test_one_door_does_not_let_in_what_the_other_did(still, connect):
    assert connect(still, unix=True).ask(host="evil.example")[0] == 200
    assert connect(still, unix=False).ask(host="evil.example")[0] == 403


def test_refusals_and_other_answers_are_not_given_again(line, parsed):
    for path in ("jobs/9", "nothing", "threads"):
        status = line.ask(path)[0]
        assert line.ask(path)[0] == status
    assert len(parsed) == 6


def test_questions_in_one_piece_are_answered_in_turn(line, parsed):
    first = line.ask()
    line.sock.sendall(line.request() + line.request("stages") + line.request())

    answers = [line.read() for _ in range(3)]
    assert answers[0][2] == answers[2][2] == first[2]
    assert answers[1][2] != first[2]
    # Nobody knows now where a request ends but who parses; this connection stays with it.
    assert line.ask()[2] == first[2]
    assert parsed == ["jobs", "jobs", "stages", "jobs", "jobs"]


def test_a_question_that_comes_while_another_waits_gets_its_answer_second(
    still, line, engine, parsed, monkeypatch, connect
):
    first = line.ask()
    held = []
    monkeypatch.setattr(
        type(engine), "when_caught_up", lambda self, tell: held.append(tell) or False, raising=False
    )
    line.sock.sendall(line.request("stages"))
    wait_for(lambda: held, "the server to wait for rows")
    line.sock.sendall(line.request())
    other = connect(still)
    assert other.ask() == first  # the server goes on meanwhile
    held[0]()

    stages, jobs = line.read(), line.read()
    assert stages[2] != jobs[2] == first[2]
    assert parsed == ["jobs", "stages", "jobs"]


@pytest.mark.parametrize("cut", [1, 10, -1])
def test_a_question_in_pieces_is_parsed(line, parsed, cut, connect):
    first = line.ask()
    request = line.request()
    line.sock.sendall(request[:cut])
    # Only now is it sure that the pieces were read one by one: the loop has served this meanwhile.
    assert connect(line._browser).ask("stages")[0] == 200
    line.sock.sendall(request[cut:])

    assert line.read()[2] == first[2]
    assert parsed == ["jobs", "stages", "jobs"]


def test_a_body_that_looks_like_a_question_is_a_body(still, line, connect):
    first = line.ask()
    inner = line.request()
    line.sock.sendall(
        line.request("jobs/7/kill", method="POST", more=f"Content-Length: {len(inner)}\r\n")
    )
    assert connect(still).ask() == first
    line.sock.sendall(inner)

    assert line.read()[0] == 400  # an order whose body is no JSON
    line.sock.settimeout(0.05)
    with pytest.raises(TimeoutError):
        line.sock.recv(1)


def test_who_wants_to_be_hung_up_on_is(still, parsed, connect):
    for _ in range(2):
        line = connect(still)
        assert line.ask(more="Connection: close\r\n")[0] == 200
        assert line.read() is None
    assert parsed == ["jobs"] * 2


def test_a_busy_connection_is_not_closed_as_an_idle_one(serve, monkeypatch, engine, connect):
    monkeypatch.setattr(server_loop, "IDLE_TIMEOUT_S", 1.0)
    monkeypatch.setattr(type(engine), "milestones", property(lambda self: 0))
    line = connect(serve(spark__ui__liveUpdate__period="1h"))
    began_s = time.monotonic()
    while time.monotonic() - began_s < 2.5:
        assert line.ask()[0] == 200


def test_a_reader_that_does_not_read_loses_its_connection(still, engine, monkeypatch, connect):
    monkeypatch.setattr(server_stream, "WRITE_TIMEOUT_S", 0.3)
    engine.job_rows = {n: {"jobId": n, "name": "x" * 1000, "status": "RUNNING"} for n in range(150)}
    line = connect(still)
    assert len(json.loads(line.ask()[2])) == 150
    other = connect(still)
    for _ in range(4):  # more than fits between the two
        line.sock.sendall(line.request())
        assert other.ask("stages")[0] == 200
    poll = select.poll()
    poll.register(line.sock, 0)
    wait_for(lambda: poll.poll(0), "the server to hang up")
    assert connect(still).ask()[0] == 200


def test_bare_line_ends_do_not_hide_a_second_question(line, parsed):
    both = line.request().replace(b"\r\n", b"\n") + line.request("stages")
    for _ in range(2):
        line.sock.sendall(both)
        assert [line.read()[0], line.read()[0]] == [200, 200]
    assert parsed == ["jobs", "stages"] * 2
