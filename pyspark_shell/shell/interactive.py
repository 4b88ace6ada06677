"""The interactive shell from its banner to its end.

Thread  the main thread.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from IPython.terminal.ipapp import TerminalIPythonApp
from traitlets.config import Config

from pyspark_shell.api.context import SparkContext
from pyspark_shell.common.config import LOG_LEVEL
from pyspark_shell.common.errors import PySparkException
from pyspark_shell.common.process_kind import declare_process_kind
from pyspark_shell.common.spark_conf import SparkConf, set_command_line
from pyspark_shell.driver.main_thread import INTERRUPTED
from pyspark_shell.shell.banner import banner
from pyspark_shell.shell.dump_key import install_dump_key
from pyspark_shell.shell.ending_signals import install_ending_signals
from pyspark_shell.shell.leaving import QuietThreads, wait_for_threads
from pyspark_shell.shell.namespace import SparkNames, stop_active_context
from pyspark_shell.shell.row_words import job_name
from pyspark_shell.shell.runner import NO_SCRIPT, fresh_main
from pyspark_shell.shell.running import running_jobs
from pyspark_shell.shell.terminal_shell import SparkTerminalShell
from pyspark_shell.version import SPARK_VERSION

_APP_NAME: Final = "PySparkShell"


def run_interactive(conf: SparkConf, first: str | None, arguments: Sequence[str]) -> int:
    """Run the shell until the user leaves; returns the exit code."""
    if first is not None and (problem := _why_unreadable(first)):
        print(f"pyspark-shell: cannot open {first!r}: {problem}", file=sys.stderr)
        return NO_SCRIPT
    declare_process_kind("terminal")
    sys.path.insert(0, "")
    conf.setIfMissing("spark.app.name", _APP_NAME)
    conf.setIfMissing("spark.ui.showConsoleProgress", str(not _logs_much(conf)).lower())
    set_command_line(dict(conf.getAll()))
    namespace = fresh_main(None).__dict__
    SparkNames(namespace)
    try:
        context = SparkContext()
    except PySparkException as error:
        print(f"pyspark-shell: {error}", file=sys.stderr)
        return 1
    if context._driver is not None:
        context._driver.created_at = "the start of pyspark-shell"
    try:
        is_private = sys.stdout.isatty()  # a log file is read by others
        address = context._ui_address_with_token if is_private else context.uiWebUrl
        print(banner(context, address, SPARK_VERSION), flush=True)
        app = _application(namespace)
        install_dump_key()
        install_ending_signals()
        sys.argv = [first or "", *arguments]  # IPython has put its own there
        if first is not None:
            app.shell.safe_execfile(os.path.abspath(first), app.shell.user_ns)
        app.start()
        _say_what_ends()
    finally:
        with QuietThreads():
            stop_active_context()
    if not wait_for_threads():
        sys.stdout.flush()
        os._exit(INTERRUPTED)
    return 0


def _why_unreadable(file: str) -> str:
    try:
        Path(file).open("rb").close()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _application(namespace: dict[str, Any]) -> TerminalIPythonApp:
    """IPython's terminal application, ready to start."""
    config = Config()
    config.TerminalIPythonApp.display_banner = False
    config.TerminalInteractiveShell.term_title_format = "pyspark-shell: {cwd}"
    app = TerminalIPythonApp.instance(config=config)
    app.interactive_shell_class = SparkTerminalShell
    app.user_ns = namespace
    app.initialize([])
    return app


def _logs_much(conf: SparkConf) -> bool:
    """Whether so much is logged that a bar would only be in the way; Spark's rule."""
    return (LOG_LEVEL.read(conf) or "").upper() in ("ALL", "TRACE", "DEBUG", "INFO")


def _say_what_ends() -> None:
    """Name the jobs that leaving the shell ends."""
    for row in running_jobs():
        print(f"Leaving ends job {row['jobId']}: {job_name(row)}", file=sys.stderr)
