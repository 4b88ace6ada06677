import os
import stat
import threading

import pytest

from pyspark_shell.common.errors import SparkException
from pyspark_shell.storage.local_dirs import (
    DirsClaim,
    LocalDirsOwner,
    remove_unfinished,
    sweep_stale,
)


@pytest.fixture
def places(tmp_path):
    disk, memory = tmp_path / "disk", tmp_path / "memory"
    disk.mkdir()
    memory.mkdir()
    return disk, memory


@pytest.fixture
def own(places):
    owners = []

    def make(name="app-1"):
        owners.append(LocalDirsOwner(DirsClaim(str(places[0]), str(places[1])), name))
        return owners[-1]

    yield make
    for owner in owners:
        owner.remove()


def base_of(place):
    return place / f"pyspark_shell-{os.getuid()}"


def crash(owner):
    """Let the locks go, as the kernel does, and leave the files."""
    for fd in owner.lock_fds:
        os.close(fd)
    owner.lock_fds = ()


def test_an_application_has_a_directory_on_disk_and_one_in_memory(own, places):
    dirs = own().dirs

    assert dirs.root == str(base_of(places[0]) / "app-1")
    assert dirs.memory_root == str(base_of(places[1]) / "app-1")
    assert os.path.isdir(dirs.path("shuffle"))
    assert os.path.isdir(dirs.memory_path("blocks"))
    assert dirs.all_roots == (dirs.root, dirs.memory_root)


def test_without_a_memory_disk_blocks_lie_on_the_other(places):
    owner = LocalDirsOwner(DirsClaim(str(places[0]), str(places[1] / "nothing")), "app-1")

    assert owner.dirs.memory_path("blocks") == owner.dirs.path("blocks")
    assert len(owner.lock_fds) == 1
    owner.remove()


def test_directories_are_private_whatever_the_umask(own, places):
    before = os.umask(0)
    try:
        dirs = own().dirs
    finally:
        os.umask(before)

    for place in (*dirs.all_roots, *map(base_of, places), dirs.path("logs")):
        assert stat.S_IMODE(os.stat(place).st_mode) == 0o700


def test_a_base_that_was_open_to_others_is_closed(own, places):
    base_of(places[0]).mkdir()
    base_of(places[0]).chmod(0o777)

    own()

    assert stat.S_IMODE(base_of(places[0]).stat().st_mode) == 0o700


def test_a_base_that_is_a_link_is_refused(own, places, tmp_path):
    base_of(places[0]).symlink_to(tmp_path)

    with pytest.raises(SparkException, match=r"spark.local.dir"):
        own()


def test_a_place_that_is_no_directory_is_refused(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(SparkException, match="Cannot make the local directory"):
        LocalDirsOwner(DirsClaim(str(tmp_path / "file"), str(tmp_path / "nothing")), "app-1")


def test_the_end_leaves_nothing(places):
    owner = LocalDirsOwner(DirsClaim(str(places[0]), str(places[1])), "app-1")
    with open(owner.dirs.path("spill") + "/file", "w"):
        pass

    owner.remove()

    assert [list(place.iterdir()) for place in places] == [[], []]
    assert owner.lock_fds == ()


def test_a_name_that_is_taken_is_refused_and_leaves_nothing(own, places):
    own("taken")
    open_before = os.listdir("/proc/self/fd")

    with pytest.raises(FileExistsError):
        own("taken")

    assert len(os.listdir("/proc/self/fd")) == len(open_before)


def test_a_name_that_is_taken_in_memory_only_leaves_nothing_on_disk(own, places):
    other_disk = places[0] / "other"
    other_disk.mkdir()
    other = LocalDirsOwner(DirsClaim(str(other_disk), str(places[1])), "taken")
    open_before = os.listdir("/proc/self/fd")

    with pytest.raises(FileExistsError):
        own("taken")

    assert not (base_of(places[0]) / "taken").exists()
    assert len(os.listdir("/proc/self/fd")) == len(open_before)
    other.remove()


def test_what_a_crash_left_is_swept_by_the_next(own, places):
    dead = own("dead")
    crash(dead)

    own("alive")

    assert [sorted(p.name for p in base_of(place).iterdir()) for place in places] == [["alive"]] * 2


def test_what_lives_is_not_swept(own, places):
    own("alive")

    assert sweep_stale(str(base_of(places[0]))) == []
    assert (base_of(places[0]) / "alive").is_dir()


def test_what_a_second_process_still_locks_is_not_swept(own, places):
    owner = own("guarded")
    guardian = os.dup(owner.lock_fds[0])  # inherited by the zygote
    crash(owner)

    assert sweep_stale(str(base_of(places[0]))) == []
    os.close(guardian)
    assert len(sweep_stale(str(base_of(places[0])))) == 1


def test_what_is_being_made_is_not_swept(places, monkeypatch):
    """The maker holds the base's lock, so a sweep waits for it."""
    made, swept = [], []
    real = os.rename

    def rename_while_somebody_sweeps(*paths):
        thread = threading.Thread(target=lambda: swept.append(sweep_stale(str(base))))
        thread.start()
        made.append(thread)
        real(*paths)

    base = base_of(places[0])
    monkeypatch.setattr(os, "rename", rename_while_somebody_sweeps)
    owner = LocalDirsOwner(DirsClaim(str(places[0]), str(places[0])), "app-1")
    for thread in made:
        thread.join()

    assert swept == [[]]
    assert os.path.isdir(owner.dirs.path("logs"))
    owner.remove()


@pytest.mark.parametrize("left", ["nothing", "lock", "rooms"])
def test_what_a_crash_left_half_made_is_swept(places, left):
    half = base_of(places[0]) / "unfinished-0123"
    half.mkdir(parents=True)
    if left == "lock":
        (half / "lock").touch()
    if left == "rooms":
        (half / "logs").mkdir()

    assert sweep_stale(str(base_of(places[0]))) == [str(half)]
    assert not half.exists()


def test_a_claim_removes_what_was_made_under_it_and_nothing_else(own, places):
    other = own("other")
    claim = DirsClaim(*map(str, places))
    crash(LocalDirsOwner(claim, "mine"))
    (base_of(places[0]) / f"unfinished-{claim.token}" / "logs").mkdir(parents=True)

    claim.remove()

    assert [os.listdir(base_of(place)) for place in places] == [["other"]] * 2
    other.remove()
    claim.remove()  # nothing there is fine


def test_a_sweep_of_a_base_that_is_gone_finds_nothing(places):
    assert sweep_stale(str(base_of(places[0]))) == []


def test_many_that_come_and_go_at_once_do_not_disturb_one_another(places):
    errors = []

    def come_and_go(number):
        try:
            for turn in range(40):
                owner = LocalDirsOwner(
                    DirsClaim(str(places[0]), str(places[1])), f"app-{number}-{turn}"
                )
                path = os.path.join(owner.dirs.memory_path("blocks"), "block")
                with open(path, "w") as file:
                    file.write("x")
                assert os.path.exists(path)
                owner.remove()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=come_and_go, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert [list(place.iterdir()) for place in places] == [[], []]


def test_what_a_dead_executor_left_unfinished_is_removed_and_nothing_else(own):
    dirs = own().dirs
    gone = [
        os.path.join(dirs.path("shuffle"), "shuffle_0_0_1.data.77.tmp"),
        os.path.join(dirs.path("spill"), "shuffle_0_0_1.data.0.77.spill"),
        os.path.join(dirs.memory_path("blocks"), "rdd_1_1.77.tmp"),
        os.path.join(dirs.memory_path("results"), "taskresult_5"),
        os.path.join(dirs.path("results"), "taskresult_5"),
    ]
    kept = [
        os.path.join(dirs.path("shuffle"), "shuffle_0_0_1.data"),
        os.path.join(dirs.path("shuffle"), "shuffle_0_0_1.data.177.tmp"),
        os.path.join(dirs.memory_path("results"), "taskresult_55"),
    ]
    for path in gone + kept:
        with open(path, "w"):
            pass

    remove_unfinished(dirs, 77, 5)

    assert [path for path in gone if os.path.exists(path)] == []
    assert [path for path in kept if not os.path.exists(path)] == []
