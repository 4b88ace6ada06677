"""All configuration keys by name, and a warning for names that look like a slip of the pen."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Final

from pyspark_shell.common import config, scheduler_config, ui_config
from pyspark_shell.common.config_entry import ConfigEntry, Settings

log: Final = logging.getLogger(__name__)

# Keys that Spark programs often set and that mean nothing to the embedded engine; some are close
# enough to ours to be taken for mistakes.
WITHOUT_EFFECT: Final[frozenset[str]] = frozenset(
    {
        "spark.cores.max",
        "spark.driver.bindAddress",
        "spark.driver.cores",
        "spark.driver.host",
        "spark.driver.memoryOverhead",
        "spark.driver.port",
        "spark.executor.id",
        "spark.executor.memoryOverhead",
        "spark.io.compression.codec",
        "spark.kryoserializer.buffer.max",
        "spark.master.rest.enabled",
        "spark.memory.fraction",
        "spark.memory.offHeap.enabled",
        "spark.memory.offHeap.size",
        "spark.memory.storageFraction",
        "spark.pyspark.driver.python",
        "spark.pyspark.python",
        "spark.rdd.compress",
        "spark.serializer",
        "spark.serializer.objectStreamReset",
        "spark.submit.deployMode",
        "spark.ui.reverseProxy",
    }
)

# Families whose members are made by the user or belong to parts that are not here.
PREFIXES: Final[tuple[str, ...]] = (
    "spark.driver.resource.",
    "spark.executor.resource.",
    "spark.executorEnv.",
    "spark.hadoop.",
    "spark.kubernetes.",
    "spark.scheduler.listenerbus.eventqueue.",
    "spark.sql.",
    "spark.task.resource.",
    "spark.yarn.",
)


def entries() -> dict[str, ConfigEntry[Any]]:
    """Every declared key with its entry."""
    declared = [*vars(config).values(), *vars(scheduler_config).values(), *vars(ui_config).values()]
    return {entry.key: entry for entry in declared if isinstance(entry, ConfigEntry)}


def check_values(conf: Settings) -> None:
    """Read every declared key that is set, so that a wrong value is told before anything starts.

    Raises
    ------
    IllegalConfig
        One cannot be read.

    Examples
    --------
    >>> check_values({"spark.executor.memory": "2g", "my.own": "x"})
    >>> check_values({"spark.locality.wait": "long"})
    Traceback (most recent call last):
    pyspark_shell.common.errors.IllegalConfig: spark.locality.wait must be a number with a unit ...
    """
    for key, entry in entries().items():
        if conf.get(key) is not None:
            entry.read(conf)


def warn_about_useless(keys: Iterable[str]) -> None:
    """Log once for each key that may be set, but that nothing depends on."""
    known = entries()
    for key in keys:
        entry = known.get(key)
        if entry is not None and not entry.has_effect:
            log.warning("%s is accepted but has no effect here", key)


def nearest_name(key: str) -> str | None:
    """The declared key that `key` was probably meant to be, None if it is right or resembles none.

    Examples
    --------
    >>> nearest_name("spark.task.maxFailure")
    'spark.task.maxFailures'
    """
    known = entries()
    if key in known or key in WITHOUT_EFFECT or key.startswith(PREFIXES):
        return None
    from difflib import get_close_matches

    close = get_close_matches(key, known, n=1, cutoff=0.85)
    return close[0] if close else None


def warn_about_unknown(keys: Iterable[str]) -> None:
    """Log a warning for every `spark.*` key that nobody reads but that resembles one."""
    for key in keys:
        meant = nearest_name(key) if key.startswith("spark.") else None
        if meant is not None:
            log.warning(
                "configuration key %s is not known and has no effect; did you mean %s?", key, meant
            )
