"""Answers that are given twice: how old they may be, and what makes them old at once."""

from __future__ import annotations

import time

import pytest

from pyspark_shell.rest.recent_answers import RecentAnswers


@pytest.fixture
def still(engine, serve, monkeypatch):
    """Return a served application in which nothing happens unless the test says so."""
    engine.happened = 0
    monkeypatch.setattr(type(engine), "milestones", property(lambda self: self.happened))
    return serve(spark__ui__liveUpdate__period="1h")


def statuses(browser, query=""):
    return [row["status"] for row in browser.get(f"jobs{query}", Accept="application/json").json]


def test_the_same_question_gets_the_same_answer_without_asking_again(still, engine):
    first, second = still.get("jobs"), still.get("jobs")

    assert first.body == second.body
    assert first.headers["Content-Type"] == second.headers["Content-Type"] == "application/json"
    assert engine.asked == [("jobs", [])]


def test_what_happens_meanwhile_is_seen_at_once(still, engine):
    assert statuses(still) == ["RUNNING"]
    engine.job_rows[0] = {"jobId": 0, "status": "SUCCEEDED"}
    engine.happened += 1

    assert statuses(still) == ["SUCCEEDED"]


def test_who_gives_an_order_sees_what_it_does(still, engine):
    assert statuses(still) == ["RUNNING"]
    engine.job_rows[0] = {"jobId": 0, "status": "RUNNING", "killState": "KILLING"}
    assert still.post("jobs/0/kill").status == 202

    assert "KILLING" in still.get("jobs").body.decode()


def test_other_questions_and_other_readers_get_their_own_answers(still, engine):
    assert statuses(still) == ["RUNNING"]

    assert statuses(still, "?status=failed") == []
    assert still.get("jobs").body != still.get("jobs", Accept="application/json").body
    assert still.get("jobs/9").status == 404
    assert still.get("jobs", token=False).status == 401


def test_an_answer_grows_old():
    answers = RecentAnswers(max_age_s=3600)
    answers.put("jobs", 1, b"[]")
    assert answers.get("jobs", 1) == b"[]"
    assert RecentAnswers(max_age_s=0).get("jobs", 1) is None

    old = RecentAnswers(max_age_s=1e-9)
    old.put("jobs", 1, b"[]")
    until_s = time.monotonic() + 1e-6
    while time.monotonic() < until_s:
        pass
    assert old.get("jobs", 1) is None


def test_neither_many_nor_large_answers_are_kept():
    answers = RecentAnswers(max_age_s=3600)
    for number in range(1000):
        answers.put(str(number), 1, b"x")
    answers.put("large", 1, b"x" * (1 << 20))

    assert sum(answers.get(str(number), 1) is not None for number in range(1000)) == 64
    assert answers.get("large", 1) is None
