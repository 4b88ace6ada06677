"""SparkSession: the face of an application in programs that begin with one.

Owns    which session is the current one; the settings of each.
Thread  any of the user's.
Source  PySpark's SparkSession, as far as it needs no SQL engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, ClassVar, Final

from pyspark_shell.api.context import SparkContext
from pyspark_shell.api.runtime_config import RuntimeConfig
from pyspark_shell.common.errors import PySparkNotImplementedError, PySparkRuntimeError
from pyspark_shell.common.spark_conf import SparkConf

# What PySpark's session has and this one has not.
_NEEDS_SQL: Final = frozenset(
    {
        "addArtifact", "addArtifacts", "addTag", "catalog", "checkpoint", "clearTags", "client",
        "cloneSession", "copyFromLocalToFs", "createDataFrame", "dataSource", "getTags",
        "interruptAll", "interruptOperation", "interruptTag", "profile", "range", "read",
        "readStream", "removeTag", "sql", "streams", "table", "tvf", "udf", "udtf",
    }
)  # fmt: skip


class SqlNotAvailable(PySparkNotImplementedError, AttributeError):
    """A part of Spark that the embedded engine does not have, and where to get it."""


def how_to_get_sql(what: str) -> str:
    """The sentence that tells where `what` is."""
    return (
        f"{what} needs Spark's SQL engine, which the embedded engine does not have. "
        "Start with `pyspark-shell --engine apache` to have it (pip install pyspark)."
    )


class _BuilderOfClass:
    """A new builder each time `SparkSession.builder` is read."""

    def __get__(self, session: object, owner: type[SparkSession]) -> Builder:
        return Builder()


class SparkSession:
    """The door of programs that say `spark`; the application behind it is its `sparkContext`.

    Parameters
    ----------
    sparkContext
        The application.

    Examples
    --------
    >>> spark = SparkSession.builder.appName("sums").getOrCreate()
    >>> spark.sparkContext.applicationId == sc.applicationId
    True
    >>> SparkSession.getActiveSession() is spark
    True
    """

    _current: ClassVar[SparkSession | None] = None
    builder: ClassVar[_BuilderOfClass] = _BuilderOfClass()

    def __init__(
        self,
        sparkContext: SparkContext,
        jsparkSession: None = None,
        options: Mapping[str, object] = {},
    ) -> None:
        self._sc = sparkContext
        self._conf: RuntimeConfig | None = None
        self._options = dict(options)

    @classmethod
    def _of(cls, context: SparkContext) -> SparkSession:
        """The current session if it is this context's, else a new one, which is current then."""
        current = cls._current
        if current is None or current._sc is not context:
            current = cls._current = SparkSession(context)
        return current

    @property
    def sparkContext(self) -> SparkContext:
        """The application behind this session.

        Examples
        --------
        >>> SparkSession(sc).sparkContext is sc
        True
        """
        return self._sc

    @property
    def conf(self) -> RuntimeConfig:
        """The session's settings: those of the application, and what was set here.

        Examples
        --------
        >>> spark = SparkSession(sc)
        >>> spark.conf.set("team.limit", 7)
        >>> spark.conf.get("team.limit"), spark.conf.get("spark.app.name") == sc.appName
        ('7', True)
        """
        if self._conf is None:
            self._conf = RuntimeConfig(self._sc.getConf(), self._options)
        return self._conf

    @property
    def version(self) -> str:
        """Version of Spark whose API this is, as `sc.version`.

        Examples
        --------
        >>> SparkSession(sc).version
        '4.3.0'
        """
        return self._sc.version

    def newSession(self) -> SparkSession:
        """A session of the same application with settings of its own.

        What was set in this session is not set in the new one, nor the other way round.

        Examples
        --------
        >>> spark = SparkSession(sc)
        >>> spark.conf.set("team.limit", 7)
        >>> spark.newSession().conf.get("team.limit", "none")
        'none'
        """
        return SparkSession(self._sc)

    def stop(self) -> None:
        """End the application; its sessions end with it. Calling it again does nothing.

        Raises
        ------
        SparkException
            A listener calls it, which would wait for itself.

        Examples
        --------
        >>> spark.stop()  # doctest: +SKIP
        >>> spark.sparkContext.isStopped  # doctest: +SKIP
        True
        """
        self._sc.stop()
        if SparkSession._current is not None and SparkSession._current._sc is self._sc:
            SparkSession._current = None

    @classmethod
    def getActiveSession(cls) -> SparkSession | None:
        """The session that programs share; None before the first, or if its application has ended.

        Examples
        --------
        >>> spark = SparkSession.builder.getOrCreate()
        >>> SparkSession.getActiveSession() is spark, spark.sparkContext is sc
        (True, True)
        """
        running = SparkContext._active_spark_context
        if running is None or cls._current is None or cls._current._sc is not running:
            return None
        return cls._current

    @classmethod
    def active(cls) -> SparkSession:
        """The session that `getActiveSession` gives.

        Raises
        ------
        PySparkRuntimeError
            There is none.

        Examples
        --------
        >>> _ = SparkSession.builder.getOrCreate()
        >>> SparkSession.active().sparkContext is sc
        True
        """
        session = cls.getActiveSession()
        if session is None:
            raise PySparkRuntimeError(
                "No active or default Spark session found. Make one with "
                "SparkSession.builder.getOrCreate()."
            )
        return session

    def __enter__(self) -> SparkSession:
        return self

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __getattr__(self, name: str) -> Any:
        if name in _NEEDS_SQL:
            raise SqlNotAvailable(how_to_get_sql(f"spark.{name}"))
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"<SparkSession of {self._sc!r}>"


class Builder:
    """Collects settings for `getOrCreate`; each method gives the builder back."""

    def __init__(self) -> None:
        self._options: dict[str, str] = {}

    def config(
        self,
        key: str | None = None,
        value: object = None,
        conf: SparkConf | None = None,
        *,
        map: Mapping[str, object] | None = None,
    ) -> Builder:
        """Set `key`, or everything that `conf` or `map` has."""
        if conf is not None:
            self._options.update(conf.getAll())
        for name, setting in (map or {}).items():
            self._options[name] = _text(setting)
        if key is not None:
            self._options[key] = _text(value)
        return self

    def master(self, master: str) -> Builder:
        """Set the master URL, such as `local[4]`."""
        return self.config("spark.master", master)

    def appName(self, name: str) -> Builder:
        """Set the application's name."""
        return self.config("spark.app.name", name)

    def remote(self, url: str) -> Builder:
        """Spark Connect, which is not here."""
        raise SqlNotAvailable(how_to_get_sql("SparkSession.builder.remote"))

    def enableHiveSupport(self) -> Builder:
        """Hive's tables, which are not here."""
        raise SqlNotAvailable(how_to_get_sql("SparkSession.builder.enableHiveSupport"))

    def getOrCreate(self) -> SparkSession:
        """The current session, told these settings; without one, a new application of them."""
        conf = SparkConf().setAll(self._options.items())
        session = SparkSession._of(SparkContext.getOrCreate(conf))
        session._options.update(self._options)
        for name, setting in self._options.items():
            if session.conf.isModifiable(name):
                session.conf.set(name, setting)
        return session

    def create(self) -> SparkSession:
        """A new session of the running application."""
        return SparkSession(SparkContext.getOrCreate(), options=self._options)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
