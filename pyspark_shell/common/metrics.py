"""What one task attempt used and moved: Spark's TaskMetrics, as whole numbers in one struct."""

from __future__ import annotations

import struct
from operator import attrgetter
from typing import Final

from pyspark_shell.common.record import field_names, record


@record(frozen=False)
class TaskMetrics:
    """Counters of one attempt. Times of the executor in milliseconds unless the name says
    otherwise.
    """

    executor_deserialize_time_ms: int = 0
    executor_run_time_ms: int = 0
    executor_cpu_time_ns: int = 0
    result_size_bytes: int = 0
    gc_time_ms: int = 0
    result_serialization_time_ms: int = 0
    memory_bytes_spilled: int = 0
    disk_bytes_spilled: int = 0
    peak_execution_memory_bytes: int = 0
    input_bytes: int = 0
    input_records: int = 0
    output_bytes: int = 0
    output_records: int = 0
    shuffle_read_blocks: int = 0
    shuffle_read_bytes: int = 0
    shuffle_read_records: int = 0
    shuffle_fetch_wait_ms: int = 0
    shuffle_write_bytes: int = 0
    shuffle_write_records: int = 0
    shuffle_write_time_ns: int = 0

    @property
    def records_read(self) -> int:
        """Records of files, of the cache and of shuffles."""
        return self.input_records + self.shuffle_read_records

    def pack(self) -> bytes:
        """The counters as `METRICS_BYTES` bytes."""
        return _STRUCT.pack(*_values(self))

    @classmethod
    def unpack(cls, data: bytes | memoryview) -> TaskMetrics:
        """Counters from `pack`'s bytes."""
        return cls(*_STRUCT.unpack(data))


_NAMES: Final = field_names(TaskMetrics)
_values = attrgetter(*_NAMES)
_STRUCT: Final = struct.Struct(f"<{len(_NAMES)}q")
METRICS_BYTES: Final = _STRUCT.size
