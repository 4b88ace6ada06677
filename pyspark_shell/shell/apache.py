"""The same command with Apache Spark behind it: PySpark's own `sc` and `spark`, in our shell.

Everything that the embedded engine has no part in is here: a script, a line of code or IPython, run
with PySpark's session, which the command line's settings reach as those of spark-submit do.
"""

from __future__ import annotations

import builtins
import os
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from types import CodeType
from typing import Any, Final

from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.shell.options import Options
from pyspark_shell.shell.runner import (
    begin_tracebacks_in_user_code,
    fresh_main,
    read_line,
    read_script,
)

_NOT_INSTALLED: Final = (
    "pyspark-shell: --engine apache, and masters of clusters, need PySpark, which is not installed "
    "for this Python. Install it with `pip install 'pyspark_shell[spark]'`; it needs Java too."
)
_SUBMIT_ARGS: Final = "PYSPARK_SUBMIT_ARGS"


def run_apache(options: Options) -> int:
    """Run what the command line asks for; returns the exit code."""
    if find_spec("pyspark") is None:
        print(_NOT_INSTALLED, file=sys.stderr)
        return 2
    conf = options.conf
    is_shell = options.code is None and options.script is None
    if options.script is not None:
        conf.setIfMissing("spark.app.name", Path(options.script).name)
    conf.setIfMissing("spark.ui.showConsoleProgress", str(is_shell).lower())
    os.environ[_SUBMIT_ARGS] = submit_arguments(conf)
    if options.code is not None:
        _run(read_line(options.code, options.arguments), None)
    elif options.script is not None:
        _run(read_script(options.script, options.arguments), options.script)
    else:
        _run_interactive(options)
    return 0


def submit_arguments(conf: SparkConf) -> str:
    """What PySpark reads from the environment when it starts Spark.

    Examples
    --------
    >>> submit_arguments(SparkConf(False).setMaster("local[2]").set("spark.x", "a b"))
    "--master 'local[2]' --conf 'spark.x=a b' pyspark-shell"
    """
    words: list[str] = []
    for key, value in conf.getAll():
        words += ["--master", value] if key == "spark.master" else ["--conf", f"{key}={value}"]
    return f"{shlex.join(words)} pyspark-shell".strip()


class _NamesMadeWhenUsed(dict[str, Any]):
    """Builtins of the user's code, with `sc` and `spark` among them: a session is made for the
    first use of either, so that a script may make its own.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        super().__init__(vars(builtins))
        self._namespace = namespace

    def __missing__(self, name: str) -> Any:
        if name not in ("sc", "spark"):
            raise KeyError(name)
        spark = _session()
        self._namespace.setdefault("spark", spark)
        self._namespace.setdefault("sc", spark.sparkContext)
        return self._namespace[name]


def _session() -> Any:
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate()


def _stop() -> None:
    from pyspark import SparkContext

    context = SparkContext._active_spark_context
    if context is not None:
        context.stop()


def _run(code: CodeType, file: str | None) -> None:
    namespace = fresh_main(file).__dict__
    begin_tracebacks_in_user_code(namespace)
    namespace["__builtins__"] = _NamesMadeWhenUsed(namespace)
    try:
        exec(code, namespace)
    finally:
        _stop()


def _run_interactive(options: Options) -> None:
    from IPython.terminal.ipapp import TerminalIPythonApp
    from traitlets.config import Config

    from pyspark_shell.shell.banner import banner
    from pyspark_shell.shell.magics import register_magics

    sys.path.insert(0, "")
    spark = _session()
    try:
        context = spark.sparkContext
        print(banner(context, context.uiWebUrl, context.version), flush=True)
        config = Config()
        config.TerminalIPythonApp.display_banner = False
        app = TerminalIPythonApp.instance(config=config)
        app.user_ns = fresh_main(None).__dict__
        app.user_ns.update(sc=context, spark=spark)
        app.initialize([])
        register_magics(app.shell)
        sys.argv = [options.first or "", *options.arguments]
        if options.first is not None:
            app.shell.safe_execfile(os.path.abspath(options.first), app.shell.user_ns)
        app.start()
    finally:
        _stop()
