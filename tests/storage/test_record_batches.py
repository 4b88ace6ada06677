"""Records are written as frames and come back the same."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyspark_shell.storage import record_batches
from pyspark_shell.storage.record_batches import (
    FIRST_BATCH,
    TARGET_FRAME_BYTES,
    FrameTooLarge,
    are_immutable,
    decode_value,
    encode_frame,
    encode_value,
    next_batch_size,
    read_batches,
    write_records,
)

SCALARS = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.floats(
    allow_nan=False
)  # fmt: skip
RECORDS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)


def written(records):
    parts = []
    write_records(records, lambda part: parts.append(bytes(part)))
    return memoryview(b"".join(parts))


def read_all(data):
    return [record for batch in read_batches(data) for record in batch]


@settings(deadline=None)
@given(st.lists(RECORDS, max_size=300))
def test_records_come_back_the_same(records):
    assert read_all(written(records)) == records


@settings(deadline=None)
@given(RECORDS)
def test_a_value_comes_back_the_same(value):
    data = memoryview(b"".join(map(bytes, encode_value(value))))

    assert decode_value(data) == value


def test_no_records_are_no_bytes():
    assert bytes(written([])) == b""
    assert list(read_batches(memoryview(b""))) == []


def test_the_number_of_records_is_told():
    assert write_records(iter(range(1000)), lambda part: None) == 1000


def test_batches_of_small_records_grow():
    sizes = [len(batch) for batch in read_batches(written(range(FIRST_BATCH * 7)))]

    assert sizes == [FIRST_BATCH, FIRST_BATCH * 2, FIRST_BATCH * 4]


@pytest.mark.parametrize(
    ("size", "frame_bytes", "after"),
    [
        (128, 10, 256),
        (128, TARGET_FRAME_BYTES, 128),
        (128, 5 * TARGET_FRAME_BYTES, 64),
        (1, 5 * TARGET_FRAME_BYTES, 1),
        (1 << 16, 10, 1 << 16),
    ],
)
def test_the_next_batch_is_as_large_as_the_last_one_lets_it(size, frame_bytes, after):
    assert next_batch_size(size, frame_bytes) == after


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.arange(10_000, dtype=np.int64),
        lambda: np.arange(12_000, dtype=np.float32).reshape(100, 120),
        lambda: np.asfortranarray(np.arange(10_000.0).reshape(100, 100)),
        lambda: np.arange(30_000)[::3],
        lambda: np.arange(3),
        lambda: np.array([], dtype=float),
        lambda: np.array([{"a": 1}, None], dtype=object),
    ],
    ids=["plain", "matrix", "fortran", "strided", "small", "empty", "objects"],
)
def test_arrays_come_back_the_same(make):
    records = [make(), make()]

    for record, original in zip(read_all(written(records)), records, strict=True):
        assert record.dtype == original.dtype
        np.testing.assert_array_equal(record, original)


def test_large_arrays_are_not_copied_on_reading():
    data = written([np.zeros(10_000)])

    (array,) = read_all(data)

    assert np.shares_memory(array, np.frombuffer(data, dtype=np.uint8))


def test_arrays_deep_in_tuples_travel_beside_the_pickle():
    array = np.arange(10_000)
    parts = encode_frame([("key", (1, array))])

    assert [part for part in parts if isinstance(part, memoryview)] != []
    ((key, (one, back)),) = read_all(memoryview(b"".join(map(bytes, parts))))
    assert (key, one) == ("key", 1)
    np.testing.assert_array_equal(back, array)


def test_large_byte_arrays_come_back_and_can_be_changed_apart():
    records = [bytearray(b"x" * 10_000), bytearray(b"y" * 10_000)]

    back = read_all(memoryview(bytearray(written(records))))

    assert [bytes(record) for record in back] == [bytes(record) for record in records]


def test_a_batch_with_arrays_keeps_its_order_among_other_frames():
    records = [1, "a", np.arange(5000), *range(500)]

    back = read_all(written(records))

    assert back[:2] + back[3:] == records[:2] + records[3:]
    np.testing.assert_array_equal(back[2], records[2])


def test_a_batch_above_four_gigabytes_is_refused():
    with pytest.raises(FrameTooLarge, match="4294967296 bytes, 4 GiB at most"):
        record_batches._header(1 << 32, 0)


def test_the_header_is_the_documented_one():
    (header, payload) = encode_frame([1, 2])

    assert struct.unpack("<II", header) == (len(payload), 0)


@pytest.mark.parametrize(
    "records",
    [[], [1, "a", b"b", None, True, 1.5, 2j], [(1, "a"), (2, (3, (4,)))], [(), 1]],
    ids=["none", "scalars", "tuples", "mixed"],
)
def test_scalars_and_tuples_of_them_may_be_shared(records):
    assert are_immutable(records)


class Text(str):
    """A string that may carry attributes."""


@pytest.mark.parametrize(
    "records",
    [[1, []], [{}], [{1}], [(1, [2])], [(1, (2, {}))], [bytearray()], [Text("a")], [object()],
     [((((1,),),),)]],
    ids=["list", "dict", "set", "list in a tuple", "deep", "bytearray", "subclass", "object",
         "too deep to look"],
)  # fmt: skip
def test_what_can_be_changed_may_not_be_shared(records):
    assert not are_immutable(records)


@given(st.lists(RECORDS, max_size=20))
def test_nothing_that_contains_a_list_is_called_immutable(records):
    def has_list(value):
        if isinstance(value, tuple):
            return any(map(has_list, value))
        return isinstance(value, list | dict)

    assert not (are_immutable(records) and any(map(has_list, records)))
