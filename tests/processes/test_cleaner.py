"""The context cleaner with real executors: what is unreachable is removed, and nothing else."""

from __future__ import annotations

import gc
import logging
import operator
import os
import random
import threading
import weakref

import pytest

from pyspark_shell import SparkContext, StorageLevel
from pyspark_shell.common.errors import SparkException
from pyspark_shell.storage.block_file import HEADER_BYTES
from tests.processes.cleaning import (
    LOGGER,
    all_files,
    files,
    let_cleaner_pass,
    listen,
    row_of,
    shuffle_ids,
    threads_called,
)
from tests.processes.waiting import rss_bytes, wait_for


class Unpersisted:
    def __init__(self):
        self.rdd_ids = []

    def onUnpersistRDD(self, event):
        self.rdd_ids.append(event.rdd_id)


def cached(sc, partitions=4):
    """Return an RDD that is in the cache."""
    rdd = sc.parallelize(range(100), partitions).map(lambda n: (n % 7, n)).cache()
    assert rdd.count() == 100
    return rdd


# Direct calls -------------------------------------------------------------------------------


def test_rdd_clean_direct(sc):
    told, unpersisted = listen(sc), Unpersisted()
    sc.addSparkListener(unpersisted)
    rdd = cached(sc)
    before = sorted(rdd.collect())
    number = rdd.id()
    assert files(sc, "blocks", f"rdd_{number}_")

    sc.cleaner.doCleanupRDD(number, blocking=True)

    assert files(sc, "blocks", f"rdd_{number}_") == set()
    assert sc._driver.persisted.storage_info(number) is None
    assert told.cleaned.count(("rdd", number)) == 1
    wait_for(lambda: unpersisted.rdd_ids == [number], "the event")
    assert sorted(rdd.collect()) == before


def test_shuffle_clean_direct(sc, caplog):
    told = listen(sc)
    counts = sc.parallelize([(n % 3, 1) for n in range(30)], 3).reduceByKey(operator.add)
    before = sorted(counts.collect())
    number = max(shuffle_ids(sc))
    assert files(sc, "shuffle", f"shuffle_{number}_")

    sc.cleaner.doCleanupShuffle(number, blocking=True)

    assert files(sc, "shuffle", f"shuffle_{number}_") == set()
    assert number not in shuffle_ids(sc)
    assert told.cleaned.count(("shuffle", number)) == 1
    with caplog.at_level(logging.DEBUG, LOGGER):
        sc.cleaner.doCleanupShuffle(number, blocking=True)
    assert caplog.messages == [
        "Asked to cleanup non-existent shuffle (maybe it was already removed)"
    ]
    assert told.cleaned.count(("shuffle", number)) == 1
    assert sorted(counts.collect()) == before


def test_broadcast_clean_direct(sc):
    told = listen(sc)
    primes = sc.broadcast([2, 3, 5])
    numbers = sc.parallelize(range(4), 2)
    assert numbers.map(lambda n: n in primes.value).collect() == [False, False, True, True]

    sc.cleaner.doCleanupBroadcast(primes._id, blocking=True)

    assert files(sc, "broadcast", f"broadcast_{primes._id}") == set()
    assert told.cleaned == [("broadcast", primes._id)]
    with pytest.raises(SparkException):
        numbers.map(lambda n: n in primes.value).collect()


def test_accum_clean(sc):
    told = listen(sc)
    seen = sc.accumulator(0)
    number = seen.aid
    sc.parallelize(range(5)).foreach(seen.add)
    assert seen.value == 10

    del seen

    wait_for(lambda: ("accumulator", number) in told, "the accumulator to be cleaned", 1)
    assert sc._driver.accumulators.find(number) is None


@pytest.mark.parametrize("wanted", [True, False])
def test_checkpoint_clean_on_and_off(start, tmp_path, wanted):
    sc = start(spark__cleaner__referenceTracking__cleanCheckpoints=wanted)
    told = listen(sc)
    sc.setCheckpointDir(str(tmp_path))
    rdd = sc.parallelize(range(10), 2).map(lambda n: n)
    rdd.checkpoint()
    rdd.count()
    directory = tmp_path / sc.getCheckpointDir().rpartition("/")[2] / f"rdd-{rdd.id()}"
    assert directory.is_dir()
    number = rdd.id()

    del rdd

    if wanted:
        wait_for(lambda: ("checkpoint", number) in told, "the checkpoint to be cleaned")
    else:
        let_cleaner_pass(sc, told)
    assert directory.exists() is not wanted


# By itself ----------------------------------------------------------------------------------


def test_auto_rdd(sc):
    told = listen(sc)
    r = cached(sc)
    number = r.id()

    gc.collect()
    let_cleaner_pass(sc, told)
    assert ("rdd", number) not in told
    gc.disable()
    try:
        del r
        wait_for(lambda: ("rdd", number) in told, "the RDD to be cleaned", 1)
    finally:
        gc.enable()

    assert files(sc, "blocks", f"rdd_{number}_") == set()


def test_all_that_one_name_held_is_gone_within_a_second(sc):
    def of_everything():
        primes = sc.broadcast([2, 3, 5])
        totals = cached(sc).mapValues(lambda n: n in primes.value).groupByKey().cache()
        totals.count()
        return totals

    told = listen(sc)
    before = all_files(sc)
    totals = of_everything()
    assert all(len(now) > len(before[room]) for room, now in all_files(sc).items())

    del totals

    wait_for(lambda: all_files(sc) == before, "all files to be removed", 1)
    wait_for(lambda: len(told.cleaned) == 4, "four things to be cleaned", 1)


class Knot:
    """Holds itself, so that only a collection frees it."""

    def __init__(self, content):
        self.content = content
        self.me = self


def test_auto_cycle(sc):
    told = listen(sc)
    gc.disable()
    try:
        knot = Knot(cached(sc))
        number = knot.content.id()
        del knot
        let_cleaner_pass(sc, told)
        assert ("rdd", number) not in told

        run = sc.cleaner.collect()

        wait_for(lambda: ("rdd", number) in told, "the RDD to be cleaned", 1)
    finally:
        gc.enable()
    last = sc.cleaner.describe()["gc"]["last"]
    assert last["by"] == "user"
    assert last["collected"] == run["collected"] > 0
    assert last["tookMs"] == run["tookMs"]


def test_parent_kept(sc):
    told = listen(sc)
    parent = cached(sc)
    child = parent.mapValues(lambda n: n + 1).cache()
    child.count()
    numbers = parent.id(), child.id()

    del parent
    let_cleaner_pass(sc, told)
    assert told.cleaned[:-1] == []
    del child

    wait_for(lambda: all(("rdd", n) in told for n in numbers), "both to be cleaned", 1)


@pytest.mark.parametrize("master", ["local[2]", "local-cluster[2,1,512]"])
def test_mixed_100(start, master):
    sc = start(master)
    told = listen(sc)
    before = all_files(sc)
    chance = random.Random(7)
    kept = [sc.broadcast(list(range(n))) for n in range(4)]
    kept += [_random_rdd(sc, chance) for _ in range(100)]
    tracked = {
        (entity.task.kind, entity.task.entity_id)
        for entity in sc._driver.cleaner.entities.live()
        if entity.task.kind != "shuffle" or entity.task.entity_id in shuffle_ids(sc)
    }
    gc.collect()
    let_cleaner_pass(sc, told)
    assert len(told.cleaned) == 1
    assert {kind for kind, _ in tracked} == {"rdd", "shuffle", "broadcast"}

    kept.clear()

    wait_for(lambda: tracked <= set(told.cleaned), "everything to be cleaned", 10)
    assert all_files(sc) == before


def _random_rdd(sc, chance):
    pairs = sc.parallelize(range(20), 2).map(lambda n: (n % 5, n))
    kind = chance.choice(["persisted", "shuffled", "joined", "both"])
    if kind in ("persisted", "both"):
        pairs = pairs.cache()
    if kind in ("shuffled", "both"):
        pairs = pairs.reduceByKey(operator.add, 2)
    if kind == "joined":
        pairs = pairs.join(pairs.mapValues(str), 2)
    pairs.count()
    return pairs


# What goes wrong ------------------------------------------------------------------------------


def test_failing_listener(sc, caplog):
    class Failing:
        def rddCleaned(self, number):
            raise ValueError("no")

    sc.cleaner.attachListener(Failing())
    later = listen(sc)
    rdd = cached(sc)
    number = rdd.id()

    del rdd
    wait_for(lambda: row_of(sc, "rdd", number)["state"] == "error", "the error")

    assert f"Error cleaning RDD {number}" in caplog.messages
    assert ("rdd", number) not in later
    let_cleaner_pass(sc, later)
    assert files(sc, "blocks", f"rdd_{number}_") == set()


def test_tracking_off(start):
    sc = start(spark__cleaner__referenceTracking="false")
    rdd = cached(sc)
    number = rdd.id()
    described = sc._driver.cleaner_view.describe()

    del rdd
    gc.collect()

    assert sc.cleaner is None
    assert threads_called("Spark Context Cleaner") == []
    assert threads_called("context-cleaner-periodic-gc") == []
    assert (described["state"], described["rows"]) == ("off", [])
    assert len(files(sc, "blocks", f"rdd_{number}_")) == 4


# Log and view -----------------------------------------------------------------------------------


def test_log_lines(start, tmp_path, caplog):
    sc = start(spark__cleaner__referenceTracking__cleanCheckpoints="true")
    told = listen(sc)
    sc.setCheckpointDir(str(tmp_path))
    listener = Unpersisted()
    owner = Knot(None)
    sc.cleaner.registerSparkListenerForCleanup(owner, listener)
    rdd = cached(sc)
    counts = sc.parallelize([(1, 1)], 1).reduceByKey(operator.add)
    counts.count()
    primes, seen = sc.broadcast([2]), sc.accumulator(0)
    saved = sc.parallelize([1], 1).map(lambda n: n)
    saved.checkpoint()
    saved.count()
    [shuffle] = shuffle_ids(sc)
    numbers = rdd.id(), shuffle, primes._id, seen.aid, saved.id()
    owner.me = None

    with caplog.at_level(logging.DEBUG, LOGGER):
        del rdd
        del counts
        del primes
        del seen
        del saved
        del owner
        let_cleaner_pass(sc, told)

    kinds = [
        ("CleanRDD", "RDD"),
        ("CleanShuffle", "shuffle"),
        ("CleanBroadcast", "broadcast"),
        ("CleanAccum", "accumulator"),
        ("CleanCheckpoint", "rdd checkpoint data"),
    ]
    expected = []
    for (task, noun), number in zip(kinds, numbers, strict=True):
        expected += [
            f"Got cleaning task {task}({number})",
            f"Cleaning {noun} {number}",
            f"Cleaned {noun} {number}",
        ]
    expected += [
        f"Got cleaning task CleanSparkListener({listener})",
        f"Cleaning Spark listener {listener}",
        f"Cleaned Spark listener {listener}",
    ]
    assert caplog.messages[: len(expected)] == expected


def test_view_rows(sc):
    told = listen(sc)
    rdd = cached(sc).setName("sevens")
    counts = rdd.reduceByKey(operator.add)
    counts.count()
    primes, seen = sc.broadcast([2, 3]), sc.accumulator(0)

    view = sc._driver.cleaner_view
    described = view.describe(holders=True)

    rows = {row["kind"]: row for row in described["rows"] if row["state"] == "live"}
    assert rows["rdd"]["name"] == "sevens"
    assert rows["rdd"]["callSite"].startswith("map at ")
    assert rows["rdd"]["canUnpersist"]
    assert rows["rdd"]["blocks"] == 4
    assert rows["rdd"]["memoryBytes"] + rows["rdd"]["diskBytes"] == sum(
        block.memory_bytes + block.disk_bytes
        for block in sc._driver.scheduler.blocks.cached_partitions(rdd.id()).values()
    )
    assert set(rows["rdd"]["executors"]) <= {"0", "1"}
    assert rows["shuffle"]["diskBytes"] > 0
    assert rows["shuffle"]["blocks"] == 4
    assert rows["broadcast"]["diskBytes"] > 0
    assert rows["accumulator"]["id"] == seen.aid
    assert {kind: described["tracked"][kind] for kind in rows} == dict.fromkeys(rows, 1)
    held = {holder["path"].split(" in ")[0] for holder in rows["rdd"]["heldBy"]}
    assert held == {
        "thread MainThread: local 'rdd'",
        f"child RDD {counts.id()} (thread MainThread: local 'counts'",
    }
    watched = weakref.ref(rdd._node)
    number = rdd.id()
    del rdd, counts, primes, seen
    wait_for(lambda: watched() is None, "the view to let go", 1)
    wait_for(lambda: row_of(sc, "rdd", number)["state"] == "cleaned", "the row to tell")
    assert row_of(sc, "rdd", number)["memoryBytes"] == rows["rdd"]["memoryBytes"]
    wait_for(lambda: len(told.cleaned) == 4, "all four to be cleaned", 1)


def test_clean_removes_what_is_stored_of_something_that_lives(sc):
    rdd = cached(sc)

    assert sc.cleaner.clean(rdd)
    assert not sc.cleaner.clean(sc.parallelize([1]))

    assert files(sc, "blocks", f"rdd_{rdd.id()}_") == set()
    assert row_of(sc, "rdd", rdd.id())["state"] == "live"
    assert rdd.count() == 100


def test_periodic(start):
    sc = start(spark__cleaner__periodicGC__interval="1s")
    view = sc._driver.cleaner_view
    began = view.header()["gc"]

    first = wait_for(lambda: view.header()["gc"].get("last"), "the first collection", 3)
    second = wait_for(
        lambda: (run := view.header()["gc"]["last"])["at"] > first["at"] and run, "a second", 3
    )

    assert "last" not in began
    assert first["by"] == second["by"] == "periodic"
    assert first["at"] >= began["nextAt"]
    assert second["at"] - first["at"] >= 900
    [thread] = threads_called("context-cleaner-periodic-gc")
    assert thread.daemon
    sc.stop()
    assert not thread.is_alive()
    assert view.header()["gc"]["nextAt"] is None


def test_a_collection_follows_when_much_was_stored(start):
    sc = start(spark__pyshell__cleaner__gcOnBytes="100k")
    told = listen(sc)
    gc.disable()
    try:
        knot = Knot(cached(sc))
        number = knot.content.id()
        del knot

        much = sc.parallelize(range(50_000), 2).map(str).cache()
        much.count()

        wait_for(lambda: ("rdd", number) in told, "the RDD to be cleaned", 3)
    finally:
        gc.enable()
    assert sc.cleaner.describe()["gc"]["last"]["by"] == "pressure"


def test_min_age_keeps_what_is_unreachable_for_a_while(start):
    sc = start(spark__pyshell__cleaner__minAge="1h")
    rdd = cached(sc)
    number = rdd.id()

    del rdd
    sc.cleaner.doCleanupAccum(0, blocking=True)

    assert row_of(sc, "rdd", number)["state"] == "queued"
    assert sc.cleaner.describe()["queue"] == 1
    assert len(files(sc, "blocks", f"rdd_{number}_")) == 4


def test_callback_reentrancy(sc):
    """References die in any line of many threads, whatever lock each holds."""
    told = listen(sc)
    driver = sc._driver
    locks = [driver.accumulators._merging, driver._stopping, SparkContext._lock, logging._lock]

    def drop_all():
        for number in range(1000):
            seen = sc.accumulator(0)
            with locks[number % len(locks)]:
                del seen

    threads = [threading.Thread(target=drop_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()

    wait_for(lambda: len(told.cleaned) == 8000, "8,000 cleanings", 30)
    assert sc.parallelize([1, 2]).count() == 2


# What stands beside the data in each map output: an entry for each of four partitions, the footer.
INDEX_BYTES = 4 * 20 + 8


def bytes_below(directory, prefix=""):
    with os.scandir(directory) as entries:
        return sum(e.stat().st_size for e in entries if e.name.startswith(prefix))


@pytest.mark.parametrize("level", ["MEMORY_ONLY", "DISK_ONLY"])
def test_sizes_are_the_sums_of_files_and_it_is_told_where_they_lie(sc, level):
    dirs = sc._driver.local_dirs
    rdd = sc.parallelize(range(1_000), 4).map(lambda n: (n % 7, "x" * n))
    rdd.persist(getattr(StorageLevel, level)).count()
    grouped = rdd.groupByKey()
    grouped.count()
    shared = sc.broadcast(["y" * 1_000] * 100)

    def told(kind, number):
        row = row_of(sc, kind, number)
        return {key: row[key] for key in ("memoryBytes", "diskBytes", "blocks", "where")}

    def on_disk(size, blocks):
        where = ["application's directory"]
        return {"memoryBytes": 0, "diskBytes": size, "blocks": blocks, "where": where}

    def row_of_rdd(directory):
        return bytes_below(directory, f"rdd_{rdd.id()}_") - 4 * HEADER_BYTES

    row = row_of(sc, "rdd", rdd.id())
    if level == "DISK_ONLY":
        assert row["diskBytes"] == row_of_rdd(dirs.path("blocks")) > 0
        assert (row["memoryBytes"], row["where"]) == (0, ["application's directory"])
    else:
        assert row["memoryBytes"] == row_of_rdd(dirs.memory_path("blocks")) > 0
        assert (row["diskBytes"], row["where"]) == (0, ["application's directory in memory"])
    assert row["blocks"] == 4
    number = max(shuffle_ids(sc))
    name = f"shuffle_{number}_"
    outputs = bytes_below(dirs.path("shuffle"), name) - 4 * INDEX_BYTES
    assert told("shuffle", number) == on_disk(outputs, 4)
    size = bytes_below(dirs.path("broadcast"), f"broadcast_{shared._id}")
    assert told("broadcast", shared._id) == on_disk(size, 1)
    assert size > 1_000
    assert grouped.getNumPartitions() == 4


def test_a_checkpoint_has_a_row_with_its_files_and_listeners_are_counted(start, tmp_path):
    sc = start(spark__cleaner__referenceTracking__cleanCheckpoints="true")
    sc.setCheckpointDir(str(tmp_path))
    saved = sc.parallelize(range(500), 3).map(str)
    saved.checkpoint()
    saved.count()
    [directory] = tmp_path.glob(f"*/rdd-{saved.id()}")
    owner = Unpersisted()
    sc._driver.cleanup.track_listener(owner, Unpersisted())

    described = sc._driver.cleaner_view.describe()

    row = row_of(sc, "checkpoint", saved.id())
    assert row["diskBytes"] == bytes_below(directory) > 0
    assert row["blocks"] == len(list(directory.iterdir())) >= 3
    assert row["where"] == [str(directory)]
    assert described["tracked"]["checkpoint"] == described["tracked"]["listener"] == 1
    del owner
    wait_for(lambda: sc._driver.cleaner_view.header()["cleaned"]["listener"] == 1, "its listener")


# At scale ---------------------------------------------------------------------------------------


def test_ten_thousand_things_that_came_and_went_leave_nothing(sc):
    told = listen(sc)
    entities = sc._driver.cleaner.entities

    def come_and_go(count):
        for number in range(count):
            pairs = sc.parallelize([(number, number)], 1).cache().groupByKey()
            seen = sc.accumulator(number)
            assert pairs is not seen
        del pairs, seen
        let_cleaner_pass(sc, told)
        told.cleaned.clear()
        gc.collect()
        return rss_bytes(os.getpid())

    before = come_and_go(500)

    grown = come_and_go(10_000) - before

    assert grown < 20 << 20
    assert entities.live() == []
    assert len(entities.remembered()) <= 50
    assert entities.cleaned["rdd"] >= 10_500


@pytest.mark.slow
def test_ten_thousand_cycles_with_actions_and_broadcasts_leave_memory_flat_and_no_files(sc):
    told = listen(sc)
    before_files = all_files(sc)

    def come_and_go(count):
        for number in range(count):
            shared = sc.broadcast(number)
            pairs = sc.parallelize([(1, number)], 1).cache().groupByKey()
            if number % 50 == 0:
                got = pairs.map(lambda pair, shared=shared: (*pair[1], shared.value)).collect()
                assert got == [(number, number)]
        del pairs, shared
        let_cleaner_pass(sc, told)
        told.cleaned.clear()
        gc.collect()
        return rss_bytes(os.getpid())

    before = come_and_go(1_000)

    grown = come_and_go(10_000) - before

    assert grown < 20 << 20
    assert all_files(sc) == before_files
    assert shuffle_ids(sc) == []


def test_a_hundred_jobs_that_came_and_went_leave_no_files(sc):
    told = listen(sc)
    before = all_files(sc)

    for number in range(100):
        assert sc.parallelize([(number, 1)], 1).cache().groupByKey().count() == 1
    let_cleaner_pass(sc, told)

    assert all_files(sc) == before
    assert shuffle_ids(sc) == []
