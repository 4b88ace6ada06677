"""Shuffle files and cached blocks that are deleted, cut or changed: computed again, never silently
wrong.
"""

import os
from operator import add
from pathlib import Path

import pytest

from pyspark_shell import StorageLevel
from pyspark_shell.common.errors import JobFailed, SparkException
from tests.processes.engine import Background
from tests.processes.waiting import wait_for

NUMBERS = range(4_000)
SUMS = {key: sum(range(key, 4_000, 13)) for key in range(13)}


def delete(path):
    path.unlink()


def cut_in_half(path):
    os.truncate(path, path.stat().st_size // 2)


def cut_to_nothing(path):
    os.truncate(path, 0)


def cut_the_last_byte(path):
    os.truncate(path, path.stat().st_size - 1)


def append_a_byte(path):
    with path.open("ab") as file:
        file.write(b"!")


def flip_a_bit(path):
    flip(path, path.stat().st_size // 2)


def flip_a_bit_at_the_beginning(path):
    flip(path, 3)


def flip_a_bit_at_the_end(path):
    flip(path, path.stat().st_size - 3)


def fill_with_zeros(path):
    path.write_bytes(bytes(path.stat().st_size))


def become_a_directory(path):
    path.unlink()
    path.mkdir()


def lose_all_rights(path):
    path.unlink()
    path.symlink_to(path)  # cannot be opened, not even by root


def flip(path, position, bit=0x10):
    data = bytearray(path.read_bytes())
    data[position] ^= bit
    with path.open("r+b") as file:
        file.write(data)


FOOTER_BYTES = 8  # tell people what the file is; readers count from its end

DAMAGES = [
    delete,
    cut_in_half,
    cut_to_nothing,
    cut_the_last_byte,
    append_a_byte,
    flip_a_bit,
    flip_a_bit_at_the_beginning,
    flip_a_bit_at_the_end,
    fill_with_zeros,
    become_a_directory,
    lose_all_rights,
]


def damage_id(damage):
    return damage.__name__


def files_of(sc, room, prefix):
    dirs = sc._driver.local_dirs
    roots = dict.fromkeys([dirs.path(room), dirs.memory_path(room)])
    found = [path for root in roots for path in Path(root).glob(f"{prefix}*")]
    return sorted(path for path in found if path.is_file())


@pytest.fixture
def shuffled(sc, counter):
    """Sums by key whose map side, with large records too, has run once."""

    def counted(number):
        counter.add()
        return number % 13, number

    sums = sc.parallelize(NUMBERS, 4).map(counted).reduceByKey(add, 3)
    assert sums.collectAsMap() == SUMS
    return sums


def shuffle_files(sc, rdd):
    return files_of(sc, "shuffle", f"shuffle_{rdd._node.parents[0].shuffle.shuffle_id}_")


def task_of(path):
    return int(path.stem.rsplit("_", 1)[1])


@pytest.mark.parametrize("damage", DAMAGES, ids=damage_id)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_damaged_shuffle_file_is_computed_again(sc, shuffled, counter, damage, count):
    files = shuffle_files(sc, shuffled)
    assert len(files) == 4

    for path in files[:count]:
        damage(path)

    assert shuffled.collectAsMap() == SUMS
    assert counter.count <= len(NUMBERS) + count * 1_000
    assert shuffled.collectAsMap() == SUMS


def test_every_single_byte_of_a_shuffle_file_matters(sc):
    sums = sc.parallelize(range(4), 1).map(lambda n: (n, 1)).reduceByKey(add, 2)
    expected = dict.fromkeys(range(4), 1)
    assert sums.collectAsMap() == expected
    size = shuffle_files(sc, sums)[0].stat().st_size

    for position in range(size):
        newest = max(shuffle_files(sc, sums), key=task_of)
        flip(newest, position, 1 << position % 8)
        assert sums.collectAsMap() == expected
        noticed = max(shuffle_files(sc, sums), key=task_of) != newest
        assert noticed == (position < size - FOOTER_BYTES), f"byte {position} of {size}"


def test_all_files_of_a_shuffle_lost_while_a_job_reads_them(sc, gate):
    def stop(records):
        gate.stop_here()
        return records

    pairs = sc.parallelize(NUMBERS, 4).map(lambda n: (n % 13, n)).partitionBy(4)
    sums = pairs.mapPartitions(stop).reduceByKey(add, 3)
    running = Background(sums.collectAsMap)
    wait_for(gate.pids, "the first reader")

    for path in files_of(sc, "shuffle", "shuffle_"):
        delete(path)
    gate.open()

    assert running.result() == SUMS


def test_files_lost_of_two_shuffles_of_one_job(sc, counter):
    first = sc.parallelize(NUMBERS, 4).map(lambda n: (n % 13, n)).reduceByKey(add, 3)
    second = first.map(lambda pair: (pair[1], pair[0])).reduceByKey(add, 2)
    expected = {value: key for key, value in SUMS.items()}
    assert second.collectAsMap() == expected

    for path in files_of(sc, "shuffle", "shuffle_"):
        delete(path)

    assert second.collectAsMap() == expected


def test_a_file_that_is_damaged_again_and_again_ends_the_job(sc):
    directory = sc._driver.local_dirs.path("shuffle")

    def wreck(records):
        for path in Path(directory).glob("*.data"):
            if path.is_file():
                os.truncate(path, 5)
        return records

    pairs = sc.parallelize(range(100), 2).map(lambda n: (n % 3, n)).partitionBy(2)
    wrecked = pairs.mapPartitions(lambda records: wreck(list(records)))
    readers = wrecked.zip(pairs.mapPartitions(lambda records: list(records)))

    with pytest.raises(JobFailed, match="failed the maximum allowable number of times: 4"):
        readers.mapPartitions(lambda records: wreck(list(records))).reduceByKey(add).count()

    assert sc.parallelize(range(10), 2).sum() == 45


LEVELS = [StorageLevel.MEMORY_ONLY, StorageLevel.MEMORY_AND_DISK, StorageLevel.DISK_ONLY]


@pytest.mark.parametrize(
    "damage", [d for d in DAMAGES if d is not become_a_directory], ids=damage_id
)
@pytest.mark.parametrize("level", LEVELS, ids=str)
@pytest.mark.parametrize("kind", [int, str.encode], ids=["numbers", "large"])
def test_a_damaged_cached_block_is_computed_again(sc, counter, damage, level, kind):
    def make(number):
        counter.add()
        return number if kind is int else (b"%d " % number) * 50

    cached = sc.parallelize(NUMBERS, 4).map(make).persist(level)
    expected = cached.collect()
    files = files_of(sc, "blocks", f"rdd_{cached.id()}_")
    assert len(files) == 4
    done = counter.count

    for path in files[1:3]:
        damage(path)

    assert cached.collect() == expected
    assert counter.count == done + 2_000
    assert cached.collect() == expected
    cached.unpersist()


def test_a_damaged_block_behind_a_shuffle_whose_files_are_gone(sc):
    sums = sc.parallelize(NUMBERS, 4).map(lambda n: (n % 13, n)).reduceByKey(add, 3).cache()
    assert sums.collectAsMap() == SUMS

    for path in files_of(sc, "blocks", f"rdd_{sums.id()}_")[:2]:
        cut_in_half(path)
    for path in files_of(sc, "shuffle", "shuffle_"):
        delete(path)

    assert sums.collectAsMap() == SUMS


def test_deleted_blocks_behind_a_shuffle_whose_map_side_is_slow(sc, gate):
    def slow(number):
        import time

        if os.path.exists(gate._path("slow")):
            time.sleep(0.0005)
        return number % 13, number

    sums = sc.parallelize(NUMBERS, 4).map(slow).reduceByKey(add, 3).cache()
    assert sums.collectAsMap() == SUMS
    Path(gate._path("slow")).touch()

    for path in files_of(sc, "blocks", f"rdd_{sums.id()}_") + files_of(sc, "shuffle", "shuffle_"):
        delete(path)

    assert sums.collectAsMap() == SUMS


@pytest.mark.parametrize("damage", [delete, cut_in_half, flip_a_bit], ids=damage_id)
def test_a_damaged_broadcast_is_an_error_and_not_another_value(sc, damage):
    value = sc.broadcast(list(range(100_000)))
    [path] = files_of(sc, "broadcast", f"broadcast_{value._id}")
    damage(path)

    with pytest.raises(JobFailed, match=r"broadcast_\d+"):
        sc.parallelize(range(4), 2).map(lambda n: value.value[n]).collect()

    assert sc.parallelize(range(10), 2).sum() == 45


@pytest.mark.parametrize("damage", [delete, cut_in_half, flip_a_bit], ids=damage_id)
def test_a_damaged_slice_of_a_collection_is_an_error_and_not_other_records(sc, damage):
    records = sc.parallelize([str(n) * 20 for n in range(20_000)], 2)
    for path in files_of(sc, "parallelize", "slice_"):
        damage(path)

    with pytest.raises(JobFailed, match="slice_"):
        records.count()

    assert sc.parallelize(range(10), 2).sum() == 45


@pytest.mark.parametrize("damage", [delete, cut_in_half, flip_a_bit], ids=damage_id)
def test_a_damaged_result_is_an_error_and_not_another_value(sc, damage):
    handle = sc._submit_on_partitions(
        sc.parallelize(range(2), 2), lambda records: [bytes(2 << 20), *records]
    )
    wait_for(lambda: handle.done, "the job")
    for path in files_of(sc, "results", "taskresult_"):
        damage(path)

    with pytest.raises((OSError, SparkException)):
        handle.result()

    assert files_of(sc, "results", "") == []
