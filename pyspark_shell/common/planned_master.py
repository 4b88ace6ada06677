"""How many slots an application has: the master URL says, or the number and size of executors."""

from __future__ import annotations

from pyspark_shell.common.config import EXECUTOR_CORES, EXECUTOR_INSTANCES
from pyspark_shell.common.config_entry import Settings
from pyspark_shell.common.master_url import MasterUrl, available_cores, parse_master_url
from pyspark_shell.common.record import replace


def planned_master(conf: Settings, url: str) -> MasterUrl:
    """The master, with `spark.executor.instances` times `spark.executor.cores` slots where the URL
    leaves their number open, as `local[*]` does.

    Without a number of executors there are as many as the machine's cores allow; without cores an
    executor has one.

    Examples
    --------
    >>> settings = {"spark.executor.instances": "2", "spark.executor.cores": "3"}
    >>> planned_master(settings, "local[*]").total_cores
    6
    >>> planned_master(settings, "local[4]").total_cores
    4
    """
    master = parse_master_url(url)
    executors, cores = EXECUTOR_INSTANCES.read(conf), EXECUTOR_CORES.read(conf)
    if "*" not in url or (executors is None and cores is None):
        return master
    cores = cores or 1
    return replace(
        master,
        executors=executors or max(1, available_cores() // cores),
        cores_per_executor=cores,
    )
