"""What every part of SparkContext stands on: the driver, and the calling thread's local properties.

Owns    the reference to the driver, None after `stop`; the local properties of each thread.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyspark_shell.common.call_site import first_spark_call
from pyspark_shell.common.errors import SparkContextStopped
from pyspark_shell.common.spark_conf import SparkConf

if TYPE_CHECKING:
    from pyspark_shell.driver.driver import Driver
    from pyspark_shell.driver.kill_policy import KillRecord


class ContextBase:
    """State that the parts of SparkContext share."""

    _conf: SparkConf
    _python_includes: list[str]

    def __init__(self) -> None:
        self._driver: Driver | None = None
        self._why_stopped = "This SparkContext was stopped"
        self._killed: KillRecord | None = None  # what stays known of a kill after `stop`
        self._local = threading.local()

    @property
    def _engine(self) -> Driver:
        """The driver of the running application.

        Raises
        ------
        SparkContextStopped
            There is none any more.
        """
        driver = self._driver
        if driver is None:
            raise SparkContextStopped(f"{self._why_stopped} {self._active_instead()}")
        if driver.is_stopped:
            raise SparkContextStopped(f"{driver.why_stopped()} {self._active_instead()}")
        return driver

    def _active_instead(self) -> str:
        """Which context is active now, in a sentence."""
        return ""

    def _assert_running(self) -> None:
        """Raise `SparkContextStopped` unless the application runs."""
        _ = self._engine

    def _call_site(self) -> str:
        """The user's call, as `reduceByKey at /path/file.py:7`."""
        return str(first_spark_call())

    # Local properties: each thread has its own ------------------------------------

    def _local_properties(self) -> dict[str, str]:
        properties: dict[str, str] | None = getattr(self._local, "properties", None)
        if properties is None:
            properties = self._local.properties = {}
        return properties

    def _adopt_local_properties(self, properties: Mapping[str, str]) -> None:
        """Give the calling thread a copy of another thread's properties."""
        self._local.properties = dict(properties)

    def setLocalProperty(self, key: str, value: str | None) -> None:
        """Set a property of the jobs that this thread submits; None removes it.

        Tasks read it with `TaskContext.getLocalProperty`.

        Parameters
        ----------
        key
            Its name; the engine itself reads some that begin with `spark.`, such as the pool here.
        value
            Its text.

        Raises
        ------
        TypeError
            Name or value is no str.

        Examples
        --------
        >>> sc.setLocalProperty("spark.scheduler.pool", "reports")
        >>> sc.getLocalProperty("spark.scheduler.pool")
        'reports'
        >>> sc.setLocalProperty("spark.scheduler.pool", None)
        """
        self._assert_running()
        if value is None:
            self._local_properties().pop(key, None)
        else:
            self._local_properties()[_text(key)] = _text(value)

    def getLocalProperty(self, key: str) -> str | None:
        """The property as this thread has it, None if it is not set.

        Parameters
        ----------
        key
            As `setLocalProperty` was told it.

        Examples
        --------
        >>> sc.setLocalProperty("team", "search")
        >>> sc.getLocalProperty("team")
        'search'
        >>> sc.setLocalProperty("team", None)
        >>> sc.getLocalProperty("team") is None
        True
        """
        self._assert_running()
        return self._local_properties().get(key)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"local properties are str, got {type(value).__name__} {value!r}")
    return value
