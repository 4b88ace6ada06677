"""A stage's wishes taken together; `RDD.withResources` binds them to an RDD."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Final

from pyspark_shell.lineage.resource_requests import (
    ExecutorResourceRequest,
    ExecutorResourceRequests,
    TaskResourceRequest,
    TaskResourceRequests,
)

# 0 is the application's default profile.
_ids: Final = count(1)


class ResourceProfile:
    """What executors must offer and what each task takes; it limits how many tasks run at once.

    Made by `ResourceProfileBuilder`.

    Attributes
    ----------
    id
        Number of the profile, unique in the process.
    """

    def __init__(
        self,
        _java_resource_profile: object = None,
        _exec_req: Mapping[str, ExecutorResourceRequest] | None = None,
        _task_req: Mapping[str, TaskResourceRequest] | None = None,
    ) -> None:
        self._executor_requests = dict(_exec_req or {})
        self._task_requests = dict(_task_req or {})
        self._id = next(_ids)

    @property
    def id(self) -> int:
        """Number of the profile."""
        return self._id

    @property
    def taskResources(self) -> dict[str, TaskResourceRequest]:
        """What each task takes, by kind."""
        return self._task_requests

    @property
    def executorResources(self) -> dict[str, ExecutorResourceRequest]:
        """What each executor must offer, by kind."""
        return self._executor_requests

    def __repr__(self) -> str:
        return f"<ResourceProfile {self._id}: {len(self._executor_requests)} for executors, " + (
            f"{len(self._task_requests)} for tasks>"
        )


class ResourceProfileBuilder:
    """Collects requests into a profile.

    Examples
    --------
    >>> profile = ResourceProfileBuilder().require(TaskResourceRequests().cpus(2)).build
    >>> profile.taskResources["cpus"].amount
    2.0
    """

    def __init__(self) -> None:
        self._executor_requests: dict[str, ExecutorResourceRequest] = {}
        self._task_requests: dict[str, TaskResourceRequest] = {}

    def require(
        self, resourceRequest: ExecutorResourceRequests | TaskResourceRequests
    ) -> ResourceProfileBuilder:
        """Add requests; one for a kind that is there already takes its place. Gives the builder.

        Parameters
        ----------
        resourceRequest
            What each executor must offer, or what each task takes.

        Examples
        --------
        >>> builder = ResourceProfileBuilder().require(TaskResourceRequests().cpus(2))
        >>> builder.require(TaskResourceRequests().cpus(1)).taskResources["cpus"].amount
        1.0
        """
        if isinstance(resourceRequest, TaskResourceRequests):
            self._task_requests.update(resourceRequest.requests)
        else:
            self._executor_requests.update(resourceRequest.requests)
        return self

    def clearExecutorResourceRequests(self) -> None:
        """Forget the requests for executors.

        Examples
        --------
        >>> builder = ResourceProfileBuilder().require(ExecutorResourceRequests().cores(2))
        >>> builder.clearExecutorResourceRequests()
        >>> builder.executorResources
        {}
        """
        self._executor_requests = {}

    def clearTaskResourceRequests(self) -> None:
        """Forget the requests for tasks.

        Examples
        --------
        >>> builder = ResourceProfileBuilder().require(TaskResourceRequests().cpus(2))
        >>> builder.clearTaskResourceRequests()
        >>> builder.taskResources
        {}
        """
        self._task_requests = {}

    @property
    def taskResources(self) -> dict[str, TaskResourceRequest]:
        """Requests for tasks so far, by kind.

        Examples
        --------
        >>> wishes = TaskResourceRequests().resource("gpu", 0.5)
        >>> ResourceProfileBuilder().require(wishes).taskResources
        {'gpu': <TaskResourceRequest gpu: 0.5>}
        """
        return dict(self._task_requests)

    @property
    def executorResources(self) -> dict[str, ExecutorResourceRequest]:
        """Requests for executors so far, by kind.

        Examples
        --------
        >>> wishes = ExecutorResourceRequests().cores(4)
        >>> ResourceProfileBuilder().require(wishes).executorResources
        {'cores': <ExecutorResourceRequest cores: 4>}
        """
        return dict(self._executor_requests)

    @property
    def build(self) -> ResourceProfile:
        """A new profile of what was required so far.

        Examples
        --------
        >>> ResourceProfileBuilder().require(TaskResourceRequests().cpus(2)).build.executorResources
        {}
        """
        return ResourceProfile(_exec_req=self._executor_requests, _task_req=self._task_requests)
