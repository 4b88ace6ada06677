import io
import pickle
from itertools import chain

import pytest

from pyspark_shell.common.errors import IllegalArgumentException
from pyspark_shell.hadoop.local_files import OutputFile
from pyspark_shell.hadoop.pickle_files import read_pickles, write_pickles
from pyspark_shell.hadoop.splits import sequence_file_splits


def joined(parts):
    return list(chain.from_iterable(parts))


def write(path, records, **options):
    with OutputFile(str(path)) as file:
        write_pickles(records, file, **options)
    return path


def batches(path):
    return [batch for split in sequence_file_splits(str(path), 1) for batch in read_pickles(split)]


@pytest.mark.parametrize(
    ("batch_size", "sizes"),
    [(1, [1] * 25), (4, [4] * 6 + [1]), (10, [10, 10, 5]), (0, [1, 2, 4, 8, 10])],
)
def test_records_are_pickled_in_batches(tmp_path, batch_size, sizes):
    path = write(tmp_path / "f", iter(range(25)), batch_size=batch_size)

    found = batches(path)

    assert joined(found) == list(range(25))
    assert [len(batch) for batch in found] == sizes


def test_batches_chosen_by_size_stay_near_64_kib(tmp_path):
    found = batches(write(tmp_path / "f", [str(i) * 20_000 for i in range(10)], batch_size=0))

    assert [len(batch) for batch in found] == [1, 2, 4, 3]


def test_any_object_goes_through(tmp_path):
    records = [None, {"a": [1.5]}, b"\0", "é", (1, (2,))]

    assert joined(batches(write(tmp_path / "f", records))) == records


def test_pickler_can_be_chosen(tmp_path):
    path = write(tmp_path / "f", [1, 2], dumps=lambda batch: pickle.dumps([len(batch)]))

    assert batches(path) == [[2]]


def test_no_record_makes_a_file_of_a_header(tmp_path):
    assert batches(write(tmp_path / "f", [])) == []


def test_negative_batch_size_is_refused():
    with pytest.raises(IllegalArgumentException, match="batchSize must be 0 or more, got -1"):
        write_pickles([], io.BytesIO(), batch_size=-1)
