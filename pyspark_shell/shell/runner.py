"""Runs the user's code as `__main__`, with `sc` and `spark` in its namespace.

The code runs in a module of its own named `__main__`, so that its classes and functions pickle as
those of any script do. What the command line sets are the defaults of every conf it makes.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any, Final

from pyspark_shell.common.spark_conf import SparkConf, set_command_line
from pyspark_shell.shell.dump_key import install_dump_key
from pyspark_shell.shell.namespace import SparkNames, stop_active_context

# Python's own for a script that it cannot read.
NO_SCRIPT: Final = 2


def fresh_main(file: str | None) -> ModuleType:
    """Put a new module in the place of `__main__` for the user's code."""
    main = ModuleType("__main__")
    main.__dict__["__builtins__"] = builtins
    if file is not None:
        main.__file__ = file
    sys.modules["__main__"] = main
    return main


def read_script(script: str, arguments: Sequence[str]) -> CodeType:
    """Compile a script, and set `sys.argv` and `sys.path` as Python does for it."""
    begin_tracebacks_in_user_code({})
    try:
        text = Path(script).read_bytes()
    except OSError as error:
        print(f"pyspark-shell: cannot open {script!r}: {error.strerror}", file=sys.stderr)
        raise SystemExit(NO_SCRIPT) from None
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(Path(script).resolve().parent))
    return compile(text, script, "exec")


def read_line(text: str, arguments: Sequence[str]) -> CodeType:
    """Compile a line of code, and set `sys.argv` and `sys.path` as `python -c` does for it."""
    begin_tracebacks_in_user_code({})
    sys.argv = ["-c", *arguments]
    sys.path.insert(0, "")
    return compile(text, "<string>", "exec")


def begin_tracebacks_in_user_code(namespace: dict[str, Any]) -> None:
    """Have an error that ends the process shown from the first line of the user's code on."""

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        while trace is not None and trace.tb_frame.f_globals is not namespace:
            trace = trace.tb_next
        sys.__excepthook__(kind, error.with_traceback(trace), trace)

    sys.excepthook = show


def offer_py_files(conf: SparkConf) -> None:
    """Let the user's code import from `--py-files` before it has a context, as under spark-submit.

    Tasks get the files from the context.
    """
    for path in filter(None, (conf.get("spark.submit.pyFiles") or "").split(",")):
        local = Path(path.strip().removeprefix("file:")).absolute()
        sys.path.insert(0, str(local.parent if local.suffix == ".py" else local))


def run_script(conf: SparkConf, script: str, arguments: Sequence[str]) -> None:
    """Run a script as `python script` would, but with `sc` there already."""
    code = read_script(script, arguments)
    conf.setIfMissing("spark.app.name", Path(script).name)
    _run(conf, code, fresh_main(script).__dict__)


def run_code(conf: SparkConf, text: str, arguments: Sequence[str]) -> None:
    """Run a line of code as `python -c` would, but with `sc` there already."""
    _run(conf, read_line(text, arguments), fresh_main(None).__dict__)


def _run(conf: SparkConf, code: CodeType, namespace: dict[str, Any]) -> None:
    set_command_line(dict(conf.getAll()))
    begin_tracebacks_in_user_code(namespace)
    names = SparkNames(namespace)
    names.offer_unused()
    install_dump_key()
    try:
        exec(code, namespace)
    finally:
        names.let_go()
        stop_active_context()
