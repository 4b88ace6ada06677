"""Jobs that wait to be killed, in threads of their own, and what tests ask of kills."""

from __future__ import annotations

import threading

import pytest

from pyspark_shell.rest.port import KillOrder, Refusal
from tests.engines.long_tasks import sleep
from tests.processes.waiting import wait_for

PANEL = KillOrder("enough", who="JupyterLab")


class Job:
    """A job in a thread of its own."""

    def __init__(self, sc, engine, function=sleep, partitions=2, group=None, tag=None):
        self.error = None
        self._sc, self._engine = sc, engine
        self._function, self._partitions, self._group, self._tag = function, partitions, group, tag
        known = len(engine.jobs())
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        wait_for(lambda: len(engine.jobs()) > known, "the job to start", 20)
        self.id = engine.jobs()[0]["jobId"]
        wait_for(lambda: self.row["numActiveTasks"] == partitions, "its tasks to run", 20)
        for task_id in self.task_ids:
            wait_for(lambda task_id=task_id: self.sleeps(task_id), "a task to sleep", 20)

    def _run(self):
        if self._group:
            self._sc.setJobGroup(self._group, "a group")
        if self._tag:
            self._sc.addJobTag(self._tag)
        try:
            data = self._sc.parallelize(range(self._partitions), self._partitions)
            data.foreach(self._function)
        except BaseException as error:
            self.error = error

    def sleeps(self, task_id):
        try:
            stack = self._engine.task_threads(task_id)["stackTrace"]["elems"]
        except Refusal:  # it is not that far yet
            return False
        return "time.sleep(300)" in stack[-1]

    @property
    def row(self):
        return self._engine.job(self.id)

    @property
    def stage_id(self):
        return self.row["stageIds"][0]

    @property
    def task_ids(self):
        return [row["taskId"] for row in self._engine.task_list(self.stage_id, 0)]

    def wait_until_killed(self):
        wait_for(lambda: self.row.get("killState") == "KILLED", "the job to be killed", 20)
        self._thread.join(20)
        return str(self.error)


def refusal(call, *args):
    with pytest.raises(Refusal) as caught:
        call(*args)
    return caught.value.status, caught.value.message, caught.value.body


def newest_kill(engine):
    return engine.snapshot()["kills"][0]
