import pytest

from pyspark_shell.hadoop import utf8

# Recorded from Java 17.
REPLACEMENTS = {
    b"\xff": 1,
    b"\xc3": 1,
    b"\xe2\x82": 1,
    b"\xf0\x9f\x98": 1,
    b"\xed\xa0\x80": 1,
    b"\xed\xbf\xbf": 1,
    b"\xed\xa0": 1,
    b"\xed": 1,
    b"\xed\xa0\x80\xed\xb0\x80": 2,
    b"\xc0\x80": 2,
    b"\xe0\x80\x80": 3,
    b"\xf0\x80\x80\x80": 4,
    b"\xf4\x90\x80\x80": 4,
    b"\xf8\x88\x80\x80\x80": 5,
    b"\xe2\xff\xff": 3,
    b"\xf1\x80\xff": 2,
}


@pytest.mark.parametrize(("data", "count"), REPLACEMENTS.items())
def test_malformed_bytes_become_as_many_replacements_as_in_java(data, count):
    assert utf8.decode(data) == "\ufffd" * count
    assert utf8.decode(data + b"(\n") == "\ufffd" * count + "(\n"
    assert utf8.clean(data) == b"\xef\xbf\xbd" * count


@pytest.mark.parametrize("text", ["", "ascii", "é \u2028 \U0001f600"])
def test_what_is_well_formed_stays(text):
    assert utf8.decode(text.encode()) == text
    assert utf8.clean(text.encode()) == text.encode()
