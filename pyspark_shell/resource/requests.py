"""PySpark's name for where resource requests are."""

from pyspark_shell.lineage.resource_requests import (
    ExecutorResourceRequest,
    ExecutorResourceRequests,
    TaskResourceRequest,
    TaskResourceRequests,
)

__all__ = [
    "ExecutorResourceRequest",
    "ExecutorResourceRequests",
    "TaskResourceRequest",
    "TaskResourceRequests",
]
