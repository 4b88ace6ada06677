"""What a stage's tasks need besides their closure, and the table of stages that an executor keeps.

The driver keeps the same table per executor: both see the same messages in the same order, so they
agree on which closures the executor still has without a word about it.
"""

from __future__ import annotations

from collections import OrderedDict
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar

from pyspark_shell.common.record import field, record
from pyspark_shell.shuffle.map_output import MapOutputs

STAGES_KEPT: Final = 16

T = TypeVar("T")


@record
class StageSettings:
    """Settings that all tasks of a stage attempt share.

    Attributes
    ----------
    map_outputs
        Where the shuffles lie that the stage reads, by shuffle id.
    local_properties
        Of the thread that submitted the job.
    barrier_addresses
        Of all tasks, for barrier stages; else empty.
    python_paths
        Files and archives that `sys.path` needs.
    """

    map_outputs: dict[int, MapOutputs] = field(default_factory=dict)
    local_properties: dict[str, str] = field(default_factory=dict)
    barrier_addresses: tuple[str, ...] = ()
    python_paths: tuple[str, ...] = ()
    cpus: Decimal = Decimal(1)

    def __reduce__(self) -> tuple[Any, ...]:
        # A frozen record is restored field by field, slowly; this is on the road of
        # every job.
        return StageSettings, (
            self.map_outputs,
            self.local_properties,
            self.barrier_addresses,
            self.python_paths,
            self.cpus,
        )


class StageTable(Generic[T]):
    """The stages used last, at most `STAGES_KEPT`."""

    def __init__(self) -> None:
        self._stages: OrderedDict[tuple[int, int], T] = OrderedDict()

    def put(self, stage_id: int, attempt: int, value: T) -> None:
        """Keep a stage; the one unused for longest goes."""
        self._stages[(stage_id, attempt)] = value
        self._stages.move_to_end((stage_id, attempt))
        if len(self._stages) > STAGES_KEPT:
            self._stages.popitem(last=False)

    def use(self, stage_id: int, attempt: int) -> T | None:
        """The stage, now the one used last; None if it is not here."""
        value = self._stages.get((stage_id, attempt))
        if value is not None:
            self._stages.move_to_end((stage_id, attempt))
        return value
