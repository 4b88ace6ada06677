"""The file of a map task: every segment is read as it was written, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspark_shell.shuffle.data_file import (
    SegmentDamaged,
    chain_segments,
    read_segment,
    write_data_file,
)

SMALL = [b"first segment", b"", b"third", b"x" * 40]


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "shuffle_0_0_0.data")


def write(path, segments):
    return write_data_file(path, [[segment] for segment in segments])


def read(path, count):
    return [bytes(read_segment(path, count, partition)) for partition in range(count)]


def segments_or_none(path, count):
    """Each segment, None for those that cannot be read."""
    found = []
    for partition in range(count):
        try:
            found.append(bytes(read_segment(path, count, partition)))
        except OSError:
            found.append(None)
    return found


def test_segments_come_back_in_order(path):
    size = write(path, SMALL)

    assert size == sum(map(len, SMALL))
    assert read(path, len(SMALL)) == SMALL


@given(segments=st.lists(st.lists(st.binary(max_size=30), max_size=4), max_size=8))
def test_any_parts_come_back_as_one_segment_each(tmp_path_factory, segments):
    path = str(tmp_path_factory.getbasetemp() / "any.data")

    write_data_file(path, segments)

    assert read(path, len(segments)) == [b"".join(parts) for parts in segments]


def test_segments_may_come_from_iterators_and_views(path):
    view = memoryview(bytearray(80)).cast("d")

    size = write_data_file(path, (iter([b"a", view]) for _ in range(2)))

    assert size == 162
    assert read(path, 2) == [b"a" + bytes(80)] * 2


def test_large_segments_are_mapped_at_any_offset(path):
    segments = [b"odd", os.urandom((1 << 20) + 5), b"mid", os.urandom(3 << 20)]

    write(path, segments)

    assert read(path, 4) == segments


def test_a_large_segment_may_be_written_to_without_changing_the_file(path):
    write(path, [bytes(2 << 20)])

    read_segment(path, 1, 0)[7] = 1

    assert read(path, 1) == [bytes(2 << 20)]


def test_every_flipped_bit_is_noticed_or_harmless(path):
    write(path, SMALL)
    original = Path(path).read_bytes()
    damaged = set()

    with open(path, "r+b") as file:
        for at in range(len(original)):
            for bit in range(8):
                file.seek(at)
                file.write(bytes([original[at] ^ (1 << bit)]))
                file.flush()
                found = segments_or_none(path, len(SMALL))
                assert all(one in (None, right) for one, right in zip(found, SMALL, strict=True)), (
                    f"bit {bit} of byte {at}"
                )
                if None in found:
                    damaged.add(at)
            file.seek(at)
            file.write(original[at : at + 1])

    footer_at = len(original) - 8
    assert damaged == set(range(footer_at))
    assert read(path, len(SMALL)) == SMALL


def test_every_truncation_is_noticed(path):
    write(path, SMALL)
    size = os.path.getsize(path)

    for kept in reversed(range(size)):
        os.truncate(path, kept)
        found = segments_or_none(path, len(SMALL))
        assert all(one in (None, right) for one, right in zip(found, SMALL, strict=True))
        assert None in found


def test_a_file_of_zeros_is_not_taken_for_empty_segments(path):
    with open(path, "wb") as file:
        file.write(bytes(500))

    found = segments_or_none(path, 4)

    assert found == [None] * 4


def test_a_file_with_fewer_partitions_is_damaged(path):
    write(path, [b"a"])

    with pytest.raises(SegmentDamaged, match="less than its index"):
        read_segment(path, 100, 0)


def test_a_missing_file_is_missing(path):
    with pytest.raises(FileNotFoundError):
        read_segment(path, 1, 0)


def test_an_error_half_way_leaves_nothing(path, tmp_path):
    def segments():
        yield [b"first"]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_data_file(path, segments())

    assert list(tmp_path.iterdir()) == []


def test_chained_segments_are_the_spills_and_then_the_rest(path):
    write(path, [b"a0", b"a1"])
    write(path + "2", [b"b0", b"b1"])

    parts = chain_segments([(path, 2), (path + "2", 2)], 1, [b"rest"])

    assert b"".join(parts) == b"a1b1rest"
