"""Finds the resources that configuration names: a script prints them, or a file lists them.

Both give JSON: a script `{"name": "gpu", "addresses": ["0", "1"]}`, a file a list of
`{"id": {"resourceName": "gpu"}, "addresses": [...]}`. Executors whose own settings name neither get
theirs from `spark.worker.*`: of a local cluster, every executor has a worker to itself.
"""

from __future__ import annotations

import errno
from typing import Final

from pyspark_shell.common.config_entry import parse_float
from pyspark_shell.common.errors import IllegalConfig, SparkException
from pyspark_shell.common.resource_information import ResourceInformation
from pyspark_shell.common.spark_conf import SparkConf

# Spark waits for a discovery script for ever; a broken one should not hang the start.
_SCRIPT_TIMEOUT_S: Final = 60


def driver_resources(conf: SparkConf) -> dict[str, ResourceInformation]:
    """Resources of `spark.driver.resource.<name>.{amount,discoveryScript}`, by name."""
    return _resources(conf, "spark.driver", ("spark.driver",))


def executor_resources(conf: SparkConf) -> dict[str, ResourceInformation]:
    """Resources of `spark.executor.resource.<name>.{amount,discoveryScript}`, by name."""
    return _resources(conf, "spark.executor", ("spark.executor", "spark.worker"))


def task_amounts(conf: SparkConf) -> dict[str, float]:
    """What `spark.task.resource.<name>.amount` gives to each task, by name."""
    return _amounts(conf, "spark.task")


def _resources(
    conf: SparkConf, component: str, sources: tuple[str, ...]
) -> dict[str, ResourceInformation]:
    amounts = _amounts(conf, component)
    if not amounts:
        return {}
    listed = {
        name: information
        for source in reversed(sources)
        for name, information in _listed(conf.get(f"{source}.resourcesFile")).items()
    }
    found = {}
    for name, amount in amounts.items():
        information = listed.get(name)
        if information is None:
            scripts = (conf.get(f"{source}.resource.{name}.discoveryScript") for source in sources)
            information = discover(name, next(filter(None, scripts), ""))
        if len(information.addresses) < amount:
            raise SparkException(
                f"{component}.resource.{name}.amount is {amount:g}, but only "
                f"{len(information.addresses)} were found: {information.addresses}."
            )
        found[name] = information
    return found


def _amounts(conf: SparkConf, component: str) -> dict[str, float]:
    prefix, suffix = f"{component}.resource.", ".amount"
    amounts = {}
    for key, value in conf.getAll():
        if key.startswith(prefix) and key.endswith(suffix):
            try:
                amounts[key[len(prefix) : -len(suffix)]] = parse_float(value)
            except ValueError as error:
                raise IllegalConfig(f"{key} must be {error}, got {value!r}.") from None
    return amounts


def _listed(file: str | None) -> dict[str, ResourceInformation]:
    if file is None:
        return {}
    import json

    with open(file, encoding="utf-8") as text:
        entries = json.load(text)
    names = [entry["id"]["resourceName"] for entry in entries]
    return {
        name: ResourceInformation(name, [str(address) for address in entry["addresses"]])
        for name, entry in zip(names, entries, strict=True)
    }


def discover(name: str, script: str) -> ResourceInformation:
    """Run a discovery script and read what it prints.

    Raises
    ------
    SparkException
        There is no script, or it fails, or it prints something else.
    """
    if not script:
        raise SparkException(
            f"No addresses of resource {name} are known. Name a discoveryScript or a resourcesFile."
        )
    import json
    import subprocess

    try:
        printed = json.loads(_output_of(script))
        if printed["name"] != name:
            raise ValueError(f"it names {printed['name']!r}")
        return ResourceInformation(name, [str(address) for address in printed["addresses"]])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        raise SparkException(
            f"The discovery script {script} does not tell the addresses of {name}: {error}"
        ) from error


def _output_of(script: str) -> str:
    """What a program prints; a file that is none, for want of a first line, is a shell script."""
    import subprocess

    command = [script]
    while True:
        try:
            done = subprocess.run(
                command, capture_output=True, check=True, timeout=_SCRIPT_TIMEOUT_S, text=True
            )
        except OSError as error:
            if error.errno != errno.ENOEXEC or len(command) > 1:
                raise
            command = ["/bin/sh", script]
        else:
            return done.stdout
