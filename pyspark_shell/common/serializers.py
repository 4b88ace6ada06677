"""PySpark's serializers: objects to bytes, and streams of objects to streams of frames.

The engine itself pickles with `common/pickling.py`; these are for users who choose a serializer,
and for reading and writing what PySpark writes. A frame is a length of four bytes, big-endian, and
so many bytes.
"""

from __future__ import annotations

import io
import marshal
import pickle
import struct
import zlib
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice, product
from typing import IO, Any, Final

from pyspark_shell.common import pickling
from pyspark_shell.common.serializer_streams import (
    ReadStream,
    SpecialLengths,
    WriteStream,
    read_int,
    write_with_length,
)

_MAX_FRAME_BYTES: Final = 1 << 31


class Serializer:
    """Writes objects to a stream and reads them back.

    Two serializers are equal if the one can read what the other has written.
    """

    def dump_stream(self, iterator: Iterable[Any], stream: WriteStream) -> None:
        """Write all objects of `iterator`."""
        raise NotImplementedError

    def load_stream(self, stream: ReadStream) -> Iterator[Any]:
        """Read objects until the stream ends."""
        raise NotImplementedError

    def dumps(self, obj: Any) -> Any:
        """Turn one object, or one batch of them, into bytes."""
        raise NotImplementedError

    def _load_stream_without_unbatching(self, stream: ReadStream) -> Iterator[Iterable[Any]]:
        """Read batches as they were written; one that knows no batches gives lists of one."""
        return ([obj] for obj in self.load_stream(stream))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class FramedSerializer(Serializer):
    """Writes each object as one frame."""

    def dump_stream(self, iterator: Iterable[Any], stream: WriteStream) -> None:
        """Write each object as one frame, at once.

        Parameters
        ----------
        iterator
            The objects.
        stream
            A file of bytes, open for writing; it stays open.

        Raises
        ------
        ValueError
            A frame would have 2 GiB or more.

        Examples
        --------
        >>> import io
        >>> file = io.BytesIO()
        >>> NoOpSerializer().dump_stream([b"ab", b"c"], file)
        >>> file.getvalue()
        b'\\x00\\x00\\x00\\x02ab\\x00\\x00\\x00\\x01c'
        """
        for obj in iterator:
            self._write_with_length(obj, stream)

    def load_stream(self, stream: ReadStream) -> Iterator[Any]:
        """Read objects, each when it is asked for, until the stream ends or a length of -1 comes.

        Parameters
        ----------
        stream
            A file of bytes, open for reading; it stays open. Where the bytes of a frame are cut
            off, it is taken to end.

        Examples
        --------
        >>> import io
        >>> file = io.BytesIO(b"\\x00\\x00\\x00\\x02ab\\x00\\x00\\x00\\x01c")
        >>> list(NoOpSerializer().load_stream(file))
        [b'ab', b'c']
        """
        while True:
            try:
                obj = self._read_with_length(stream)
            except EOFError:
                return
            yield obj

    def _write_with_length(self, obj: Any, stream: WriteStream) -> None:
        data = self.dumps(obj)
        if data is None:
            raise ValueError("serialized value should not be None")
        if len(data) >= _MAX_FRAME_BYTES:
            raise ValueError(f"can not serialize object larger than 2G: it has {len(data)} bytes")
        write_with_length(data, stream)

    def _read_with_length(self, stream: ReadStream) -> Any:
        length = read_int(stream)
        if length == SpecialLengths.END_OF_DATA_SECTION:
            raise EOFError
        if length == SpecialLengths.NULL:
            return None
        data = stream.read(length)
        if len(data) < length:
            raise EOFError
        return self.loads(data)

    def loads(self, obj: Any) -> Any:
        """Turn the bytes of one frame back into the object."""
        raise NotImplementedError


class NoOpSerializer(FramedSerializer):
    """For objects that are bytes already."""

    def dumps(self, obj: Any) -> Any:
        return obj

    def loads(self, obj: Any) -> Any:
        return obj


class PickleSerializer(FramedSerializer):
    """Uses the standard pickle: no lambdas, no classes of `__main__`.

    Examples
    --------
    >>> serializer = PickleSerializer()
    >>> serializer.loads(serializer.dumps({"a": [1, 2]}))
    {'a': [1, 2]}
    """

    def dumps(self, obj: Any) -> bytes:
        return pickle.dumps(obj, pickling.PROTOCOL)

    def loads(self, obj: Any, encoding: str = "bytes") -> Any:
        return pickle.loads(obj, encoding=encoding)


class CloudPickleSerializer(FramedSerializer):
    """Pickles nearly everything: functions and classes that cannot be imported go by value.

    Parameters
    ----------
    allowed_names
        Pairs of module and name that a pickle may refer to; None for all.

    Examples
    --------
    >>> serializer = CloudPickleSerializer()
    >>> serializer.loads(serializer.dumps(lambda x: x + 1))(1)
    2
    """

    def __init__(self, allowed_names: Collection[tuple[str, str]] | None = None) -> None:
        self.allowed_names = allowed_names

    def dumps(self, obj: Any) -> bytes:
        """Pickle an object.

        Parameters
        ----------
        obj
            Anything but what belongs to this process, such as locks, sockets and RDDs.

        Raises
        ------
        PicklingError
            It cannot be pickled.

        Examples
        --------
        >>> import pickle
        >>> pickle.loads(CloudPickleSerializer().dumps(lambda x: x + 1))(1)
        2
        """
        return pickling.dumps(obj)

    def loads(self, obj: Any, encoding: str = "bytes") -> Any:
        """Make an object of its pickle.

        Parameters
        ----------
        obj
            The bytes.
        encoding
            Of strings that Python 2 has pickled; `bytes` leaves them bytes.

        Raises
        ------
        UnpicklingError
            It names what `allowed_names` does not have.

        Examples
        --------
        >>> import pickle
        >>> CloudPickleSerializer().loads(pickle.dumps([1, "a"]))
        [1, 'a']
        """
        if self.allowed_names is None:
            return pickle.loads(obj, encoding=encoding)
        return _RestrictedUnpickler(io.BytesIO(obj), self.allowed_names, encoding).load()


CPickleSerializer = CloudPickleSerializer


class _RestrictedUnpickler(pickle.Unpickler):
    def __init__(
        self, file: IO[bytes], allowed_names: Collection[tuple[str, str]], encoding: str
    ) -> None:
        super().__init__(file, encoding=encoding)
        self._allowed_names = allowed_names

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._allowed_names:
            raise pickle.UnpicklingError(f"Unpickling {module}.{name} is not allowed")
        return super().find_class(module, name)


class MarshalSerializer(FramedSerializer):
    """Uses marshal: quick, for numbers, strings and collections of them only.

    Examples
    --------
    >>> MarshalSerializer().loads(MarshalSerializer().dumps((1, "a")))
    (1, 'a')
    """

    def dumps(self, obj: Any) -> bytes:
        """Marshal an object.

        Parameters
        ----------
        obj
            A number, a str, bytes, None, or a tuple, list, set or dict of such.

        Raises
        ------
        ValueError
            It is, or holds, something that marshal does not know.

        Examples
        --------
        >>> MarshalSerializer().dumps(object())
        Traceback (most recent call last):
        ValueError: unmarshallable object
        """
        return marshal.dumps(obj)

    def loads(self, obj: Any) -> Any:
        """Make an object of what `dumps` made of it.

        Parameters
        ----------
        obj
            The bytes, made by the same version of Python.

        Raises
        ------
        EOFError, ValueError, TypeError
            They are something else.

        Examples
        --------
        >>> serializer = MarshalSerializer()
        >>> serializer.loads(serializer.dumps({"a": (1, 2.5)}))
        {'a': (1, 2.5)}
        """
        return marshal.loads(obj)


class AutoSerializer(FramedSerializer):
    """Uses marshal as long as it can, pickle from the first object on that it cannot take."""

    def __init__(self) -> None:
        self._type: bytes | None = None

    def dumps(self, obj: Any) -> bytes:
        if self._type is None:
            try:
                return b"M" + marshal.dumps(obj)
            except ValueError:
                self._type = b"P"
        return b"P" + pickle.dumps(obj, pickling.PROTOCOL)

    def loads(self, obj: Any) -> Any:
        kind, data = bytes(obj[:1]), obj[1:]
        if kind == b"M":
            return marshal.loads(data)
        if kind == b"P":
            return pickle.loads(data)
        raise ValueError(f"invalid serialization type: {kind!r}")


class CompressedSerializer(FramedSerializer):
    """Compresses what another serializer makes."""

    def __init__(self, serializer: FramedSerializer) -> None:
        assert isinstance(serializer, FramedSerializer), "serializer must be a FramedSerializer"
        self.serializer = serializer

    def dumps(self, obj: Any) -> bytes:
        return zlib.compress(self.serializer.dumps(obj), 1)

    def loads(self, obj: Any) -> Any:
        return self.serializer.loads(zlib.decompress(obj))

    def __repr__(self) -> str:
        return f"CompressedSerializer({self.serializer})"


class BatchedSerializer(Serializer):
    """Hands objects on to another serializer as lists of `batchSize`.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> serializer = BatchedSerializer(PickleSerializer(), 2)
    >>> serializer.dump_stream(range(3), file)
    >>> _ = file.seek(0)
    >>> list(serializer._load_stream_without_unbatching(file))
    [[0, 1], [2]]
    """

    UNLIMITED_BATCH_SIZE = -1
    UNKNOWN_BATCH_SIZE = 0

    def __init__(self, serializer: Any, batchSize: int = UNLIMITED_BATCH_SIZE) -> None:
        self.serializer = serializer
        self.batchSize = batchSize

    def _batched(self, iterator: Iterable[Any]) -> Iterator[Any]:
        if self.batchSize == self.UNLIMITED_BATCH_SIZE:
            yield list(iterator)
            return
        remaining = iter(iterator)
        while batch := list(islice(remaining, self.batchSize)):
            yield batch

    def dump_stream(self, iterator: Iterable[Any], stream: WriteStream) -> None:
        self.serializer.dump_stream(self._batched(iterator), stream)

    def load_stream(self, stream: ReadStream) -> Iterator[Any]:
        return chain.from_iterable(self._load_stream_without_unbatching(stream))

    def _load_stream_without_unbatching(self, stream: ReadStream) -> Iterator[Iterable[Any]]:
        batches: Iterator[Iterable[Any]] = self.serializer.load_stream(stream)
        return batches

    def __repr__(self) -> str:
        return f"BatchedSerializer({self.serializer}, {self.batchSize})"


class FlattenedValuesSerializer(BatchedSerializer):
    """Cuts the values of pairs of key and list, so that no record has more than `batchSize`."""

    def __init__(self, serializer: Any, batchSize: int = 10) -> None:
        super().__init__(serializer, batchSize)

    def _batched(self, iterator: Iterable[Any]) -> Iterator[Any]:
        size = self.batchSize
        for key, values in iterator:
            for start in range(0, len(values), size):
                yield key, values[start : start + size]

    def load_stream(self, stream: ReadStream) -> Iterator[Any]:
        pairs: Iterator[Any] = self.serializer.load_stream(stream)
        return pairs

    def __repr__(self) -> str:
        return f"FlattenedValuesSerializer({self.serializer}, {self.batchSize})"


class AutoBatchedSerializer(BatchedSerializer):
    """Finds the size of batches that gives frames of about `bestSize` bytes."""

    def __init__(self, serializer: Any, bestSize: int = 1 << 16) -> None:
        super().__init__(serializer, self.UNKNOWN_BATCH_SIZE)
        self.bestSize = bestSize

    def dump_stream(self, iterator: Iterable[Any], stream: WriteStream) -> None:
        remaining, size = iter(iterator), 1
        while batch := list(islice(remaining, size)):
            data = self.serializer.dumps(batch)
            write_with_length(data, stream)
            if len(data) < self.bestSize:
                size *= 2
            elif len(data) > self.bestSize * 10 and size > 1:
                size //= 2

    def __repr__(self) -> str:
        return f"AutoBatchedSerializer({self.serializer})"


class _TwoSidedDeserializer(Serializer):
    """Reads batches of two RDDs that were written by turns."""

    def __init__(self, key_ser: Serializer, val_ser: Serializer) -> None:
        self.key_ser = key_ser
        self.val_ser = val_ser

    def load_stream(self, stream: ReadStream) -> Iterator[Any]:
        return chain.from_iterable(self._load_stream_without_unbatching(stream))

    def _batches(self, stream: ReadStream) -> Iterator[tuple[Iterable[Any], Iterable[Any]]]:
        keys = self.key_ser._load_stream_without_unbatching(stream)
        values = self.val_ser._load_stream_without_unbatching(stream)
        return zip(keys, values, strict=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.key_ser}, {self.val_ser})"


class CartesianDeserializer(_TwoSidedDeserializer):
    """Reads a cartesian product that was taken batch by batch."""

    def _load_stream_without_unbatching(self, stream: ReadStream) -> Iterator[Iterable[Any]]:
        return (product(keys, values) for keys, values in self._batches(stream))


class PairDeserializer(_TwoSidedDeserializer):
    """Reads a zip that was taken batch by batch."""

    def _load_stream_without_unbatching(self, stream: ReadStream) -> Iterator[Iterable[Any]]:
        for keys, values in self._batches(stream):
            left, right = list(keys), list(values)
            if len(left) != len(right):
                raise ValueError(
                    "Can not deserialize PairRDD with different number of items"
                    f" in batches: ({len(left)}, {len(right)})"
                )
            yield zip(left, right, strict=True)


class UTF8Deserializer(Serializer):
    """Reads frames of UTF-8 text as str, or as the bytes they are."""

    def __init__(self, use_unicode: bool = True) -> None:
        self.use_unicode = use_unicode

    def loads(self, stream: ReadStream) -> str | bytes | None:
        """Read one frame of `stream`."""
        length = read_int(stream)
        if length == SpecialLengths.END_OF_DATA_SECTION:
            raise EOFError
        if length == SpecialLengths.NULL:
            return None
        data = stream.read(length)
        return data.decode("utf-8") if self.use_unicode else data

    def load_stream(self, stream: ReadStream) -> Iterator[str | bytes | None]:
        while True:
            try:
                text = self.loads(stream)
            except (EOFError, struct.error):
                return
            yield text

    def __repr__(self) -> str:
        return f"UTF8Deserializer({self.use_unicode})"
