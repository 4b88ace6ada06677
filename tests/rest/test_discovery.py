"""Finding drivers: only those that live, only files that are ours alone."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading

import pytest

from pyspark_shell.common.process_identity import start_time, this_machine
from pyspark_shell.rest import discovery
from pyspark_shell.rest.discovery import NoSuchDriver, drivers, find, survey
from pyspark_shell.rest.runtime_file import RuntimeEntry, socket_path, write_runtime_file


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "runtime"
    monkeypatch.setenv("PYSPARK_SHELL_RUNTIME_DIR", str(folder))
    return folder


def write(driver_id, **values):
    entry = RuntimeEntry(id=driver_id, application_id=f"local-{driver_id}", token="t", **values)
    write_runtime_file(entry)
    return entry


@pytest.fixture
def ended():
    """Yield a pid, and a start time, of a process that has ended and is reaped."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = start_time(process.pid)
    process.communicate()
    return {"pid": process.pid, "start_time": started}


def test_living_drivers_are_listed_oldest_first():
    second = write("b", started=2)
    first = write("a", started=2)
    oldest = write("c", started=1)

    assert drivers() == [oldest, first, second]


def test_no_folder_is_no_driver():
    assert drivers() == []


def test_a_dead_driver_is_pruned_with_its_socket_and_its_process_table(folder, ended, tmp_path):
    table = tmp_path / "table"
    table.touch()
    entry = write("dead", process_table=str(table), **ended)
    socket_path("dead").touch()

    assert survey().pruned == (entry,)

    assert os.listdir(folder) == []
    assert not table.exists()


def test_a_pid_that_another_process_has_now_is_a_dead_driver(folder):
    write("reused", start_time=start_time(os.getpid()) - 1)

    assert drivers() == []
    assert os.listdir(folder) == []


def test_a_zombie_is_a_dead_driver(folder):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    write("zombie", pid=process.pid, start_time=start_time(process.pid))
    assert [driver.id for driver in drivers()] == ["zombie"]

    process.stdin.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert drivers() == []
    process.wait()


def test_a_driver_of_another_machine_is_neither_listed_nor_pruned(folder):
    write("far", machine="elsewhere 1234 pid:[1]", pid=1)

    found = survey()

    assert found.drivers == ()
    assert "another machine" in found.ignored[0].reason
    assert len(os.listdir(folder)) == 1


def test_a_driver_of_an_earlier_boot_is_dead(folder):
    name, _, namespace = this_machine().split(" ")
    write("before", machine=f"{name} another-boot {namespace}")

    assert drivers() == []
    assert os.listdir(folder) == []


def test_a_host_that_was_renamed_still_has_its_drivers():
    _, boot, namespace = this_machine().split(" ")
    entry = write("renamed", machine=f"old-name {boot} {namespace}")

    assert drivers() == [entry]


def test_what_a_driver_left_that_died_before_it_wrote_its_file_is_removed(folder):
    entry = write("alive")
    with socket.socket(socket.AF_UNIX) as dead, socket.socket(socket.AF_UNIX) as living:
        dead.bind(str(folder / "driver-dead.sock"))
        living.bind(str(folder / "driver-alive-too.sock"))
        living.listen()
        (folder / ".driver-x.json.7.tmp").touch()
        (folder / "driver-new.sock").touch()
        for name in os.listdir(folder):
            if name not in ("driver-alive.json", "driver-new.sock"):
                os.utime(folder / name, (1, 1))

        assert drivers() == [entry]

        left = ["driver-alive-too.sock", "driver-alive.json", "driver-new.sock"]
        assert sorted(os.listdir(folder)) == left


def test_a_file_that_others_may_read_is_refused(folder):
    write("open")
    (folder / "driver-open.json").chmod(0o644)

    found = survey()

    assert found.drivers == ()
    assert found.ignored[0].reason == "others may read it (mode 0644)"


def test_a_file_of_somebody_else_is_refused(folder, monkeypatch):
    write("theirs")
    own = os.getuid()
    calls = iter([own])  # the folder is ours, the file is not
    monkeypatch.setattr(discovery.os, "getuid", lambda: next(calls, own + 1))

    found = survey()

    assert found.drivers == ()
    assert "belongs to another user" in found.ignored[0].reason


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", json.dumps({"id": "x"}), "\xff", "x" * 70000]
)
def test_a_broken_file_is_passed_over_with_a_reason_and_left_alone(folder, content):
    write("good")
    path = folder / "driver-broken.json"
    path.touch(0o600)
    path.write_text(content, encoding="latin-1")

    found = survey()

    assert [driver.id for driver in found.drivers] == ["good"]
    assert found.ignored[0].path == path
    assert found.ignored[0].reason
    assert path.exists()


def test_links_pipes_and_folders_are_passed_over(folder, tmp_path):
    write("good")
    (folder / "driver-link.json").symlink_to(folder / "driver-good.json")
    os.mkfifo(folder / "driver-pipe.json", 0o600)
    (folder / "driver-folder.json").mkdir()

    found = survey()

    assert [driver.id for driver in found.drivers] == ["good"]
    assert len(found.ignored) == 3


def test_a_file_under_another_drivers_name_is_refused(folder):
    write("real")
    (folder / "driver-real.json").rename(folder / "driver-false.json")

    assert survey().ignored[0].reason == "it says that it is driver real"


def test_many_pruners_at_once_do_no_harm(folder, ended):
    for number in range(30):
        write(f"dead{number}", **ended)
    living = write("alive")
    found, barrier = [], threading.Barrier(8)

    def look():
        barrier.wait()
        found.append(drivers())

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [[living]] * 8
    assert os.listdir(folder) == ["driver-alive.json"]


def test_one_driver_needs_no_name():
    only = write("abc1")

    assert find() == only


def test_a_driver_is_found_by_the_beginning_of_its_id_or_application_id():
    first, second = write("abc1"), write("abd2")

    assert find("abc") == first
    assert find("local-abd") == second


def test_an_exact_id_wins_over_longer_ones():
    short, _ = write("ab"), write("abc")

    assert find("ab") == short


def test_several_drivers_are_told_as_candidates():
    both = (write("abc1"), write("abd2"))

    with pytest.raises(NoSuchDriver, match="2 drivers are running") as unnamed:
        find()
    with pytest.raises(NoSuchDriver) as ambiguous:
        find("ab")
    with pytest.raises(NoSuchDriver, match="No driver 'x' is running") as unknown:
        find("x")

    assert unnamed.value.candidates == ambiguous.value.candidates == both
    assert unknown.value.candidates == both


def test_no_driver_at_all_is_told():
    with pytest.raises(NoSuchDriver, match="No driver is running"):
        find()
