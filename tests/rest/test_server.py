"""The server's life: what it costs, where it listens, how it ends."""

import gc
import http.client
import os
import socket
import stat
import subprocess
import sys
import threading
import weakref
from contextlib import suppress

import pytest

from pyspark_shell import SparkConf
from pyspark_shell.rest.server import UIServer
from pyspark_shell.rest.server_site import UISettings
from tests.conftest import Snapshot
from tests.processes.waiting import Stopwatch, wait_for, within
from tests.rest.browser import Browser
from tests.rest.fake_engine import APP, FakeEngine


def test_nothing_is_imported_before_somebody_connects(tmp_path):
    program = """
import sys
from pyspark_shell import SparkConf
from pyspark_shell.rest.server import UIServer
from pyspark_shell.rest.server_site import UISettings
conf = SparkConf(loadDefaults=False).set("spark.ui.port", 0)
server = UIServer(None, UISettings.read(conf, "ada"), None)
server.start()
heavy = {"tornado", "asyncio", "http", "http.server", "json.tool", "ssl"} & sys.modules.keys()
server.stop()
print(sorted(heavy))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (run.stdout, run.stderr) == ("[]\n", "")


def test_the_page_has_an_address_on_this_machine(browser):
    server = browser.server

    assert server.web_url == f"http://127.0.0.1:{server.port}"
    assert server.web_url_with_token == f"{server.web_url}/?token={server.secrets.token}"
    assert browser.get("/api/v1/version").json["spark"].startswith("4.3.0-pyshell-")


def test_the_socket_is_the_users_alone(browser):
    mode = stat.S_IMODE(browser.server.socket_path.stat().st_mode)

    assert mode == 0o600
    assert browser.get("", unix=True).json["id"] == APP
    assert browser.get("", unix=True, token=False).status == 401


def test_without_a_page_only_the_socket_is_served(serve):
    browser = serve(spark__ui__enabled="false")

    assert browser.server.web_url is None
    assert browser.server.port == 0
    assert browser.get("", unix=True).json["id"] == APP


def test_a_taken_port_is_passed_over(serve):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        browser = serve(spark__ui__port=port)

        assert browser.server.port != port
        assert browser.get("").status == 200


def test_the_next_free_port_is_taken(serve, monkeypatch):
    """As Spark: one after the other, so that people find the page where they look for it."""
    with socket.socket() as first, socket.socket() as second:
        port = _neighbours(first, second)
        for each in (first, second):
            each.listen()
        browser = serve(spark__ui__port=port)

        assert port + 2 <= browser.server.port <= port + 16


def _neighbours(first, second):
    """Bind two sockets to ports beside each other."""
    for port in range(42_000, 60_000, 20):
        with suppress(OSError):
            first.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port + 1))
            return port
    raise AssertionError("no two ports are free")


def test_beyond_the_retries_any_port_will_do(serve):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        browser = serve(spark__ui__port=taken.getsockname()[1], spark__port__maxRetries=0)

        assert browser.get("").status == 200


@pytest.mark.parametrize("asks", [0, 5])
def test_the_end_leaves_nothing(serve, asks):
    before = Snapshot.take()
    browser = serve()
    for _ in range(asks):
        assert browser.get("").status == 200
        assert browser.get("threads").status == 200
        assert browser.get("", unix=True).status == 200

    browser.server.stop()

    left = before.left_over()
    left.pop("directories", None)
    assert left == {}
    assert not browser.server.socket_path.exists()
    browser.server.stop()


def test_a_stopped_server_holds_no_application():
    engine = FakeEngine()
    settings = UISettings.read(SparkConf(loadDefaults=False).set("spark.ui.port", 0), "ada")
    server = UIServer(engine, settings)
    server.start()
    with Browser(server).events() as stream:
        stream.next()
        assert Browser(server).get("threads").status == 200
    server.stop()
    held = weakref.ref(engine)
    del engine, server, stream

    wait_for(lambda: gc.collect() is not None and held() is None, "the engine to be let go")


def test_nobody_is_served_after_the_end(browser):
    browser.get("")
    browser.server.stop()

    with pytest.raises(OSError, match="refused"):
        browser.get("")


def test_a_slow_answer_does_not_hold_others_up(browser, engine):
    engine.gate.clear()
    slow = [threading.Thread(target=browser.get, args=("threads",)) for _ in range(8)]
    for thread in slow:
        thread.start()

    assert browser.get("jobs").status == 200
    assert browser.get("storage/rdd").status == 200
    assert browser.post("jobs/0/kill").status == 202

    engine.gate.set()
    for thread in slow:
        thread.join(within(10))
        assert not thread.is_alive()


def test_too_many_slow_answers_are_refused(browser, engine):
    browser.get("")
    engine.gate.clear()
    answers = []
    slow = [
        threading.Thread(target=lambda: answers.append(browser.get("threads").status))
        for _ in range(80)
    ]
    for thread in slow:
        thread.start()
    wait_for(lambda: 503 in answers, "a refusal")
    engine.gate.set()
    for thread in slow:
        thread.join(within(10))

    assert set(answers) == {200, 503}
    assert browser.get("threads").status == 200


def test_the_end_does_not_wait_for_slow_answers(browser, engine):
    engine.gate.clear()
    slow = threading.Thread(target=lambda: _ignoring_the_end(browser))
    slow.start()
    wait_for(lambda: "SparkUI-reader-1" in {t.name for t in threading.enumerate()}, "the request")

    with Stopwatch() as watch:
        browser.server.stop()

    assert not browser.server._thread.is_alive()
    assert watch.seconds < within(3)
    engine.gate.set()
    slow.join(within(5))


def _ignoring_the_end(browser):
    with suppress(OSError, http.client.HTTPException):
        browser.get("threads")


def test_a_forked_child_does_not_serve(browser):
    browser.get("")
    server = browser.server
    sender, receiver = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            sockets = [f for f in os.listdir("/proc/self/fd") if _is_listening(int(f), server.port)]
            os.write(receiver, repr(sockets).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    answer = os.read(sender, 1000)
    os.close(sender)
    os.close(receiver)

    assert answer == b"[]"
    assert server.socket_path.exists()
    assert browser.get("").status == 200


def _is_listening(fd, port):
    try:
        with socket.socket(fileno=os.dup(fd)) as sock:
            name = sock.getsockname()
    except OSError:
        return False
    return (isinstance(name, tuple) and name[1:2] == (port,)) or bool(
        isinstance(name, str) and name
    )


def test_an_error_of_the_engine_is_told_without_its_stack(browser, engine, caplog):
    engine.environment = lambda: 1 / 0

    answer = browser.get("environment")

    assert answer.status == 500
    assert list(answer.json) == ["error"]
    assert b"ZeroDivisionError" not in answer.body
    assert "ZeroDivisionError" in caplog.text
