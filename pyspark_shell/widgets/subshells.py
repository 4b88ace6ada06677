"""Whether, and how, a click reaches the kernel while its main thread runs a cell.

Front ends send the messages of widgets to a subshell, a thread of the kernel that is free while a
cell runs. ipykernel 7.4 sends them back to where the widget last spoke from, the busy main thread;
for our buttons, which answer nobody, that is undone.
"""

from __future__ import annotations

from typing import Any, Final

WITHOUT_SUBSHELLS: Final = (
    "This kernel takes clicks only between cells (ipykernel below 7). "
    "Use the Spark panel at the right, or the kernel's Interrupt."
)


def has_subshells(kernel: Any) -> bool:
    """Whether the kernel can answer a click while a cell runs."""
    return bool(getattr(kernel, "_supports_kernel_subshells", False))


def prefer_frontend_subshell(widget: Any) -> None:
    """Have clicks on a widget run where the front end sends them."""
    comm = getattr(widget, "comm", None)
    if comm is not None and hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default
