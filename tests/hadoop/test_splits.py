import pytest

from pyspark_shell.common.errors import (
    IllegalArgumentException,
    InvalidInputException,
    SparkException,
)
from pyspark_shell.hadoop.splits import (
    LOCAL_BLOCK_BYTES,
    FileSplit,
    binary_record_splits,
    binary_splits,
    sequence_file_splits,
    text_splits,
    whole_text_splits,
)


@pytest.fixture
def write(tmp_path):
    def write(**sizes):
        for name, size in sizes.items():
            with open(tmp_path / name.replace("_gz", ".gz").replace("_bz2", ".bz2"), "wb") as file:
                file.truncate(size)
        return f"{tmp_path}/*"

    return write


def bounds(splits):
    return [(split.start, split.length) for split in splits]


def names(splits):
    return [[path.rpartition("/")[2] for path in split.paths] for split in splits]


@pytest.mark.parametrize(
    ("size", "parts", "expected"),
    [
        (900, 2, [450, 450]),
        (900, 7, [128] * 6 + [132]),
        (1000, 3, [333, 333, 334]),
        (110, 0, [110]),
        (3, 100, [1, 1, 1]),
        (LOCAL_BLOCK_BYTES * 2 + 10, 1, [LOCAL_BLOCK_BYTES, LOCAL_BLOCK_BYTES + 10]),
    ],
)
def test_last_split_takes_up_to_a_tenth_more(write, size, parts, expected):
    paths = write(f=size)

    splits = text_splits(paths, parts)

    assert [split.length for split in splits] == expected
    assert [split.start for split in splits] == [sum(expected[:i]) for i in range(len(expected))]


def test_goal_is_that_of_all_files_together(write):
    paths = write(a=100, b=300, c=0)

    assert bounds(text_splits(paths, 4)) == [(0, 100), (0, 100), (100, 100), (200, 100)]


def test_only_bzip2_is_cut_among_the_compressed(write):
    paths = write(a_bz2=100, b_gz=100)

    assert bounds(text_splits(paths, 4)) == [(0, 50), (50, 50), (0, 100)]


def test_sequence_file_is_cut_from_100_kib_on_whatever_its_suffix(write):
    paths = write(a_gz=250_000, b=10)

    assert bounds(sequence_file_splits(paths, 10)) == [
        (0, 102400),
        (102400, 102400),
        (204800, 45200),
        (0, 10),
    ]


def test_directory_inside_of_a_directory_is_an_error_for_text(tmp_path):
    (tmp_path / "sub").mkdir()

    with pytest.raises(SparkException, match=f"Path: {tmp_path}/sub is a directory"):
        text_splits(str(tmp_path), 1)


def test_directory_inside_of_a_directory_stands_for_its_data_file(tmp_path):
    (tmp_path / "map").mkdir()
    with pytest.raises(
        InvalidInputException, match=f"File file:{tmp_path}/map/data does not exist"
    ):
        sequence_file_splits(str(tmp_path), 1)

    (tmp_path / "map" / "data").write_bytes(b"12345")

    assert sequence_file_splits(str(tmp_path), 1) == [FileSplit(f"{tmp_path}/map/data", 0, 5)]


def test_negative_number_of_partitions_is_refused(write):
    with pytest.raises(IllegalArgumentException, match="Illegal Capacity: -1"):
        text_splits(write(f=1), -1)


def test_records_are_not_cut(write):
    size = LOCAL_BLOCK_BYTES * 2
    paths = write(f=size)
    record = 1000
    block = LOCAL_BLOCK_BYTES // record * record

    assert bounds(binary_record_splits(paths, record)) == [(0, block), (block, size - block)]
    assert bounds(binary_record_splits(paths, size)) == [(0, size)]


def test_record_of_no_length_is_refused(write):
    with pytest.raises(
        IllegalArgumentException, match="recordLength must be at least 1 byte, got 0"
    ):
        binary_record_splits(write(f=1), 0)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (0, [["b", "c", "d", "e"], ["a"]]),
        (1, [["b", "c", "d", "e"], ["a"]]),
        (2, [["b", "c", "d"], ["a", "e"]]),
        (3, [["b", "c", "d"], ["e"], ["a"]]),
        (10, [["b"], ["c"], ["d"], ["e"], ["a"]]),
    ],
)
def test_whole_texts_are_packed_with_empty_files_last(write, parts, expected):
    paths = write(a=0, b=1000, c=2000, d=3000, e=4000)

    assert names(whole_text_splits(paths, parts)) == expected


def test_empty_files_alone_are_one_partition(write):
    assert names(whole_text_splits(write(a=0, b=0), 2)) == [["a", "b"]]


def test_no_file_is_no_partition(tmp_path):
    assert whole_text_splits(str(tmp_path), 2) == []
    assert binary_splits(str(tmp_path), 2, 2) == []
    assert text_splits(str(tmp_path), 2) == []


def test_opening_a_file_costs_four_mebibytes(write):
    paths = write(a=3 << 20, b=3 << 20, c=3 << 20)

    assert names(binary_splits(paths, 2, 2)) == [["a", "b", "c"]]
    assert names(binary_splits(paths, 5, 2)) == [["a", "b"], ["c"]]
    assert names(binary_splits(paths, 2, 5, open_cost_bytes=0)) == [["a"], ["b"], ["c"]]
    assert names(binary_splits(paths, 1, 1, max_partition_bytes=1)) == [["a"], ["b"], ["c"]]


def test_same_file_twice_is_two_files(write, tmp_path):
    write(a=10, b=20)

    splits = whole_text_splits(f"{tmp_path}/a,{tmp_path}/b,{tmp_path}/a", 2)

    assert names(splits) == [["a", "b"], ["a"]]
