"""Blocks come back as they were written, from wherever the file had to be."""

from __future__ import annotations

import os

import pytest

from pyspark_shell.shuffle import spill_file
from pyspark_shell.shuffle.spill_file import SpillFile
from pyspark_shell.shuffle.used_memory import get_used_memory, used_memory_bytes, used_memory_since


def test_blocks_can_be_read_in_any_order(tmp_path):
    file = SpillFile([str(tmp_path)])

    blocks = [file.write([n, "x" * n]) for n in range(5)]

    assert [file.read(block) for block in reversed(blocks)] == [
        [n, "x" * n] for n in reversed(range(5))
    ]


def test_large_records_make_small_batches(tmp_path):
    file = SpillFile([str(tmp_path)])

    file.write_all(b"x" * 100_000 for _ in range(200))
    small = file.block_records
    file.write_all(range(200_000))

    assert small < 64 < file.block_records


def test_directory_need_not_exist(tmp_path):
    file = SpillFile([str(tmp_path / "python" / "1" / "sort")])

    assert file.read(file.write([1])) == [1]
    assert list(tmp_path.iterdir()) == []


def test_file_system_without_nameless_files_is_served(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "O_TMPFILE")
    file = SpillFile([str(tmp_path)])

    assert file.read(file.write([1])) == [1]
    assert list(tmp_path.iterdir()) == []


def test_block_beyond_the_end_is_an_error(tmp_path):
    file = SpillFile([str(tmp_path)])
    offset, length = file.write([1])

    with pytest.raises(EOFError, match="spill file ends before"):
        file.read((offset, length + 1))


def test_closed_file_cannot_be_read(tmp_path):
    file = SpillFile([str(tmp_path)])
    block = file.write([1])

    file.close()
    file.close()

    with pytest.raises(OSError, match="Bad file descriptor"):
        file.read(block)


def test_metrics_count_only_what_was_freed():
    metrics = spill_file.SpillMetrics()

    metrics.count_freed(10.0, 4.0)
    metrics.count_freed(4.0, 5.0)

    assert metrics.take().memory_bytes_spilled == 6 << 20
    assert metrics == spill_file.SpillMetrics()


def test_used_memory_grows_with_what_is_used():
    start = used_memory_bytes()
    since = used_memory_since(start)

    ballast = bytearray(b"x") * (64 << 20)

    assert get_used_memory() >= (start >> 20) + 50
    assert since() > 50
    assert len(ballast) == 64 << 20
