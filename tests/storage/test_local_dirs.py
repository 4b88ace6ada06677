"""Directories of an application: private, locked, and swept after a crash."""

from __future__ import annotations

import fcntl
import os
import stat

import pytest

from pyspark_shell.common.errors import SparkException
from pyspark_shell.storage.local_dirs import (
    LocalDirs,
    LocalDirsOwner,
    remove_dirs,
    remove_unfinished,
    sweep_stale,
)

BASE = f"pyspark_shell-{os.getuid()}"


@pytest.fixture
def disk(tmp_path):
    return tmp_path / "disk"


@pytest.fixture
def memory(tmp_path):
    path = tmp_path / "memory"
    path.mkdir()
    return path


@pytest.fixture
def own(disk, memory):
    owners = []

    def own(application_id="app-1", tmpfs=None):
        owner = LocalDirsOwner(str(disk), application_id, str(memory if tmpfs is None else tmpfs))
        owners.append(owner)
        return owner

    yield own
    for owner in owners:
        if owner.lock_fds[0] >= 0:
            owner.remove()


def crashed(base, name):
    """What an application leaves whose process is gone."""
    path = base / name
    (path / "blocks").mkdir(parents=True)
    (path / "lock").touch()
    return path


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_everything_is_private(own, disk):
    dirs = own().dirs

    made = [os.path.join(at, name) for root in dirs.all_roots for at, names, files in os.walk(root)
            for name in names]  # fmt: skip
    assert {mode(path) for path in [disk / BASE, *dirs.all_roots, *made]} == {0o700}
    assert mode(os.path.join(dirs.root, "lock")) == 0o600


def test_memory_levels_have_a_directory_of_their_own(own, disk, memory):
    dirs = own().dirs

    assert dirs.path("blocks") == f"{disk}/{BASE}/app-1/blocks"
    assert dirs.memory_path("blocks") == f"{memory}/{BASE}/app-1/blocks"
    assert os.path.isdir(dirs.memory_path("results"))


def test_without_a_tmpfs_blocks_in_memory_lie_on_disk(own, tmp_path):
    owner = own(tmpfs=tmp_path / "none")

    assert owner.dirs.memory_root == owner.dirs.root
    assert len(owner.lock_fds) == 1
    assert owner.dirs.all_roots == (owner.dirs.root,)


def test_the_end_removes_all_directories_and_empty_bases(own, disk, memory):
    own().remove()

    assert list(disk.iterdir()) == []
    assert list(memory.iterdir()) == []


def test_the_end_of_one_application_leaves_the_others(own, disk):
    first, second = own("app-1"), own("app-2")

    first.remove()

    assert not os.path.exists(first.dirs.root)
    assert os.path.isdir(second.dirs.path("blocks"))
    assert second.dirs.root == str(disk / BASE / "app-2")


def test_removing_what_is_gone_is_no_error(disk):
    dirs = LocalDirs(str(disk / "gone"), str(disk / "gone"))

    remove_dirs(dirs)

    assert not disk.exists()


def test_a_start_sweeps_what_crashed_applications_left(own, disk, memory):
    left = [crashed(disk / BASE, "old"), crashed(memory / BASE, "old")]

    own()

    assert [path.exists() for path in left] == [False, False]


def test_a_sweep_spares_what_somebody_holds(own, disk):
    living = own("living")
    stale = crashed(disk / BASE, "stale")

    removed = sweep_stale(str(disk / BASE))

    assert removed == [str(stale)]
    assert os.path.isdir(living.dirs.path("blocks"))


def test_a_lock_that_is_inherited_still_counts(own, disk):
    living = own("living")
    held = [os.dup(fd) for fd in living.lock_fds]
    for fd in living.lock_fds:
        os.close(fd)
    living._lock_fd = -1

    while_held = sweep_stale(str(disk / BASE))
    for fd in held:
        os.close(fd)
    afterwards = sweep_stale(str(disk / BASE))

    assert while_held == []
    assert afterwards == [living.dirs.root]


def test_a_sweep_spares_what_is_being_made_and_what_is_no_directory(disk):
    base = disk / BASE
    (base / "being_made").mkdir(parents=True)
    (base / "file").touch()
    (base / "link").symlink_to(crashed(disk, "elsewhere"))

    assert sweep_stale(str(base)) == []
    assert (disk / "elsewhere").is_dir()


def test_the_lock_is_shared(own):
    fd = own().lock_fds[0]
    other = os.open(f"/proc/self/fd/{fd}", os.O_RDWR)

    try:
        fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(other)


def test_an_open_base_is_made_private(own, disk):
    (disk / BASE).mkdir(parents=True, mode=0o777)
    (disk / BASE).chmod(0o777)

    own()

    assert mode(disk / BASE) == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_base_of_somebody_else_is_refused(own, disk):
    (disk / BASE).mkdir(parents=True)
    os.chown(disk / BASE, 12345, 12345)

    with pytest.raises(SparkException, match=r"belongs to somebody else \(uid 12345\)"):
        own()


def test_a_link_in_the_place_of_the_base_is_refused(own, disk, tmp_path):
    (tmp_path / "target").mkdir()
    disk.mkdir()
    (disk / BASE).symlink_to(tmp_path / "target")

    with pytest.raises(SparkException, match="another directory"):
        own()

    assert list((tmp_path / "target").iterdir()) == []


def test_a_directory_that_cannot_be_made_is_told_with_the_key_to_set(disk):
    disk.write_text("a file")

    with pytest.raises(SparkException, match=r"Set spark\.local\.dir"):
        LocalDirsOwner(str(disk), "app")


def test_what_a_dead_executor_had_not_finished_is_removed(own):
    dirs = own().dirs
    gone = [
        os.path.join(dirs.path("shuffle"), "shuffle_0_0_1.data.77.tmp"),
        os.path.join(dirs.path("spill"), "shuffle_0_0_1.data.0.77.spill"),
        os.path.join(dirs.memory_path("blocks"), "rdd_0_0.77.tmp"),
        os.path.join(dirs.memory_path("results"), "taskresult_5"),
    ]
    kept = [
        os.path.join(dirs.path("shuffle"), "shuffle_0_0_1.data.78.tmp"),
        os.path.join(dirs.path("shuffle"), "shuffle_0_0_1.data"),
        os.path.join(dirs.memory_path("results"), "taskresult_6"),
    ]
    for path in gone + kept:
        with open(path, "wb"):
            pass

    remove_unfinished(dirs, 77, 5)

    assert [os.path.exists(path) for path in gone] == [False] * 4
    assert [os.path.exists(path) for path in kept] == [True] * 3
