"""Nodes that read files: lines, whole files, records of fixed length, pickles.

Which files there are, and how they are cut, is found out when the partitions are asked for.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pyspark_shell.hadoop.pickle_files import read_pickles
from pyspark_shell.hadoop.splits import (
    CombineFileSplit,
    FileSplit,
    binary_record_splits,
    binary_splits,
    sequence_file_splits,
    text_splits,
    whole_text_splits,
)
from pyspark_shell.hadoop.text import read_lines
from pyspark_shell.hadoop.whole_files import read_binary_files, read_records, read_whole_texts
from pyspark_shell.lineage.node import LineageNode, counted, interruptible
from pyspark_shell.lineage.partition import Partition
from pyspark_shell.lineage.registry import LineageRegistry
from pyspark_shell.lineage.task_context import TaskContext
from pyspark_shell.lineage.transformed import MapPartitionsRDD


class FilePartition(Partition):
    """A piece of a file, or several whole files."""

    __slots__ = ("files",)

    def __init__(self, index: int, files: FileSplit | CombineFileSplit) -> None:
        super().__init__(index)
        self.files = files


class FileRDD(LineageNode):
    """Base of nodes that read files.

    Parameters
    ----------
    paths
        As the user wrote them: several with commas between, patterns, directories.
    """

    def __init__(self, registry: LineageRegistry, paths: str, call_site: str) -> None:
        super().__init__(registry, call_site=call_site)
        self.paths = paths

    @abstractmethod
    def splits(self) -> Sequence[FileSplit | CombineFileSplit]:
        """Look at the files and cut them."""

    @abstractmethod
    def batches(self, files: Any) -> Iterable[Sequence[Any]]:
        """Read one split, many records at a time."""

    def make_partitions(self) -> Sequence[Partition]:
        return [FilePartition(index, files) for index, files in enumerate(self.splits())]

    def compute(self, split: Partition, context: TaskContext) -> Iterator[Any]:
        assert isinstance(split, FilePartition)
        if isinstance(split.files, FileSplit):
            context.metrics.input_bytes += split.files.length
        return interruptible(counted(self.batches(split.files), context), context)


class TextFileRDD(FileRDD):
    """Lines of text files."""

    kind = "HadoopRDD"

    def __init__(
        self,
        registry: LineageRegistry,
        paths: str,
        min_partitions: int,
        use_unicode: bool,
        call_site: str,
    ) -> None:
        super().__init__(registry, paths, call_site)
        self._min_partitions = min_partitions
        self._use_unicode = use_unicode

    def splits(self) -> Sequence[FileSplit]:
        return text_splits(self.paths, self._min_partitions)

    def batches(self, files: FileSplit) -> Iterable[Sequence[Any]]:
        return read_lines(files, self._use_unicode)


class WholeTextFileRDD(FileRDD):
    """Pairs of a file's URI and its text."""

    kind = "WholeTextFileRDD"

    def __init__(
        self,
        registry: LineageRegistry,
        paths: str,
        min_partitions: int,
        use_unicode: bool,
        call_site: str,
    ) -> None:
        super().__init__(registry, paths, call_site)
        self._min_partitions = min_partitions
        self._use_unicode = use_unicode

    def splits(self) -> Sequence[CombineFileSplit]:
        return whole_text_splits(self.paths, self._min_partitions)

    def batches(self, files: CombineFileSplit) -> Iterable[Sequence[Any]]:
        return ([pair] for pair in read_whole_texts(files, self._use_unicode))


class BinaryFileRDD(FileRDD):
    """Pairs of a file's URI and its bytes."""

    kind = "BinaryFileRDD"

    def __init__(
        self,
        registry: LineageRegistry,
        paths: str,
        min_partitions: int,
        default_parallelism: int,
        max_partition_bytes: int,
        open_cost_bytes: int,
        call_site: str,
    ) -> None:
        super().__init__(registry, paths, call_site)
        self._min_partitions = min_partitions
        self._default_parallelism = default_parallelism
        self._max_partition_bytes = max_partition_bytes
        self._open_cost_bytes = open_cost_bytes

    def splits(self) -> Sequence[CombineFileSplit]:
        return binary_splits(
            self.paths,
            self._min_partitions,
            self._default_parallelism,
            max_partition_bytes=self._max_partition_bytes,
            open_cost_bytes=self._open_cost_bytes,
        )

    def batches(self, files: CombineFileSplit) -> Iterable[Sequence[Any]]:
        return ([pair] for pair in read_binary_files(files))


class BinaryRecordsRDD(FileRDD):
    """Records of one length."""

    kind = "NewHadoopRDD"

    def __init__(
        self, registry: LineageRegistry, paths: str, record_length: int, call_site: str
    ) -> None:
        super().__init__(registry, paths, call_site)
        self._record_length = record_length

    def splits(self) -> Sequence[FileSplit]:
        return binary_record_splits(self.paths, self._record_length)

    def batches(self, files: FileSplit) -> Iterable[Sequence[Any]]:
        return read_records(files, self._record_length)


class PickleFileRDD(FileRDD):
    """Records that `saveAsPickleFile` wrote."""

    kind = "HadoopRDD"

    def __init__(
        self, registry: LineageRegistry, paths: str, min_partitions: int, call_site: str
    ) -> None:
        super().__init__(registry, paths, call_site)
        self._min_partitions = min_partitions

    def splits(self) -> Sequence[FileSplit]:
        return sequence_file_splits(self.paths, self._min_partitions)

    def batches(self, files: FileSplit) -> Iterable[Sequence[Any]]:
        return read_pickles(files)


class ConvertedRDD(MapPartitionsRDD):
    """What Spark puts over a reader to turn Hadoop's objects into records; here it changes nothing.

    It takes an RDD id and a line of the debug string, so that both stay in step with Spark's.
    """

    kind = "MapPartitionsRDD"

    def __init__(self, parent: FileRDD) -> None:
        super().__init__(parent, (), call_site=parent.call_site)
