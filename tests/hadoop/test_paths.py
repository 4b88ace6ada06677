import pytest

from pyspark_shell.common.errors import (
    IllegalArgumentException,
    InvalidInputException,
    SparkUnsupportedOperationException,
)
from pyspark_shell.hadoop.paths import list_status, local_path


@pytest.fixture
def folder(tmp_path):
    for name in ("a.txt", "b.txt", "c.csv", "_hidden", ".hidden", "sub/d.txt", "sub2/e.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    return tmp_path


def found(folder, pattern):
    prefix = f"{folder}/"
    return [file.path.removeprefix(prefix) for file in list_status(f"{folder}/{pattern}")]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a.txt", ["a.txt"]),
        ("*.txt", ["a.txt", "b.txt"]),
        ("?.c*", ["c.csv"]),
        ("[ab].txt", ["a.txt", "b.txt"]),
        ("[!a].txt", ["b.txt"]),
        ("[^a].txt", ["b.txt"]),
        ("{a,c}.*", ["a.txt", "c.csv"]),
        ("{a.txt,sub/d*}", ["a.txt", "sub/d.txt"]),
        ("{a.txt,sub/nothing}", ["a.txt"]),
        ("\\a.txt", ["a.txt"]),
        ("sub*/*", ["sub/d.txt", "sub2/e.txt"]),
        ("sub*", ["sub/d.txt", "sub2/e.txt"]),
        ("/sub/.//../a.txt/", ["a.txt"]),
    ],
)
def test_pattern_stands_for_the_files_it_matches(folder, pattern, names):
    assert found(folder, pattern) == names


def test_directory_stands_for_its_visible_entries(folder):
    entries = list_status(str(folder))

    assert {entry.path.rpartition("/")[2] for entry in entries if not entry.is_directory} == {
        "a.txt",
        "b.txt",
        "c.csv",
    }
    assert {entry.path for entry in entries if entry.is_directory} == {
        f"{folder}/sub",
        f"{folder}/sub2",
    }


def test_comma_separates_paths_but_not_inside_of_braces(folder):
    files = list_status(f"{folder}/{{a,b}}.txt,file:{folder}/c.csv,{folder}/a.txt")

    assert [file.path for file in files] == [
        f"{folder}/{name}" for name in ("a.txt", "b.txt", "c.csv", "a.txt")
    ]


def test_everything_missing_is_named_at_once(folder):
    with pytest.raises(InvalidInputException) as caught:
        list_status(f"{folder}/a.txt,/nope/x,/nope/*,{folder}/_hidden")

    assert str(caught.value).splitlines() == [
        "Input path does not exist: file:/nope/x",
        "Input Pattern file:/nope/* matches 0 files",
        f"Input path does not exist: file:{folder}/_hidden",
    ]


def test_link_to_nowhere_is_left_out(folder):
    (folder / "sub" / "gone").symlink_to(folder / "nothing")

    assert found(folder, "sub") == ["sub/d.txt"]


@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("/a", "/a"),
        ("//a//b/", "/a/b"),
        ("file:/a", "/a"),
        ("file:///a", "/a"),
        ("file:////a", "/a"),
        ("FILE:/a", "/a"),
        ("/a:b", "/a:b"),
        ("/with space%20", "/with space%20"),
    ],
)
def test_uri_and_path_name_the_same_file(path, local):
    assert local_path(path) == local


def test_relative_path_begins_at_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert local_path("./a/../b") == f"{tmp_path}/b"


@pytest.mark.parametrize("path", ["hdfs://host/x", "s3a://bucket/key", "foo:/x"])
def test_other_file_systems_are_sent_to_the_other_engine(path):
    with pytest.raises(SparkUnsupportedOperationException, match="--engine apache"):
        local_path(path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "Can not create a Path from an empty string"),
        ("a:b", "Relative path in absolute URI: a:b"),
        ("file://host/x", "Wrong FS: file://host/x, expected: file:///"),
    ],
)
def test_path_that_is_none_is_refused(path, message):
    with pytest.raises(IllegalArgumentException, match=message):
        local_path(path)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("/x/[", "Unclosed character class at pos 1: `\\[`"),
        ("/x/{a", "Unclosed group at pos 2: `{a`"),
        ("/x\\", "An escaped character does not present"),
    ],
)
def test_pattern_that_is_none_is_refused(pattern, message):
    with pytest.raises(IllegalArgumentException, match=message):
        list_status(pattern)
