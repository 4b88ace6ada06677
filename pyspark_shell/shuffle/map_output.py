"""Where the map side of a shuffle lies, and what is said when it cannot be read."""

from __future__ import annotations

from pyspark_shell.common.record import record


@record
class MapStatus:
    """What a finished map task left.

    Attributes
    ----------
    file_name
        In the application's shuffle directory.
    size_bytes
        Of all its segments.
    executor_id
        Who wrote it; it stays when that one is lost.
    """

    file_name: str
    size_bytes: int
    executor_id: str


@record
class MapOutputs:
    """Files of one shuffle, by map partition, as they were when the stage was submitted.

    Attributes
    ----------
    directory
        The application's shuffle directory.
    files
        One name per map partition; None where the output is missing.
    epoch
        Grows with every loss of outputs in the application.
    """

    shuffle_id: int
    num_partitions: int
    directory: str
    files: tuple[str | None, ...]
    epoch: int


class FetchFailedException(Exception):
    """Map outputs are missing or damaged; the scheduler recomputes them.

    Attributes
    ----------
    map_index
        Partition of the map stage, -1 when the whole shuffle is missing.
    bad_files
        Every output that the reader found bad, by map partition; an empty name where none was
        known.
    """

    def __init__(
        self,
        shuffle_id: int,
        map_index: int,
        reduce_id: int,
        message: str,
        bad_files: dict[int, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.shuffle_id = shuffle_id
        self.map_index = map_index
        self.reduce_id = reduce_id
        self.message = message
        self.bad_files = bad_files or {}
