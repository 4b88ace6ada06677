"""Runs the user's code as `__main__`, with `sc` in its namespace and `sc.stop()` at its end.

The code runs in a module of its own named `__main__`, so that its classes and functions pickle as
those of any script do.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from pyspark_shell.api.context import SparkContext
from pyspark_shell.common.spark_conf import SparkConf


def fresh_main(file: str | None) -> dict[str, Any]:
    """Put a new module in the place of `__main__` for the user's code; returns its namespace."""
    main = ModuleType("__main__")
    main.__dict__["__builtins__"] = builtins
    if file is not None:
        main.__file__ = file
    sys.modules["__main__"] = main
    return main.__dict__


def run_script(conf: SparkConf, script: str, arguments: Sequence[str]) -> None:
    """Run a script as `python script` would, but with `sc` there already."""
    code = compile(Path(script).read_bytes(), script, "exec")
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(Path(script).resolve().parent))
    conf.setIfMissing("spark.app.name", Path(script).name)
    _run(conf, code, fresh_main(script))


def run_code(conf: SparkConf, text: str, arguments: Sequence[str]) -> None:
    """Run a line of code as `python -c` would, but with `sc` there already."""
    sys.argv = ["-c", *arguments]
    sys.path.insert(0, "")
    _run(conf, compile(text, "<string>", "exec"), fresh_main(None))


def _run(conf: SparkConf, code: CodeType, namespace: dict[str, Any]) -> None:
    with _context(conf, namespace):
        exec(code, namespace)


def _context(conf: SparkConf, namespace: dict[str, Any]) -> SparkContext:
    context = SparkContext(conf=conf)
    namespace.update(sc=context, spark=None)
    return context


def run_interactive(conf: SparkConf, first: str | None) -> None:
    """The interactive shell: IPython's where it is installed, else Python's own."""
    namespace = fresh_main(None)
    sys.path.insert(0, "")
    with _context(conf, namespace):
        if first is not None:
            exec(compile(Path(first).read_bytes(), first, "exec"), namespace)
        try:
            from IPython import start_ipython
        except ImportError:
            import code

            code.interact(banner="sc is ready.", local=namespace)
        else:
            start_ipython(argv=[], user_ns=namespace, display_banner=False)
