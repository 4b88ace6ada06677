"""Public name of resources and profiles, as `pyspark.resource`."""

from pyspark_shell.common.resource_information import ResourceInformation
from pyspark_shell.lineage.resource_profile import ResourceProfile, ResourceProfileBuilder
from pyspark_shell.lineage.resource_requests import (
    ExecutorResourceRequest,
    ExecutorResourceRequests,
    TaskResourceRequest,
    TaskResourceRequests,
)

__all__ = [
    "ExecutorResourceRequest",
    "ExecutorResourceRequests",
    "ResourceInformation",
    "ResourceProfile",
    "ResourceProfileBuilder",
    "TaskResourceRequest",
    "TaskResourceRequests",
]
