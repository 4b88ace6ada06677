"""What is known of jobs, stages and executors while the application runs and after.

Owns    the status store; `AppStatusListener` is its only writer, anybody may read. And the event
        log, for a History Server.
Thread  `spark-listener-group-appStatus` writes the store, `spark-listener-group-eventLog` the log;
        any reads.
Imports `common`, `listener`, `hadoop` for the log's path.

The names below are those of PySpark's module of this name; they are for users. They live on a
higher floor, so each is looked up when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["SparkExecutorInfo", "SparkJobInfo", "SparkStageInfo", "StatusTracker"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("pyspark_shell.api.status_tracker"), name)
