import gzip

import pytest

from pyspark_shell.common.errors import SparkException
from pyspark_shell.hadoop.local_files import BLOCK_BYTES
from pyspark_shell.hadoop.splits import CombineFileSplit, FileSplit, binary_record_splits
from pyspark_shell.hadoop.whole_files import read_binary_files, read_records, read_whole_texts


@pytest.fixture
def split(tmp_path):
    contents = {"plain é": b"\xef\xbb\xbfa\xff\r\n", "x.gz": gzip.compress(b"zip"), "empty": b""}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return CombineFileSplit(tuple(f"{tmp_path}/{name}" for name in contents))


def test_text_is_decompressed_and_decoded(split, tmp_path):
    assert list(read_whole_texts(split)) == [
        (f"file:{tmp_path}/plain é", "\ufeffa\ufffd\r\n"),
        (f"file:{tmp_path}/x.gz", "zip"),
        (f"file:{tmp_path}/empty", ""),
    ]


def test_without_unicode_the_name_is_bytes_too(split, tmp_path):
    assert next(iter(read_whole_texts(split, use_unicode=False))) == (
        f"file:{tmp_path}/plain é".encode(),
        b"\xef\xbb\xbfa\xef\xbf\xbd\r\n",
    )


def test_binary_files_come_as_they_are(split, tmp_path):
    contents = dict(read_binary_files(split))

    assert contents[f"file:{tmp_path}/plain é"] == b"\xef\xbb\xbfa\xff\r\n"
    assert gzip.decompress(contents[f"file:{tmp_path}/x.gz"]) == b"zip"


@pytest.mark.parametrize("length", [1, 7, BLOCK_BYTES - 1, BLOCK_BYTES * 2])
def test_records_have_their_length(tmp_path, length):
    content = bytes(range(251)) * (length * 3 // 251 + 1)
    content = content[: len(content) // length * length]
    (tmp_path / "f").write_bytes(content)

    batches = [
        list(read_records(split, length))
        for split in binary_record_splits(str(tmp_path / "f"), length)
    ]

    records = [record for split in batches for batch in split for record in batch]
    assert {len(record) for record in records} == {length}
    assert b"".join(records) == content


def test_record_that_is_cut_off_is_an_error(tmp_path):
    (tmp_path / "f").write_bytes(b"1234567")

    with pytest.raises(
        SparkException, match="7 bytes, which is no multiple of the record length 3"
    ):
        list(read_records(FileSplit(f"{tmp_path}/f", 0, 7), 3))


def test_compressed_records_are_refused(tmp_path):
    with pytest.raises(SparkException, match="does not support reading compressed files"):
        list(read_records(FileSplit(f"{tmp_path}/f.gz", 0, 7), 3))
