import bz2
import random

import pytest

from pyspark_shell.hadoop.bzip2_blocks import read_blocks
from pyspark_shell.hadoop.local_files import InputFile


@pytest.fixture(scope="module")
def content():
    return random.Random(1).randbytes(350_000)


@pytest.fixture
def path(tmp_path, content):
    path = tmp_path / "f.bz2"
    path.write_bytes(bz2.compress(content, 1) + bz2.compress(b"") + bz2.compress(b"end"))
    return str(path)


def test_blocks_make_up_the_content(path, content):
    with InputFile(path) as file:
        blocks = list(read_blocks(file, 0))

    assert len(blocks) == 5
    assert blocks[0].offset == 4
    assert b"".join(block.data for block in blocks) == content + b"end"


def test_reading_begins_with_the_first_block_from_an_offset_on(path):
    with InputFile(path) as file:
        blocks = list(read_blocks(file, 0))
        offset = blocks[1].offset

        assert list(read_blocks(file, offset)) == blocks[1:]
        assert list(read_blocks(file, offset + 1)) == blocks[2:]
        assert list(read_blocks(file, file.size)) == []


def test_marks_across_the_borders_of_reading_are_found(path, content, monkeypatch):
    with InputFile(path) as file:
        blocks = list(read_blocks(file, 0))
        monkeypatch.setattr("pyspark_shell.hadoop.local_files.BLOCK_BYTES", 1000)
        for shift in range(8):
            assert list(read_blocks(file, shift % 5))[-3:] == blocks[-3:]
