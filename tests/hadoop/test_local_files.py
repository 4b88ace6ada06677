import pytest

from pyspark_shell.common.errors import ChecksumException, InvalidInputException
from pyspark_shell.hadoop.local_files import InputFile, OutputFile


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "part-00000"
    with OutputFile(str(path)) as file:
        for number in range(400):
            file.write(b"%03d," % number)
    return path


def test_checksums_are_those_that_hadoop_writes(tmp_path):
    with OutputFile(str(tmp_path / "part-00000")) as file:
        file.write("None\n\ufffdraw\n".encode())
    OutputFile(str(tmp_path / "_SUCCESS")).close()

    # Bytes that Spark wrote.
    assert (tmp_path / ".part-00000.crc").read_bytes() == b"crc\0\0\0\2\0\xd7\x1aXK"
    assert (tmp_path / "._SUCCESS.crc").read_bytes() == b"crc\0\0\0\2\0"


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1 << 16, (1 << 17) + 5])
def test_file_of_any_size_is_read_back_checked(tmp_path, size):
    content = bytes(index % 251 for index in range(size))
    with OutputFile(str(tmp_path / "f")) as file:
        file.write(content[: size // 3])
        file.write(content[size // 3 :])

    with InputFile(str(tmp_path / "f")) as file:
        assert b"".join(file.blocks()) == content
        assert (tmp_path / ".f.crc").stat().st_size == 8 + 4 * -(-size // 512)


def test_any_range_can_be_read(path):
    content = path.read_bytes()

    with InputFile(str(path)) as file:
        for start, size in [(0, 10), (500, 30), (512, 512), (1590, 100), (1600, 5), (2000, 5)]:
            assert file.read_at(start, size) == content[start : start + size]
        assert b"".join(file.blocks(700, 1300)) == content[700:1300]


def test_changed_byte_is_found_where_it_is_read(path):
    content = bytearray(path.read_bytes())
    content[1100] ^= 4
    path.write_bytes(content)

    with InputFile(str(path)) as file:
        assert file.read_at(0, 1024) == content[:1024]
        with pytest.raises(ChecksumException, match=f"Checksum error: file:{path} at 1024 exp: "):
            file.read_at(1000, 30)


def test_file_longer_than_its_checksums_is_an_error(path):
    with open(path, "ab") as file:
        file.write(b"x" * 1000)

    with InputFile(str(path)) as file, pytest.raises(ChecksumException):
        list(file.blocks())


@pytest.mark.parametrize("header", [b"", b"xxxx\0\0\2\0", b"crc\0\0\0\0\0"])
def test_file_beside_it_that_holds_no_checksums_is_ignored(path, header):
    path.with_name(".part-00000.crc").write_bytes(header)
    path.write_bytes(b"other")

    with InputFile(str(path)) as file:
        assert file.read_at(0, 100) == b"other"


def test_file_that_failed_has_no_checksums(tmp_path):
    with pytest.raises(ZeroDivisionError), OutputFile(str(tmp_path / "f")) as file:
        file.write(bytes(1 // 0))

    assert (tmp_path / "f").exists()
    assert not (tmp_path / ".f.crc").exists()


def test_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(InvalidInputException, match=f"File file:{tmp_path}/gone does not exist"):
        InputFile(str(tmp_path / "gone"))
