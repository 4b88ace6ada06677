"""Which compression a file has: by its suffix when read, by Hadoop's class name when written."""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, Protocol, TypeVar

from pyspark_shell.common.errors import IllegalArgumentException, PySparkException, SparkException
from pyspark_shell.common.record import record
from pyspark_shell.hadoop import block_codecs
from pyspark_shell.hadoop.local_files import BLOCK_BYTES

T = TypeVar("T")

_PACKAGE: Final = "org.apache.hadoop.io.compress."
_GZIP_WBITS: Final = 31
_ZLIB_WBITS: Final = 15


class Compressor(Protocol):
    """A compression in progress, as `zlib.compressobj` and `bz2.BZ2Compressor` are one."""

    def compress(self, data: bytes, /) -> bytes:
        """Take `data` in; return what is ready."""
        ...

    def flush(self) -> bytes:
        """Return the rest; nothing may be added afterwards."""
        ...


@record
class CompressionCodec:
    """A compression format.

    Attributes
    ----------
    class_name
        Full name of Hadoop's class.
    suffix
        What files of the format end with, and the output files get.
    splittable
        Whether a split may begin in the middle of a file.
    """

    class_name: str
    suffix: str
    splittable: bool
    new_compressor: Callable[[], Compressor]
    _decompress: Callable[[Iterable[bytes]], Iterator[bytes]]

    def decompress(self, chunks: Iterable[bytes], source: str) -> Iterator[bytes]:
        """Decompress a whole stream, which may be several ones after another.

        Raises
        ------
        SparkException
            The stream is damaged; names `source`.
        """
        return self.checked(self._decompress(chunks), source)

    def checked(self, blocks: Iterable[T], source: str) -> Iterator[T]:
        """Pass on what a decompression yields; what it raises becomes a SparkException."""
        try:
            yield from blocks
        except PySparkException:
            raise
        except Exception as error:  # each library has its own
            raise SparkException(
                f"{source} cannot be decompressed with {self.class_name.removeprefix(_PACKAGE)}: "
                f"{error}. The file is damaged or has the wrong suffix."
            ) from error


def codec_of_path(path: str) -> CompressionCodec | None:
    """Choose the codec for reading `path`; None for files that are not compressed.

    >>> codec_of_path("/in/log.GZ").suffix
    '.gz'
    """
    name = path.lower()
    return next((codec for codec in _CODECS if name.endswith(codec.suffix)), None)


def codec_of_class(class_name: str) -> CompressionCodec:
    """Find the codec by the full name of Hadoop's class; short names are not accepted, as in Spark.

    Raises
    ------
    IllegalArgumentException
        There is no such codec.
    """
    for codec in (*_CODECS, _DEFLATE):
        if codec.class_name == class_name:
            return codec
    known = ", ".join(codec.class_name.removeprefix(_PACKAGE) for codec in _CODECS)
    raise IllegalArgumentException(
        f"java.lang.ClassNotFoundException: {class_name}. A compression codec is named by its "
        f"full class, e.g. {_PACKAGE}GzipCodec; there are {known}."
    )


def _inflate(chunks: Iterable[bytes], wbits: int) -> Iterator[bytes]:
    inflater = None
    for chunk in chunks:
        while chunk:
            inflater = inflater or zlib.decompressobj(wbits)
            yield inflater.decompress(chunk, BLOCK_BYTES)
            if inflater.eof:
                chunk, inflater = inflater.unused_data, None
            else:
                chunk = inflater.unconsumed_tail
    if inflater is not None:
        yield inflater.flush()
        if not inflater.eof:
            raise EOFError("Unexpected end of input stream")


def _bunzip2(chunks: Iterable[bytes]) -> Iterator[bytes]:
    decompressor = None
    for chunk in chunks:
        while chunk:
            decompressor = decompressor or bz2.BZ2Decompressor()
            yield decompressor.decompress(chunk, BLOCK_BYTES)
            while not decompressor.eof and not decompressor.needs_input:
                yield decompressor.decompress(b"", BLOCK_BYTES)
            chunk = decompressor.unused_data
            if decompressor.eof:
                decompressor = None
    if decompressor is not None:
        raise EOFError("Unexpected end of input stream")


_DEFAULT: Final = CompressionCodec(
    class_name=_PACKAGE + "DefaultCodec",
    suffix=".deflate",
    splittable=False,
    new_compressor=zlib.compressobj,
    _decompress=partial(_inflate, wbits=_ZLIB_WBITS),
)
_DEFLATE: Final = CompressionCodec(
    class_name=_PACKAGE + "DeflateCodec",
    suffix=".deflate",
    splittable=False,
    new_compressor=zlib.compressobj,
    _decompress=partial(_inflate, wbits=_ZLIB_WBITS),
)
_CODECS: Final = (
    CompressionCodec(
        class_name=_PACKAGE + "GzipCodec",
        suffix=".gz",
        splittable=False,
        new_compressor=partial(zlib.compressobj, wbits=_GZIP_WBITS),
        _decompress=partial(_inflate, wbits=_GZIP_WBITS),
    ),
    CompressionCodec(
        class_name=_PACKAGE + "BZip2Codec",
        suffix=".bz2",
        splittable=True,
        new_compressor=bz2.BZ2Compressor,
        _decompress=_bunzip2,
    ),
    _DEFAULT,
    CompressionCodec(
        class_name=_PACKAGE + "SnappyCodec",
        suffix=".snappy",
        splittable=False,
        new_compressor=block_codecs.snappy_compressor,
        _decompress=block_codecs.snappy_decompress,
    ),
    CompressionCodec(
        class_name=_PACKAGE + "Lz4Codec",
        suffix=".lz4",
        splittable=False,
        new_compressor=block_codecs.lz4_compressor,
        _decompress=block_codecs.lz4_decompress,
    ),
    CompressionCodec(
        class_name=_PACKAGE + "ZStandardCodec",
        suffix=".zst",
        splittable=False,
        new_compressor=block_codecs.zstd_compressor,
        _decompress=block_codecs.zstd_decompress,
    ),
)
