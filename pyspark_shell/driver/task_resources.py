"""What tasks need and executors offer, from the configuration and a stage's resource profile."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pyspark_shell.common.errors import SparkException
from pyspark_shell.common.resource_discovery import discover, executor_resources, task_amounts
from pyspark_shell.common.scheduler_config import TASK_CPUS
from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.lineage.resource_profile import ResourceProfile
from pyspark_shell.scheduler.task_needs import NO_NEEDS, TaskNeeds, fitting


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


def assert_fits(needs: TaskNeeds, cores: int) -> None:
    """Check that an executor with `cores` can run at least one such task: more never come.

    Raises
    ------
    SparkException
        The task would wait for ever.
    """
    if needs is NO_NEEDS or fitting(needs, cores):
        return
    cores = cores if needs.executor_cores is None else min(cores, needs.executor_cores)
    if needs.cpus > cores:
        raise SparkException(
            f"The number of cores per executor (={cores}) has to be >= the number of cpus per "
            f"task = {needs.cpus:g}. Set spark.task.cpus, or what the resource profile asks for, "
            "to less, or choose a master with more cores such as "
            f"'local[{math.ceil(needs.cpus)}]'."
        )
    for name, amount in needs.amounts.items():
        offered = len(needs.offered.get(name, ()))
        if not offered:
            raise SparkException(
                "No executor resource configs were specified for the following task configs: "
                f"{name}. Ask for it with ExecutorResourceRequests().resource(...) or set "
                f"spark.executor.resource.{name}.amount."
            )
        if amount > offered:
            raise SparkException(
                f"The executor resource: {name}, amount: {offered} needs to be >= the task "
                f"amount: {amount:g}. Ask for more with ExecutorResourceRequests().resource(...) "
                f"or set spark.executor.resource.{name}.amount."
            )


def needs_of(profile: ResourceProfile, defaults: TaskNeeds) -> TaskNeeds:
    """Needs of a stage with a profile; what the profile does not name is as by default."""
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
    return TaskNeeds(cpus, tasks, offered, cores)


def _numbered(amount: float) -> list[str]:
    return [str(number) for number in range(int(amount))]
