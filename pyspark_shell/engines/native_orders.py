"""The part of the engine that carries orders out: kills at every scope, and the cleaner's.

Each kill is written down in the store before the scheduler hears of it, so that what follows is
told of it. Those that come too late are refused, and say how the target ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from pyspark_shell.engines.native_base import NativeBase
from pyspark_shell.listener.events import TaskInfo
from pyspark_shell.rest.port import Json, KillOrder, Refusal
from pyspark_shell.scheduler.dag_scheduler_event import JobCancelled
from pyspark_shell.status.api import JobData, JobStatus
from pyspark_shell.status.kill_log import KilledTask
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
        job = self._job(job_id)
        if job.status is not JobStatus.RUNNING:
            _too_late(f"job {job_id}", job.status.value)
        self._write_down("job", str(job_id), order, [job])
        self._cancel([job], order.reason, order)
        return {"jobId": job_id, "result": "killing", "runningTasks": job.num_active_tasks}

    def kill_stage(self, stage_id: int, order: KillOrder) -> Json:
        """End all jobs that use a stage."""
        stage = self._attempts(stage_id)[-1]
        jobs = [job for job in stage.jobs if job.status is JobStatus.RUNNING]
        if stage.is_over or not jobs:
            _too_late(f"stage {stage_id}", stage.status.value)
        running = self._write_down("stage", str(stage_id), order, jobs)
        self._cancel(jobs, f"because {order.reason}", order)
        self._driver.cancel_stage(stage_id, order.reason)
        return {
            "stageId": stage_id,
            "jobIds": [job.job_id for job in jobs],
            "result": "killing",
            "runningTasks": running,
        }

    def kill_job_group(self, group: str, order: KillOrder, future: bool = False) -> Json:
        """End all jobs of a group, with `future` also those submitted later."""
        members = [job for job in self._look().job_list() if job.job_group == group]
        jobs = self._running_of(members, f"job group {group}", may_be_idle=future)
        running = self._write_down("group", group, order, jobs)
        self._cancel(jobs, order.reason, order)
        self._driver.cancel_job_group(group, order.reason, future)
        return self._answer({"jobGroup": group, "future": future}, jobs, running)

    def kill_tag(self, tag: str, order: KillOrder) -> Json:
        """End all jobs with a tag."""
        members = [job for job in self._look().job_list() if tag in job.job_tags]
        jobs = self._running_of(members, f"job tag {tag}")
        running = self._write_down("tag", tag, order, jobs)
        self._cancel(jobs, order.reason, order)
        self._driver.cancel_jobs_with_tag(tag, order.reason)
        return self._answer({"tag": tag}, jobs, running)

    def _running_of(
        self, members: Sequence[JobData], what: str, may_be_idle: bool = False
    ) -> list[JobData]:
        jobs = [job for job in members if job.status is JobStatus.RUNNING]
        if not jobs and not may_be_idle:
            if not members:
                raise Refusal(404, f"unknown {what}")
            _too_late(what, members[0].status.value)
        return jobs

    def _answer(self, target: Json, jobs: Sequence[JobData], running: int) -> Json:
        job_ids = [job.job_id for job in jobs]
        return {**target, "jobIds": job_ids, "result": "killing", "runningTasks": running}

    def _cancel(self, jobs: Sequence[JobData], reason: str, order: KillOrder) -> None:
        for job in jobs:
            self._driver.scheduler.post(JobCancelled(job.job_id, reason, order.interrupt))

    # Tasks and executors ----------------------------------------------------------------

    def kill_task(self, task_id: int, order: KillOrder) -> Json:
        """End one attempt of a task, which is then tried again."""
        event, stage = self._task(task_id)
        info = event.task_info
        if task_id not in stage.running:
            _too_late(f"task {task_id}", status_of(event, stage))
        self._write_down("task", str(task_id), order, [], [info])
        interrupt = order.interrupt is not False
        if not self._driver.kill_task_attempt(task_id, interrupt, order.reason):
            self._look()
            _too_late(f"task {task_id}", status_of(stage.tasks.get(task_id, event), stage))
        return {"taskId": task_id, "result": "killing", "runningTasks": 1}

    def kill_executor(self, executor_id: str, order: KillOrder) -> Json:
        """End an executor's processes; its task is run again elsewhere."""
        if executor_id == DRIVER:
            raise Refusal(400, "The driver is no executor. Kill the application instead.")
        executor = self._executor(executor_id)
        tasks = list(executor.running.values())
        if executor.is_active:
            self._write_down("executor", executor_id, order, [], tasks)
        if not executor.is_active or not self._driver.scheduler.kill_executor(
            executor_id, order.reason
        ):
            _too_late(f"executor {executor_id}", "DEAD")
        return {
            "executorId": executor_id,
            "taskIds": [task.task_id for task in tasks],
            "result": "killing",
            "runningTasks": len(tasks),
        }

    def kill_application(self, order: KillOrder) -> Json:
        """End the application with all that runs in it."""
        jobs = [job for job in self._look().job_list() if job.status is JobStatus.RUNNING]
        if self._driver.is_stopped:
            status = "KILLED" if self._driver.kill_reason is not None else "STOPPED"
            _too_late(f"application {self.application_id}", status)
        running = self._write_down("application", self.application_id, order, jobs)
        self._driver.kill(order.reason, order.who)
        return self._answer({"applicationId": self.application_id}, jobs, running)

    def _write_down(
        self,
        scope: str,
        target: str,
        order: KillOrder,
        jobs: Sequence[JobData],
        tasks: Sequence[TaskInfo] = (),
    ) -> int:
        """Make the kill's card; how many tasks of the jobs run now."""
        executors = self._store.executors
        killed = []
        for task in tasks:
            executor = executors.get(task.executor_id)
            pid = executor.pid if executor is not None else 0
            killed.append(KilledTask(task.task_id, task.executor_id, pid))
        job_ids = [job.job_id for job in jobs]
        card = self._store.kills.order(
            scope, target, order.who, order.reason, now_ms(), job_ids, killed
        )
        self._store.touch(card)
        return sum(job.num_active_tasks for job in jobs)

    # The cleaner's ------------------------------------------------------------------------

    def collect_garbage(self) -> Json:
        """Collect reference cycles now; how many objects were found and how long it took."""
        return self._driver.cleaner_view.collect_garbage()

    def forget(self, kind: str, entity_id: int) -> Json:
        """Drop what a notebook's names hold of an entity (`rdd`, `broadcast`, `shuffle`)."""
        return self._driver.cleaner_view.forget(kind, entity_id)

    def unpersist(self, rdd_id: int) -> Json:
        """Give an RDD's cached blocks up."""
        if self._look().rdds.get(rdd_id) is None:
            raise Refusal(404, f"no rdd found w/ id {rdd_id}")
        self._driver.remove_rdd(rdd_id)
        return {"rddId": rdd_id, "result": "unpersisting"}


def _too_late(what: str, status: str) -> NoReturn:
    body = {"result": "already-finished", "status": status}
    raise Refusal(409, f"{what} has ended already: {status}", body)
