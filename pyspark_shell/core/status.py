"""Public name of the status tracker, as `pyspark.core.status`."""

from pyspark_shell.api.status_tracker import (
    SparkExecutorInfo,
    SparkJobInfo,
    SparkStageInfo,
    StatusTracker,
)

__all__ = ["SparkExecutorInfo", "SparkJobInfo", "SparkStageInfo", "StatusTracker"]
