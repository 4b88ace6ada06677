"""Accumulators, broadcasts and files that tasks can reach."""

from __future__ import annotations

import os
import sys

from compat.differential.engine import AccumulatorParam, SparkFiles
from compat.differential.registry import caught, program


class VectorParam(AccumulatorParam):
    """Adds lists element by element."""

    def zero(self, value):
        return [0] * len(value)

    def addInPlace(self, value1, value2):
        return [left + right for left, right in zip(value1, value2, strict=True)]


@program
def accumulators_of_numbers(sc):
    whole, part, both = sc.accumulator(1), sc.accumulator(0.5), sc.accumulator(1j)

    def note(x):
        nonlocal whole
        whole += x
        part.add(x / 2)
        both.add(x)

    sc.parallelize(range(10), 4).foreach(note)
    return whole.value, part.value, both.value, str(whole)


@program
def accumulator_with_own_param(sc):
    vector = sc.accumulator([10, 20], VectorParam())
    sc.parallelize([[1, 2], [3, 4], [5, 6]], 2).foreach(vector.add)
    return vector.value


@program
def accumulators_count_each_run(sc):
    seen = sc.accumulator(0)
    rdd = sc.parallelize(range(4), 2).map(lambda x: seen.add(1) or x)
    before = seen.value
    rdd.count()
    rdd.count()
    cached = rdd.map(lambda x: x).cache()
    cached.count()
    cached.count()
    cached.unpersist()
    return before, seen.value


@program
def accumulator_misuse(sc):
    seen = sc.accumulator(0)
    seen.value = 7
    return (
        seen.value,
        caught(
            lambda: sc.parallelize([1], 1).map(lambda x: seen.value).collect(),
            "VALUE_NOT_ACCESSIBLE",
        ),
        caught(lambda: sc.accumulator([1]), "No default accumulator param for type"),
        caught(lambda: sc.accumulator("text")),
    )


@program
def failed_job_adds_nothing(sc):
    seen = sc.accumulator(0)

    def note(x):
        seen.add(1)
        raise RuntimeError("always")

    return caught(
        lambda: sc.parallelize([1], 1).foreach(note), "RuntimeError", "always"
    ), seen.value


@program
def accumulators_in_shuffles(sc):
    seen = sc.accumulator(0)
    rdd = (
        sc.parallelize([(x % 3, x) for x in range(9)], 3)
        .map(lambda pair: seen.add(1) or pair)
        .groupByKey(2)
    )
    rdd.count()
    rdd.count()
    return seen.value


@program
def broadcasts(sc):
    table = sc.broadcast({"a": 1, "b": [2, 3]})
    numbers = sc.broadcast(list(range(1000)))
    return (
        sc.parallelize(["a", "b", "c"], 2).map(lambda key: table.value.get(key)).collect(),
        sc.parallelize([5, 999], 2).map(lambda index: numbers.value[index]).collect(),
        table.value,
    )


@program
def broadcast_of_many_types(sc):
    values = [None, 0, "", (), b"bytes", {1, 2}, len]
    shared = [sc.broadcast(value) for value in values]
    read = sc.parallelize(range(6), 3).map(lambda index: shared[index].value).collect()
    return read, sc.parallelize([1], 1).map(lambda x: shared[6].value([x, x])).collect()


@program
def broadcast_unpersisted_and_destroyed(sc):
    shared = sc.broadcast([1, 2])
    rdd = sc.parallelize(range(2), 2).map(lambda x: shared.value[x])
    first = rdd.collect()
    shared.unpersist()
    second = rdd.collect()
    shared.destroy()
    return first, second, caught(rdd.collect, "destroyed")


@program
def broadcast_misuse(sc):
    shared = sc.broadcast(1)
    one = sc.parallelize([1], 1)
    return (
        caught(
            lambda: one.map(lambda x: shared.unpersist()).collect(), "INVALID_BROADCAST_OPERATION"
        ),
        caught(
            lambda: one.map(lambda x: shared.destroy()).collect(), "INVALID_BROADCAST_OPERATION"
        ),
        caught(lambda: sc.broadcast(one), "RDD_TRANSFORM_ONLY_VALID_ON_DRIVER"),
        caught(lambda: sc.broadcast(sc), "CONTEXT_ONLY_VALID_ON_DRIVER"),
    )


@program
def added_files(sc, folder):
    (folder / "words.txt").write_text("shipped")
    (folder / "deep").mkdir()
    (folder / "deep" / "inner.txt").write_text("inside")
    sc.addFile(str(folder / "words.txt"))
    sc.addFile(str(folder / "deep"), recursive=True)

    def read(name):
        with open(SparkFiles.get(name)) as file:
            return file.read()

    return (
        sc.parallelize(["words.txt", "deep/inner.txt"], 2).map(read).collect(),
        read("words.txt"),
        os.path.isdir(SparkFiles.getRootDirectory()),
        [path.rsplit("/", 1)[-1] for path in sorted(sc.listFiles) if str(folder) in path],
        caught(lambda: sc.addFile(str(folder / "missing.txt")), "missing.txt does not exist"),
    )


@program
def added_python_files(sc, folder):
    (folder / "shipped_module.py").write_text("def triple(x):\n    return 3 * x\n")
    sc.addPyFile(str(folder / "shipped_module.py"))

    def use(x):
        import shipped_module

        return shipped_module.triple(x)

    answer = sc.parallelize([1, 2], 2).map(use).collect()
    here = use(5)
    sys.modules.pop("shipped_module", None)
    return answer, here


@program
def executor_environment_and_files_differ(sc):
    pids = set(sc.parallelize(range(8), 4).map(lambda x: os.getpid()).collect())
    return os.getpid() in pids
