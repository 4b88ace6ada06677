import gzip
import io

import pytest

from pyspark_shell.hadoop.codecs import codec_of_path
from pyspark_shell.hadoop.text_output import write_lines


def written(records, codec=None):
    sink = io.BytesIO()
    write_lines(records, sink, codec)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("record", "line"),
    [
        ("é", "é\n".encode()),
        (b"raw", b"raw\n"),
        (b"a\xff", b"a\xef\xbf\xbd\n"),
        (bytearray(b"x"), b"bytearray(b'x')\n"),
        (None, b"None\n"),
        ((1, "a"), b"(1, 'a')\n"),
        ("two\nlines", b"two\nlines\n"),
        ("", b"\n"),
    ],
)
def test_record_becomes_a_line(record, line):
    assert written([record]) == line


def test_no_record_is_no_line():
    assert written([]) == b""


@pytest.mark.parametrize("count", [127, 128, 129, 1000])
def test_many_records_become_as_many_lines(count):
    assert written(iter(range(count))) == b"".join(b"%d\n" % number for number in range(count))


def test_lines_go_through_the_codec():
    assert gzip.decompress(written(["a", "b"], codec_of_path("x.gz"))) == b"a\nb\n"


def test_string_that_is_no_text_is_an_error():
    with pytest.raises(UnicodeEncodeError):
        written(["\ud800"])
