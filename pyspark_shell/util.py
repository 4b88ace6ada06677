"""PySpark's name for threads that inherit local properties and some helpers of its own tests."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from functools import wraps
from types import TracebackType
from typing import Any, TextIO, TypeVar

from pyspark_shell.api.threads import InheritableThread, SparkThread, inheritable_thread_target
from pyspark_shell.common.call_site import is_engine_file
from pyspark_shell.common.memory_text import parse_memory as _parse_memory
from pyspark_shell.lineage.steps import stop_iteration_error

T = TypeVar("T")

__all__ = [
    "InheritableThread",
    "SparkThread",
    "VersionUtils",
    "_parse_memory",
    "fail_on_stopiteration",
    "inheritable_thread_target",
    "keyword_only",
    "print_exec",
    "walk_tb",
]


class VersionUtils:
    """Reads version numbers."""

    @staticmethod
    def majorMinorVersion(sparkVersion: str) -> tuple[int, int]:
        """The first two numbers of a version.

        Examples
        --------
        >>> VersionUtils.majorMinorVersion("4.3.0-SNAPSHOT")
        (4, 3)
        """
        found = re.match(r"(\d+)\.(\d+)(?:\..*)?$", sparkVersion)
        if found is None:
            raise ValueError(
                f"Spark tried to parse '{sparkVersion}' as a Spark version string, "
                "but it could not find the major and minor version numbers."
            )
        return int(found[1]), int(found[2])


def keyword_only(func: Callable[..., T]) -> Callable[..., T]:
    """Wrap a method so that it takes keyword arguments only, and keeps them as `_input_kwargs`.

    Examples
    --------
    >>> class Settings:
    ...     @keyword_only
    ...     def set(self, size=1, name=None):
    ...         return self._input_kwargs
    >>> Settings().set(name="small")
    {'name': 'small'}
    """

    @wraps(func)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> T:
        if args:
            raise TypeError(f"Method {func.__name__} forces keyword arguments.")
        self._input_kwargs = kwargs
        return func(self, **kwargs)

    return wrapper


def fail_on_stopiteration(f: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `f` so that a StopIteration out of it is an error, never a silent end of an iterator."""

    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return f(*args, **kwargs)
        except StopIteration as error:
            raise stop_iteration_error(error) from error

    return guarded


def walk_tb(tb: TracebackType | None) -> Iterator[TracebackType]:
    """The links of a traceback, outermost first."""
    while tb is not None:
        yield tb
        tb = tb.tb_next


def print_exec(stream: TextIO) -> None:
    """Print the exception that is being handled to `stream`."""
    traceback.print_exc(file=stream)


def try_simplify_traceback(tb: TracebackType) -> TracebackType | None:
    """The traceback without the engine's frames that come before the first of the user's.

    None if there is no other frame.
    """
    kept: list[TracebackType] = []
    current: TracebackType | None = tb
    while current is not None:
        if kept or not is_engine_file(current.tb_frame.f_code.co_filename):
            kept.append(current)
        current = current.tb_next
    simplified: TracebackType | None = None
    for entry in reversed(kept):
        simplified = TracebackType(simplified, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return simplified
