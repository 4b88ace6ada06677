"""Blocks in memory stay below their budget; the least recently used go first."""

from __future__ import annotations

import os

import pytest

from pyspark_shell.storage.block_file import MAY_GO_TO_DISK, read_block, writing_block
from pyspark_shell.storage.memory_store import MemoryStore

BLOCK_BYTES = 1024
BODY = b"x" * 1000


@pytest.fixture
def evicted():
    return []


@pytest.fixture
def store(tmp_path, evicted):
    for name in ("memory", "disk"):
        (tmp_path / name).mkdir()
    return MemoryStore(
        str(tmp_path / "memory"),
        str(tmp_path / "disk"),
        3 * BLOCK_BYTES,
        lambda *told: evicted.append(told),
    )


@pytest.fixture
def put(store):
    def put(block_id, used_at, flags=0):
        with writing_block(store.path(block_id), flags) as writer:
            writer.write(BODY)
        os.utime(store.path(block_id), ns=(used_at, 0))

    return put


def kept(tmp_path, room="memory"):
    return sorted(path.name for path in (tmp_path / room).iterdir())


def test_blocks_that_fit_cost_nobody_his_place(store, put, evicted):
    put("rdd_0_0", 1)
    put("rdd_1_0", 2)

    assert store.make_room(BLOCK_BYTES, "rdd_2_0")
    assert evicted == []


def test_the_least_recently_used_block_goes_first(store, put, evicted, tmp_path):
    put("rdd_0_0", 30)
    put("rdd_1_0", 10)
    put("rdd_2_0", 20)

    assert store.make_room(BLOCK_BYTES, "rdd_3_0")
    assert evicted == [("rdd_1_0", 0)]
    assert kept(tmp_path) == ["rdd_0_0", "rdd_2_0"]


def test_a_touched_block_is_used_last(store, put, evicted):
    for number in range(3):
        put(f"rdd_{number}_0", number)

    store.touch(store.path("rdd_0_0"))
    store.make_room(2 * BLOCK_BYTES, "rdd_9_0")

    assert [name for name, _ in evicted] == ["rdd_1_0", "rdd_2_0"]


def test_touching_changes_nothing_that_a_reader_looks_at(store, put):
    put("rdd_0_0", 1)
    before = os.stat(store.path("rdd_0_0"))

    store.touch(store.path("rdd_0_0"))
    store.touch(store.path("rdd_9_9"))

    after = os.stat(store.path("rdd_0_0"))
    assert (after.st_mtime_ns, after.st_size) == (before.st_mtime_ns, before.st_size)
    assert after.st_atime_ns > before.st_atime_ns


def test_blocks_of_one_rdd_do_not_push_one_another_out(store, put, evicted):
    for split in range(3):
        put(f"rdd_0_{split}", split)

    assert not store.make_room(BLOCK_BYTES, "rdd_0_3")
    assert evicted == []


def test_others_make_room_although_an_rdd_s_own_blocks_are_older(store, put, evicted):
    put("rdd_0_0", 1)
    put("rdd_0_1", 2)
    put("rdd_1_0", 3)

    assert store.make_room(BLOCK_BYTES, "rdd_0_2")
    assert evicted == [("rdd_1_0", 0)]


def test_a_block_above_the_whole_budget_pushes_nobody_out(store, put, evicted):
    put("rdd_0_0", 1)

    assert not store.make_room(3 * BLOCK_BYTES + 1, "rdd_1_0")
    assert evicted == []


def test_a_block_that_may_go_to_disk_is_moved_there(store, put, evicted, tmp_path):
    put("rdd_0_0", 1, MAY_GO_TO_DISK)

    store.make_room(3 * BLOCK_BYTES, "rdd_1_0")

    assert evicted == [("rdd_0_0", BLOCK_BYTES)]
    assert kept(tmp_path) == []
    assert bytes(read_block(str(tmp_path / "disk" / "rdd_0_0"))) == BODY


def test_a_block_that_cannot_be_moved_is_dropped(store, put, evicted, tmp_path):
    put("rdd_0_0", 1, MAY_GO_TO_DISK)
    (tmp_path / "disk").rmdir()

    assert store.make_room(3 * BLOCK_BYTES, "rdd_1_0")
    assert evicted == [("rdd_0_0", 0)]


def test_files_that_are_being_written_are_left_alone(store, evicted, tmp_path):
    for name in ("rdd_0_0.55.tmp", "other"):
        (tmp_path / "memory" / name).write_bytes(bytes(5000))

    assert store.make_room(BLOCK_BYTES, "rdd_1_0")
    assert len(kept(tmp_path)) == 2
    assert evicted == []
