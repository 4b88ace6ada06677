"""How a context's settings come about: what the caller gave, and the defaults for the rest."""

from __future__ import annotations

import logging
import os
from typing import Final

from pyspark_shell.common.errors import IllegalArgumentException, PySparkRuntimeError
from pyspark_shell.common.spark_conf import SparkConf

DEFAULT_MASTER: Final = "local[*]"
DEFAULT_APP_NAME: Final = "pyspark-shell"

_LEVELS: Final = {
    "ALL": logging.NOTSET + 1,
    "DEBUG": logging.DEBUG,
    "ERROR": logging.ERROR,
    "WARN": logging.WARNING,
    "INFO": logging.INFO,
    "OFF": logging.CRITICAL + 1,
    "FATAL": logging.CRITICAL,
    "TRACE": logging.DEBUG - 5,
}


def copy_of(conf: SparkConf | None) -> SparkConf:
    """The context's own settings: a copy of the given ones, else the defaults."""
    return SparkConf() if conf is None else conf.copy()


def fill_defaults(conf: SparkConf) -> tuple[str, str]:
    """Master URL and application name; defaults are put in unless the conf was made without them.

    Raises
    ------
    PySparkRuntimeError
        MASTER_URL_NOT_SET, APPLICATION_NAME_NOT_SET: the conf wants no defaults and has none.
    """
    if conf.loads_defaults:
        conf.setIfMissing("spark.master", DEFAULT_MASTER)
        conf.setIfMissing("spark.app.name", DEFAULT_APP_NAME)
    master, name = conf.get("spark.master"), conf.get("spark.app.name")
    if master is None:
        raise PySparkRuntimeError(
            "A master URL must be set in your configuration.", "MASTER_URL_NOT_SET", {}
        )
    if name is None:
        raise PySparkRuntimeError(
            "An application name must be set in your configuration.", "APPLICATION_NAME_NOT_SET", {}
        )
    return master, name


def task_environment(conf: SparkConf) -> dict[str, str]:
    """Variables for tasks; the hash seed is among them, so that equal keys meet."""
    seed = os.environ.get("PYTHONHASHSEED", "0")
    return {**conf.executor_environment(), "PYTHONHASHSEED": seed}


def spark_user() -> str:
    """Who runs the application."""
    user = os.environ.get("SPARK_USER")
    if user:
        return user
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def log_level_number(level: str) -> int:
    """Python's number for one of Spark's log levels.

    Raises
    ------
    IllegalArgumentException
        There is no such level.
    """
    number = _LEVELS.get(level.upper())
    if number is None:
        raise IllegalArgumentException(
            f"requirement failed: Supplied level {level} did not match one of: {','.join(_LEVELS)}"
        )
    return number
