"""Has a notebook's outputs hold RDDs and broadcasts weakly, with `spark.pyshell.out.weak`.

Thread  IPython's, after each cell.

`Out[4]`, `_4` and `_` keep what a cell displayed, hence its cache, until the kernel ends. With this
they show it only as long as something else has it: `r` on a line of its own is no reason to keep
the RDD after `del r`, and an RDD that had no name is gone with its cell.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import MutableMapping
from typing import Any, Final

from pyspark_shell.api.context import SparkContext
from pyspark_shell.common.ui_config import OUT_WEAK
from pyspark_shell.lineage.handle import NodeHandle
from pyspark_shell.shared_variables.broadcast import Broadcast

_OUTPUT: Final = re.compile(r"_\d*|__|___")


class WeakOutputs:
    """Weakens the outputs of one IPython shell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def begin(self) -> None:
        """From the next cell on, as far as the active context wants it."""
        self._shell.events.register("post_run_cell", self._after_cell)

    def end(self) -> None:
        """No more."""
        self._shell.events.unregister("post_run_cell", self._after_cell)

    def _after_cell(self, result: Any) -> None:
        value = None if result is None else result.result
        if issubclass(type(value), (NodeHandle, Broadcast)) and _is_wanted():
            result.result = self._weaken(value)

    def _weaken(self, value: Any) -> Any:
        """Put one proxy where the value is an output; the names stay equal to one another, by
        which IPython knows its own.
        """
        proxy = weakref.proxy(value)
        shell = self._shell
        for outputs in (shell.user_ns.get("Out", {}), shell.user_ns, shell.user_ns_hidden):
            _replace(outputs, value, proxy)
        hook = shell.displayhook
        for name in ("_", "__", "___"):
            if getattr(hook, name, None) is value:
                setattr(hook, name, proxy)
        return proxy


def _replace(outputs: MutableMapping[Any, Any], value: Any, proxy: Any) -> None:
    for key, held in list(outputs.items()):
        if held is value and (isinstance(key, int) or _OUTPUT.fullmatch(key)):
            outputs[key] = proxy


def _is_wanted() -> bool:
    context = SparkContext._active_spark_context
    return context is not None and OUT_WEAK.read(context._conf)
