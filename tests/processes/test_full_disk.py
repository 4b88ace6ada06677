"""A disk that is full: the error names it, and the context is healthy as soon as there is room
again.

The disk is a small tmpfs where this user may mount one; elsewhere a limit on the size of the files
that executors write, which fails at the same places.
"""

import os
import resource
import shutil
import subprocess
from contextlib import contextmanager
from operator import add
from pathlib import Path

import pytest

from pyspark_shell import StorageLevel
from pyspark_shell.common.errors import JobFailed
from pyspark_shell.storage import local_dirs
from tests.processes.engine import executors, wait_until_up, zygote_pid
from tests.processes.waiting import Stopwatch, wait_for, within

DISK_BYTES = 4 << 20
HEALTHY_WITHIN_S = 20


class SmallDisk:
    """A folder on a disk with room for `DISK_BYTES`."""

    def __init__(self, path):
        self.path = path
        self.is_mounted = mount(path)
        self.error = "No space left on device" if self.is_mounted else "File too large"

    def limit(self, sc):
        """Make it small for the executors of `sc`, those that live and those to come."""
        if not self.is_mounted:
            self._set_limit(sc, DISK_BYTES)

    @contextmanager
    def limited_driver(self):
        """Make it small for files that this process writes."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        if not self.is_mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (DISK_BYTES, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    def fill(self, left_bytes):
        """Have something else take its room but for `left_bytes`."""
        if self.is_mounted:
            free = shutil.disk_usage(self.path).free
            (self.path / "hog").write_bytes(bytes(free - left_bytes))

    def widen(self, sc):
        """Give it room again."""
        if self.is_mounted:
            size = f"remount,size={64 * DISK_BYTES}"
            subprocess.run(["mount", "-o", size, str(self.path)], check=True)
        else:
            self._set_limit(sc, resource.RLIM_INFINITY)

    def has_room(self):
        """Whether most of it is free."""
        disk = os.statvfs(self.path)
        return not self.is_mounted or disk.f_bavail * disk.f_frsize > DISK_BYTES // 2

    def _set_limit(self, sc, size):
        for pid in [zygote_pid(sc), *wait_until_up(sc, 2)]:
            hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))

    def close(self):
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", str(self.path)], check=True)


def mount(path):
    path.mkdir()
    if os.getuid() != 0 or shutil.which("mount") is None:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(path)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path):
    small = SmallDisk(tmp_path / "disk")
    yield small
    small.close()


@pytest.fixture
def sc(start, disk):
    context = start("local[2,2]", spark__local__dir=disk.path, spark__executor__memory="256m")
    disk.limit(context)
    return context


@pytest.fixture
def memory_disk(monkeypatch, disk):
    """Have blocks of the memory levels, and results, on the small disk."""
    monkeypatch.setattr(local_dirs, "_TMPFS", str(disk.path))
    return disk


def large(sc):
    """Twenty times what the disk holds, incompressible to pickle."""
    return sc.parallelize(range(800), 4).map(lambda n: (n, os.urandom(100_000)))


def assert_healthy(sc):
    """Fail unless a shuffle job gives what it should, soon."""
    with Stopwatch() as watch:
        wait_until_up(sc, 2)
        assert_adds_up(sc)
    assert watch.seconds <= within(HEALTHY_WITHIN_S)


def assert_adds_up(sc):
    pairs = sc.parallelize(range(100), 4).map(lambda n: (n % 5, n))
    assert pairs.reduceByKey(add, 2).collectAsMap() == {k: sum(range(k, 100, 5)) for k in range(5)}


def leftovers(sc):
    root = Path(sc._driver.local_dirs.root)
    return [path.name for path in root.rglob("*") if ".tmp" in path.name or ".spill" in path.name]


def test_a_shuffle_onto_a_full_disk_fails_and_names_it(sc, disk):
    with pytest.raises(JobFailed) as caught:
        large(sc).partitionBy(4).count()

    assert disk.error in str(caught.value)
    assert str(disk.path) in str(caught.value)
    wait_for(lambda: leftovers(sc) == [], "unfinished files to be removed")


def test_a_context_whose_disk_was_full_is_healthy_when_there_is_room(sc, disk):
    big = large(sc).partitionBy(4)
    with pytest.raises(JobFailed, match=disk.error):
        big.count()

    disk.widen(sc)

    assert_healthy(sc)
    assert big.count() == 800


def test_a_context_is_healthy_once_the_failed_rdd_is_gone(sc, disk):
    big = large(sc).partitionBy(4)
    with pytest.raises(JobFailed, match=disk.error):
        big.count()

    del big

    assert_healthy(sc)


def test_a_spill_onto_a_full_disk_fails_and_names_it(start, disk):
    sc = start(spark__local__dir=disk.path, spark__executor__memory="16m")
    disk.limit(sc)

    with pytest.raises(JobFailed, match=disk.error):
        large(sc).partitionBy(4).count()

    # So little memory makes every job spill, and the other task, which is killed, has the rest of
    # the disk until it ends.
    wait_for(lambda: not any(each.running for each in executors(sc)), "the other task's end")
    wait_for(disk.has_room, "its room")
    wait_for(lambda: leftovers(sc) == [], "unfinished files to be removed")
    assert_healthy(sc)


def test_a_block_that_the_disk_cannot_hold_fails_its_task_and_names_it(sc, disk):
    with pytest.raises(JobFailed) as caught:
        large(sc).persist(StorageLevel.DISK_ONLY).count()

    assert disk.error in str(caught.value)
    assert str(disk.path) in str(caught.value)
    assert_healthy(sc)
    wait_for(lambda: leftovers(sc) == [], "unfinished files to be removed")


@pytest.mark.parametrize("level", [StorageLevel.MEMORY_ONLY, StorageLevel.MEMORY_AND_DISK])
def test_a_memory_disk_that_fills_up_costs_no_second_pass(start, memory_disk, level, counter):
    sc = start()
    memory_disk.limit(sc)
    assert sc._driver.local_dirs.memory_root.startswith(str(memory_disk.path))
    memory_disk.fill(left_bytes=1 << 20)
    seen = sc.accumulator(0)

    def make(number):
        counter.add()
        seen.add(1)
        return b"%d" % number + os.urandom(100_000)

    # A limit on the size of files holds on disk too: there what may go there stays below it.
    partitions = 2 if memory_disk.is_mounted or not level.useDisk else 4
    cached = sc.parallelize(range(120), partitions).map(make).persist(level)

    assert cached.count() == 120
    assert seen.value == counter.count == 120
    assert cached.map(len).sum() == sum(100_000 + len(str(number)) for number in range(120))
    recomputed = level == StorageLevel.MEMORY_ONLY
    assert counter.count == (240 if recomputed else 120)


def test_blocks_larger_than_the_budget_of_memory_are_computed_again(start, memory_disk, counter):
    sc = start()
    memory_disk.limit(sc)

    def make(number):
        counter.add()
        return b"x" * 100_000

    cached = sc.parallelize(range(200), 4).map(make).persist(StorageLevel.MEMORY_ONLY)

    assert [cached.map(len).sum() for _ in range(2)] == [200 * 100_000] * 2
    assert counter.count == 400


def test_results_that_the_memory_disk_cannot_hold_go_to_the_other(start, memory_disk):
    sc = start()
    memory_disk.limit(sc)
    memory_disk.fill(left_bytes=1 << 20)

    values = sc.parallelize(range(4), 4).map(lambda n: bytes(3 << 20)).collect()

    assert [len(value) for value in values] == [3 << 20] * 4
    assert_healthy(sc)


def test_a_broadcast_onto_a_full_disk_fails_and_names_it(sc, disk):
    with disk.limited_driver(), pytest.raises(OSError, match=disk.error) as caught:
        sc.broadcast(os.urandom(8 << 20))

    assert str(disk.path) in str(caught.value)
    small = sc.broadcast(5)
    assert sc.parallelize([1, 2], 2).map(lambda n: n * small.value).collect() == [5, 10]


def test_data_for_a_full_disk_fails_and_names_it(sc, disk):
    with disk.limited_driver(), pytest.raises(OSError, match=disk.error) as caught:
        sc.parallelize([os.urandom(1 << 20) for _ in range(16)], 2)

    assert str(disk.path) in str(caught.value)
    assert_healthy(sc)


def test_a_context_that_cannot_make_its_directories_says_so(shared, tmp_path):
    from pyspark_shell import SparkConf, SparkContext
    from pyspark_shell.common.errors import SparkException

    shared.stop()
    (tmp_path / "file").write_text("not a directory")
    conf = SparkConf().setMaster("local[2]").setAppName("x")

    with pytest.raises(SparkException, match=r"Cannot make the local directory .*spark.local.dir"):
        SparkContext(conf=conf.set("spark.local.dir", str(tmp_path / "file")))

    with SparkContext("local[1]", "next") as sc:
        assert sc.parallelize([1, 2]).sum() == 3
