"""What a stage asks for: so much of each resource per executor, and so much per task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyspark_shell.common.memory_text import parse_memory

CORES: Final = "cores"
MEMORY: Final = "memory"
OVERHEAD_MEMORY: Final = "memoryOverhead"
OFF_HEAP_MEMORY: Final = "offHeap"
PYSPARK_MEMORY: Final = "pyspark.memory"
CPUS: Final = "cpus"


class ExecutorResourceRequest:
    """An amount of one resource for each executor.

    Parameters
    ----------
    resourceName, amount
        Kind and number of units; memory in MiB.
    discoveryScript
        A program that prints the addresses of the units as JSON.
    vendor
        Who made them; for Kubernetes only.
    """

    def __init__(
        self, resourceName: str, amount: int, discoveryScript: str = "", vendor: str = ""
    ) -> None:
        self._name = resourceName
        self._amount = amount
        self._discovery_script = discoveryScript
        self._vendor = vendor

    @property
    def resourceName(self) -> str:
        """Kind of the resource."""
        return self._name

    @property
    def amount(self) -> int:
        """Units, or MiB of memory."""
        return self._amount

    @property
    def discoveryScript(self) -> str:
        """Program that finds the units, empty if none does."""
        return self._discovery_script

    @property
    def vendor(self) -> str:
        """Maker of the units, empty if it does not matter."""
        return self._vendor

    def __repr__(self) -> str:
        return f"<ExecutorResourceRequest {self._name}: {self._amount}>"


class ExecutorResourceRequests:
    """Amounts for each executor, set by chained calls.

    Examples
    --------
    >>> wishes = ExecutorResourceRequests().cores(4).memory("2g").resource("gpu", 2)
    >>> {name: request.amount for name, request in wishes.requests.items()}
    {'cores': 4, 'memory': 2048, 'gpu': 2}
    """

    def __init__(
        self, _jvm: object = None, _requests: Mapping[str, ExecutorResourceRequest] | None = None
    ) -> None:
        self._requests = dict(_requests or {})

    def cores(self, amount: int) -> ExecutorResourceRequests:
        """Ask for task slots."""
        return self._add(CORES, amount)

    def memory(self, amount: str) -> ExecutorResourceRequests:
        """Ask for memory, such as `512m` or `2g`."""
        return self._add(MEMORY, parse_memory(amount))

    def memoryOverhead(self, amount: str) -> ExecutorResourceRequests:
        """Ask for memory beside the budget."""
        return self._add(OVERHEAD_MEMORY, parse_memory(amount))

    def offheapMemory(self, amount: str) -> ExecutorResourceRequests:
        """Ask for off-heap memory."""
        return self._add(OFF_HEAP_MEMORY, parse_memory(amount))

    def pysparkMemory(self, amount: str) -> ExecutorResourceRequests:
        """Ask for memory of Python processes."""
        return self._add(PYSPARK_MEMORY, parse_memory(amount))

    def resource(
        self, resourceName: str, amount: int, discoveryScript: str = "", vendor: str = ""
    ) -> ExecutorResourceRequests:
        """Ask for units of a resource of your own, such as `gpu`."""
        return self._add(resourceName, amount, discoveryScript, vendor)

    @property
    def requests(self) -> dict[str, ExecutorResourceRequest]:
        """What was asked for, by kind."""
        return self._requests

    def _add(
        self, name: str, amount: int, script: str = "", vendor: str = ""
    ) -> ExecutorResourceRequests:
        self._requests[name] = ExecutorResourceRequest(name, amount, script, vendor)
        return self


class TaskResourceRequest:
    """An amount of one resource for each task; a part of a unit is possible."""

    def __init__(self, resourceName: str, amount: float) -> None:
        self._name = resourceName
        self._amount = float(amount)

    @property
    def resourceName(self) -> str:
        """Kind of the resource."""
        return self._name

    @property
    def amount(self) -> float:
        """Units."""
        return self._amount

    def __repr__(self) -> str:
        return f"<TaskResourceRequest {self._name}: {self._amount}>"


class TaskResourceRequests:
    """Amounts for each task, set by chained calls.

    Examples
    --------
    >>> wishes = TaskResourceRequests().cpus(2).resource("gpu", 0.5)
    >>> wishes.requests["gpu"].amount
    0.5
    """

    def __init__(
        self, _jvm: object = None, _requests: Mapping[str, TaskResourceRequest] | None = None
    ) -> None:
        self._requests = dict(_requests or {})

    def cpus(self, amount: float) -> TaskResourceRequests:
        """Ask for task slots."""
        return self.resource(CPUS, amount)

    def resource(self, resourceName: str, amount: float) -> TaskResourceRequests:
        """Ask for units of a resource."""
        self._requests[resourceName] = TaskResourceRequest(resourceName, amount)
        return self

    @property
    def requests(self) -> dict[str, TaskResourceRequest]:
        """What was asked for, by kind."""
        return self._requests
