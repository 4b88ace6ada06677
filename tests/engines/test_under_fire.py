"""Jobs, kills and watchers all at once: every answer comes, and nothing stays active."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress

from pyspark_shell.engines.native import NativeEngine
from pyspark_shell.rest.port import KillOrder, Refusal
from tests.engines.conftest import make_context
from tests.engines.long_tasks import nap
from tests.processes.waiting import wait_for

JOBS = 40
ORDER = KillOrder("fire", who="a test", interrupt=True)


class Fire:
    """What goes on until all jobs have ended."""

    def __init__(self, sc):
        self.sc = sc
        self.engine = NativeEngine(sc._driver)
        self.problems = []
        self._over = threading.Event()

    def submit(self, group):
        self.sc.setJobGroup(group, "under fire")
        for _ in range(JOBS // 2):
            with suppress(Exception):  # it was killed
                self.sc.parallelize(range(4), 4).map(lambda n: (n % 2, n)).map(nap).groupByKey(
                    2
                ).count()

    def kill(self):
        choose = random.Random(7)
        while not self._over.is_set():
            with suppress(Refusal):  # it was too late
                self._kill_one(choose)
            time.sleep(0.01)

    def _kill_one(self, choose):
        engine = self.engine
        jobs = engine.jobs(["RUNNING"])
        busy = [row for row in engine.executors() if row["taskIds"]]
        if not jobs or not busy:
            return
        scope = choose.choice(["job", "stage", "task", "executor", "group"])
        if scope == "job":
            engine.kill_job(jobs[0]["jobId"], ORDER)
        elif scope == "stage":
            engine.kill_stage(choose.choice(jobs[0]["stageIds"]), ORDER)
        elif scope == "task":
            engine.kill_task(busy[0]["taskIds"][0], ORDER)
        elif scope == "executor":
            engine.kill_executor(busy[0]["id"], ORDER)
        else:
            engine.kill_job_group(jobs[0]["jobGroup"], ORDER)

    def look(self):
        engine = self.engine
        while not self._over.is_set():
            stages = engine.stages()
            for stage in stages[:5]:
                key = stage["stageId"], stage["attemptId"]
                engine.stage_attempt(*key)
                engine.task_list(*key, sort_by="-runtime")
            jobs = engine.jobs()
            low = [row for row in jobs + stages if row["numActiveTasks"] < 0]
            assert low == []
            engine.snapshot()
            engine.executors(active_only=False)

    def watch(self):
        while not self._over.is_set():
            self.engine.drain_changes()
            time.sleep(0.02)

    def _guarded(self, what, *args):
        try:
            what(*args)
        except BaseException as problem:
            self.problems.append(problem)

    def burn(self):
        others = [
            threading.Thread(target=self._guarded, args=(what,), daemon=True)
            for what in (self.kill, self.look, self.watch)
        ]
        submitters = [
            threading.Thread(target=self._guarded, args=(self.submit, group), daemon=True)
            for group in ("red", "blue")
        ]
        for thread in others + submitters:
            thread.start()
        for thread in submitters:
            thread.join(150)
        self._over.set()
        for thread in others:
            thread.join(30)


def test_whatever_happens_at_once_everything_ends_and_every_answer_comes():
    with make_context("fire") as sc:
        fire = Fire(sc)
        fire.burn()
        engine = fire.engine

        def active():
            rows = engine.jobs() + engine.stages()
            return [row for row in rows if row["numActiveTasks"] or row["status"] == "ACTIVE"]

        wait_for(lambda: not active(), "all tasks to end", 30)
        engine._driver.scheduler.tell_state()
        snapshot = engine.snapshot()

    assert fire.problems == []
    assert {job["status"] for job in snapshot["jobs"]} <= {"SUCCEEDED", "FAILED"}
    assert {card["state"] for card in snapshot["kills"]} == {"killed"}
    assert not [row for row in snapshot["executors"] if row["taskIds"]]
    states = {job.get("killState") for job in snapshot["jobs"] if job["status"] == "FAILED"}
    assert states <= {"KILLED"}
