"""Collects programs, writes results down as text, and puts both sides' errors into common words.

How errors compare: PySpark's Py4JJavaError and PythonException (something failed in the JVM or in
a task) and our SparkException family are both "engine error"; any other exception is its class
name, which must be the same on both sides. Beside the category each error is asked for the words
that a user would look for; they are part of the result.
"""

from __future__ import annotations

import inspect
import pprint
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from compat.differential.engine import ENGINE

PROGRAMS: dict[str, Callable[..., Any]] = {}
ENGINE_ERRORS = {"Py4JJavaError", "PythonException", "SparkException"}


def program(function: Callable[..., Any]) -> Callable[..., Any]:
    """Register `function` under its own name."""
    assert function.__name__ not in PROGRAMS, f"two programs are named {function.__name__}"
    PROGRAMS[function.__name__] = function
    return function


def category(error: BaseException) -> str:
    names = [cls.__name__ for cls in type(error).__mro__]
    return "engine error" if ENGINE_ERRORS & set(names) else names[0]


def caught(action: Callable[[], Any], *words: str) -> tuple[str, dict[str, bool]]:
    """Return the category of what `action` raises, and which of `words` its text holds.

    PySpark's own text must hold them all: else both sides would agree on nothing.
    """
    try:
        result = action()
    except Exception as error:
        found = {word: word in str(error) for word in words}
        if ENGINE == "pyspark" and not all(found.values()):
            raise LookupError(f"PySpark does not say so: {found}") from error
        return category(error), found
    return f"no error, but {result!r}", {}


def layout(rdd: Any) -> list[list[Any]]:
    """Return the partitions of `rdd` as lists."""
    return rdd.glom().collect()


def sorted_layout(rdd: Any) -> list[list[Any]]:
    """Return the partitions of `rdd`, each sorted: for what has no order of its own."""
    return [sorted(part, key=repr) for part in layout(rdd)]


def as_text(value: Any, folder: Path) -> str:
    """Write `value` down; numpy's float is a float, and the scratch folder has no name."""
    text = re.sub(r"np\.float64\(([^)]*)\)", r"\1", pprint.pformat(value, width=100))
    return re.sub(r"(file:/*)?" + re.escape(str(folder)), "<folder>", text)


def run(function: Callable[..., Any], sc: Any, folder: Path) -> str:
    """Run one program; an error that it did not expect is its result."""
    folder.mkdir(parents=True)
    arguments = (sc, folder) if len(inspect.signature(function).parameters) == 2 else (sc,)
    try:
        return as_text(function(*arguments), folder)
    except Exception as error:
        return f"unexpected {category(error)}: {traceback.format_exc()}"
