"""The settings of an application as text, by key.

Owns    one dictionary; a context works on a copy, so that later changes do nothing.
Source  PySpark's SparkConf; Spark's for `toDebugString`; spark-submit for where defaults come from.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Final, overload

from pyspark_shell.common.config import APP_NAME, MASTER, SPARK_HOME
from pyspark_shell.common.errors import PySparkRuntimeError
from pyspark_shell.common.ui_config import REDACTION_REGEX

EXECUTOR_ENV_PREFIX: Final = "spark.executorEnv."
REDACTED: Final = "*********(redacted)"

# Options of spark-submit that are short for a key; PYSPARK_SUBMIT_ARGS may hold them.
_SUBMIT_OPTIONS: Final = {
    "--master": "spark.master",
    "--name": "spark.app.name",
    "--driver-memory": "spark.driver.memory",
    "--executor-memory": "spark.executor.memory",
    "--executor-cores": "spark.executor.cores",
    "--num-executors": "spark.executor.instances",
    "--py-files": "spark.submit.pyFiles",
    "--files": "spark.files",
    "--archives": "spark.archives",
}


class SparkConf:
    """Settings of an application; all setters give the object back, so that calls can be chained.

    Parameters
    ----------
    loadDefaults
        Take what `spark-defaults.conf` (in `SPARK_CONF_DIR`, else `SPARK_HOME/conf`), the variable
        `PYSPARK_SUBMIT_ARGS` and the command line of `pyspark-shell` say, the last of them first;
        without it only what is set here counts.

    Examples
    --------
    >>> conf = SparkConf(loadDefaults=False).setMaster("local[2]").set("spark.task.maxFailures", 2)
    >>> conf.get("spark.task.maxFailures")
    '2'
    >>> print(conf.setExecutorEnv("LANG", "C").toDebugString())
    spark.executorEnv.LANG=C
    spark.master=local[2]
    spark.task.maxFailures=2
    """

    __module__ = "pyspark_shell.conf"  # its public name, which `repr` shows

    def __init__(
        self, loadDefaults: bool = True, _jvm: object = None, _jconf: object = None
    ) -> None:
        self.loads_defaults = loadDefaults
        self._values: dict[str, str] = _defaults() if loadDefaults else {}

    def set(self, key: str, value: object) -> SparkConf:
        """Set a value, in place of one that is there.

        Parameters
        ----------
        key
            Name of the setting.
        value
            Anything; its `str` is kept.

        Examples
        --------
        >>> SparkConf(False).set("spark.task.maxFailures", 2).get("spark.task.maxFailures")
        '2'
        """
        self._values[key] = str(value)
        return self

    def setIfMissing(self, key: str, value: object) -> SparkConf:
        """Set a value unless there is one already.

        Parameters
        ----------
        key, value
            As in `set`.

        Examples
        --------
        >>> conf = SparkConf(False).setIfMissing("spark.ui.port", 4050)
        >>> conf.setIfMissing("spark.ui.port", 4060).get("spark.ui.port")
        '4050'
        """
        if key not in self._values:
            self.set(key, value)
        return self

    def setMaster(self, value: str) -> SparkConf:
        """Set where tasks run.

        Parameters
        ----------
        value
            Master URL, such as `local[4]`; it is looked at when a context is made.

        Examples
        --------
        >>> SparkConf(False).setMaster("local[4]").get("spark.master")
        'local[4]'
        """
        return self.set(MASTER.key, value)

    def setAppName(self, value: str) -> SparkConf:
        """Set the application's name.

        Parameters
        ----------
        value
            Text for people.

        Examples
        --------
        >>> SparkConf(False).setAppName("totals").get("spark.app.name")
        'totals'
        """
        return self.set(APP_NAME.key, value)

    def setSparkHome(self, value: str) -> SparkConf:
        """Set where Spark is installed; kept for PySpark's sake.

        Parameters
        ----------
        value
            Path of a directory.

        Examples
        --------
        >>> SparkConf(False).setSparkHome("/opt/spark").get("spark.home")
        '/opt/spark'
        """
        return self.set(SPARK_HOME.key, value)

    def setExecutorEnv(
        self,
        key: str | None = None,
        value: str | None = None,
        pairs: Iterable[tuple[str, str]] | None = None,
    ) -> SparkConf:
        """Set a variable, or several as `pairs`, in the environment of tasks.

        Parameters
        ----------
        key, value
            Name and value of the variable.
        pairs
            Names and values of several, in place of `key` and `value`.

        Raises
        ------
        PySparkRuntimeError
            KEY_VALUE_PAIR_REQUIRED: both forms at once, or neither.

        Examples
        --------
        >>> SparkConf(False).setExecutorEnv("LANG", "C").get("spark.executorEnv.LANG")
        'C'
        >>> SparkConf(False).setExecutorEnv(pairs=[("LANG", "C"), ("TZ", "UTC")]).getAll()
        [('spark.executorEnv.LANG', 'C'), ('spark.executorEnv.TZ', 'UTC')]
        """
        if (key is None) == (pairs is None):
            raise PySparkRuntimeError(
                message="Key-value pair or a list of pairs is required.",
                errorClass="KEY_VALUE_PAIR_REQUIRED",
                messageParameters={},
            )
        for name, setting in [(key, value)] if pairs is None else pairs:
            self.set(f"{EXECUTOR_ENV_PREFIX}{name}", setting)
        return self

    def setAll(self, pairs: Iterable[tuple[str, object]]) -> SparkConf:
        """Set several values.

        Parameters
        ----------
        pairs
            Of key and value, each as in `set`; the later of two with the same key counts.

        Examples
        --------
        >>> SparkConf(False).setAll([("spark.ui.enabled", "false"), ("spark.ui.port", 0)]).getAll()
        [('spark.ui.enabled', 'false'), ('spark.ui.port', '0')]
        """
        for key, value in pairs:
            self.set(key, value)
        return self

    @overload
    def get(self, key: str) -> str | None: ...

    @overload
    def get(self, key: str, defaultValue: None) -> str | None: ...

    @overload
    def get(self, key: str, defaultValue: str) -> str: ...

    def get(self, key: str, defaultValue: str | None = None) -> str | None:
        """Value of `key` as text, `defaultValue` if it is not set.

        What the engine takes where nothing is set is not known here.

        Parameters
        ----------
        key
            Name of the setting.
        defaultValue
            Given back as it is.

        Examples
        --------
        >>> conf = SparkConf(False).set("spark.ui.port", 4050)
        >>> conf.get("spark.ui.port"), conf.get("spark.ui.enabled"), conf.get("spark.home", "/opt")
        ('4050', None, '/opt')
        """
        return self._values.get(key, defaultValue)

    def getAll(self) -> list[tuple[str, str]]:
        """All (key, value) pairs, in the order in which they were first set.

        Examples
        --------
        >>> SparkConf(False).setMaster("local").setAppName("totals").getAll()
        [('spark.master', 'local'), ('spark.app.name', 'totals')]
        """
        return list(self._values.items())

    def contains(self, key: str) -> bool:
        """Whether a value is set.

        Parameters
        ----------
        key
            Name of the setting.

        Examples
        --------
        >>> conf = SparkConf(False).setMaster("local")
        >>> conf.contains("spark.master"), conf.contains("spark.home")
        (True, False)
        """
        return key in self._values

    def toDebugString(self) -> str:
        """Lines of `key=value`, sorted; values that look like secrets are not shown.

        Examples
        --------
        >>> conf = SparkConf(False).setMaster("local").set("spark.hadoop.fs.s3a.secret.key", "xyz")
        >>> print(conf.toDebugString())
        spark.hadoop.fs.s3a.secret.key=*********(redacted)
        spark.master=local
        """
        return "\n".join(f"{key}={value}" for key, value in sorted(self.redacted()))

    def redacted(self) -> list[tuple[str, str]]:
        """All pairs, with secrets replaced; what may be shown or written to a log.

        Which ones are secret `spark.redaction.regex` says, of keys and of values.

        Examples
        --------
        >>> SparkConf(False).set("spark.my.password", "xyz").redacted()
        [('spark.my.password', '*********(redacted)')]
        """
        secret = re.compile(REDACTION_REGEX.read(self))
        return [
            (key, REDACTED if secret.search(key) or secret.search(value) else value)
            for key, value in self._values.items()
        ]

    def copy(self) -> SparkConf:
        """An independent conf with the same settings.

        Examples
        --------
        >>> conf = SparkConf(False).setAppName("totals")
        >>> conf.copy().setAppName("means").get("spark.app.name"), conf.get("spark.app.name")
        ('means', 'totals')
        """
        twin = SparkConf(loadDefaults=False)
        twin.loads_defaults = self.loads_defaults
        twin._values = dict(self._values)
        return twin

    def executor_environment(self) -> dict[str, str]:
        """Variables that `setExecutorEnv` set.

        Examples
        --------
        >>> SparkConf(False).setExecutorEnv("LANG", "C").executor_environment()
        {'LANG': 'C'}
        """
        return {
            key.removeprefix(EXECUTOR_ENV_PREFIX): value
            for key, value in self._values.items()
            if key.startswith(EXECUTOR_ENV_PREFIX)
        }


# What the command line that started this process says; Spark keeps it in the JVM's properties.
_command_line: dict[str, str] = {}


def set_command_line(values: Mapping[str, str]) -> None:
    """Make `values` the defaults of every conf that this process makes from now on."""
    _command_line.clear()
    _command_line.update(values)


def _defaults() -> dict[str, str]:
    values = {}
    defaults_file = _defaults_file()
    if defaults_file is not None:
        values.update(read_properties(defaults_file))
    submit_args = os.environ.get("PYSPARK_SUBMIT_ARGS")
    if submit_args:
        values.update(_submit_settings(submit_args))
    values.update(_command_line)
    return values


def _defaults_file() -> str | None:
    folder = os.environ.get("SPARK_CONF_DIR")
    home = os.environ.get("SPARK_HOME")
    if folder is None and home is not None:
        folder = os.path.join(home, "conf")
    if folder is None:
        return None
    file = os.path.join(folder, "spark-defaults.conf")
    return file if os.path.isfile(file) else None


def read_properties(file: str) -> dict[str, str]:
    """Take the `spark.*` keys of a properties file: `key value`, `key=value` or `key: value`."""
    values = {}
    with open(file, encoding="utf-8") as lines:
        stripped = [line.strip() for line in lines]
    for line in stripped:
        if not line or line[0] in "#!":
            continue
        key, _, value = re.sub(r"\s*[\s=:]\s*", "\0", line, count=1).partition("\0")
        if key.startswith("spark."):
            values[key] = value.strip()
    return values


def _submit_settings(submit_args: str) -> dict[str, str]:
    import shlex

    values = {}
    words = iter(shlex.split(submit_args))
    for word in words:
        option, equals, inline = word.partition("=")
        if option in ("--conf", "-c"):
            key, _, value = (inline if equals else next(words, "")).partition("=")
            values[key] = value
        elif option in _SUBMIT_OPTIONS:
            values[_SUBMIT_OPTIONS[option]] = inline if equals else next(words, "")
    return values
