import os
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from pyspark_shell.api.context_files import ContextFiles
from pyspark_shell.api.spark_files import SparkFiles
from pyspark_shell.common.errors import (
    IllegalArgumentException,
    InvalidInputException,
    PySparkRuntimeError,
    SparkException,
)
from pyspark_shell.common.spark_conf import SparkConf


def text_of(path):
    return Path(path).read_text()


@pytest.fixture
def added():
    return []


@pytest.fixture
def sc(tmp_path, added):
    root = tmp_path / "app"
    root.mkdir()
    context = ContextFiles()
    context._conf = SparkConf(loadDefaults=False)
    context._driver = SimpleNamespace(
        is_stopped=False,
        local_dirs=SimpleNamespace(path=lambda room: str(root)),
        add_python_path=added.append,
    )
    before = list(sys.path)
    context._start_files()
    yield context
    context._stop_files()
    assert sys.path == before


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("hello")
    return path


@pytest.fixture
def package(tmp_path):
    path = tmp_path / "package.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("shipped_module.py", "answer = 42")
    return path


def test_a_file_is_found_by_its_name(sc, file):
    sc.addFile(str(file))

    assert text_of(SparkFiles.get("data.txt")) == "hello"
    assert sc.listFiles == [f"file:{file}"]


def test_a_uri_is_as_good_as_a_path(sc, file):
    sc.addFile(file.as_uri())

    assert sc.listFiles == [f"file:{file}"]


def test_later_changes_to_the_file_do_nothing(sc, file):
    sc.addFile(str(file))
    file.write_text("changed")
    sc.addFile(str(file))

    assert text_of(SparkFiles.get("data.txt")) == "hello"
    assert len(sc.listFiles) == 1


def test_another_file_of_the_same_name_is_refused(sc, file, tmp_path):
    sc.addFile(str(file))
    other = tmp_path / "other" / "data.txt"
    other.parent.mkdir()
    other.write_text("different")

    with pytest.raises(SparkException, match=r"exists and does not match contents of file:"):
        sc.addFile(str(other))
    sc._conf.set("spark.files.overwrite", "true")
    sc.addFile(str(other))
    assert text_of(SparkFiles.get("data.txt")) == "different"


def test_a_directory_is_shipped_only_if_asked_for(sc, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "inside").write_text("x")

    with pytest.raises(SparkException, match=r"UNSUPPORTED_ADD_FILE\.DIRECTORY"):
        sc.addFile(str(folder))
    sc.addFile(str(folder), recursive=True)

    assert text_of(os.path.join(SparkFiles.get("folder"), "inside")) == "x"
    assert sc.listFiles == [f"file:{folder}/"]


def test_what_is_not_there_is_an_error(sc, tmp_path):
    with pytest.raises(FileNotFoundError, match=f"File file:{tmp_path}/no does not exist"):
        sc.addFile(str(tmp_path / "no"))
    with pytest.raises(InvalidInputException):
        sc.addArchive(str(tmp_path / "no.zip"))


@pytest.mark.parametrize("uri", ["hdfs://host/file", "http://host/file"])
def test_other_file_systems_are_refused(sc, uri):
    with pytest.raises(IllegalArgumentException, match="local file system only"):
        sc.addFile(uri)


def test_packages_can_be_imported(sc, package, added, monkeypatch):
    sc.addPyFile(str(package))

    import shipped_module

    monkeypatch.delitem(sys.modules, "shipped_module")
    assert shipped_module.answer == 42
    assert sc._python_includes == ["package.zip"]
    assert added == [SparkFiles.getRootDirectory(), SparkFiles.get("package.zip")]


def test_modules_can_be_imported(sc, tmp_path, monkeypatch):
    (tmp_path / "shipped_file.py").write_text("answer = 43")
    sc.addPyFile(str(tmp_path / "shipped_file.py"))

    import shipped_file

    monkeypatch.delitem(sys.modules, "shipped_file")
    assert shipped_file.answer == 43
    assert sc._python_includes == []


def test_archives_are_unpacked_under_their_name_or_alias(sc, package):
    sc.addArchive(f"{package}#modules")
    sc.addArchive(str(package))
    sc.addArchive(str(package))

    assert os.listdir(SparkFiles.get("modules")) == ["shipped_module.py"]
    assert os.listdir(SparkFiles.get("package.zip")) == ["shipped_module.py"]
    assert sc.listArchives == [f"file:{package}#modules", f"file:{package}"]


def test_tar_archives_too(sc, file, tmp_path):
    import tarfile

    path = tmp_path / "data.tar.gz"
    with tarfile.open(path, "w:gz") as tarred:
        tarred.add(file, "data.txt")
    sc.addArchive(str(path))

    assert text_of(os.path.join(SparkFiles.get("data.tar.gz"), "data.txt")) == "hello"


def test_without_an_application_nothing_is_shipped():
    with pytest.raises(PySparkRuntimeError, match="active SparkContext"):
        SparkFiles.getRootDirectory()
