"""Errors: their kind, the words in them, and a context that works on after each."""

from __future__ import annotations

import threading
from operator import add

from compat.differential.engine import SparkConf, SparkContext
from compat.differential.registry import caught, program


class Unpicklable:
    def __reduce__(self):
        raise TypeError("this one does not travel")


class UnpicklableError(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def after(sc, *found):
    """Return what was found, and the proof that the context still works."""
    return *found, sc.parallelize(range(4), 2).sum()


@program
def error_of_a_task(sc):
    return after(
        sc,
        caught(
            lambda: sc.parallelize([1, 0], 2).map(lambda x: 1 // x).collect(),
            "ZeroDivisionError",
            "<lambda>",
        ),
    )


@program
def errors_of_every_step(sc):
    def fail(*arguments):
        raise LookupError("not here")

    rdd = sc.parallelize([(1, 1), (1, 2)], 2)
    actions = {
        "filter": rdd.filter(fail).count,
        "flatMap": rdd.flatMap(fail).count,
        "mapPartitions": rdd.mapPartitions(fail).count,
        "mapValues": rdd.mapValues(fail).collect,
        "reduceByKey": rdd.reduceByKey(fail, 1).collect,
        "sortBy": lambda: rdd.sortBy(fail),
        "groupBy": rdd.groupBy(fail).collect,
        "foreach": lambda: rdd.foreach(fail),
        "foreachPartition": lambda: rdd.foreachPartition(fail),
        "partitionBy": rdd.partitionBy(2, fail).collect,
        "takeOrdered": lambda: rdd.takeOrdered(1, fail),
        "aggregate": lambda: rdd.aggregate(0, fail, add),
    }
    return {name: caught(action, "LookupError", "not here") for name, action in actions.items()}


@program
def stop_iteration_is_an_error(sc):
    rdd = sc.parallelize([1, 2], 1)

    def stop(*arguments):
        raise StopIteration

    return after(
        sc,
        caught(rdd.map(stop).collect, "STOP_ITERATION_OCCURRED"),
        caught(rdd.filter(stop).collect, "STOP_ITERATION_OCCURRED"),
        caught(rdd.flatMap(stop).collect, "STOP_ITERATION_OCCURRED"),
        caught(lambda: rdd.foreach(stop), "STOP_ITERATION_OCCURRED"),
        caught(rdd.keyBy(lambda x: 1).reduceByKey(stop).collect, "STOP_ITERATION_OCCURRED"),
        caught(lambda: rdd.fold(0, stop), "StopIteration"),
    )


@program
def context_in_a_closure(sc):
    one = sc.parallelize([1], 1)
    return after(
        sc,
        caught(
            lambda: one.map(lambda x: sc.defaultParallelism + x).collect(),
            "CONTEXT_ONLY_VALID_ON_DRIVER",
        ),
        caught(
            lambda: one.map(lambda x: one.count()).collect(), "RDD_TRANSFORM_ONLY_VALID_ON_DRIVER"
        ),
    )


@program
def closures_that_cannot_be_pickled(sc):
    lock, travels_not = threading.Lock(), Unpicklable()
    one = sc.parallelize([1], 1)
    return after(
        sc,
        caught(lambda: one.map(lambda x: lock).collect(), "Could not serialize object"),
        caught(
            lambda: one.map(lambda x: travels_not).collect(),
            "Could not serialize object",
            "does not travel",
        ),
    )


@program
def results_that_cannot_be_pickled(sc):
    return after(
        sc,
        caught(lambda: sc.parallelize([1], 1).map(lambda x: threading.Lock()).collect(), "pickle"),
    )


@program
def errors_that_cannot_be_pickled(sc):
    def fail(x):
        raise UnpicklableError("one", "two")

    return after(
        sc,
        caught(
            lambda: sc.parallelize([1], 1).map(fail).collect(), "UnpicklableError", "one and two"
        ),
    )


@program
def exit_of_a_task(sc):
    def leave(x):
        import sys

        sys.exit(7)

    return after(sc, caught(lambda: sc.parallelize([1], 1).map(leave).collect(), "SystemExit: 7"))


@program
def end_of_a_process(sc):
    def die(x):
        import os

        os._exit(3)

    return after(sc, caught(lambda: sc.parallelize([1], 1).map(die).collect()))


@program
def non_ascii_message(sc):
    def fail(x):
        raise ValueError("exception with 日本語 and é")

    return after(
        sc, caught(lambda: sc.parallelize([1], 1).map(fail).collect(), "日本語", "ValueError")
    )


@program
def zips_that_do_not_fit(sc):
    ten = sc.parallelize(range(10), 2)
    return after(
        sc,
        caught(
            lambda: ten.zip(sc.parallelize(range(10), 3)),
            "Can only zip with RDD which has the same number of partitions",
        ),
        caught(
            lambda: sc.parallelize(list("abcd"), 2).zip(sc.parallelize(list("abcde"), 2)).collect(),
            "Can only zip RDDs",
        ),
    )


@program
def wrong_numbers_of_partitions(sc):
    ten = sc.parallelize(range(10), 2)
    return after(
        sc,
        caught(lambda: sc.parallelize(range(3), 0)),
        caught(
            lambda: sc.parallelize(range(3), -1).collect(), "Positive number of partitions required"
        ),
        caught(lambda: sc.range(3, numSlices=0)),
        caught(lambda: ten.coalesce(0)),
        caught(lambda: ten.coalesce(-1)),
        caught(lambda: ten.repartition(0)),
        caught(lambda: ten.repartition(-1)),
    )


@program
def job_on_a_missing_partition(sc):
    rdd = sc.parallelize([1], 1)
    words = "Attempting to access a non-existent partition: 5. Total number of partitions: 1"
    return after(sc, caught(lambda: sc.runJob(rdd, lambda part: part, [5]), words))


@program
def wrong_arguments(sc):
    numbers = sc.parallelize(range(5), 2)
    return (
        caught(lambda: numbers.sample(False, -0.5).collect(), "Fraction must be nonnegative."),
        caught(lambda: numbers.takeSample(False, -1), "Sample size cannot be negative"),
        caught(lambda: numbers.union(numbers) + "no rdd"),
        caught(lambda: numbers.keyBy(abs).sampleByKey(False, {0: -1.0})),
        caught(lambda: sc.union([])),
        caught(lambda: sc.setLogLevel("LOUD"), "Supplied level LOUD did not match one of"),
        caught(lambda: numbers.reduceByKey(add).collect()),
    )


@program
def comparing_and_iterating_an_rdd(sc):
    numbers = sc.parallelize(range(3), 1)
    return caught(lambda: list(numbers)), caught(lambda: len(numbers)), caught(lambda: numbers[0])


@program
def second_context(sc):
    return after(
        sc,
        caught(
            lambda: SparkContext("local", "second"),
            "Cannot run multiple SparkContexts at once",
            "app=differential",
        ),
        SparkContext.getOrCreate() is sc,
        SparkContext.getOrCreate(SparkConf().set("spark.x", "y")) is sc,
    )


@program
def configuration_misuse(sc):
    conf = SparkConf(loadDefaults=False)
    return (
        caught(lambda: conf.setExecutorEnv("A", "1", [("B", "2")])),
        caught(lambda: conf.setExecutorEnv()),
        conf.set("spark.a", True).setIfMissing("spark.a", "no").setAll([("spark.b", 2)]).getAll()
        and sorted(conf.getAll()),
        conf.setExecutorEnv("A", "1").setExecutorEnv(pairs=[("B", "2")]).get("spark.executorEnv.B"),
        conf.toDebugString().splitlines() == sorted(conf.toDebugString().splitlines()),
        conf.get("missing"),
        conf.get("missing", "there"),
        conf.contains("spark.a"),
    )


@program
def errors_inside_shuffled_stages(sc):
    def fail(pair):
        if pair[0] == 2:
            raise OverflowError("too much")
        return pair

    rdd = sc.parallelize([(x % 3, x) for x in range(9)], 3).groupByKey(3).map(fail)
    return after(
        sc, caught(rdd.collect, "OverflowError", "too much"), caught(rdd.count, "OverflowError")
    )
