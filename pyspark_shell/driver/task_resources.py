"""What tasks need and executors offer, from the configuration and a stage's resource profile."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark_shell.common.errors import SparkException
from pyspark_shell.common.resource_discovery import discover, executor_resources, task_amounts
from pyspark_shell.common.scheduler_config import TASK_CPUS
from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.lineage.resource_profile import ResourceProfile
from pyspark_shell.scheduler.task_needs import NO_NEEDS, TaskNeeds


def default_needs(conf: SparkConf) -> TaskNeeds:
    """Needs of a stage without a profile."""
    amounts = task_amounts(conf)
    offered = {
        name: information.addresses for name, information in executor_resources(conf).items()
    }
    cpus = TASK_CPUS.read(conf)
    if cpus == 1 and not amounts and not offered:
        return NO_NEEDS
    return TaskNeeds(cpus, amounts, offered)


def needs_of(profile: ResourceProfile, defaults: TaskNeeds) -> TaskNeeds:
    """Needs of a stage with a profile; what the profile does not name is as by default.

    Raises
    ------
    SparkException
        The profile's tasks need more of a resource than an executor has.
    """
    tasks = {name: request.amount for name, request in profile.taskResources.items()}
    cpus = tasks.pop("cpus", defaults.cpus)
    offered: dict[str, Sequence[str]] = dict(defaults.offered)
    cores = None
    for name, request in profile.executorResources.items():
        if name == "cores":
            cores = int(request.amount)
        elif name in tasks:
            script = request.discoveryScript
            found = discover(name, script).addresses if script else _numbered(request.amount)
            offered[name] = found[: int(request.amount)]
    for name, amount in tasks.items():
        if amount > len(offered.get(name, ())):
            raise SparkException(
                f"The resource profile's tasks need {amount:g} of {name!r}, an executor has "
                f"{len(offered.get(name, ()))}. Ask for it with "
                "ExecutorResourceRequests().resource(...) "
                f"or set spark.executor.resource.{name}.amount."
            )
    return TaskNeeds(cpus, tasks, offered, cores)


def _numbered(amount: float) -> list[str]:
    return [str(number) for number in range(int(amount))]
