"""What kind of process this is: a notebook's kernel, a terminal's shell, or a script.

Owns    what an entry point said of it; without that it is guessed from what runs.
"""

from __future__ import annotations

import sys
from typing import Any

from pyspark_shell.common.record import record


@record
class ProcessKind:
    """What the process is.

    Attributes
    ----------
    name
        `kernel`, `terminal`, `script`, `default` or `scripted`.
    connection_file
        Absolute path of the kernel's; empty elsewhere.
    """

    name: str
    connection_file: str = ""


_declared: ProcessKind | None = None


def declare_process_kind(name: str, connection_file: str = "") -> None:
    """Say what this process is; for those who know."""
    global _declared
    _declared = ProcessKind(name, connection_file)


def process_kind() -> ProcessKind:
    """What this process is."""
    if _declared is not None:
        return _declared
    # Asked of modules that are there: this must import neither ipykernel nor IPython.
    kernel: Any = sys.modules.get("ipykernel.kernelapp")
    if kernel is not None and kernel.IPKernelApp.initialized():
        return ProcessKind("kernel", kernel.IPKernelApp.instance().abs_connection_file)
    ipython: Any = sys.modules.get("IPython")
    is_interactive = hasattr(sys, "ps1") or (ipython is not None and bool(ipython.get_ipython()))
    return ProcessKind("terminal" if is_interactive else "script")
