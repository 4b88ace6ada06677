"""Records as objects, as long as their file is the same."""

from __future__ import annotations

import os

import pytest

from pyspark_shell.storage.hot_cache import FileSignature, HotCache

BATCHES = [[1, 2], [3]]


@pytest.fixture
def make(tmp_path):
    def make(name, content="x"):
        path = tmp_path / name
        path.write_text(content)
        return str(path)

    return make


def test_a_block_comes_back_as_the_same_objects(make):
    cache = HotCache(100)

    cache.put("rdd_0_0", BATCHES, make("a"), 10)

    assert cache.get("rdd_0_0") is BATCHES
    assert cache.get("rdd_0_1") is None


def test_a_file_that_was_replaced_makes_the_objects_worthless(make, tmp_path):
    cache = HotCache(100)
    path = make("a")
    cache.put("rdd_0_0", BATCHES, path, 10)

    os.replace(make("b"), path)

    assert cache.get("rdd_0_0") is None
    assert len(cache) == 0


@pytest.mark.parametrize("change", ["size", "time", "gone"])
def test_every_part_of_the_signature_counts(make, change):
    cache = HotCache(100)
    path = make("a")
    cache.put("rdd_0_0", BATCHES, path, 10)
    modified_ns = os.stat(path).st_mtime_ns

    if change == "gone":
        os.unlink(path)
    elif change == "time":
        os.utime(path, ns=(0, modified_ns + 1))
    else:
        with open(path, "a") as file:
            file.write("more")
        os.utime(path, ns=(0, modified_ns))

    assert cache.get("rdd_0_0") is None


def test_reading_the_file_does_not_matter(make):
    path = make("a")
    before = FileSignature.of(path)

    os.utime(path, ns=(5, os.stat(path).st_mtime_ns))

    assert FileSignature.of(path) == before


def test_the_least_recently_used_block_goes_first(make):
    cache = HotCache(30)
    path = make("a")
    for number in range(3):
        cache.put(f"rdd_{number}_0", BATCHES, path, 10)

    cache.get("rdd_0_0")
    cache.put("rdd_3_0", BATCHES, path, 10)

    assert cache.get("rdd_1_0") is None
    assert [cache.get(f"rdd_{number}_0") for number in (0, 2, 3)] == [BATCHES] * 3


def test_a_block_above_the_budget_pushes_nobody_out(make):
    cache = HotCache(30)
    cache.put("rdd_0_0", BATCHES, make("a"), 30)

    cache.put("rdd_1_0", BATCHES, make("b"), 31)

    assert repr(cache) == "<HotCache 1 blocks, 30 of 30 bytes>"


def test_a_block_without_a_file_is_not_kept(tmp_path):
    cache = HotCache(30)

    cache.put("rdd_0_0", BATCHES, str(tmp_path / "none"), 1)

    assert len(cache) == 0


def test_a_block_that_is_put_again_is_counted_once(make):
    cache = HotCache(30)
    path = make("a")

    for _ in range(5):
        cache.put("rdd_0_0", BATCHES, path, 10)

    assert repr(cache) == "<HotCache 1 blocks, 10 of 30 bytes>"


def test_blocks_are_dropped_by_the_beginning_of_their_names(make):
    cache = HotCache(100)
    path = make("a")
    for block_id in ("rdd_1_0", "rdd_1_1", "rdd_10_0"):
        cache.put(block_id, BATCHES, path, 10)

    cache.drop("rdd_1_")

    assert cache.get("rdd_10_0") is BATCHES
    assert repr(cache) == "<HotCache 1 blocks, 10 of 100 bytes>"
