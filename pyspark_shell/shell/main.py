"""The command `pyspark-shell`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark_shell.shell.command_words import INSTALL_KERNEL, is_command

if TYPE_CHECKING:
    from pyspark_shell.shell.options import Options


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; returns the exit code.

    Strings hash alike in all processes of an application only if the driver's Python has a fixed
    seed, so without one the command starts itself anew.
    """
    arguments = sys.argv[1:] if argv is None else argv
    if arguments and arguments[0] == INSTALL_KERNEL:
        from pyspark_shell.shell.install_kernel import install_kernel

        return install_kernel(arguments[1:])
    if is_command(arguments):
        from pyspark_shell.shell.command import run_command

        return run_command(arguments)
    if "PYTHONHASHSEED" not in os.environ:
        os.environ["PYTHONHASHSEED"] = "0"
        if argv is None:
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    return _drive(arguments)


def _drive(arguments: Sequence[str]) -> int:
    """Be a driver: a script's, or a shell's."""
    from pyspark_shell.common import pyspark_alias
    from pyspark_shell.shell.options import parse_options

    options = parse_options(arguments)
    if options.engine == "native" and pyspark_alias.wants_alias(options.conf):
        pyspark_alias.install()
    if options.engine == "apache":
        from pyspark_shell.shell.apache import run_apache

        return run_apache(options)
    return _run(options)


def _run(options: Options) -> int:
    from pyspark_shell.shell.runner import offer_py_files, run_code, run_script

    offer_py_files(options.conf)
    if options.code is not None:
        run_code(options.conf, options.code, options.arguments)
    elif options.script is not None:
        run_script(options.conf, options.script, options.arguments)
    else:
        from pyspark_shell.shell.interactive import run_interactive

        return run_interactive(options.conf, options.first, options.arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
