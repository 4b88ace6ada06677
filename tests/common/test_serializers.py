"""Serializers write what PySpark's read, and read what they write."""

from __future__ import annotations

import collections
import io
import pickle
import struct

import pyspark.serializers as theirs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pyspark_shell.serializers as ours

RECORDS = [1, "abc", None, (1, 2.5), [b"x"], {"a": 1}]


def dumped(serializer, records) -> io.BytesIO:
    file = io.BytesIO()
    serializer.dump_stream(records, file)
    file.seek(0)
    return file


def make(module, name):
    pickling = module.CPickleSerializer()
    return {
        "pickle": lambda: module.PickleSerializer(),
        "cloudpickle": lambda: module.CloudPickleSerializer(),
        "marshal": lambda: module.MarshalSerializer(),
        "compressed": lambda: module.CompressedSerializer(pickling),
        "batched": lambda: module.BatchedSerializer(pickling, 4),
        "unlimited": lambda: module.BatchedSerializer(pickling),
        "auto batched": lambda: module.AutoBatchedSerializer(pickling, 100),
    }[name]()


NAMES = ["pickle", "cloudpickle", "marshal", "compressed", "batched", "unlimited", "auto batched"]


@pytest.mark.parametrize("name", NAMES)
def test_streams_are_read_by_pyspark_and_the_reverse(name):
    mine, spark = make(ours, name), make(theirs, name)

    assert list(spark.load_stream(dumped(mine, RECORDS))) == RECORDS
    assert list(mine.load_stream(dumped(spark, RECORDS))) == RECORDS


@pytest.mark.parametrize("name", NAMES)
def test_representation_equality_and_hash_follow_the_content(name):
    assert repr(make(ours, name)) == repr(make(theirs, name))
    assert make(ours, name) == make(ours, name)
    assert hash(make(ours, name)) == hash(make(ours, name))
    assert make(ours, name) != ours.NoOpSerializer()


def test_batches_of_another_size_are_another_serializer():
    pickling = ours.CPickleSerializer()

    assert ours.BatchedSerializer(pickling, 2) != ours.BatchedSerializer(pickling, 3)


@settings(deadline=None)
@given(st.lists(st.integers()), st.integers(1, 5))
def test_batches_have_the_wanted_size(records, size):
    serializer = ours.BatchedSerializer(ours.PickleSerializer(), size)

    batches = list(serializer._load_stream_without_unbatching(dumped(serializer, records)))

    assert [record for batch in batches for record in batch] == records
    assert all(len(batch) == size for batch in batches[:-1])


def test_automatic_batches_grow_to_their_size():
    serializer = ours.AutoBatchedSerializer(ours.PickleSerializer(), 1000)

    batches = list(serializer._load_stream_without_unbatching(dumped(serializer, range(5000))))

    assert [len(batch) for batch in batches[:4]] == [1, 2, 4, 8]
    assert max(map(len, batches)) <= 1024


def test_long_values_are_cut():
    serializer = ours.FlattenedValuesSerializer(ours.PickleSerializer(), 2)

    pairs = list(serializer.load_stream(dumped(serializer, [("a", [1, 2, 3]), ("b", [])])))

    assert pairs == [("a", [1, 2]), ("a", [3])]


def test_pairs_and_products_are_made_batch_by_batch():
    batched = ours.BatchedSerializer(ours.PickleSerializer(), 2)
    file = io.BytesIO()
    for records in ([1, 2], [3, 4], [5, 6], [7, 8]):
        batched.dump_stream(records, file)

    file.seek(0)
    assert list(ours.PairDeserializer(batched, batched).load_stream(file)) == [
        (1, 3), (2, 4), (5, 7), (6, 8),
    ]  # fmt: skip
    file.seek(0)
    assert list(ours.CartesianDeserializer(batched, batched).load_stream(file)) == [
        (1, 3), (1, 4), (2, 3), (2, 4), (5, 7), (5, 8), (6, 7), (6, 8),
    ]  # fmt: skip


def test_pairs_of_unequal_batches_are_an_error():
    batched = ours.BatchedSerializer(ours.PickleSerializer(), 2)
    file = io.BytesIO()
    batched.dump_stream([1, 2], file)
    batched.dump_stream([3], file)
    file.seek(0)

    with pytest.raises(ValueError, match=r"different number of items in batches: \(2, 1\)"):
        list(ours.PairDeserializer(batched, batched).load_stream(file))


def test_functions_travel_by_value():
    serializer = ours.CloudPickleSerializer()

    assert serializer.loads(serializer.dumps(lambda n: n + 1))(1) == 2


def test_error_of_pickling_names_the_type():
    class Stubborn:
        def __reduce__(self):
            raise RuntimeError("will not travel")

    with pytest.raises(
        pickle.PicklingError, match="Could not serialize object: RuntimeError: will not travel"
    ):
        ours.CPickleSerializer().dumps([Stubborn()])


def test_restricted_serializer_loads_only_what_is_named():
    serializer = ours.CPickleSerializer(allowed_names=[("collections", "deque")])

    assert serializer.loads(serializer.dumps(collections.deque([1]))) == collections.deque([1])
    with pytest.raises(pickle.UnpicklingError, match=r"builtins\.\w+ is not allowed|defaultdict"):
        serializer.loads(serializer.dumps(collections.defaultdict(int)))


def test_automatic_serializer_falls_back_to_pickle():
    serializer = ours.AutoSerializer()

    plain, special = serializer.dumps([1]), serializer.dumps(collections.deque([2]))

    assert (plain[:1], special[:1]) == (b"M", b"P")
    assert serializer.loads(plain) == [1]
    assert serializer.loads(special) == collections.deque([2])
    with pytest.raises(ValueError, match="invalid serialization type: b'X'"):
        serializer.loads(b"X")


def test_special_lengths_end_a_stream_or_stand_for_none():
    file = io.BytesIO(
        struct.pack("!i", -5) + struct.pack("!i", 1) + b"x" + struct.pack("!i", -1) + b"?"
    )

    assert list(ours.NoOpSerializer().load_stream(file)) == [None, b"x"]


def test_frame_that_was_cut_ends_the_stream():
    file = io.BytesIO(struct.pack("!i", 5) + b"abc")

    assert list(ours.NoOpSerializer().load_stream(file)) == []


def test_none_instead_of_bytes_is_refused():
    with pytest.raises(ValueError, match="should not be None"):
        dumped(ours.NoOpSerializer(), [None])


def test_text_is_read_as_str_or_bytes():
    file = io.BytesIO()
    for text in ("a", "é"):
        ours.write_with_length(text.encode(), file)
    ours.write_int(ours.SpecialLengths.NULL, file)

    file.seek(0)
    assert list(ours.UTF8Deserializer().load_stream(file)) == ["a", "é", None]
    file.seek(0)
    assert list(ours.UTF8Deserializer(False).load_stream(file)) == [b"a", "é".encode(), None]


def test_numbers_are_big_endian():
    file = io.BytesIO()
    ours.write_int(-2, file)
    ours.write_long(2**40, file)
    file.write(b"\x01")

    file.seek(0)
    assert (ours.read_int(file), ours.read_long(file), ours.read_bool(file)) == (-2, 2**40, True)
    assert ours.pack_long(1) == b"\0" * 7 + b"\1"
    for read in (ours.read_int, ours.read_long, ours.read_bool):
        with pytest.raises(EOFError):
            read(file)


class Sink(io.BytesIO):
    """A file whose content can still be seen after its end."""

    def close(self) -> None:
        self.content = self.getvalue()
        super().close()


@settings(deadline=None)
@given(st.lists(st.binary(max_size=30), max_size=5), st.integers(1, 20))
def test_chunks_are_those_of_pyspark(pieces, size):
    contents = []
    for module in (ours, theirs):
        sink = Sink()
        stream = module.ChunkedStream(sink, size)
        for piece in pieces:
            stream.write(piece)
        assert not stream.closed
        stream.close()
        assert stream.closed
        contents.append(sink.content)

    assert contents[0] == contents[1]
