"""Changes as they happen: numbers, gaps, lives, long polls, streams, slow and lost readers."""

import asyncio
import socket
import threading

import pytest

from pyspark_shell.rest import server_feed, server_handlers
from pyspark_shell.rest.events import ChangeFeed
from pyspark_shell.rest.port import Change
from pyspark_shell.rest.workers import Workers
from tests.processes.waiting import wait_for, within
from tests.rest.fake_engine import APP, FakeEngine


@pytest.fixture
def feed(engine):
    return ChangeFeed(engine, period_s=0.01, capacity=5)


def keys(changes):
    return [(each.seq, each.change.key, each.change.row) for each in changes]


# The feed ---------------------------------------------------------------------------------------


def test_changes_are_numbered_in_their_order(feed, engine):
    engine.changes = [Change("job", "0", {"n": 1}), Change("job", "1", {"n": 2})]
    feed.collect()
    engine.change("stage", "0", n=3)
    feed.collect()

    assert keys(feed.missed(0)) == [(1, "0", {"n": 1}), (2, "1", {"n": 2}), (3, "0", {"n": 3})]
    assert keys(feed.missed(2)) == [(3, "0", {"n": 3})]
    assert feed.missed(3) == []


def test_of_several_changes_of_a_row_the_last_is_told(feed, engine):
    engine.changes = [Change("job", "0", {"n": n}) for n in range(3)]
    engine.changes.append(Change("job", "1", None))
    feed.collect()

    assert keys(feed.missed(0)) == [(3, "0", {"n": 2}), (4, "1", None)]


@pytest.mark.parametrize(("seq", "life"), [(-1, None), (0, None), (8, None), (6, "other")])
def test_who_cannot_know_all_gets_none(feed, engine, seq, life):
    engine.changes = [Change("job", str(n), {}) for n in range(7)]
    feed.collect()

    assert feed.missed(seq, life) is None
    assert len(feed.missed(2, feed.life)) == 5


def test_nobody_watches_nothing_is_asked(feed, engine):
    async def watch():
        assert engine.drains == 0
        asked = asyncio.Event()
        drain = engine.drain_changes

        def counted():
            if engine.drains >= 3:
                asked.set()
            return drain()

        engine.drain_changes = counted
        with feed.watching(), feed.watching():
            pump = feed._pump
            await asyncio.wait_for(asked.wait(), within(10))
        seen = engine.drains
        await asyncio.wait([pump], timeout=within(10))
        return seen, pump.cancelled()

    seen, has_ended = asyncio.run(watch())

    assert has_ended
    assert engine.drains == seen >= 3


def test_an_engine_that_fails_for_once_is_asked_again(feed, engine, caplog):
    engine.drain_changes = lambda: 1 / 0
    feed.collect()
    del engine.drain_changes
    engine.change(n=1)
    feed.collect()

    assert feed.seq == 1
    assert "ZeroDivisionError" in caplog.text


def test_the_end_is_told_last(feed, engine):
    engine.change("job", "0", status="FAILED")
    feed.close()

    last = feed.missed(0)
    assert [(each.change.kind, each.change.row.get("state")) for each in last] == [
        ("job", None),
        ("application", "stopped"),
    ]
    assert asyncio.run(feed.wait(feed.seq, 10))


def test_waiting_ends_with_the_time(feed):
    assert not asyncio.run(feed.wait(0, 0.01))


# Long poll --------------------------------------------------------------------------------------


def test_a_long_poll_begins_with_a_snapshot(browser, engine):
    first = browser.get("changes").json

    assert first["snapshot"]["application"]["id"] == APP
    assert browser.get(f"changes?since={first['seq']}&life={first['life']}&wait=0").json == {
        "seq": first["seq"],
        "life": first["life"],
        "changes": [],
    }
    assert "snapshot" in browser.get(f"changes?since={first['seq']}&life=other").json
    assert "snapshot" in browser.get(f"changes?since={first['seq'] + 5}&wait=0").json


def test_a_long_poll_answers_when_something_changes(browser, engine):
    first = browser.get("changes").json
    answers = []
    path = f"changes?since={first['seq']}&life={first['life']}&wait=30"
    thread = threading.Thread(target=lambda: answers.append(browser.get(path).json))
    drains = engine.drains
    thread.start()
    wait_for(lambda: engine.drains > drains + 1, "somebody to watch")
    engine.change(jobId=0, status="SUCCEEDED")
    thread.join(within(5))

    (answer,) = answers
    (change,) = answer["changes"]
    assert change == {
        "seq": first["seq"] + 1,
        "kind": "job",
        "key": "0",
        "row": {"jobId": 0, "status": "SUCCEEDED"},
    }
    assert answer["seq"] == first["seq"] + 1


def test_what_changed_while_nobody_watched_is_not_lost(browser, engine):
    first = browser.get("changes").json
    engine.change(jobId=0, status="FAILED")

    later = browser.get(f"changes?since={first['seq']}&life={first['life']}&wait=30").json

    assert [each["row"]["status"] for each in later["changes"]] == ["FAILED"]


# Server-sent events -----------------------------------------------------------------------------


def test_a_stream_begins_with_a_snapshot_and_goes_on_in_order(browser, engine):
    with browser.events() as stream:
        number, kind, data = stream.next()
        life = data["life"]
        assert (number, kind) == (f"{life}-{data['seq']}", "snapshot")
        assert data["snapshot"]["application"]["id"] == APP
        seen = []
        for n in range(20):
            engine.change("job", str(n), n=n)
            number, kind, change = stream.next()
            seen.append((number, kind, change["key"], change["row"]["n"]))

    assert stream.response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert seen == [(f"{life}-{n + 1}", "change", str(n), n) for n in range(20)]


def test_a_reader_that_comes_back_gets_what_it_missed(browser, engine):
    with browser.events() as stream:
        number, _, _ = stream.next()
    engine.change("job", "7", n=7)

    with browser.events(Last_Event_ID=number) as unknown_header:
        assert unknown_header.next()[1] == "snapshot"
    with browser.events(**{"Last-Event-ID": number}) as stream:
        assert [stream.next()[2]["key"]] == ["7"]
    life, seq = number.split("-")
    with browser.events(f"?since={seq}&life={life}") as stream:
        assert stream.next()[2]["key"] == "7"


@pytest.mark.parametrize("seen", ["other-1", "x", "-", "a-b", "9" * 40, "-1-1"])
def test_a_reader_from_another_life_gets_a_snapshot(browser, seen):
    with browser.events(**{"Last-Event-ID": seen}) as stream:
        assert stream.next()[1] == "snapshot"


def test_a_gap_is_filled_by_a_snapshot(browser, engine):
    with browser.events() as stream:
        number, _, first = stream.next()
    engine.changes = [Change("job", str(n), {"n": n}) for n in range(5000)]

    with browser.events(**{"Last-Event-ID": number}) as stream:
        _, kind, data = stream.next()

    assert kind == "snapshot"
    assert data["seq"] == first["seq"] + 5000


def test_the_last_event_says_that_the_application_has_stopped(browser, engine):
    with browser.events() as stream:
        stream.next()
        engine.change("job", "3", status="FAILED")
        browser.server.stop()

        rest = []
        while (event := stream.next()) is not None:
            rest.append(event[2])

    assert [each["kind"] for each in rest] == ["job", "application"]
    assert rest[-1]["row"]["state"] == "stopped"


def test_a_quiet_stream_beats(serve, monkeypatch):
    monkeypatch.setattr(server_feed, "HEARTBEAT_S", 0.05)
    with serve().events() as stream:
        stream.next()

        assert [stream.response.readline(), stream.response.readline()] == [b": \n", b"\n"]


def test_who_stops_watching_is_forgotten(browser, engine):
    with browser.events() as stream:
        stream.next()
        feed = browser.server._loop._feed
        assert repr(feed).endswith(": 1 watch>")
    engine.change(n=1)  # the server learns at its next event that nobody reads
    wait_for(lambda: repr(feed).endswith(": 0 watch>"), "the reader to be forgotten")


def test_a_reader_that_takes_nothing_is_dropped(serve, engine, monkeypatch):
    monkeypatch.setattr(server_feed, "WRITE_TIMEOUT_S", 0.3)
    monkeypatch.setattr(server_handlers, "WRITE_TIMEOUT_S", 0.3)
    browser = serve()
    sock = socket.create_connection(("127.0.0.1", browser.server.port))
    with sock:
        path = browser.url("events")
        sock.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: token {browser.token}\r\n\r\n".encode()
        )
        sock.recv(100)
        blob = "x" * 1_000_000

        def fill():
            engine.change("job", str(engine.drains), text=blob)
            return _hung_up(browser)

        wait_for(fill, "the connection to be closed", 20)
    assert browser.get("").status == 200


def _hung_up(browser):
    loop = browser.server._loop
    return all(not server._connections for server in loop._servers)


# Workers ----------------------------------------------------------------------------------------


def test_workers_end_when_there_is_nothing_to_do():
    workers = Workers("test", max_threads=2, idle_s=0.05)

    async def work():
        return await asyncio.gather(*(workers.run(lambda n=n: n * n) for n in range(20)))

    assert asyncio.run(work()) == [n * n for n in range(20)]
    names = [thread.name for thread in threading.enumerate()]
    wait_for(lambda: not workers._threads, f"the end of the workers: {names}")
    assert asyncio.run(work()) == [n * n for n in range(20)]
    workers.close()


def test_an_error_comes_back_from_a_worker():
    workers = Workers("test")

    async def work():
        await workers.run(lambda: FakeEngine().storage_rdd(4))

    with pytest.raises(Exception, match="no rdd found"):
        asyncio.run(work())
    workers.close()
    wait_for(lambda: not workers._threads, "the end of the workers")
