"""A block is read as it was written, or not at all."""

from __future__ import annotations

import errno
import os

import pytest

from pyspark_shell.storage.block_file import (
    MAY_GO_TO_DISK,
    BlockDamaged,
    name_the_file,
    read_block,
    read_flags,
    remove_quietly,
    write_block,
    writing_block,
)

HEADER_BYTES = 24
FLAGS_AT = 16


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "rdd_0_0")


def write(path, body, flags=0):
    with writing_block(path, flags) as writer:
        writer.write(body)


def change(path, at, mask=1):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ mask]))


@pytest.mark.parametrize("size", [0, 1, 1000, 65_511, 65_512, 65_513, 300_000])
def test_a_body_of_any_size_comes_back(path, size):
    body = os.urandom(size)

    write(path, body)

    assert bytes(read_block(path)) == body


def test_parts_and_views_are_one_body(path):
    size = write_block(path, lambda w: [w.write(b"ab"), w.write(memoryview(b"cd")), w.write(b"")])

    assert size == 4
    assert bytes(read_block(path)) == b"abcd"


def test_a_view_of_wide_items_counts_in_bytes(path):
    view = memoryview(bytearray(80)).cast("d")

    assert write_block(path, lambda writer: writer.write(view)) == 80
    assert len(read_block(path)) == 80


def test_every_flipped_bit_is_noticed(path):
    write(path, b"some records")
    size = os.path.getsize(path)
    flags = range(FLAGS_AT, HEADER_BYTES)

    for at in set(range(size)) - set(flags):
        for bit in range(8):
            change(path, at, 1 << bit)
            with pytest.raises(BlockDamaged):
                read_block(path)
            change(path, at, 1 << bit)

    assert bytes(read_block(path)) == b"some records"


@pytest.mark.parametrize("size", [20, 200_000], ids=["read", "mapped"])
@pytest.mark.parametrize("kept", [0, 1, HEADER_BYTES - 1, HEADER_BYTES, -1])
def test_a_truncated_block_is_noticed(path, size, kept):
    write(path, b"x" * size)

    os.truncate(path, kept if kept >= 0 else os.path.getsize(path) + kept)

    with pytest.raises(BlockDamaged):
        read_block(path)


def test_bytes_behind_the_body_are_noticed(path):
    write(path, b"body")
    with open(path, "ab") as file:
        file.write(b"\0")

    with pytest.raises(BlockDamaged, match="should have 4 bytes, it has 5"):
        read_block(path)


def test_a_damaged_large_block_is_noticed(path):
    write(path, bytes(200_000))
    change(path, 150_000)

    with pytest.raises(BlockDamaged, match="CRC32"):
        read_block(path)


def test_another_file_is_no_block(path):
    with open(path, "wb") as file:
        file.write(os.urandom(5000))

    with pytest.raises(BlockDamaged):
        read_block(path)


def test_a_missing_block_is_missing_and_not_damaged(path):
    with pytest.raises(FileNotFoundError):
        read_block(path)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt], ids=lambda e: e.__name__)
def test_an_error_while_writing_leaves_nothing(path, tmp_path, error):
    def fail(writer):
        writer.write(b"half")
        raise error

    with pytest.raises(error):
        write_block(path, fail)

    assert list(tmp_path.iterdir()) == []


def test_an_error_while_writing_leaves_the_older_block(path, tmp_path):
    write(path, b"old")

    with pytest.raises(TypeError):
        write_block(path, lambda writer: [writer.write(b"new"), writer.write(None)])

    assert bytes(read_block(path)) == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_nobody_sees_a_block_before_it_is_whole(path):
    with writing_block(path) as writer:
        writer.write(b"x" * 1_000_000)

        assert not os.path.exists(path)

    assert os.path.exists(path)


def test_a_large_block_may_be_written_to_without_changing_the_file(path):
    write(path, bytes(200_000))

    read_block(path)[5] = 7

    assert bytes(read_block(path)) == bytes(200_000)


def test_flags_stay_with_the_block(path):
    write(path, b"x", MAY_GO_TO_DISK)

    assert read_flags(path) == MAY_GO_TO_DISK


@pytest.mark.parametrize("content", [None, b"", b"PSB1"], ids=["missing", "empty", "short"])
def test_a_block_that_cannot_be_read_has_no_flags(path, content):
    if content is not None:
        with open(path, "wb") as file:
            file.write(content)

    assert read_flags(path) == 0


def test_removing_says_whether_there_was_something(path):
    write(path, b"")

    assert remove_quietly(path)
    assert not remove_quietly(path)


@pytest.mark.parametrize(
    ("code", "named"), [(errno.ENOSPC, True), (errno.EIO, True), (errno.EPERM, False)]
)
def test_a_full_or_broken_disk_is_named(code, named):
    error = OSError(code, os.strerror(code))

    name_the_file(error, "/disk/rdd_0_0")

    assert (error.filename == "/disk/rdd_0_0") is named
