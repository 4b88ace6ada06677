"""What a master URL asks for: executors, slots of each, and how often a task may fail."""

from __future__ import annotations

import os
import re
from typing import Final

from pyspark_shell.common.errors import IllegalArgumentException
from pyspark_shell.common.record import record

_LOCAL: Final = re.compile(r"local\[([0-9]+|\*)\s*(?:,\s*([0-9]+)\s*)?\]")
_LOCAL_CLUSTER: Final = re.compile(r"local-cluster\[\s*([0-9]+)\s*,\s*([0-9]+)\s*,\s*([0-9]+)\s*\]")
_SUBPROC: Final = re.compile(r"subproc\[([0-9]+|\*)\]")
_OF_APACHE_SPARK: Final = ("spark://", "k8s://", "mesos://")


@record
class MasterUrl:
    """A parsed master URL.

    Parameters
    ----------
    url
        The text as the user wrote it.
    executors, cores_per_executor
        Processes, and the tasks that may run in each of their groups at once.
    max_failures
        Failures of one task that end its job; None: `spark.task.maxFailures` says.
    memory_bytes
        Memory of one executor of a local-cluster master; None: `spark.executor.memory` says.
    is_local
        Whether the driver counts as the only executor, as with `local[n]`.
    """

    url: str
    executors: int
    cores_per_executor: int
    max_failures: int | None = None
    memory_bytes: int | None = None
    is_local: bool = True

    @property
    def total_cores(self) -> int:
        """Tasks that may run at once."""
        return self.executors * self.cores_per_executor


def parse_master_url(url: str) -> MasterUrl:
    """Read `local`, `local[n]`, `local[*,failures]`, `local-cluster[n,cores,MiB]` or `subproc[n]`.

    Raises
    ------
    IllegalArgumentException
        The URL names a cluster of Apache Spark, asks for no slot at all, or cannot be read.

    Examples
    --------
    >>> parse_master_url("local[4,2]").max_failures
    2
    >>> parse_master_url("local-cluster[2,3,1024]").total_cores
    6
    """
    if url == "local":
        return MasterUrl(url, executors=1, cores_per_executor=1, max_failures=1)
    if found := _LOCAL.fullmatch(url) or _SUBPROC.fullmatch(url):
        failures = found[2] if found.re is _LOCAL else None
        return MasterUrl(
            url,
            executors=1,
            cores_per_executor=_slots(url, found[1]),
            max_failures=int(failures) if failures else 1,
        )
    if found := _LOCAL_CLUSTER.fullmatch(url):
        return MasterUrl(
            url,
            executors=_slots(url, found[1]),
            cores_per_executor=_slots(url, found[2]),
            memory_bytes=int(found[3]) << 20,
            is_local=False,
        )
    if url.startswith(_OF_APACHE_SPARK) or url in ("yarn", "yarn-client", "yarn-cluster"):
        raise IllegalArgumentException(
            f"Master {url!r} is a cluster of Apache Spark, which the embedded engine does not run. "
            "Start with `pyspark-shell --engine apache`, or choose a master such as 'local[4]'."
        )
    raise IllegalArgumentException(f"Could not parse Master URL: '{url}'")


def _slots(url: str, text: str) -> int:
    count = available_cores() if text == "*" else int(text)
    if count == 0:
        raise IllegalArgumentException("Asked to run locally with 0 threads")
    return count


def available_cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
