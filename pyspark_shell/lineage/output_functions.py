"""Writes one partition of an RDD as one file of an output directory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from itertools import count
from operator import itemgetter
from typing import Any

from pyspark_shell.hadoop.codecs import codec_of_class
from pyspark_shell.hadoop.commit import FileOutputCommitter
from pyspark_shell.hadoop.local_files import OutputFile
from pyspark_shell.hadoop.pickle_files import write_pickles
from pyspark_shell.hadoop.text_output import write_lines
from pyspark_shell.lineage.task_context import TaskContext


class SavePart(ABC):
    """Writes the records of a partition; only a whole file is ever committed.

    Two attempts of a task may run at once, and killed ones may go on for a while: the driver says
    which one may commit, the others end as denied. An attempt whose part was committed before its
    executor was lost leaves nothing to do for the next one, which then ends well.
    """

    def __init__(self, committer: FileOutputCommitter) -> None:
        self._committer = committer

    @property
    def suffix(self) -> str:
        """What the file's name ends with."""
        return ""

    @abstractmethod
    def write(self, records: Iterable[Any], sink: _CountingSink) -> None:
        """Write all records."""

    def __call__(self, records: Iterable[Any]) -> None:
        context = TaskContext.get()
        assert context is not None
        number = count()
        counted = map(itemgetter(0), zip(records, number, strict=False))
        place = self._committer.task_attempt(context.partitionId(), context.taskAttemptId())
        with place as attempt:
            sink = _CountingSink(attempt.create(self.suffix))
            self.write(counted, sink)
            if not attempt.commit(context.may_commit):
                return
        context.metrics.output_records += next(number)
        context.metrics.output_bytes += sink.size_bytes


class SaveText(SavePart):
    """Writes lines; `codec` is the full name of Hadoop's class, None for plain text."""

    def __init__(self, committer: FileOutputCommitter, codec: str | None) -> None:
        super().__init__(committer)
        self._codec = codec

    @property
    def suffix(self) -> str:
        return codec_of_class(self._codec).suffix if self._codec else ""

    def write(self, records: Iterable[Any], sink: _CountingSink) -> None:
        write_lines(records, sink, codec_of_class(self._codec) if self._codec else None)


class SavePickles(SavePart):
    """Writes a SequenceFile of pickled batches."""

    def __init__(self, committer: FileOutputCommitter, batch_size: int) -> None:
        super().__init__(committer)
        self._batch_size = batch_size

    def write(self, records: Iterable[Any], sink: _CountingSink) -> None:
        write_pickles(records, sink, self._batch_size)


class _CountingSink:
    def __init__(self, file: OutputFile) -> None:
        self._file = file
        self.size_bytes = 0

    def write(self, data: bytes, /) -> None:
        self._file.write(data)
        self.size_bytes += len(data)
