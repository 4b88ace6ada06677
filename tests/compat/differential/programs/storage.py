"""Caching, checkpoints, names and what an RDD says of itself."""

from __future__ import annotations

import re

from compat.differential.engine import StorageLevel
from compat.differential.registry import caught, layout, program


def normal(text):
    """Return a debug string without what differs by run: ids, and the places in the source."""
    text = re.sub(r"RDD\[\d+\]", "RDD[n]", text.decode())
    return re.sub(r" at \S+ at [^\[\n]*", "", text)


@program
def storage_levels(sc):
    names = [
        "DISK_ONLY",
        "DISK_ONLY_2",
        "DISK_ONLY_3",
        "MEMORY_ONLY",
        "MEMORY_ONLY_2",
        "MEMORY_AND_DISK",
    ]
    names += ["MEMORY_AND_DISK_2", "MEMORY_AND_DISK_DESER", "OFF_HEAP", "NONE"]
    levels = [getattr(StorageLevel, name) for name in names]
    return [(name, str(level), repr(level)) for name, level in zip(names, levels, strict=True)]


@program
def cached_is_computed_once(sc):
    seen = sc.accumulator(0)
    rdd = sc.parallelize(range(6), 3).map(lambda x: seen.add(1) or x * 2)
    same = rdd.cache()
    answers = [rdd.collect(), rdd.collect(), rdd.map(str).collect()]
    after = seen.value
    rdd.unpersist()
    answers.append(rdd.count())
    return same is rdd, answers, after, seen.value


@program
def levels_of_an_rdd(sc):
    rdd = sc.parallelize([1, 2], 2)
    before = str(rdd.getStorageLevel()), rdd.is_cached
    rdd.persist(StorageLevel.DISK_ONLY)
    rdd.persist(StorageLevel.DISK_ONLY)
    during = str(rdd.getStorageLevel()), rdd.is_cached, rdd.count()
    refused = caught(
        lambda: rdd.persist(StorageLevel.MEMORY_ONLY),
        "Cannot change storage level of an RDD after it was",
    )
    rdd.unpersist(blocking=True)
    after = str(rdd.getStorageLevel()), rdd.is_cached
    rdd.cache()
    return before, during, refused, after, str(rdd.getStorageLevel())


@program
def every_level_gives_the_same(sc):
    answers = {}
    for name in (
        "DISK_ONLY",
        "MEMORY_ONLY",
        "MEMORY_AND_DISK",
        "MEMORY_AND_DISK_DESER",
        "MEMORY_ONLY_2",
        "OFF_HEAP",
    ):
        rdd = (
            sc.parallelize(range(20), 3)
            .map(lambda x: (x, str(x)))
            .persist(getattr(StorageLevel, name))
        )
        answers[name] = rdd.collect() == rdd.collect() == [(x, str(x)) for x in range(20)]
        rdd.unpersist()
    return answers


@program
def cached_part_of_a_chain_stays(sc):
    seen = sc.accumulator(0)
    middle = (
        sc.parallelize([(x % 3, x) for x in range(9)], 2)
        .mapValues(lambda x: seen.add(1) or x)
        .cache()
    )
    reduced = middle.reduceByKey(max)
    return sorted(reduced.collect()), sorted(middle.map(lambda pair: pair[1]).collect()), seen.value


@program
def names(sc):
    rdd = sc.parallelize([1], 1)
    mapped = rdd.map(str)
    return (
        rdd.name(),
        mapped.name(),
        mapped.setName("mine").name(),
        mapped.setName("x") is mapped,
        rdd.name(),
    )


@program
def ids_grow(sc):
    first = sc.parallelize([1], 1)
    second = first.map(str)
    third = second.filter(len)
    return (
        first.id() < second.id() < third.id(),
        first.id() == first.id(),
        first.context is sc,
        first.ctx is sc,
    )


@program
def ids_in_a_fixed_order(sc):
    base = sc.parallelize([(1, 2)], 1)
    start = base.id()
    chain = base.map(lambda pair: pair).filter(lambda pair: True)
    made = [chain.id() - start, sc.range(2).id() - start, base.union(base).id() - start]
    return made == sorted(made), made[0]


@program
def debug_strings(sc):
    base = sc.parallelize([(x, 1) for x in range(4)], 2)
    return {
        "base": normal(base.toDebugString()),
        "mapped": normal(base.map(str).toDebugString()),
        "shuffled": normal(base.reduceByKey(max, 3).toDebugString()),
        "cached": normal(base.map(str).cache().toDebugString()),
        "named": normal(base.map(str).setName("mine").toDebugString()),
        "coalesced": normal(base.coalesce(1).toDebugString()),
        "union": normal(base.union(base).toDebugString()),
    }


@program
def checkpoints(sc, folder):
    rdd = sc.parallelize(range(6), 2).map(lambda x: x + 1)
    unset = caught(rdd.checkpoint, "Checkpoint directory has not been set in the SparkContext")
    before = sc.getCheckpointDir()
    sc.setCheckpointDir(str(folder / "points"))
    rdd.checkpoint()
    marked = rdd.is_checkpointed, rdd.isCheckpointed(), rdd.getCheckpointFile()
    answer = rdd.collect()
    done = rdd.isCheckpointed(), rdd.getCheckpointFile() is not None, layout(rdd.map(str))
    below = sc.getCheckpointDir().removeprefix("file:").startswith(str(folder))
    return unset, before, marked, answer, done, below


@program
def checkpoint_cuts_the_lineage(sc, folder):
    sc.setCheckpointDir(str(folder))
    rdd = sc.parallelize([(x % 2, x) for x in range(8)], 2).groupByKey(2).mapValues(sorted)
    rdd.checkpoint()
    first = sorted(rdd.collect())
    return first, sorted(rdd.collect()), normal(rdd.toDebugString())


@program
def local_checkpoints(sc):
    seen = sc.accumulator(0)
    rdd = sc.parallelize(range(4), 2).map(lambda x: seen.add(1) or x)
    rdd.localCheckpoint()
    before = rdd.isLocallyCheckpointed(), rdd.isCheckpointed(), rdd.getCheckpointFile()
    answers = rdd.collect(), rdd.collect()
    return before, answers, seen.value, rdd.isLocallyCheckpointed(), rdd.isCheckpointed()


@program
def clean_shuffle_dependencies(sc):
    rdd = sc.parallelize([(1, 2), (1, 3)], 2).groupByKey().mapValues(list)
    rdd.collect()
    rdd.cleanShuffleDependencies()
    return rdd.collect()


@program
def text_forms(sc, folder):
    (folder / "lines").write_text("a\n")
    rdd = sc.parallelize([1], 1)
    return (
        bool(re.fullmatch(r"ParallelCollectionRDD\[\d+\] at readRDDFromFile at .*", str(rdd))),
        bool(re.fullmatch(r"PythonRDD\[\d+\] at RDD at .*", str(rdd.map(str)))),
        re.sub(r"\[\d+\]", "[n]", str(sc.textFile(str(folder / "lines"))).split(" at ")[0]),
        str(sc),
    )
