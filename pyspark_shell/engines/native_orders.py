"""The part of the engine that carries orders out: kills at every scope, and the cleaner's.

Each kill is written down in the store before the scheduler hears of it, so that what follows is
told of it. Those that come too late are refused, and say how the target ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from pyspark_shell.engines.native_base import NativeBase
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.rest.port import Json, KillOrder, Refusal
from pyspark_shell.scheduler.dag_scheduler_event import JobCancelled
from pyspark_shell.status.api import JobData, JobStatus
from pyspark_shell.status.kill_targets import jobs_meant, running_jobs, write_down
from pyspark_shell.status.rest_executors import DRIVER
from pyspark_shell.status.rest_format import now_ms
from pyspark_shell.status.rest_tasks import status_of


class NativeOrders(NativeBase):
    """kill_job, kill_stage, kill_task, kill_job_group, kill_tag, kill_executor, kill_application;
    collect_garbage, unpersist.
    """

    # Jobs -------------------------------------------------------------------------------

    def kill_job(self, job_id: int, order: KillOrder) -> Json:
        """End a job."""
        job = self._store.job(job_id)
        if job is None or job.status is not JobStatus.RUNNING:
            job = self._job(job_id)  # only then is it worth to wait for news
        if job.status is not JobStatus.RUNNING:
            _too_late(f"job {job_id}", job.status.value)
        self._write_down("job", str(job_id), order)
        self._cancel([job], order.reason, order)
        return {"jobId": job_id, "result": "killing", "runningTasks": job.num_active_tasks}

    def kill_stage(self, stage_id: int, order: KillOrder) -> Json:
        """End all jobs that use a stage."""
        jobs = running_jobs(self._store, "stage", str(stage_id))
        stage = self._store.last_stage_attempt(stage_id)
        if stage is None or stage.is_over or not jobs:
            stage = self._attempts(stage_id)[-1]
            jobs = running_jobs(self._store, "stage", str(stage_id))
        if stage.is_over or not jobs:
            _too_late(f"stage {stage_id}", stage.status.value)
        self._write_down("stage", str(stage_id), order)
        self._cancel(jobs, f"because {order.reason}", order)
        self._driver.jobs.cancel_stage(stage_id, order.reason)
        return _killing({"stageId": stage_id}, jobs)

    def kill_job_group(self, group: str, order: KillOrder, future: bool = False) -> Json:
        """End all jobs of a group, with `future` also those submitted later."""
        jobs = self._running_of("group", group, may_be_idle=future)
        self._write_down("group", group, order)
        self._cancel(jobs, order.reason, order)
        if future:
            self._driver.jobs.cancel_group(group, order.reason, future)
        return _killing({"jobGroup": group, "future": future}, jobs)

    def kill_tag(self, tag: str, order: KillOrder) -> Json:
        """End all jobs with a tag."""
        jobs = self._running_of("tag", tag)
        self._write_down("tag", tag, order)
        self._cancel(jobs, order.reason, order)
        self._driver.jobs.cancel_with_tag(tag, order.reason)
        return _killing({"tag": tag}, jobs)

    def _running_of(self, scope: str, name: str, may_be_idle: bool = False) -> list[JobData]:
        store = self._look()
        jobs = running_jobs(store, scope, name)
        if not jobs and not may_be_idle:
            members = jobs_meant(store, scope, name)
            if not members:
                raise Refusal(404, f"unknown job {scope}: {name}")
            _too_late(f"job {scope} {name}", members[0].status.value)
        return jobs

    def _cancel(self, jobs: Sequence[JobData], reason: str, order: KillOrder) -> None:
        for job in jobs:
            self._driver.scheduler.post(JobCancelled(job.job_id, reason, order.interrupt))

    # Tasks and executors ----------------------------------------------------------------

    def kill_task(self, task_id: int, order: KillOrder) -> Json:
        """End one attempt of a task, which is then tried again."""
        event, stage = self._task(task_id)
        if task_id not in stage.running:
            _too_late(f"task {task_id}", status_of(event, stage))
        self._write_down("task", str(task_id), order)
        interrupt = order.interrupt is not False
        if not self._driver.jobs.kill_task_attempt(task_id, interrupt, order.reason):
            self._look()
            _too_late(f"task {task_id}", status_of(stage.tasks.get(task_id, event), stage))
        return {"taskId": task_id, "result": "killing", "runningTasks": 1}

    def kill_executor(self, executor_id: str, order: KillOrder) -> Json:
        """End an executor's processes; its task is run again elsewhere."""
        if executor_id == DRIVER:
            raise Refusal(400, "The driver is no executor. Kill the application instead.")
        executor = self._executor(executor_id)
        task_ids = list(executor.running)
        if executor.is_active:
            self._write_down("executor", executor_id, order)
        if not executor.is_active or not self._driver.scheduler.kill_executor(
            executor_id, order.reason
        ):
            _too_late(f"executor {executor_id}", "DEAD")
        return {
            "executorId": executor_id,
            "taskIds": task_ids,
            "result": "killing",
            "runningTasks": len(task_ids),
        }

    def kill_application(self, order: KillOrder) -> Json:
        """End the application with all that runs in it."""
        jobs = running_jobs(self._store, "application", self.application_id)
        if self._driver.is_stopped:
            status = "KILLED" if self._driver.kill_reason is not None else "STOPPED"
            _too_late(f"application {self.application_id}", status)
        self._write_down("application", self.application_id, order)
        self._driver.kill(order.reason, order.who)
        return _killing({"applicationId": self.application_id}, jobs)

    def _write_down(self, scope: str, target: str, order: KillOrder) -> None:
        write_down(self._store, scope, target, order.who, order.reason, now_ms())

    # The cleaner's ------------------------------------------------------------------------

    def collect_garbage(self) -> Json:
        """Collect reference cycles now; how many objects were found and how long it took."""
        return self._driver.cleaner_view.collect_garbage()

    def forget(self, kind: str, entity_id: int) -> Json:
        """Drop what a notebook's names hold of an entity (`rdd`, `broadcast`, `shuffle`)."""
        return self._driver.cleaner_view.forget(kind, entity_id)

    def unpersist(self, rdd_id: int) -> Json:
        """Give an RDD's cached blocks up; the next job that needs it does not cache it again."""
        if self._look().rdds.get(rdd_id) is None:
            raise Refusal(404, f"no rdd found w/ id {rdd_id}")
        node = self._driver.cleaner_view.find("rdd", rdd_id)
        if isinstance(node, LineageNode):
            self._driver.persisted.unpersist(node)
        else:  # nobody watches it, so only its blocks are known
            self._driver.persisted.remove(rdd_id)
        return {"rddId": rdd_id, "result": "unpersisting"}


def _killing(target: Json, jobs: Sequence[JobData]) -> Json:
    return {
        **target,
        "jobIds": [job.job_id for job in jobs],
        "result": "killing",
        "runningTasks": sum(job.num_active_tasks for job in jobs),
    }


def _too_late(what: str, status: str) -> NoReturn:
    body = {"result": "already-finished", "status": status}
    raise Refusal(409, f"{what} has ended already: {status}", body)
