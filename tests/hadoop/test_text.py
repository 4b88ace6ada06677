import bz2
import gzip
import re
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyspark_shell.common.errors import ChecksumException, SparkException
from pyspark_shell.hadoop import text
from pyspark_shell.hadoop.local_files import BLOCK_BYTES, OutputFile
from pyspark_shell.hadoop.splits import FileSplit, text_splits
from pyspark_shell.hadoop.text import read_lines

PIECES = st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b"bc", b"\xc3\xa9", b"\xff", b"\x0b\x85"])
CONTENT = st.lists(PIECES, max_size=60).map(b"".join)


def joined(parts):
    return list(chain.from_iterable(parts))


def lines(split, use_unicode=True):
    return [line for batch in read_lines(split, use_unicode) for line in batch]


def layout(path, parts, use_unicode=True):
    return [lines(split, use_unicode) for split in text_splits(str(path), parts)]


def written(path, content):
    path.write_bytes(content)
    return path


def all_lines(content):
    found = re.split(rb"\r\n|\r|\n", content)
    return found if found[-1] else found[:-1]


def test_line_that_begins_at_the_end_of_a_split_belongs_to_it(tmp_path):
    path = written(tmp_path / "f", b"".join(b"line %03d\n" % i for i in range(100)))

    assert [len(part) for part in layout(path, 2)] == [51, 49]
    assert [len(part) for part in layout(path, 3)] == [34, 33, 33]
    assert [len(part) for part in layout(path, 7)] == [15, 14, 14, 14, 15, 14, 14]


def test_line_ends_are_those_of_hadoop_only(tmp_path):
    path = written(tmp_path / "f", b"a\r\nb\rc\nd\r\r\ne\n\r\n\x0b\x0c\x1c\xc2\x85\xe2\x80\xa8z\r")

    assert layout(path, 1) == [["a", "b", "c", "d", "", "e", "", "\x0b\x0c\x1c\x85\u2028z"]]


@pytest.mark.parametrize("block_bytes", [1, 2, 3, 7, BLOCK_BYTES])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=CONTENT, parts=st.integers(1, 20))
def test_every_line_is_in_one_split(tmp_path, monkeypatch, block_bytes, content, parts):
    monkeypatch.setattr("pyspark_shell.hadoop.local_files.BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(text, "_PROBE_BYTES", block_bytes)
    path = written(tmp_path / "f", content)

    expected = [line.decode("utf-8", "replace") for line in all_lines(content)]
    assert joined(layout(path, parts)) == expected
    assert joined(layout(path, parts, False)) == [line.encode() for line in expected]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(contents=st.lists(CONTENT, max_size=6), parts=st.integers(1, 20))
def test_every_line_of_a_cut_bzip2_file_is_in_one_split(tmp_path, contents, parts):
    path = written(tmp_path / "f.bz2", b"".join(map(bz2.compress, contents)))

    expected = [line.decode("utf-8", "replace") for line in all_lines(b"".join(contents))]
    assert joined(layout(path, parts)) == expected


def test_blocks_of_bzip2_are_dealt_to_the_splits_in_which_they_begin(tmp_path):
    streams = [bz2.compress(b"%d\n" % i * 5) for i in range(4)]
    path = written(tmp_path / "f.bz2", b"".join(streams))
    border = len(streams[0]) + len(streams[1]) + 4

    first = FileSplit(str(path), 0, border)
    second = FileSplit(str(path), border, path.stat().st_size - border)

    # The line at the border belongs to the first split, as in files that are not compressed.
    assert lines(first) == ["0"] * 5 + ["1"] * 5 + ["2"]
    assert lines(second) == ["2"] * 4 + ["3"] * 5


def test_line_longer_than_a_block_is_whole(tmp_path):
    long = "x" * (3 * BLOCK_BYTES + 1)
    path = written(tmp_path / "f", f"{long}\r\n{long}\nend".encode())

    assert joined(layout(path, 5)) == [long, long, "end"]


def test_lines_come_in_lists(tmp_path):
    path = written(tmp_path / "f", b"0123456\n" * 100_000)

    batches = list(read_lines(FileSplit(str(path), 0, 800_000)))

    assert all(batches)
    assert max(map(len, batches)) <= BLOCK_BYTES // 8 + 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbfabc\n\xef\xbb\xbfdef\n", ["abc", "\ufeffdef"]),
        (b"\xef\xbb\xbf", []),
        (b"\xef\xbb\xbf\nx", ["", "x"]),
        (b"\xef\xbb", ["\ufffd"]),
        (b"", []),
    ],
)
def test_byte_order_mark_is_dropped_where_the_file_begins(tmp_path, content, expected):
    path = written(tmp_path / "f", content)

    assert lines(FileSplit(str(path), 0, len(content))) == expected


def test_suffix_tells_the_compression(tmp_path):
    path = written(tmp_path / "f.GZ", gzip.compress(b"\xef\xbb\xbfa\n") + gzip.compress(b"b\r\n"))

    assert layout(path, 5) == [["a", "b"]]


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".deflate", ".snappy", ".lz4", ".zst"])
def test_damaged_compression_is_an_error_that_names_the_file(tmp_path, suffix):
    path = written(tmp_path / f"f{suffix}", b"plain\n")

    with pytest.raises(SparkException, match=f"file:{path} cannot be decompressed"):
        layout(path, 1)


def test_file_that_is_not_bzip2_is_an_error_when_it_is_cut_too(tmp_path):
    path = written(tmp_path / "f.bz2", b"plain\n" * 10)

    with pytest.raises(SparkException, match="cannot be decompressed with BZip2Codec"):
        layout(path, 3)


def test_cut_bzip2_file_is_an_error(tmp_path):
    path = written(tmp_path / "f.bz2", bz2.compress(b"abc\n" * 100)[:-12])

    with pytest.raises(SparkException, match="cannot be decompressed with BZip2Codec"):
        layout(path, 3)


def test_changed_file_is_an_error(tmp_path):
    path = tmp_path / "part-00000"
    with OutputFile(str(path)) as file:
        file.write(b"hello\n" * 300)
    content = bytearray(path.read_bytes())
    content[600] ^= 1
    path.write_bytes(content)

    with pytest.raises(ChecksumException, match=f"Checksum error: file:{path} at 512 exp: "):
        layout(path, 1)
