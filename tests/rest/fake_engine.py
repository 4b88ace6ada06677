"""An application that exists in rows alone: what tests of HTTP serve."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from pyspark_shell.rest.port import Change, Json, KillOrder, Refusal

APP = "local-1700000000000"
STARTED_MS = 1_700_000_000_000


class FakeEngine:
    """Answers with rows that tests set, and remembers orders."""

    application_id = APP

    def __init__(self):
        self.job_rows = {0: {"jobId": 0, "name": "collect at a.py:1", "status": "RUNNING"}}
        self.tasks = []
        self.orders = []
        self._milestones = 0
        self.asked = []
        self.changes = []
        self.drains = 0
        self.gate = threading.Event()
        self.gate.set()
        self.state = "running"

    @property
    def milestones(self):
        self._milestones += 1  # tests change rows behind the server's back
        return self._milestones

    def when_caught_up(self, tell):
        return True

    def change(self, kind="job", key="0", **row):
        self.changes.append(Change(kind, key, row or None))

    def application(self) -> Json:
        attempt = {
            "startTimeEpoch": STARTED_MS,
            "endTimeEpoch": -1,
            "completed": False,
            "sparkUser": "ada",
        }
        return {"id": APP, "name": "tests", "attempts": [attempt]}

    def jobs(self, statuses: Sequence[str] = ()):
        self.asked.append(("jobs", list(statuses)))
        return [row for row in self.job_rows.values() if not statuses or row["status"] in statuses]

    def job(self, job_id):
        if job_id not in self.job_rows:
            raise Refusal(404, f"unknown job: {job_id}")
        return self.job_rows[job_id]

    def stages(self, statuses=(), details=False, quantiles=None):
        self.asked.append(("stages", list(statuses), details, quantiles))
        return []

    def stage(self, stage_id, details=True, quantiles=None):
        tasks = {"5": {"taskId": 5, "status": "RUNNING"}, "6": {"taskId": 6, "status": "FAILED"}}
        return [{"stageId": stage_id, **({"tasks": tasks} if details else {})}]

    def stage_attempt(self, stage_id, attempt, details=True, quantiles=None):
        return self.stage(stage_id, details)[0]

    def task_summary(self, stage_id, attempt, quantiles):
        return {"quantiles": list(quantiles)}

    def task_list(self, stage_id, attempt, offset=0, length=20, sort_by="ID", statuses=()):
        self.asked.append(("tasks", offset, length, sort_by, list(statuses)))
        return self.tasks

    def executors(self, active_only=True):
        return [{"id": "driver", "isActive": True}]

    def executor_threads(self, executor_id):
        self.gate.wait(30)
        name = f"main of {executor_id}"
        return [{"threadId": 1, "threadName": name, "threadState": "RUNNABLE", "owner": "user"}]

    def task_threads(self, task_id):
        return {"taskId": task_id}

    def storage(self):
        return []

    def storage_rdd(self, rdd_id):
        raise Refusal(404, f"no rdd found w/ id {rdd_id}")

    def environment(self):
        return {"runtime": {}, "sparkProperties": [["spark.app.name", "tests"]]}

    def task_story(self, stage_id, index):
        return [{"taskId": 5, "index": index, "status": "RUNNING"}]

    def kills(self):
        return []

    def listener_bus(self):
        return [{"name": "appStatus", "depth": 0, "capacity": 10_000, "dropped": 0}]

    def event_log(self):
        return None

    def cleaner(self, holders=False):
        return {"state": "waiting", "rows": [], "holders": holders}

    def lineage(self, kind, entity_id):
        return {"kind": kind, "id": entity_id, "lines": ["(2) PythonRDD[1] at map at f.py:1 []"]}

    def collect_garbage(self):
        return {"collected": 3, "tookMs": 1}

    def forget(self, kind, entity_id):
        self.orders.append(("forget", kind, entity_id))
        return {"forgotten": [], "stillHeldBy": []}

    def unpersist(self, rdd_id):
        self.orders.append(("unpersist", rdd_id))
        return {"rddId": rdd_id}

    def logs(self, executor_id, stream, offset, length):
        return {"executorId": executor_id, "stream": stream, "offset": offset, "length": length}

    def snapshot(self):
        application = {"id": APP, "name": "tests", "state": self.state}
        return {"application": application, "jobs": list(self.job_rows.values())}

    def drain_changes(self):
        self.drains += 1
        changes, self.changes = self.changes, []
        return changes

    def _kill(self, kind, target, order: KillOrder):
        self.orders.append((kind, target, order))
        return {f"{kind}Id": target, "result": "killing", "runningTasks": 2}

    def kill_job(self, job_id, order):
        if self.job(job_id)["status"] != "RUNNING":
            status = self.job(job_id)["status"]
            body = {"result": "already-finished", "status": status}
            raise Refusal(409, f"Job {job_id} has ended.", body)
        return self._kill("job", job_id, order)

    def kill_stage(self, stage_id, order):
        return self._kill("stage", stage_id, order)

    def kill_task(self, task_id, order):
        return self._kill("task", task_id, order)

    def kill_job_group(self, group, order, future=False):
        return self._kill("group", (group, future), order)

    def kill_tag(self, tag, order):
        return self._kill("tag", tag, order)

    def interrupt_thread(self, thread_id):
        self.orders.append(("thread", thread_id))
        return {"threadId": thread_id, "threadName": "worker", "result": "interrupting"}

    def kill_executor(self, executor_id, order):
        return self._kill("executor", executor_id, order)

    def kill_application(self, order):
        return self._kill("application", APP, order)
