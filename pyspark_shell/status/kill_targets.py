"""What a kill hits: the jobs and tasks that run under a scope and a name.

Thread  any; reads the store.
"""

from __future__ import annotations

from pyspark_shell.listener.events import TaskInfo
from pyspark_shell.status.api import JobData, JobStatus
from pyspark_shell.status.app_status_store import AppStatusStore
from pyspark_shell.status.kill_log import KillCard, KilledTask


def write_down(
    store: AppStatusStore, scope: str, target: str, who: str, reason: str, at_ms: int
) -> KillCard:
    """Make a kill's card; to be called before the kill is carried out."""
    job_ids = [job.job_id for job in running_jobs(store, scope, target)]
    tasks = [killed_task(store, task) for task in running_tasks(store, scope, target)]
    card = store.kills.order(scope, target, who, reason, at_ms, job_ids, tasks)
    _look_again(store, card)
    store.touch(card)
    return card


def _look_again(store: AppStatusStore, card: KillCard) -> None:
    """End what ended between the look at the rows and the card: its event found no card, and none
    will come.
    """
    kills, now_ms = store.kills, card.at_ms
    for task in list(card.tasks.values()):
        executor = store.executors.get(task.executor_id)
        if executor is None or task.task_id not in executor.running:
            kills.task_was_faster(task.task_id, now_ms)
    for job_id in card.job_ids:
        job = store.job(job_id)
        if job is None or job.status is not JobStatus.RUNNING:
            kills.job_was_faster(job_id, now_ms)
    if card.scope == "executor":
        executor = store.executors.get(card.target)
        if executor is None or not executor.is_active:
            kills.executor_ended(card.target, now_ms)


def running_jobs(store: AppStatusStore, scope: str, target: str) -> list[JobData]:
    """Jobs that run and are meant, newest first; none for tasks and executors."""
    return [job for job in jobs_meant(store, scope, target) if job.status is JobStatus.RUNNING]


def jobs_meant(store: AppStatusStore, scope: str, target: str) -> list[JobData]:
    """Jobs that a scope and a name mean, ended ones too, newest first."""
    match scope:
        case "job":
            job = store.job(int(target))
            return [] if job is None else [job]
        case "stage":
            stage = store.last_stage_attempt(int(target))
            return [] if stage is None else list(stage.jobs)
        case "group":
            return [job for job in store.job_list() if job.job_group == target]
        case "tag":
            return [job for job in store.job_list() if target in job.job_tags]
        case "application":
            return store.job_list()
        case _:
            return []


def running_tasks(store: AppStatusStore, scope: str, target: str) -> list[TaskInfo]:
    """Tasks that run and are meant by themselves, not with their job."""
    if scope not in ("task", "executor"):
        return []
    running = [
        task
        for executor in store.executor_list()
        if scope == "task" or executor.id == target
        for task in list(executor.running.values())
    ]
    return [task for task in running if scope == "executor" or task.task_id == int(target)]


def killed_task(store: AppStatusStore, task: TaskInfo) -> KilledTask:
    """A task that is to end, for a card."""
    executor = store.executors.get(task.executor_id)
    return KilledTask(task.task_id, task.executor_id, executor.pid if executor is not None else 0)
