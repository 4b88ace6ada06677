"""Writes a kill that another process began into the status store, as if it had been ordered here.

Thread  `dag-scheduler-event-loop`, before the scheduler acts on it.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyspark_shell.common.process_table import NONE, JobRow, KillIntent, KillScope, name_hash
from pyspark_shell.scheduler.executor_process import ExecutorProcess
from pyspark_shell.status.api import JobData, JobStatus
from pyspark_shell.status.app_status_store import AppStatusStore
from pyspark_shell.status.kill_log import KilledTask


def write_down(
    intent: KillIntent,
    store: AppStatusStore,
    executors: Iterable[ExecutorProcess],
    application_id: str,
) -> None:
    """Make the kill's card, unless nothing of it runs any more."""
    jobs = _jobs(intent, store)
    tasks = _tasks(intent, executors)
    if not jobs and not tasks:
        return
    target = application_id if intent.target == NONE else _name(intent, jobs, store)
    scope = intent.scope.name.lower()
    card = store.kills.order(scope, target, intent.who, intent.reason, intent.at_ms, jobs, tasks)
    store.touch(card)


def _name(intent: KillIntent, jobs: list[int], store: AppStatusStore) -> str:
    """What is killed, as its card names it; of a group or tag the intent has the hash alone."""
    names: set[str] = set()
    for job_id in jobs:
        if intent.scope is KillScope.GROUP:
            names.add(store.jobs[job_id].job_group or "")
        elif intent.scope is KillScope.TAG:
            names.update(store.jobs[job_id].job_tags)
    return next((name for name in names if name_hash(name) == intent.target), str(intent.target))


def _jobs(intent: KillIntent, store: AppStatusStore) -> list[int]:
    running = [job for job in list(store.jobs.values()) if job.status is JobStatus.RUNNING]
    match intent.scope:
        case KillScope.APPLICATION:
            return [job.job_id for job in running]
        case KillScope.JOB:
            return [job.job_id for job in running if job.job_id == intent.target]
        case KillScope.STAGE:
            return [job.job_id for job in running if intent.target in job.stage_ids]
        case KillScope.GROUP | KillScope.TAG:
            return [job.job_id for job in running if _row(job).is_named_by(intent)]
        case _:
            return []


def _row(job: JobData) -> JobRow:
    group = NONE if job.job_group is None else name_hash(job.job_group)
    return JobRow(job.job_id, group, frozenset(map(name_hash, job.job_tags)))


def _tasks(intent: KillIntent, executors: Iterable[ExecutorProcess]) -> list[KilledTask]:
    """Only of kills that end tasks and no job: those of jobs are told by the jobs' ends."""
    found: list[KilledTask] = []
    for executor in executors:
        task = executor.running
        if task is None:
            continue
        by_task = intent.scope is KillScope.TASK and task.task_id == intent.target
        by_executor = intent.scope is KillScope.EXECUTOR and executor.executor_id == str(
            intent.target
        )
        if by_task or by_executor:
            found.append(KilledTask(task.task_id, executor.executor_id, executor.pid or 0))
    return found
