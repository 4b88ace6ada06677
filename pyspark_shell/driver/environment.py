"""What an application tells of itself at its start: where it runs, and what its executors offer.

Source  Spark's SparkEnv.environmentDetails and ResourceProfile.getOrCreateDefaultProfile; where
        Spark names its JVM, the Python interpreter stands.
"""

from __future__ import annotations

import os
import pwd
import sys
import tempfile

from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.lineage.resource_profile import ResourceProfile
from pyspark_shell.listener.events import (
    ResourceAmount,
    SparkListenerEnvironmentUpdate,
    SparkListenerResourceProfileAdded,
)
from pyspark_shell.scheduler.task_needs import TaskNeeds


def environment_update(conf: SparkConf) -> SparkListenerEnvironmentUpdate:
    """The configuration, the interpreter, and where it finds code; no environment variables, which
    hold secrets.
    """
    system = os.uname()
    version = ".".join(map(str, sys.version_info[:3]))
    return SparkListenerEnvironmentUpdate(
        spark_properties=dict(conf.getAll()),
        runtime={
            "javaVersion": f"none (Python {version})",
            "javaHome": sys.prefix,
            "scalaVersion": "none",
        },
        system_properties={
            "file.encoding": sys.getfilesystemencoding(),
            "os.arch": system.machine,
            "os.name": system.sysname,
            "os.version": system.release,
            "python.executable": sys.executable or "",
            "python.implementation": sys.implementation.name,
            "python.version": sys.version,
            "tmpdir": tempfile.gettempdir(),
            "user.dir": os.getcwd(),
            "user.name": user_name(),
        },
        classpath_entries={path or os.getcwd(): "sys.path" for path in sys.path},
    )


def default_profile(
    needs: TaskNeeds, executor_memory_bytes: int
) -> SparkListenerResourceProfileAdded:
    """The profile of all stages that have none of their own."""
    return SparkListenerResourceProfileAdded(
        0,
        {
            "cores": ResourceAmount(1),
            "memory": ResourceAmount(executor_memory_bytes >> 20),
            "offHeap": ResourceAmount(0),
        }
        | {name: ResourceAmount(len(found)) for name, found in needs.offered.items()},
        {"cpus": needs.cpus, **needs.amounts},
    )


def profile_added(profile: ResourceProfile) -> SparkListenerResourceProfileAdded:
    """A profile of the user's."""
    executors = profile.executorResources.items()
    return SparkListenerResourceProfileAdded(
        profile.id,
        {name: ResourceAmount(r.amount, r.discoveryScript, r.vendor) for name, r in executors},
        {name: request.amount for name, request in profile.taskResources.items()},
    )


def user_name() -> str:
    """Whose application it is: `SPARK_USER`, else the user of the system."""
    try:
        return os.environ.get("SPARK_USER") or pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user without a name, as containers have
        return str(os.getuid())
