"""A map task deals its records out and leaves one file."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.portable_hash import portable_hash
from pyspark_shell.shuffle import writer as writer_module
from pyspark_shell.shuffle.map_output import FetchFailedException, MapOutputs
from pyspark_shell.shuffle.reader import read_partition
from pyspark_shell.shuffle.writer import ShuffleWriter

PARTITIONS = 3
NAME = "shuffle_0_0_0.data"
MUCH = 1 << 30


class Shuffle:
    """One map task's output in a directory of its own."""

    def __init__(self, directory):
        self.directory = directory
        self.metrics = TaskMetrics()
        self.read_metrics = TaskMetrics()

    def write(self, records, function=portable_hash, memory_bytes=MUCH):
        writer = ShuffleWriter(
            os.path.join(self.directory, NAME),
            PARTITIONS,
            function,
            str(self.directory),
            memory_bytes,
            self.metrics,
        )
        return writer.write(records)

    def read(self, partition, *names):
        outputs = MapOutputs(0, PARTITIONS, str(self.directory), names or (NAME,), 0)
        batches = read_partition(outputs, partition, self.read_metrics)
        return [record for batch in batches for record in batch]

    def files(self):
        return sorted(os.listdir(self.directory))


@pytest.fixture(autouse=True)
def same_hashes_everywhere(monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "0")


@pytest.fixture
def shuffle(tmp_path):
    return Shuffle(tmp_path)


def of_partition(records, partition, function=portable_hash):
    return [record for record in records if function(record[0]) % PARTITIONS == partition]


@pytest.mark.parametrize("function", [portable_hash, lambda key: key * 7], ids=["hash", "own"])
@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1000])
def test_records_arrive_in_their_partition_and_in_their_order(shuffle, function, count):
    records = [(n * 13 % 101, f"value {n}") for n in range(count)]

    shuffle.write(iter(records), function)

    for partition in range(PARTITIONS):
        assert shuffle.read(partition) == of_partition(records, partition, function)
    assert shuffle.files() == [NAME]


KEYS = st.none() | st.integers() | st.text() | st.binary() | st.tuples(st.integers(), st.text())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(st.tuples(KEYS, st.integers()), max_size=200))
def test_any_keys_that_can_be_hashed_are_dealt_by_portable_hash(tmp_path_factory, records):
    shuffle = Shuffle(tmp_path_factory.mktemp("any"))

    shuffle.write(records)

    for partition in range(PARTITIONS):
        assert shuffle.read(partition) == of_partition(records, partition)


def test_spills_give_the_same_records_in_the_same_order(shuffle, monkeypatch):
    monkeypatch.setattr(writer_module, "_BUFFER_BYTES", 4096)
    records = [(n % 97, f"value {n}") for n in range(20_000)]

    shuffle.write(records, memory_bytes=20_000)

    for partition in range(PARTITIONS):
        assert shuffle.read(partition) == of_partition(records, partition)
    assert shuffle.metrics.disk_bytes_spilled > 100_000
    assert shuffle.metrics.memory_bytes_spilled == shuffle.metrics.disk_bytes_spilled
    assert shuffle.files() == [NAME]


def test_spills_give_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(writer_module, "_BUFFER_BYTES", 4096)
    records = [(n % 97, f"value {n}") for n in range(5000)]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    Shuffle(tmp_path / "a").write(records)
    Shuffle(tmp_path / "b").write(records, memory_bytes=10_000)

    assert (tmp_path / "a" / NAME).read_bytes() == (tmp_path / "b" / NAME).read_bytes()


def test_arrays_arrive_as_they_were(shuffle):
    records = [(n, np.full(2000, n)) for n in range(20)]

    shuffle.write(records)

    for partition in range(PARTITIONS):
        for key, array in shuffle.read(partition):
            np.testing.assert_array_equal(array, np.full(2000, key))


def test_what_was_written_and_read_is_counted(shuffle):
    size = shuffle.write([(n, n) for n in range(500)])

    read = [len(shuffle.read(partition)) for partition in range(PARTITIONS)]

    assert shuffle.metrics.shuffle_write_records == sum(read) == 500
    assert shuffle.read_metrics.shuffle_read_records == 500
    assert shuffle.metrics.shuffle_write_bytes == size == shuffle.read_metrics.shuffle_read_bytes
    assert shuffle.read_metrics.shuffle_read_blocks == PARTITIONS


@pytest.mark.parametrize("raised", [ValueError, KeyboardInterrupt])
def test_an_error_of_the_records_leaves_no_file(shuffle, monkeypatch, raised):
    monkeypatch.setattr(writer_module, "_BUFFER_BYTES", 4096)

    def records():
        yield from ((n, "x" * 100) for n in range(5000))
        assert any(name.endswith(".spill") for name in shuffle.files())
        raise raised

    with pytest.raises(raised):
        shuffle.write(records(), memory_bytes=10_000)

    assert shuffle.files() == []


@pytest.mark.parametrize("record", [5, None, ()], ids=repr)
def test_a_record_that_is_no_pair_is_an_error(shuffle, record):
    with pytest.raises((TypeError, IndexError)):
        shuffle.write([record])

    assert shuffle.files() == []


def test_a_key_that_cannot_be_hashed_is_an_error(shuffle):
    with pytest.raises(TypeError, match="unhashable"):
        shuffle.write([([1], 1)])


def test_a_writer_that_was_copied_by_a_fork_does_not_publish(shuffle, monkeypatch):
    records = iter([(1, 1)])
    monkeypatch.setattr(os, "getpid", iter([1, 2, 2, 2]).__next__)

    with pytest.raises(RuntimeError, match="user code forked"):
        shuffle.write(records)

    assert shuffle.files() == []


def test_all_bad_outputs_are_named_at_once(shuffle):
    shuffle.write([(n, n) for n in range(10)])
    (shuffle.directory / "short").write_bytes(b"")

    with pytest.raises(FetchFailedException) as failed:
        shuffle.read(1, NAME, "gone", NAME, None, "short")

    error = failed.value
    assert (error.shuffle_id, error.map_index, error.reduce_id) == (0, 1, 1)
    assert error.bad_files == {1: "gone", 3: "", 4: "short"}
    assert str(error) == "map output gone cannot be read: No such file or directory"


def test_a_missing_output_is_told_in_spark_s_words(shuffle):
    with pytest.raises(
        FetchFailedException, match="Missing an output location for shuffle 0 partition 2"
    ):
        shuffle.read(2, None)
