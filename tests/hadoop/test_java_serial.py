import pytest

from pyspark_shell.common.errors import SparkException
from pyspark_shell.hadoop.java_serial import dump_byte_arrays, load_byte_arrays

# Bytes that Spark wrote for two batches.
TWO_BATCHES = bytes.fromhex(
    "aced0005 75 72 0003 5b5b42 4bfd19156767db37 02 0000 78 70 00000002"
    "75 72 0002 5b42 acf317f8060854e0 02 0000 78 70 00000003 616263"
    "75 71 007e0002 00000001 64"
)
# new Object[] {a, a} with byte[] a, as the specification has it.
OBJECTS = bytes.fromhex(
    "aced0005 75 72 0013 5b4c6a6176612e6c616e672e4f626a6563743b 90ce589f1073296c 02 0000 78 70"
    "00000002 75 72 0002 5b42 acf317f8060854e0 02 0000 78 70 00000001 61 71 007e0003"
)


def test_bytes_are_those_that_java_writes():
    assert dump_byte_arrays([b"abc", b"d"]) == TWO_BATCHES


@pytest.mark.parametrize(
    ("data", "arrays"), [(TWO_BATCHES, [b"abc", b"d"]), (OBJECTS, [b"a", b"a"])]
)
def test_arrays_are_read(data, arrays):
    assert load_byte_arrays(data) == arrays


@pytest.mark.parametrize("arrays", [[], [b""], [b"x" * 1000] * 10])
def test_arrays_come_back(arrays):
    assert load_byte_arrays(dump_byte_arrays(arrays)) == arrays


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x05]\x94.",
        b"\xac\xed\x00\x05t\x00\x01a",
        TWO_BATCHES[:-1],
        TWO_BATCHES.replace(b"[[B", b"[[I"),
        TWO_BATCHES.replace(b"\x02[B", b"\x02[I"),
        TWO_BATCHES.replace(b"\x7e\x00\x02", b"\x7e\x00\x09"),
    ],
)
def test_anything_else_is_an_error(data):
    with pytest.raises(SparkException, match="pickleFile reads what saveAsPickleFile wrote"):
        load_byte_arrays(data)
