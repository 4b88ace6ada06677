"""The application that the shell speaks of: that of the active context."""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

from pyspark_shell.api.context import SparkContext
from pyspark_shell.driver.console_progress_bar import ConsoleProgressBar
from pyspark_shell.driver.driver import Driver
from pyspark_shell.engines.native import NativeEngine
from pyspark_shell.rest.port import Engine

# One a driver: an engine remembers processor times from look to look.
_ENGINES: Final[WeakKeyDictionary[Driver, Engine]] = WeakKeyDictionary()


def running_context() -> SparkContext | None:
    """The context that runs, None if none does; asking does not start one."""
    return SparkContext._active_spark_context


def running_engine() -> Engine | None:
    """The engine of the context that runs, None if none does."""
    context = running_context()
    driver = None if context is None else context._driver
    if driver is None:
        return None
    engine = _ENGINES.get(driver)
    if engine is None:
        engine = _ENGINES[driver] = NativeEngine(driver)
    return engine


def progress_bar() -> ConsoleProgressBar | None:
    """The line that shows progress, None where there is none."""
    context = running_context()
    driver = None if context is None else context._driver
    return None if driver is None else driver.progress
