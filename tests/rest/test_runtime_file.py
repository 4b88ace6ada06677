"""The runtime file: private, whole at any moment, where Jupyter's are."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from pathlib import Path

import pytest

from pyspark_shell.rest import runtime_file
from pyspark_shell.rest.runtime_file import (
    RuntimeEntry,
    remove_runtime_file,
    runtime_folder,
    socket_path,
    write_runtime_file,
)


@pytest.fixture
def folder(monkeypatch):
    with tempfile.TemporaryDirectory() as short:  # a socket's path has to be
        folder = Path(short) / "runtime"
        monkeypatch.setenv("PYSPARK_SHELL_RUNTIME_DIR", str(folder))
        yield folder


def entry(**values):
    return RuntimeEntry(**{"id": "0badcafe", "application_id": "local-1", "token": "t"} | values)


def test_the_file_holds_what_the_contract_names(folder):
    path = write_runtime_file(entry(name="mine", socket="/s", port=4040, started=5))

    row = json.loads(path.read_text())
    assert set(row) == {
        *("id", "applicationId", "name", "pid", "startTime", "kind", "engine", "master", "socket"),
        *("port", "token", "connectionFile", "started", "processTable", "cwd", "version"),
        "machine",
    }
    assert row["pid"] == os.getpid()
    assert RuntimeEntry.from_json(row) == entry(name="mine", socket="/s", port=4040, started=5)


def test_nobody_else_can_read_it_whatever_the_umask(folder):
    before = os.umask(0)
    try:
        path = write_runtime_file(entry())
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_is_open_to_others_is_closed(folder):
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)

    write_runtime_file(entry())

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_second_write_replaces_the_first_and_leaves_no_other_file(folder):
    write_runtime_file(entry(port=1))
    path = write_runtime_file(entry(port=2))

    assert json.loads(path.read_text())["port"] == 2
    assert os.listdir(folder) == [path.name]


def test_removing_takes_the_socket_too_and_may_be_done_twice(folder):
    write_runtime_file(entry())
    socket_path("0badcafe").touch()

    remove_runtime_file("0badcafe")
    remove_runtime_file("0badcafe")

    assert os.listdir(folder) == []


def test_the_token_does_not_show_in_the_entrys_text():
    assert "secret" not in repr(entry(token="secret"))


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"XDG_DATA_HOME": "/xdg"},
        {"JUPYTER_DATA_DIR": "/data"},
        {"JUPYTER_DATA_DIR": "/data", "JUPYTER_RUNTIME_DIR": "/run/jupyter"},
    ],
)
def test_the_folder_is_in_jupyters_runtime_directory(variables, monkeypatch):
    paths = pytest.importorskip("jupyter_core.paths")
    for name in ("PYSPARK_SHELL_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert str(runtime_folder()) == f"{paths.jupyter_runtime_dir()}/pyspark_shell"


def test_a_path_that_is_too_long_for_a_socket_gives_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PYSPARK_SHELL_RUNTIME_DIR", str(tmp_path / ("x" * 100)))

    assert socket_path("0badcafe") is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"pid": "7"}, "pid must be int"),
        ({"pid": True}, "pid must be int"),
        ({"token": None}, "token must be str"),
        ({"id": "../evil"}, "is no driver id"),
        ({"id": ""}, "is no driver id"),
    ],
)
def test_an_entry_with_a_wrong_value_is_refused(change, problem):
    with pytest.raises(ValueError, match=problem):
        RuntimeEntry.from_json(entry().to_json() | change)


def test_new_ids_are_ids():
    assert runtime_file.is_driver_id(runtime_file.new_driver_id())
