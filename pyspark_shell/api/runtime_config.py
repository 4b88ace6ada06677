"""The settings of one session, of which those of the application itself are fixed.

Source  PySpark's RuntimeConfig.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyspark_shell.common.config_registry import entries
from pyspark_shell.common.errors import PySparkKeyError, PySparkTypeError, PySparkValueError
from pyspark_shell.common.spark_conf import SparkConf

_ABSENT: Final = object()


class RuntimeConfig:
    """What `spark.conf` is.

    Examples
    --------
    >>> conf = RuntimeConfig(sc.getConf(), {})
    >>> conf.set("my.own", "x")
    >>> conf.get("my.own"), conf.get("other", "y")
    ('x', 'y')
    >>> conf.isModifiable("spark.executor.memory")
    False
    """

    def __init__(self, application: SparkConf, options: Mapping[str, object]) -> None:
        self._application = dict(application.getAll())
        self._session = {
            key: str(value) for key, value in options.items() if self.isModifiable(key)
        }

    def set(self, key: str, value: str | int | bool) -> None:
        """Set `key` for this session."""
        if not self.isModifiable(key):
            raise PySparkValueError(
                f"[CANNOT_MODIFY_CONFIG] Cannot modify the value of the Spark config: {key!r}. "
                "It belongs to the application; set it before the application starts."
            )
        self._session[key] = str(value).lower() if isinstance(value, bool) else str(value)

    def get(self, key: str, default: object = _ABSENT) -> str | None:
        """Value of `key`; without `default` an unknown key is an error."""
        if default is not _ABSENT and default is not None and not isinstance(default, str):
            raise PySparkTypeError(f"default must be str, got {type(default).__name__}.")
        value = self.getAll.get(key)
        if value is not None:
            return value
        if default is _ABSENT:
            raise PySparkKeyError(f"[SQL_CONF_NOT_FOUND] The config {key!r} cannot be found.")
        return default if isinstance(default, str) else None

    def unset(self, key: str) -> None:
        """Forget what was set here."""
        self._session.pop(key, None)

    @property
    def getAll(self) -> dict[str, str]:
        """All settings."""
        return {**self._application, **self._session}

    def isModifiable(self, key: str) -> bool:
        """Whether `key` may be set while the application runs."""
        return key not in entries()
