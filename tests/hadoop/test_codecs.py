import gzip
import pickle
import struct

import cramjam
import pytest

from pyspark_shell.common.errors import IllegalArgumentException, PySparkImportError, SparkException
from pyspark_shell.hadoop.codecs import codec_of_class, codec_of_path

PACKAGE = "org.apache.hadoop.io.compress."
SUFFIXES = {
    "GzipCodec": ".gz",
    "BZip2Codec": ".bz2",
    "DefaultCodec": ".deflate",
    "DeflateCodec": ".deflate",
    "SnappyCodec": ".snappy",
    "Lz4Codec": ".lz4",
    "ZStandardCodec": ".zst",
}
CONTENTS = [b"", b"a", b"line of text\n" * 100_000, bytes(range(256)) * 3000]


def compressed(codec, content, chunk_bytes=100_001):
    compressor = codec.new_compressor()
    chunks = [content[at : at + chunk_bytes] for at in range(0, len(content), chunk_bytes)]
    return b"".join([*map(compressor.compress, chunks), compressor.flush()])


@pytest.mark.parametrize("name", SUFFIXES)
@pytest.mark.parametrize("content", CONTENTS, ids=len)
def test_what_is_compressed_comes_back(name, content):
    codec = pickle.loads(pickle.dumps(codec_of_class(PACKAGE + name)))

    data = compressed(codec, content)

    in_pieces = [data[at : at + 1000] for at in range(0, len(data), 1000)]
    assert b"".join(codec.decompress(in_pieces, "f")) == content
    assert b"".join(codec.decompress([], "f")) == b""


@pytest.mark.parametrize(("name", "suffix"), SUFFIXES.items())
def test_suffix_and_class_name_belong_together(name, suffix):
    assert codec_of_class(PACKAGE + name).suffix == suffix
    assert codec_of_path(f"/x/part-00000{suffix.upper()}").suffix == suffix


@pytest.mark.parametrize("path", ["/x", "/x.gzip", "/x.bz", "/x.zip", "/gz", "/x.gz/part"])
def test_other_suffixes_are_plain_files(path):
    assert codec_of_path(path) is None


@pytest.mark.parametrize("name", ["gzip", "GzipCodec", "x.Nope", PACKAGE + "LzoCodec"])
def test_unknown_class_is_refused_with_the_known_ones(name):
    with pytest.raises(
        IllegalArgumentException, match=f"java.lang.ClassNotFoundException: {name}.*BZip2Codec"
    ):
        codec_of_class(name)


def test_snappy_and_lz4_are_framed_as_hadoop_does():
    content = b"None\n\xef\xbf\xbdraw\n"

    snappy = compressed(codec_of_class(PACKAGE + "SnappyCodec"), content)
    lz4 = compressed(codec_of_class(PACKAGE + "Lz4Codec"), content)

    # Bytes that Spark wrote.
    assert snappy == b"\0\0\0\x0c\0\0\0\x0e\x0c,None\n\xef\xbf\xbdraw\n"
    assert lz4 == b"\0\0\0\x0c\0\0\0\r\xc0None\n\xef\xbf\xbdraw\n"
    assert compressed(codec_of_class(PACKAGE + "Lz4Codec"), b"") == b"\0\0\0\0"


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        (".snappy", cramjam.snappy.compress_raw),
        (".lz4", lambda data: cramjam.lz4.compress_block(data, store_size=False)),
    ],
)
@pytest.mark.parametrize("size", [10, 200_000, 1_000_000])
def test_block_may_come_in_several_chunks(suffix, compress, size):
    first, second = bytes(size), b"x" * size
    chunks = [bytes(compress(data)) for data in (first, second)]
    framed = b"".join(struct.pack(">I", len(chunk)) + chunk for chunk in chunks)
    data = struct.pack(">I", 2 * size) + framed

    found = b"".join(codec_of_path(f"x{suffix}").decompress([data], "f"))

    assert found == first + second


@pytest.mark.parametrize("name", SUFFIXES)
def test_stream_that_is_cut_off_is_an_error(name):
    codec = codec_of_class(PACKAGE + name)
    data = compressed(codec, CONTENTS[3])

    with pytest.raises(SparkException, match=r"f cannot be decompressed with "):
        list(codec.decompress([data[:-7]], "f"))


def test_members_of_gzip_are_read_one_after_another():
    data = gzip.compress(b"a") + gzip.compress(b"") + gzip.compress(b"b")

    assert b"".join(codec_of_path("x.gz").decompress([data], "f")) == b"ab"


def test_missing_library_is_named(monkeypatch):
    def refuse(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("pyspark_shell.hadoop.block_codecs.import_module", refuse)

    with pytest.raises(PySparkImportError, match="pip install cramjam"):
        codec_of_class(PACKAGE + "SnappyCodec").new_compressor()
    with pytest.raises(PySparkImportError, match="pip install cramjam"):
        list(codec_of_path("x.lz4").decompress([b"\0\0\0\1\0\0\0\1"], "f"))
