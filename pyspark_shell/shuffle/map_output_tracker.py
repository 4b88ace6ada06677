"""The driver's table of map outputs: which exist, and the epoch that tells old news from new.

Owns    a `MapStatus` per shuffle and map partition.
Thread  `dag-scheduler-event-loop`.
Source  Spark's MapOutputTrackerMaster.
"""

from __future__ import annotations

from pyspark_shell.common.block_manager_id import BlockManagerId
from pyspark_shell.shuffle.map_output import MapOutputs, MapStatus


class MapOutputTrackerMaster:
    """Map outputs of all shuffles of the application."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._shuffles: dict[int, list[MapStatus | None]] = {}
        self.epoch = 0

    def register_shuffle(self, shuffle_id: int, maps: int) -> None:
        """Make room for a shuffle's outputs; harmless if it is known."""
        self._shuffles.setdefault(shuffle_id, [None] * maps)

    def register_map_output(self, shuffle_id: int, map_index: int, status: MapStatus) -> None:
        """Note a finished map task's output."""
        self._shuffles[shuffle_id][map_index] = status

    def unregister_map_output(self, shuffle_id: int, map_index: int, file_name: str = "") -> None:
        """Forget an output that is lost; with `file_name` only if it is still that file."""
        statuses = self._shuffles.get(shuffle_id)
        if statuses is None or not 0 <= map_index < len(statuses):
            return
        status = statuses[map_index]
        if status is not None and (not file_name or status.file_name == file_name):
            statuses[map_index] = None
            self.epoch += 1

    def unregister_all_map_outputs(self, shuffle_id: int) -> None:
        """Forget all outputs of a shuffle, but not the shuffle."""
        if shuffle_id in self._shuffles:
            self._shuffles[shuffle_id] = [None] * len(self._shuffles[shuffle_id])
            self.epoch += 1

    def unregister_shuffle(self, shuffle_id: int) -> bool:
        """Forget a shuffle; says whether it was known."""
        return self._shuffles.pop(shuffle_id, None) is not None

    def contains_shuffle(self, shuffle_id: int) -> bool:
        """Whether the shuffle is known."""
        return shuffle_id in self._shuffles

    def missing_partitions(self, shuffle_id: int, maps: int) -> list[int]:
        """Map partitions without an output."""
        statuses = self._shuffles.get(shuffle_id)
        if statuses is None:
            return list(range(maps))
        return [index for index, status in enumerate(statuses) if status is None]

    def outputs(self, shuffle_id: int, partitions: int) -> MapOutputs | None:
        """What reduce tasks need to read the shuffle, None if it is not known."""
        statuses = self._shuffles.get(shuffle_id)
        if statuses is None:
            return None
        files = tuple(status.file_name if status else None for status in statuses)
        return MapOutputs(shuffle_id, partitions, self._directory, files, self.epoch)

    def writer(self, shuffle_id: int, map_index: int) -> BlockManagerId | None:
        """Who wrote an output; None if it does not exist."""
        statuses = self._shuffles.get(shuffle_id, [])
        status = statuses[map_index] if 0 <= map_index < len(statuses) else None
        return BlockManagerId(status.executor_id) if status is not None else None

    def size_bytes(self, shuffle_id: int) -> int:
        """Bytes of all outputs of a shuffle."""
        return sum(s.size_bytes for s in self._shuffles.get(shuffle_id, ()) if s is not None)

    def output_sizes(self, shuffle_id: int) -> list[int]:
        """Bytes of each output of a shuffle that exists."""
        return [s.size_bytes for s in self._shuffles.get(shuffle_id, ()) if s is not None]

    def shuffle_ids(self) -> list[int]:
        """Ids of all shuffles known."""
        return list(self._shuffles)

    def assert_empty(self) -> None:
        """Raise if a shuffle is left."""
        assert not self._shuffles, f"shuffles {sorted(self._shuffles)} are left"
