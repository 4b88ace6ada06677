"""A cached partition is read, or computed and kept."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.storage import block_file, block_manager
from pyspark_shell.storage.block_manager import BlockManager, BlockUpdate
from pyspark_shell.storage.local_dirs import LocalDirs
from pyspark_shell.storage.record_batches import FIRST_BATCH

IN_MEMORY = [
    StorageLevel.MEMORY_ONLY,
    StorageLevel.MEMORY_AND_DISK,
    StorageLevel.MEMORY_ONLY_2,
    StorageLevel.OFF_HEAP,
]
ON_DISK = [StorageLevel.DISK_ONLY, StorageLevel.DISK_ONLY_2, StorageLevel.DISK_ONLY_3]
RECORDS = [(n, str(n)) for n in range(1000)]
BLOCK = "rdd_0_0"
HEADER_BYTES = 24


@pytest.fixture
def dirs(tmp_path):
    for name in ("disk/blocks", "memory/blocks"):
        (tmp_path / name).mkdir(parents=True)
    return LocalDirs(str(tmp_path / "disk"), str(tmp_path / "memory"))


@pytest.fixture
def reports():
    return []


@pytest.fixture
def make(dirs, reports):
    def make(memory=1 << 20, hot=1 << 20):
        return BlockManager(dirs, memory, hot, reports.append)

    return make


class Computation:
    """Gives the records, and counts how often it was asked to."""

    def __init__(self, records=RECORDS):
        self.records = records
        self.times = 0

    def __call__(self):
        self.times += 1
        return iter(self.records)


@pytest.fixture
def computation():
    return Computation()


def records(batches):
    return [record for batch in batches for record in batch]


def files(dirs):
    rooms = {"disk": dirs.path("blocks"), "memory": dirs.memory_path("blocks")}
    return {(room, name) for room, path in rooms.items() for name in os.listdir(path)}


@pytest.mark.parametrize("hot", [0, 1 << 20], ids=["cold", "hot"])
@pytest.mark.parametrize("level", IN_MEMORY + ON_DISK, ids=repr)
def test_a_partition_is_computed_once_at_every_level(make, dirs, reports, computation, level, hot):
    manager = make(hot=hot)

    first = records(manager.get_or_compute(BLOCK, level, computation))
    again = records(manager.get_or_compute(BLOCK, level, computation))
    elsewhere = records(make().get_or_compute(BLOCK, level, computation))

    assert first == again == elsewhere == RECORDS
    assert computation.times == 1
    assert files(dirs) == {("memory" if level.useMemory else "disk", BLOCK)}
    (report,) = reports
    assert (report.memory_bytes > 0, report.disk_bytes > 0) == (
        level.useMemory, not level.useMemory
    )  # fmt: skip


@pytest.mark.parametrize("level", [StorageLevel.MEMORY_ONLY, StorageLevel.DISK_ONLY])
def test_an_empty_partition_is_told_as_kept(make, reports, level):
    list(make().get_or_compute(BLOCK, level, lambda: iter([])))

    [update] = reports
    assert update.memory_bytes + update.disk_bytes > 0


def test_an_empty_partition_is_cached_too(make, dirs):
    empty = Computation([])
    manager = make()

    for _ in range(2):
        assert records(manager.get_or_compute(BLOCK, StorageLevel.MEMORY_ONLY, empty)) == []

    assert files(dirs) == {("memory", BLOCK)}


def test_records_that_may_be_changed_are_never_shared(make):
    manager = make()
    lists = Computation([[1], [2]])

    for _ in range(3):
        batches = manager.get_or_compute(BLOCK, StorageLevel.MEMORY_ONLY, lists)
        for record in records(batches):
            record.append("changed")

    assert records(manager.get(BLOCK)) == [[1], [2]]
    assert lists.times == 1


def test_arrays_are_never_shared(make):
    manager = make()
    arrays = Computation([np.zeros(50_000)])

    for _ in range(3):
        (array,) = records(manager.get_or_compute(BLOCK, StorageLevel.MEMORY_ONLY, arrays))
        assert array.sum() == 0
        array += 1

    assert records(manager.get(BLOCK))[0].sum() == 0


def test_a_memory_only_block_without_room_is_not_kept(make, dirs, reports, computation):
    manager = make(memory=100)

    first = records(manager.get_or_compute(BLOCK, StorageLevel.MEMORY_ONLY, computation))
    records(manager.get_or_compute(BLOCK, StorageLevel.MEMORY_ONLY, computation))

    assert first == RECORDS
    assert computation.times == 2
    assert files(dirs) == set()
    assert reports == []


def test_a_block_without_room_in_memory_goes_to_disk_if_it_may(make, dirs, reports, computation):
    manager = make(memory=100)

    first = records(manager.get_or_compute(BLOCK, StorageLevel.MEMORY_AND_DISK, computation))
    again = records(manager.get_or_compute(BLOCK, StorageLevel.MEMORY_AND_DISK, computation))

    assert first == again == RECORDS
    assert computation.times == 1
    assert files(dirs) == {("disk", BLOCK)}
    assert [(r.memory_bytes, r.disk_bytes > 0) for r in reports] == [(0, True)]


def test_a_large_block_without_room_is_read_although_its_file_is_gone(make, dirs):
    many = Computation(list(range(100_000)))

    batches = make(memory=100).get_or_compute(BLOCK, StorageLevel.MEMORY_ONLY, many)

    assert files(dirs) == set()
    assert records(batches) == many.records


@pytest.mark.parametrize(
    ("level", "left"),
    [(StorageLevel.MEMORY_ONLY, set()), (StorageLevel.MEMORY_AND_DISK, {("disk", BLOCK)})],
    ids=["dropped", "moved"],
)
def test_a_block_that_makes_room_is_told(make, dirs, reports, computation, level, left):
    manager = make(memory=20_000)
    manager.get_or_compute(BLOCK, level, computation)
    size = reports[0].memory_bytes

    manager.get_or_compute("rdd_1_0", StorageLevel.MEMORY_ONLY, computation)

    assert size > 10_000
    assert files(dirs) == {("memory", "rdd_1_0")} | left
    assert reports[1].block_id == BLOCK
    assert (reports[1].memory_bytes, reports[1].disk_bytes > 0) == (0, bool(left))


def test_a_block_that_went_to_disk_is_read_there(make, reports, computation):
    manager = make(memory=20_000)
    manager.get_or_compute(BLOCK, StorageLevel.MEMORY_AND_DISK, computation)
    manager.get_or_compute("rdd_1_0", StorageLevel.MEMORY_ONLY, Computation())

    again = records(manager.get_or_compute(BLOCK, StorageLevel.MEMORY_AND_DISK, computation))

    assert again == RECORDS
    assert computation.times == 1


@pytest.mark.parametrize("level", [StorageLevel.MEMORY_ONLY, StorageLevel.DISK_ONLY], ids=repr)
def test_a_damaged_block_is_removed_told_and_computed_again(
    make, dirs, reports, computation, level
):
    make().get_or_compute(BLOCK, level, computation)
    room = dirs.memory_path("blocks") if level.useMemory else dirs.path("blocks")
    with open(os.path.join(room, BLOCK), "r+b") as file:
        file.seek(500)
        file.write(b"damage")
    reports.clear()

    again = records(make().get_or_compute(BLOCK, level, computation))

    assert again == RECORDS
    assert computation.times == 2
    assert reports[0] == BlockUpdate(BLOCK, 0, 0)
    assert len(reports) == 2


def test_too_many_open_files_are_not_the_block_s_fault(
    make, dirs, reports, computation, monkeypatch
):
    make().get_or_compute(BLOCK, StorageLevel.MEMORY_ONLY, computation)
    reports.clear()

    def fail(path):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(block_manager, "read_block", fail)

    with pytest.raises(OSError, match="Too many open files"):
        make().get(BLOCK)
    assert files(dirs) == {("memory", BLOCK)}
    assert reports == []


def test_an_error_of_the_computation_leaves_nothing_and_is_told(make, dirs, reports):
    def compute():
        yield from range(500)
        raise ValueError("bad record")

    with pytest.raises(ValueError, match="bad record"):
        make().get_or_compute(BLOCK, StorageLevel.MEMORY_ONLY, compute)

    assert files(dirs) == set()
    assert reports == [BlockUpdate(BLOCK, 0, 0)]


@pytest.fixture(params=["when it is made", 0, 1, 5000, 9000])
def small_memory(monkeypatch, request):
    """Have the memory directory run full: as a file is made, or after so many bytes of it."""
    room = request.param
    original_open, original_write = block_manager.writing_block, block_file._write_all

    def full(path):
        return OSError(errno.ENOSPC, "No space left on device", path)

    def writing_block(path, *args, **options):
        if room == "when it is made" and "/memory/" in path:
            raise full(path)
        return original_open(path, *args, **options)

    def write_all(file, data):
        left = room - (file.tell() - HEADER_BYTES) if "/memory/" in file.name else len(data)
        original_write(file, memoryview(data)[:left])
        if left < len(data):
            raise full(file.name)

    monkeypatch.setattr(block_manager, "writing_block", writing_block)
    monkeypatch.setattr(block_file, "_write_all", write_all)


def test_a_full_tmpfs_sends_blocks_to_disk_if_they_may(
    make, dirs, reports, computation, small_memory
):
    kept = make().get_or_compute(BLOCK, StorageLevel.MEMORY_AND_DISK, computation)

    assert records(kept) == RECORDS
    assert records(make().get(BLOCK)) == RECORDS
    assert computation.times == 1
    assert files(dirs) == {("disk", BLOCK)}
    [update] = reports
    assert update.disk_bytes > 0


def test_a_full_tmpfs_only_costs_a_memory_only_block_its_place(
    make, dirs, reports, computation, small_memory
):
    kept = make().get_or_compute(BLOCK, StorageLevel.MEMORY_ONLY, computation)

    assert records(kept) == RECORDS
    assert computation.times == 1
    assert files(dirs) == set()
    assert reports == []


def test_records_that_found_no_room_are_not_held_together(make, small_memory):
    seen = []

    def compute():
        for number in range(100_000):
            seen.append(number)
            yield number

    batches = iter(make().get_or_compute(BLOCK, StorageLevel.MEMORY_ONLY, compute))

    next(batches)
    assert len(seen) < 20_000
    assert sum(map(len, batches)) + FIRST_BATCH == len(seen) == 100_000


def test_a_computation_that_meets_a_full_disk_fails_by_itself(make, dirs):
    passes = []

    def compute():
        passes.append(len(passes))
        yield from range(500)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        make().get_or_compute(BLOCK, StorageLevel.MEMORY_AND_DISK, compute)

    assert passes == [0]
    assert files(dirs) == set()


def test_forgotten_objects_are_read_from_the_file(make, computation):
    manager = make()
    manager.get_or_compute(BLOCK, StorageLevel.MEMORY_ONLY, computation)
    hot = manager.get(BLOCK)

    manager.drop_hot("rdd_0_")

    assert isinstance(hot, list)
    assert not isinstance(manager.get(BLOCK), list)
    assert records(manager.get(BLOCK)) == RECORDS


def test_a_block_that_is_read_to_its_end_becomes_hot(make, computation):
    make().get_or_compute(BLOCK, StorageLevel.MEMORY_ONLY, computation)
    manager = make()

    records(manager.get(BLOCK))

    assert isinstance(manager.get(BLOCK), list)


def test_a_block_that_is_not_there_is_none(make):
    assert make().get("rdd_5_5") is None


def test_outside_of_an_executor_there_is_no_manager(make, monkeypatch):
    monkeypatch.setattr(BlockManager, "_current", None)
    with pytest.raises(RuntimeError, match="computed in executors only"):
        BlockManager.current()

    manager = make()
    manager.install()

    assert BlockManager.current() is manager
