"""`sc` and `spark` in the user's namespace: there from the start, made when they are used.

Owns    the two names, until the user gives them another meaning.
"""

from __future__ import annotations

from typing import Any, Final

from pyspark_shell.api.context import SparkContext
from pyspark_shell.api.spark_session import SparkSession
from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.shell.lazy_context import LazySparkContext


class SparkNames:
    """Keeps `sc` and `spark` of one namespace on the running application.

    A context that the user's code makes takes the place of one that was not used yet, so that a
    script may make its own and a helper of it still find `sc`.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._given: dict[str, object] = {}
        SparkContext._on_start.append(self.offer)
        _NAMES.append(self)

    def offer(self, context: SparkContext) -> None:
        """Let the names mean `context`, unless the user has given them another meaning."""
        self._give("sc", context)
        self._give("spark", SparkSession._of(context))

    def offer_unused(self) -> None:
        """Let the names mean a context that will be made when it is used."""
        self.offer(LazySparkContext())

    def replace(self, old: SparkContext, new: SparkContext) -> None:
        """Let every name that means `old`, or a session of it, mean `new` instead."""
        session = SparkSession._of(new)
        for name, value in list(self._namespace.items()):
            if value is old:
                self._namespace[name] = new
            elif isinstance(value, SparkSession) and value._sc is old:
                self._namespace[name] = session
            else:
                continue
            if name in self._given:
                self._given[name] = self._namespace[name]

    def let_go(self) -> None:
        """Take part no more in what contexts start."""
        SparkContext._on_start.remove(self.offer)
        _NAMES.remove(self)

    def _give(self, name: str, value: object) -> None:
        is_ours = self._namespace.get(name) is self._given.get(name)
        if is_ours:
            self._given[name] = self._namespace[name] = value


_NAMES: Final[list[SparkNames]] = []


def offer_unused_context() -> None:
    """Let `sc` and `spark` mean an application that starts when they are used."""
    for names in _NAMES:
        names.offer_unused()


def replace_context(old: SparkContext, conf: SparkConf) -> None:
    """Let the names that mean `old` mean an application with `conf` that starts when it is used."""
    new = LazySparkContext(conf)
    for names in _NAMES:
        names.replace(old, new)


def stop_active_context() -> None:
    """Stop the context that runs, whoever made it."""
    context = SparkContext._active_spark_context
    if context is not None:
        context.stop()
