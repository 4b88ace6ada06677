"""Java's serialization of arrays of byte arrays, the one thing that PySpark stores in this format.

Source  the Java Object Serialization Specification, version 5 of the stream protocol.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from pyspark_shell.common.errors import SparkException

_STREAM_HEADER: Final = b"\xac\xed\x00\x05"
_NULL: Final = 0x70
_REFERENCE: Final = 0x71
_CLASS_DESCRIPTION: Final = 0x72
_ARRAY: Final = 0x75
_END_BLOCK_DATA: Final = 0x78
_FIRST_HANDLE: Final = 0x7E0000

_BYTES: Final = "[B"
_SERIALIZABLE: Final = b"\x02"
_NO_FIELDS_NO_PARENT: Final = b"\x00\x00" + bytes([_END_BLOCK_DATA, _NULL])


def _array_of(class_name: str, version_uid: bytes) -> bytes:
    name = class_name.encode()
    return (
        struct.pack(">BBH", _ARRAY, _CLASS_DESCRIPTION, len(name))
        + name
        + version_uid
        + _SERIALIZABLE
        + _NO_FIELDS_NO_PARENT
    )


_OUTER: Final = _array_of("[[B", bytes.fromhex("4bfd19156767db37"))
_FIRST_INNER: Final = _array_of(_BYTES, bytes.fromhex("acf317f8060854e0"))
# Handles count up: the class [[B, the outer array, then the class [B.
_LATER_INNER: Final = struct.pack(">BBI", _ARRAY, _REFERENCE, _FIRST_HANDLE + 2)


def dump_byte_arrays(arrays: Sequence[bytes]) -> bytes:
    """Serialize as Java does with a `byte[][]`.

    >>> load_byte_arrays(dump_byte_arrays([b"ab", b""]))
    [b'ab', b'']
    """
    parts = [_STREAM_HEADER, _OUTER, struct.pack(">I", len(arrays))]
    head = _FIRST_INNER
    for array in arrays:
        parts += head, struct.pack(">I", len(array)), array
        head = _LATER_INNER
    return b"".join(parts)


def load_byte_arrays(data: bytes) -> list[bytes]:
    """Read back a `byte[][]` or an `Object[]` of byte arrays.

    Raises
    ------
    SparkException
        It is something else.
    """
    try:
        return _Reader(data).read()
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise _not_supported("its end is missing") from error


def _not_supported(what: str) -> SparkException:
    return SparkException(
        f"The file does not hold batches of pickled objects: {what}. "
        "pickleFile reads what saveAsPickleFile wrote."
    )


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = len(_STREAM_HEADER)
        # What a later reference may name: class names, byte arrays, and None for the outer array.
        self._handles: list[str | bytes | None] = []

    def read(self) -> list[bytes]:
        if not self._data.startswith(_STREAM_HEADER):
            raise _not_supported("it is not serialized by Java")
        if self._unsigned(1) != _ARRAY:
            raise _not_supported("a value is not an array")
        name = self._class_description()
        if name == _BYTES or not name.startswith(("[[B", "[L")):
            raise _not_supported(f"a value is of the Java class {name}")
        self._handles.append(None)
        return [self._element() for _ in range(self._unsigned(4))]

    def _element(self) -> bytes:
        tag = self._unsigned(1)
        if tag == _REFERENCE:
            target = self._handle()
            if isinstance(target, bytes):
                return target
        elif tag == _ARRAY:
            name = self._class_description()
            if name == _BYTES:
                array = self._take(self._unsigned(4))
                self._handles.append(array)
                return array
        raise _not_supported("an element is not a byte array")

    def _class_description(self) -> str:
        tag = self._unsigned(1)
        if tag == _REFERENCE:
            name = self._handle()
            if isinstance(name, str):
                return name
        if tag != _CLASS_DESCRIPTION:
            raise _not_supported("a class is not described")
        name = self._take(self._unsigned(2)).decode()
        self._handles.append(name)
        self._take(8 + len(_SERIALIZABLE))
        if self._take(len(_NO_FIELDS_NO_PARENT)) != _NO_FIELDS_NO_PARENT:
            raise _not_supported(f"a value is of the Java class {name}")
        return name

    def _handle(self) -> str | bytes | None:
        return self._handles[self._unsigned(4) - _FIRST_HANDLE]

    def _unsigned(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _take(self, size: int) -> bytes:
        data = self._data[self._position : self._position + size]
        if len(data) < size:
            raise IndexError(size)
        self._position += size
        return data
