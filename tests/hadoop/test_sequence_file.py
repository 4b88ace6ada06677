import struct
import zlib
from itertools import chain

import pytest

from pyspark_shell.common.errors import SparkException
from pyspark_shell.hadoop.sequence_file import SequenceFileWriter, read_values
from pyspark_shell.hadoop.splits import FileSplit, sequence_file_splits

CLASSES = b'!org.apache.hadoop.io.NullWritable"org.apache.hadoop.io.BytesWritable'
DEFAULT_CODEC = b"*org.apache.hadoop.io.compress.DefaultCodec"
SYNC = bytes(range(16))


def joined(parts):
    return list(chain.from_iterable(parts))


def write(path, values):
    with open(path, "wb") as file:
        writer = SequenceFileWriter(file)
        for value in values:
            writer.append(value)
    return path


def layout(path, parts):
    return [list(read_values(split)) for split in sequence_file_splits(str(path), parts)]


def writable(value):
    return struct.pack(">I", len(value)) + value


def test_header_is_that_of_hadoop(tmp_path):
    content = write(tmp_path / "f", [b"abc"]).read_bytes()

    assert content.startswith(b"SEQ\x06" + CLASSES + b"\0\0" + b"\0\0\0\0")
    assert content.endswith(b"\0\0\0\x07" + b"\0\0\0\0" + b"\0\0\0\x03abc")


@pytest.mark.parametrize("size", [0, 1, 5000, 200_000])
@pytest.mark.parametrize("parts", [1, 2, 5, 50])
def test_every_value_is_in_one_split(tmp_path, size, parts):
    values = [
        struct.pack(">I", number) + bytes(size) for number in range(1_000_000 // (size + 200))
    ]
    path = write(tmp_path / "f", values)

    found = layout(path, parts)

    assert joined(found) == values
    assert len(found) >= min(parts, path.stat().st_size // 110_000)


def test_sync_mark_comes_every_100_kib(tmp_path):
    path = write(tmp_path / "f", [bytes(1000)] * 500)
    content = path.read_bytes()
    sync = content[len(CLASSES) + 10 :][:16]

    marks = [i for i in range(len(content)) if content.startswith(b"\xff\xff\xff\xff" + sync, i)]

    assert len(marks) == 4
    assert all(102_400 <= b - a < 104_500 for a, b in zip([0, *marks], marks, strict=False))


def test_values_compressed_one_by_one_are_read(tmp_path):
    path = tmp_path / "f"
    records = [zlib.compress(writable(value)) for value in (b"a", b"bc")]
    path.write_bytes(
        b"SEQ\x06"
        + CLASSES
        + b"\x01\x00"
        + DEFAULT_CODEC
        + struct.pack(">I", 1)
        + b"\x03key\x05value"
        + SYNC
        + b"".join(struct.pack(">II", len(record), 0) + record for record in records)
    )

    assert layout(path, 1) == [[b"a", b"bc"]]


def test_values_compressed_in_blocks_are_read(tmp_path):
    def block(*values):
        buffers = [b"\0" * len(values), b"", bytes(4 + len(value) for value in values)]
        compressed = map(zlib.compress, [*buffers, b"".join(map(writable, values))])
        body = b"".join(bytes([len(data)]) + data for data in compressed)
        return b"\xff\xff\xff\xff" + SYNC + bytes([len(values)]) + body

    header = b"SEQ\x06" + CLASSES + b"\x01\x01" + DEFAULT_CODEC + bytes(4) + SYNC
    first, second = block(b"a", b"bc"), block(b"d")
    path = tmp_path / "f"
    path.write_bytes(header + first + second)
    border = len(header) + len(first)

    def read(start, end):
        return list(read_values(FileSplit(str(path), start, end - start)))

    assert layout(path, 1) == [[b"a", b"bc", b"d"]]
    assert read(0, border) == [b"a", b"bc"]
    assert read(0, border + 1) == [b"a", b"bc", b"d"]
    assert read(border, border + 1) == [b"d"]
    assert read(border + 1, border + 100) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a SequenceFile"),
        (b"plain text\n", "not a SequenceFile"),
        (b"SEQ\x03", "version 3"),
        (b"SEQ\x06\x01a\x01b\0\0" + bytes(20), "holds keys of a and values of b"),
        (b"SEQ\x06" + CLASSES + bytes(6) + SYNC + b"\0\0\0\x05\0\0\0\0\0", "is cut off"),
        (b"SEQ\x06" + CLASSES + bytes(6) + SYNC + b"\xff" * 30, "is corrupt"),
    ],
)
def test_file_that_is_none_is_an_error_that_names_it(tmp_path, content, message):
    path = tmp_path / "f"
    path.write_bytes(content)

    with pytest.raises(SparkException, match=f"file:{path} .*{message}"):
        list(read_values(FileSplit(str(path), 0, 1000)))
