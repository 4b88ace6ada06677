"""Job groups and cells whose future jobs are refused, the newest of each.

Thread  `dag-scheduler-event-loop`; any may look into `groups`.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, TypeVar

from pyspark_shell.common.cell import Cell

log: Final = logging.getLogger("pyspark_shell.DAGScheduler")

_K = TypeVar("_K")


class CancelledWork:
    """What was cancelled with all that it would still submit.

    Parameters
    ----------
    limit
        How many groups, and how many cells, are remembered.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._cells: OrderedDict[Cell, None] = OrderedDict()
        self.groups: OrderedDict[str, None] = OrderedDict()

    def add_group(self, group: str) -> None:
        """Refuse the group's jobs from now on."""
        log.info("Add job group %s into cancelled job groups", group)
        self._add(self.groups, group)

    def add_cell(self, cell: Cell) -> None:
        """Refuse the jobs of threads that a run of a cell has left; its own code may clean up."""
        self._add(self._cells, cell)

    def reason_to_refuse(self, properties: Mapping[str, str]) -> str | None:
        """Why a new job with these properties is not begun; None if it is."""
        group = properties.get("spark.jobGroup.id")
        if group is not None and group in self.groups:
            log.info("Skip running a job that belongs to the cancelled job group %s", group)
            return f"part of cancelled job group {group}"
        if self._cells:
            cell = Cell.of_thread_with(properties)
            if cell is not None and cell in self._cells:
                return interrupted_text(cell)
        return None

    def _add(self, known: OrderedDict[_K, None], one: _K) -> None:
        known[one] = None
        while len(known) > self._limit:
            known.popitem(last=False)


def interrupted_text(cell: Cell) -> str:
    """Why jobs of an interrupted cell end."""
    return f"because {cell.name} was interrupted"
