"""The Jupyter kernel `pyspark_shell`: Python's own, with `sc` and `spark` ready when they are used.

Thread  ipykernel's: cells in the main thread, shutdown in the control thread.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp

from pyspark_shell.common import pyspark_alias
from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.shell.namespace import stop_active_context
from pyspark_shell.shell.notebook import load_ipython_extension
from pyspark_shell.version import __version__


class PySparkShellKernel(IPythonKernel):
    """ipykernel's kernel, with a Spark shell in it."""

    implementation = "pyspark_shell"
    implementation_version = __version__

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if pyspark_alias.wants_alias(SparkConf()):
            pyspark_alias.install()
        load_ipython_extension(self.shell)

    @property
    def banner(self) -> str:
        """What a console prints when it connects."""
        return (
            f"pyspark_shell {__version__} on Python {sys.version.split()[0]}\n"
            "The application starts when 'sc' or 'spark' is first used.\n"
        )

    def do_shutdown(self, restart: bool) -> Any:
        """End the application too, before the process goes."""
        stop_active_context()
        return super().do_shutdown(restart)


def main() -> None:
    """Run the kernel that a connection file on the command line describes.

    Strings hash alike in all processes of an application only if the driver's Python has a fixed
    seed; the kernelspec sets one.
    """
    if "PYTHONHASHSEED" not in os.environ:
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    IPKernelApp.launch_instance(kernel_class=PySparkShellKernel)
