"""Threads that begin with a copy of their parent's local properties: job group, tags, pool.

Thread  the copy is taken in the parent, and put in place in the child before its target runs.
"""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from pyspark_shell.api.context import SparkContext
from pyspark_shell.common.errors import PySparkTypeError

F = TypeVar("F", bound=Callable[..., Any])


class InheritableThread(threading.Thread):
    """A thread whose jobs belong to the group and have the tags of the thread that starts it.

    The copy is taken by `start()`; what either thread sets afterwards is its own.

    Parameters
    ----------
    target
        What the thread runs.
    *args, **kwargs
        As `threading.Thread` takes them after `target`.
    session
        Kept for PySpark's sake.

    Examples
    --------
    >>> sc.setLocalProperty("spark.scheduler.pool", "reports")
    >>> seen = []
    >>> thread = InheritableThread(
    ...     target=lambda: seen.append(sc.getLocalProperty("spark.scheduler.pool"))
    ... )
    >>> thread.start()
    >>> thread.join()
    >>> seen
    ['reports']
    >>> sc.setLocalProperty("spark.scheduler.pool", None)
    """

    def __init__(
        self, target: Callable[..., Any], *args: Any, session: Any = None, **kwargs: Any
    ) -> None:
        self._inherited: dict[str, str] = {}
        super().__init__(None, self._with_inherited(target), *args, **kwargs)

    def _with_inherited(self, target: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(target)
        def run(*args: Any, **kwargs: Any) -> Any:
            _adopt(self._inherited)
            return target(*args, **kwargs)

        return run

    def start(self) -> None:
        """Start the thread with a copy of the caller's local properties.

        Raises
        ------
        RuntimeError
            It was started before.

        Examples
        --------
        >>> seen = []
        >>> thread = InheritableThread(target=lambda: seen.append(sc.getLocalProperty("team")))
        >>> sc.setLocalProperty("team", "search")
        >>> thread.start()
        >>> sc.setLocalProperty("team", None)
        >>> thread.join()
        >>> seen
        ['search']
        """
        if self.ident is None:  # a second start is refused, and changes nothing
            self._inherited = _snapshot()
        super().start()


class SparkThread(InheritableThread):
    """The same as a daemon, if nothing else is said: it does not keep the process when the rest has
    ended or was killed. `sc.thread` starts one that need not be made first.

    Examples
    --------
    >>> thread = SparkThread(target=lambda: sc.parallelize([1, 2]).count(), name="loader")
    >>> thread.daemon
    True
    >>> thread.start()
    >>> thread.join()
    """

    def __init__(self, target: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        if kwargs.get("daemon") is None:
            kwargs["daemon"] = True
        super().__init__(target, *args, **kwargs)


def inheritable_thread_target(f: Any) -> Any:
    """Wrap what a plain thread will run, so that it begins with the present local properties.

    The copy is taken when the function is wrapped.

    Parameters
    ----------
    f
        The function; it is wrapped with a warning. Or a session or a context: then the result is a
        decorator.

    Raises
    ------
    PySparkTypeError
        `f` is none of these.

    Examples
    --------
    >>> sc.setLocalProperty("spark.scheduler.pool", "reports")
    >>> @inheritable_thread_target(sc)
    ... def target():
    ...     return sc.getLocalProperty("spark.scheduler.pool")
    >>> sc.setLocalProperty("spark.scheduler.pool", None)
    >>> seen = []
    >>> thread = threading.Thread(target=lambda: seen.append(target()))
    >>> thread.start()
    >>> thread.join()
    >>> seen
    ['reports']
    """
    if not callable(f):
        if not isinstance(f, SparkContext) and not hasattr(f, "sparkContext"):
            raise PySparkTypeError(f"a function or a session is needed, got {type(f).__name__}")
        return _wrapped
    warnings.warn(
        "inheritable_thread_target without a session copies only Spark's local properties.",
        UserWarning,
        stacklevel=2,
    )
    return _wrapped(f)


def _wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    inherited = _snapshot()

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        _adopt(inherited)
        return function(*args, **kwargs)

    return run


def _snapshot() -> dict[str, str]:
    context = SparkContext._active_spark_context
    return {} if context is None else dict(context._local_properties())


def _adopt(properties: dict[str, str]) -> None:
    context = SparkContext._active_spark_context
    if context is not None:
        context._adopt_local_properties(properties)
