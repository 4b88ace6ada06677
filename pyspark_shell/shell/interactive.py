"""The interactive shell: IPython, with an application running from the start.

Thread  the main thread; the prompt's toolbar asks for news twice a second.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from IPython.terminal.ipapp import TerminalIPythonApp
from traitlets.config import Config

from pyspark_shell.api.context import SparkContext
from pyspark_shell.common.spark_conf import SparkConf, set_command_line
from pyspark_shell.shell.banner import banner
from pyspark_shell.shell.namespace import SparkNames, stop_active_context
from pyspark_shell.shell.runner import fresh_main

_APP_NAME = "PySparkShell"


def run_interactive(conf: SparkConf, first: str | None, arguments: Sequence[str]) -> int:
    """Run the shell until the user leaves; returns the exit code."""
    sys.argv = [first or "", *arguments]
    sys.path.insert(0, "")
    conf.setIfMissing("spark.app.name", _APP_NAME)
    set_command_line(dict(conf.getAll()))
    namespace = fresh_main(None).__dict__
    SparkNames(namespace)
    context = SparkContext()
    try:
        print(banner(context), end="\n\n", flush=True)
        app = _application(namespace, first)
        app.start()
    finally:
        stop_active_context()
    return 0


def _application(namespace: dict[str, Any], first: str | None) -> TerminalIPythonApp:
    """IPython's terminal application, ready to start."""
    config = Config()
    config.TerminalIPythonApp.display_banner = False
    config.TerminalInteractiveShell.term_title_format = "pyspark-shell: {cwd}"
    if first is not None:
        config.InteractiveShellApp.exec_files = [os.path.abspath(first)]
    app = TerminalIPythonApp.instance(config=config)
    app.user_ns = namespace
    app.initialize([])
    return app
