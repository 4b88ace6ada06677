"""Executors cannot be started, and no job is active that could fail: the user is told even so."""

import re
import threading

import pytest

from pyspark_shell.common.errors import SparkContextStopped
from tests.processes.waiting import within

# So little that a forked executor's first allocations fail.
HOPELESS = {"spark__executor__pyspark__memory": "1m"}


def test_a_context_whose_executors_cannot_start_is_stopped_and_says_why(start, caplog, monkeypatch):
    thread_errors = []
    monkeypatch.setattr(threading, "excepthook", thread_errors.append)

    sc = start(**HOPELESS)

    kill = sc._driver.life.kill
    assert kill.complete.wait(within(20))
    assert sc.isStopped
    assert re.match(r"\d+ executors in a row ended before they were up\.", sc.killReason)
    assert caplog.text.count("Application has been killed. Reason: ") == 1
    with pytest.raises(SparkContextStopped, match="executors in a row ended"):
        sc.parallelize([1])
    assert thread_errors == []


def test_a_job_that_is_submitted_before_the_context_knows_fails_with_the_reason(start):
    sc = start()
    scheduler = sc._driver.scheduler
    scheduler._on_cluster_error = None  # the context does not hear of it
    assert sc.parallelize(range(4), 2).count() == 4
    scheduler.ask(lambda: scheduler.no_executors("the test says so"))

    for _ in range(2):
        with pytest.raises(Exception, match="Job aborted due to stage failure: the test says so"):
            sc.parallelize(range(4), 2).count()


def test_the_user_s_own_code_goes_on(drive):
    driver = drive(
        """
sc = start()
about(sc)
scheduler = sc._driver.scheduler
scheduler.ask(lambda: scheduler.no_executors("the test says so"))
while not sc.isStopped:
    time.sleep(0.01)
sc._driver.life.kill.complete.wait(10)
tell(reason=sc.killReason)
"""
    )

    report = driver.finish()

    assert driver.news["reason"] == "the test says so"
    assert "Application has been killed. Reason: the test says so" in report
    driver.assert_gone()
