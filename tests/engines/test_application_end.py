"""An engine whose application has ended, or is killed."""

from __future__ import annotations

import threading

from pyspark_shell.engines.native import NativeEngine
from pyspark_shell.rest.port import KillOrder
from tests.engines.conftest import make_context
from tests.engines.victims import PANEL, Job, newest_kill, refusal
from tests.processes.waiting import wait_for

SPARES_THIS_PROCESS = {
    "spark.pyshell.kill.terminate": "false",
    "spark.pyshell.kill.interruptAttempts": "0",
}


def test_after_its_end_an_application_answers_from_memory():
    with make_context("short") as sc:
        engine = NativeEngine(sc._driver)
        sc.parallelize([1, 2], 2).count()
        before = engine.application()["state"]

    after = engine.snapshot()

    assert before == "running"
    assert after["application"]["state"] == "stopped"
    assert "It was stopped at" in after["application"]["stoppedReason"]
    assert [job["status"] for job in after["jobs"]] == ["SUCCEEDED"]
    assert refusal(engine.kill_job, 0, PANEL)[0] == 409
    assert refusal(engine.kill_application, PANEL)[0] == 409


def test_a_killed_application_says_so():
    with make_context("doomed", **SPARES_THIS_PROCESS) as sc:
        engine = NativeEngine(sc._driver)
        job = Job(sc, engine)
        over = threading.Event()
        keeper = threading.Thread(target=over.wait, name="keeper")
        keeper.start()
        answer = engine.kill_application(KillOrder("spring cleaning", who="the web page"))
        wait_for(lambda: sc.isStopped, "the end", 20)
        wait_for(lambda: engine.application()["state"] == "stopped", "the last event", 20)
        over.set()
        keeper.join()

    row = engine.application()
    assert answer["jobIds"] == [job.id]
    assert (row["killReason"], row["killWho"]) == ("spring cleaning", "the web page")
    assert newest_kill(engine)["scope"] == "application"
    assert newest_kill(engine)["state"] == "killed"
    assert {"name": "keeper", "isDaemon": False} in newest_kill(engine)["threads"]
    stacks = [task["lastStack"] for task in newest_kill(engine)["tasks"]]
    assert len(stacks) == 2
    assert all("time.sleep" in stack[-1] for stack in stacks)
