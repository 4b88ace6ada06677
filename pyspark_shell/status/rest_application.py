"""Spark's ApplicationInfo and ApplicationEnvironmentInfo as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyspark_shell.common.redaction import redact
from pyspark_shell.listener.events import (
    SparkListenerEnvironmentUpdate,
    SparkListenerResourceProfileAdded,
)
from pyspark_shell.status.app_status_store import Application
from pyspark_shell.status.rest_format import NEVER_MS, Json, date, now_ms

_NOTHING: Final = SparkListenerEnvironmentUpdate({})


def application_info(application_id: str, application: Application, version: str) -> Json:
    """The application and its one attempt."""
    start = application.start
    started_ms = start.time_ms if start is not None else now_ms()
    ended_ms = application.end_time_ms
    last_ms = started_ms if ended_ms is None else ended_ms
    return {
        "id": application_id,
        "name": start.app_name if start is not None else "",
        "attempts": [
            {
                "startTime": date(started_ms),
                "endTime": date(NEVER_MS if ended_ms is None else ended_ms),
                "lastUpdated": date(last_ms),
                "duration": (now_ms() if ended_ms is None else ended_ms) - started_ms,
                "sparkUser": start.spark_user if start is not None else "",
                "completed": ended_ms is not None,
                "appSparkVersion": version,
                "startTimeEpoch": started_ms,
                "endTimeEpoch": NEVER_MS if ended_ms is None else ended_ms,
                "lastUpdatedEpoch": last_ms,
            }
        ],
    }


def environment_info(application: Application, more: Mapping[str, str], secrets: str) -> Json:
    """What the application runs with.

    Parameters
    ----------
    more
        Settings that came later than the event.
    secrets
        `spark.redaction.regex`.
    """
    environment = application.environment or _NOTHING
    properties = {**environment.spark_properties, **more}
    profiles = sorted(application.profiles.items())
    return {
        "runtime": {
            **dict.fromkeys(("javaVersion", "javaHome", "scalaVersion"), ""),
            **environment.runtime,
        },
        "sparkProperties": _pairs(redact(properties, secrets)),
        "hadoopProperties": [],
        "systemProperties": _pairs(redact(environment.system_properties, secrets)),
        "metricsProperties": [],
        "classpathEntries": _pairs(environment.classpath_entries),
        "resourceProfiles": [_profile(profile) for _, profile in profiles],
    }


def _pairs(entries: Mapping[str, str]) -> list[list[str]]:
    return [[key, str(value)] for key, value in sorted(entries.items())]


def _profile(profile: SparkListenerResourceProfileAdded) -> Json:
    return {
        "id": profile.resource_profile_id,
        "executorResources": {
            name: {
                "resourceName": name,
                "amount": resource.amount,
                "discoveryScript": resource.discovery_script,
                "vendor": resource.vendor,
            }
            for name, resource in profile.executor_resources.items()
        },
        "taskResources": {
            name: {"resourceName": name, "amount": float(amount)}
            for name, amount in profile.task_resources.items()
        },
    }
