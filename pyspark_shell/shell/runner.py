"""Runs the user's code as `__main__`, with `sc` and `spark` in its namespace.

The code runs in a module of its own named `__main__`, so that its classes and functions pickle as
those of any script do. What the command line sets are the defaults of every conf it makes.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from pyspark_shell.common.spark_conf import SparkConf, set_command_line
from pyspark_shell.shell.namespace import SparkNames, stop_active_context


def fresh_main(file: str | None) -> ModuleType:
    """Put a new module in the place of `__main__` for the user's code."""
    main = ModuleType("__main__")
    main.__dict__["__builtins__"] = builtins
    if file is not None:
        main.__file__ = file
    sys.modules["__main__"] = main
    return main


def run_script(conf: SparkConf, script: str, arguments: Sequence[str]) -> None:
    """Run a script as `python script` would, but with `sc` there already."""
    code = compile(Path(script).read_bytes(), script, "exec")
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(Path(script).resolve().parent))
    conf.setIfMissing("spark.app.name", Path(script).name)
    _run(conf, code, fresh_main(script).__dict__)


def run_code(conf: SparkConf, text: str, arguments: Sequence[str]) -> None:
    """Run a line of code as `python -c` would, but with `sc` there already."""
    sys.argv = ["-c", *arguments]
    sys.path.insert(0, "")
    _run(conf, compile(text, "<string>", "exec"), fresh_main(None).__dict__)


def _run(conf: SparkConf, code: CodeType, namespace: dict[str, Any]) -> None:
    set_command_line(dict(conf.getAll()))
    names = SparkNames(namespace)
    names.offer_unused()
    try:
        exec(code, namespace)
    finally:
        names.let_go()
        stop_active_context()
