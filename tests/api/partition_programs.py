"""RDDs whose partitions, records and order are compared with what PySpark 4.3.0 made of them.

`python tests/api/partition_programs.py > tests/api/recorded_partitions.json` records them with the
PySpark that is installed. Keys are numbers, so that no hash seed matters.
"""

from __future__ import annotations

import json
import operator

NUMBERS = [5, 3, 17, 3, 9, 5, 0, 42, 8, 17, 23, 4, 15, 16, 3, 99, 5, 7]


def plain(record):
    """Make the record a list of lists, whatever it is made of."""
    if isinstance(record, (str, int, float, bool, type(None))):
        return record
    return [plain(item) for item in record]


def programs(sc):
    """Give the RDDs by name."""
    left = sc.parallelize([(n, i) for i, n in enumerate(NUMBERS)], 3)
    right = sc.parallelize([(n, i * 10) for i, n in enumerate([*NUMBERS[::3], 77])], 2)
    keys = left.keys()
    dealt = left.partitionBy(3)
    yield "reduceByKey", left.reduceByKey(operator.add)
    yield "foldByKey", left.foldByKey(100, lambda a, b: a + b)
    yield "aggregateByKey", left.aggregateByKey([], lambda a, b: [*a, b], operator.add, 2)
    yield "combineByKey", left.combineByKey(str, "{}{}".format, "{}-{}".format)
    yield "groupByKey", left.groupByKey(2)
    yield "groupBy", left.groupBy(lambda pair: pair[0] % 4)
    yield "partitionBy", left.partitionBy(4)
    yield "partitionBy function", left.partitionBy(2, lambda key: key // 10)
    yield "join", left.join(right)
    yield "join of dealt", dealt.join(right.partitionBy(3))
    yield "leftOuterJoin", left.leftOuterJoin(right, 2)
    yield "rightOuterJoin", left.rightOuterJoin(right)
    yield "fullOuterJoin", left.fullOuterJoin(right, 3)
    yield "cogroup", left.cogroup(right)
    yield "groupWith", left.groupWith(right, left, right)
    yield "subtractByKey", left.subtractByKey(right, 2)
    yield "subtract", keys.subtract(right.keys())
    yield "intersection", keys.intersection(right.keys())
    yield "distinct", keys.distinct()
    yield "distinct in 2", keys.distinct(2)
    yield "union", left.union(right)
    yield "union of dealt", dealt.union(dealt.mapValues(operator.neg))
    yield "sortByKey", left.sortByKey()
    yield "sortByKey descending", left.sortByKey(False, 4)
    yield "sortByKey in 1", left.sortByKey(True, 1)
    yield "sortBy", left.sortBy(lambda pair: -pair[1], True, 4)
    yield "sortBy descending", left.sortBy(lambda pair: pair[0] % 5, False)
    yield "repartitionAndSort", left.repartitionAndSortWithinPartitions(2)
    yield "zip", left.zip(keys)
    yield "zipWithIndex", left.zipWithIndex()
    yield "zipWithUniqueId", left.zipWithUniqueId()
    yield "sample", left.sample(False, 0.5, 3)
    yield "sample again", left.sample(True, 0.9, 3)
    yield "sampleByKey", left.sampleByKey(False, dict.fromkeys(NUMBERS, 0.5), 3)
    yield "tuples", left.map(lambda pair: ((pair[0] % 3, None), 1)).reduceByKey(operator.add, 3)
    for number, part in enumerate(left.randomSplit([1, 2, 3], 5)):
        yield f"randomSplit {number}", part
    for size, before, after in [(25, 2, 3), (100, 3, 7), (257, 5, 16), (9, 1, 4), (0, 2, 2)]:
        numbers = sc.parallelize(range(size), before)
        yield f"repartition {size} {before} {after}", numbers.repartition(after)
    for before, after in [(5, 2), (8, 3), (2, 9), (7, 7)]:
        numbers = sc.parallelize(range(10), before)
        yield f"coalesce {before} {after}", numbers.coalesce(after)


def main() -> None:
    from pyspark import SparkContext

    with SparkContext("local[2]", "record") as sc:
        recorded = {name: plain(rdd.glom().collect()) for name, rdd in programs(sc)}
    print("{")
    print(",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in recorded.items()))
    print("}")


if __name__ == "__main__":
    main()
