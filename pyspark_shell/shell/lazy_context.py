"""A SparkContext that starts when it is first used.

Until then it is an object without an application; at the first use of any of its attributes it is
initialised in place, and is from then on a SparkContext like any other: the same object in every
name, argument and closure that has it.

Thread  any; the first one that uses it makes it, others wait.
"""

from __future__ import annotations

import sys
import threading
from typing import Any, Final

from pyspark_shell.api.context import SparkContext
from pyspark_shell.common.spark_conf import SparkConf

# Modules that look at objects to tell a person about them: Tab, `sc?`, an inspector.
_LOOKING: Final = (
    "IPython.core.completer",
    "IPython.core.guarded_eval",
    "IPython.core.interactiveshell",
    "IPython.core.oinspect",
    "IPython.utils.dir2",
    "IPython.utils.wildcard",
    "inspect",
    "jedi.",
    "rlcompleter",
)

# One for all: contexts can only be made one after another anyway.
_MAKING: Final = threading.RLock()


class LazySparkContext(SparkContext):
    """What `sc` is in a shell or script that has not used it yet.

    Parameters
    ----------
    conf
        Settings of the application; None: the defaults that hold when it starts.

    Examples
    --------
    >>> waiting = LazySparkContext()
    >>> isinstance(waiting, SparkContext), is_unused(waiting)
    (True, True)
    """

    _being_made = False

    _wanted_conf: SparkConf | None = None

    def __init__(self, conf: SparkConf | None = None) -> None:
        """Make no application; `SparkContext.__init__` does when the first use comes."""
        self._wanted_conf = conf

    # Its name is what call sites tell: `created at: first_use at job.py:3`.
    def first_use(self, name: str) -> Any:
        """Any attribute; it starts the application, but for those who only look."""
        if not _is_asked_by_python(name):
            if is_unused(self) and _is_looked_at(2):
                return _of_class(self, name)
            with _MAKING:
                if is_unused(self):
                    _start(self)
        return object.__getattribute__(self, name)

    __getattribute__ = first_use
    del first_use

    def __repr__(self) -> str:
        if is_unused(self):
            return "<SparkContext that starts when it is used>"
        return super().__repr__()

    def stop(self) -> None:
        """What has not begun need not end."""
        if not is_unused(self):
            super().stop()


def is_unused(context: object) -> bool:
    """Whether `context` is one that was not used yet, so that it has no application."""
    if type(context) is not LazySparkContext:
        return False
    return not object.__getattribute__(context, "_being_made")


def _is_looked_at(depth: int) -> bool:
    """Whether the caller of the caller only wants to tell a person what there is."""
    name = sys._getframe(depth).f_globals.get("__name__") or ""
    return name.startswith(_LOOKING)


def _of_class(context: LazySparkContext, name: str) -> Any:
    """What the class knows of an attribute: a method, or a property with its docstring."""
    value = getattr(SparkContext, name)
    return value if isinstance(value, property) else object.__getattribute__(context, name)


def _is_asked_by_python(name: str) -> bool:
    """Whether pickling, `isinstance`, `dir` or completion look the name up without a use in mind;
    to stop what is not running is no use either.
    """
    is_special = name.startswith("__") and name.endswith("__")
    return is_special or name in ("stop", "_being_made", "_wanted_conf")


def _start(context: LazySparkContext) -> None:
    """Make the application; if that fails, the object is as unused as before."""
    conf = context._wanted_conf
    context._being_made = True
    try:
        SparkContext.__init__(context, conf=conf)
    except BaseException:
        context.__dict__.clear()
        context._wanted_conf = conf
        raise
    del context._being_made, context._wanted_conf
    object.__setattr__(context, "__class__", SparkContext)
