"""`pyspark-shell install-kernel`: tells Jupyter of the kernel, by a kernelspec with this Python.

A wheel brings a kernelspec that takes the Jupyter server's Python; this one is for servers that
live in another environment.
"""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pyspark_shell.shell.command_words import INSTALL_KERNEL

NAME: Final = "pyspark_shell"
DISPLAY_NAME: Final = "PySpark Shell"


def install_kernel(arguments: Sequence[str]) -> int:
    """Install the kernelspec where the command line says; returns the exit code."""
    from jupyter_client.kernelspec import KernelSpecManager

    given = _parse(arguments)
    prefix = sys.prefix if given.sys_prefix else given.prefix
    with tempfile.TemporaryDirectory() as folder:
        spec = kernel_spec(sys.executable, given.display_name)
        Path(folder, "kernel.json").write_text(json.dumps(spec, indent=2) + "\n")
        try:
            where = KernelSpecManager().install_kernel_spec(
                folder, given.name, user=prefix is None, prefix=prefix
            )
        except (OSError, ValueError) as problem:
            print(f"pyspark-shell: the kernel cannot be installed: {problem}", file=sys.stderr)
            return 1
    print(f"Jupyter has the kernel {given.display_name!r} now, in {where}")
    return 0


def kernel_spec(python: str, display_name: str = DISPLAY_NAME) -> dict[str, Any]:
    """What Jupyter reads of the kernel; with a fixed hash seed, so that equal keys meet."""
    return {
        "argv": [python, "-m", "pyspark_shell.kernel", "-f", "{connection_file}"],
        "display_name": display_name,
        "language": "python",
        "env": {"PYTHONHASHSEED": "0"},
        "metadata": {"debugger": True, "supported_encryption": ["curve"]},
        "kernel_protocol_version": "5.5",
    }


def _parse(arguments: Sequence[str]) -> Namespace:
    parser = ArgumentParser(
        prog=f"pyspark-shell {INSTALL_KERNEL}",
        description="Tell Jupyter of the pyspark_shell kernel, with this Python as its own.",
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--user", action="store_true", help="for this user (as without an option)")
    place.add_argument("--prefix", help="in an environment, by its path")
    place.add_argument("--sys-prefix", action="store_true", help="in this Python's environment")
    parser.add_argument("--name", default=NAME, help=f"the kernelspec's name ({NAME})")
    parser.add_argument("--display-name", default=DISPLAY_NAME, help=f"({DISPLAY_NAME})")
    return parser.parse_args(arguments)
