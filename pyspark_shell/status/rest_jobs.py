"""Spark's JobData as JSON, with what we know beside it: cell, kill, pool, call site."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pyspark_shell.common.cell import CELL_ID, CELL_PROMPT, CELL_THREAD
from pyspark_shell.status.api import JobData
from pyspark_shell.status.rest_format import FinishedRow, Json, optional_date, present

_SITE: Final = re.compile(r".* at (?P<file>.+):(?P<line>\d+)", re.DOTALL)


def job_row(job: JobData) -> Json:
    """One job."""
    if not job.is_closed:
        return _job_row(job)
    row = job.finished_row
    if row is None:
        row = job.finished_row = FinishedRow(_job_row(job))
    return row


def _job_row(job: JobData) -> Json:
    return present(
        {
            "jobId": job.job_id,
            "name": job.name,
            "description": job.description,
            "submissionTime": optional_date(job.submission_time_ms),
            "completionTime": optional_date(job.completion_time_ms),
            "stageIds": list(job.stage_ids),
            "jobGroup": job.job_group,
            "jobTags": list(job.job_tags),
            "status": job.status.value,
            "numTasks": job.num_tasks,
            "numActiveTasks": job.num_active_tasks,
            "numCompletedTasks": job.num_completed_tasks,
            "numSkippedTasks": job.num_skipped_tasks,
            "numFailedTasks": job.num_failed_tasks,
            "numKilledTasks": job.num_killed_tasks,
            "numCompletedIndices": job.num_completed_indices,
            "numActiveStages": job.num_active_stages,
            "numCompletedStages": job.num_completed_stages,
            "numSkippedStages": job.num_skipped_stages,
            "numFailedStages": job.num_failed_stages,
            "killedTasksSummary": dict(job.killed_tasks_summary),
            **_more(job),
        }
    )


def _more(job: JobData) -> Json:
    """What Spark does not tell."""
    properties = job.properties
    cell = cell_of(job)
    row: Json = {
        "callSite": job.name,
        "zombieTasks": job.zombie_tasks,
        "submittedAt": job.submission_time_ms,
        "completedAt": job.completion_time_ms,
        "lastTaskEndAt": job.last_task_end_ms,
        "failureReason": job.failure_reason,
        "interruptOnCancel": properties.get("spark.job.interruptOnCancel", "").lower() == "true",
        "pool": properties.get("spark.scheduler.pool", "default"),
        "poolName": properties.get("spark.scheduler.pool", "default"),
        "cell": cell,
        "site": _site(job.name) if cell is None else None,
    }
    if job.kill_state is not None:
        row["killState"] = job.kill_state.value
        row["killedAt"] = job.killed_at_ms
        row["killReason"] = job.kill_reason
        row["killWho"] = job.kill_who
    return row


def cell_of(job: JobData | None) -> Json | None:
    """The notebook cell that submitted a job; None for scripts."""
    properties: Mapping[str, str] = {} if job is None else job.properties
    prompt = properties.get(CELL_PROMPT, "")
    if not prompt.isdigit() or job is None:
        return None
    site = _SITE.fullmatch(job.name)
    return {
        "id": properties.get(CELL_ID, ""),
        "prompt": int(prompt),
        "line": int(site["line"]) if site else 0,
        "thread": properties.get(CELL_THREAD, ""),
    }


def _site(call_site: str) -> Json | None:
    found = _SITE.fullmatch(call_site)
    return {"file": found["file"], "line": int(found["line"])} if found else None
