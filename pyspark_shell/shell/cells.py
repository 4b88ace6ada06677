"""Tells the engine which cell of IPython runs: for jobs, threads and the names of places in code.

Owns    what it registered with one IPython shell, from `begin` to `end`.
Thread  IPython calls back in the thread that runs the cell: the main thread, or a subshell's.
"""

from __future__ import annotations

from typing import Any

from pyspark_shell.common.cell import CELL_INHERITANCE, Cell, name_cell_files, set_cell


class CellTracker:
    """Follows the cells of one IPython shell, in a kernel or a terminal.

    Parameters
    ----------
    shell
        An IPython `InteractiveShell`.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._is_ahead: int | None = None

    def begin(self) -> None:
        """Begin to follow."""
        self._shell.events.register("pre_run_cell", self._cell_begins)
        self._shell.events.register("post_run_cell", self._cell_ended)
        name_cell_files(self._name_of_file)
        CELL_INHERITANCE.begin()

    def end(self) -> None:
        """Follow no more."""
        self._shell.events.unregister("pre_run_cell", self._cell_begins)
        self._shell.events.unregister("post_run_cell", self._cell_ended)
        name_cell_files(None)
        CELL_INHERITANCE.end()

    def _cell_begins(self, info: Any) -> None:
        set_cell(Cell(info.cell_id or "", self._prompt(info.store_history)))

    def _cell_ended(self, result: Any) -> None:
        set_cell(None)

    def _prompt(self, is_counted: bool) -> int:
        """The number in `In [n]`; newer IPythons have counted the cell already, older have not."""
        shell = self._shell
        count: int = shell.execution_count
        if self._is_ahead is None:
            inputs = len(shell.history_manager.input_hist_raw)
            self._is_ahead = min(1, max(0, count - inputs))
        return count - self._is_ahead if is_counted else count

    def _name_of_file(self, file: str) -> str | None:
        label_and_name = self._shell.compile.format_code_name(file)
        return label_and_name[1] if label_and_name else None
