"""Compares the shape of two JSON answers: the same fields, the same types, in all their depths.

Whatever differs must stand in one of the tables below; an entry that no answer needs any more fails
a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

# Kinds of rows, and a field of Spark's by which each is known; the first one counts.
KINDS = {
    "thread": "threadId",
    "application": "attempts",
    "job": "jobId",
    "stage": "attemptId",
    "task": "taskId",
    "executor": "hostPort",
    "rdd": "numCachedPartitions",
    "share of an rdd": "memoryRemaining",
    "logs": "stderr",
    "resources": "offHeap",
    "settings": "hadoopProperties",
}

# What we tell beyond Spark.
OURS = {
    "application": "defaultParallelism droppedEvents killReason killWho kind master pid sparkUser"
    " startedAt state stoppedReason uiWebUrl version",
    "job": "callSite completedAt failureReason interruptOnCancel killReason killState killWho"
    " killedAt lastTaskEndAt pool poolName site submittedAt zombieTasks",
    "stage": "completedAt jobIds lastTaskEndAt medianTaskMs slowestTaskMs submittedAt waitsFor"
    " zombieTasks",
    "task": "jobIds killReason killing pid stageAttempt stageId",
    "executor": "forcedKills keptBecause pid rssBytes state taskIds",
    "thread": "cpuPercent jobId keepsProcessAlive nativeId owner sameLineSeconds sampledBy"
    " startedAt taskId waitsFor",
    "rdd": "callSite",
    "share of an rdd": "executorId",
    "resources": "cores",  # Spark's executors of a local cluster take all that are there
}

# What Spark leaves out of a row where there is nothing to tell.
OPTIONAL = {
    "job": "completionTime description jobGroup",
    "stage": "completionTime description failureReason firstTaskLaunchedTime submissionTime"
    # Of stages that ran, and where summaries are asked for.
    " executorMetricsDistributions peakExecutorMetrics taskMetricsDistributions",
    "task": "errorMessage taskMetrics",
    "logs": "stderr stdout",  # the driver's
}

# Spark tells it as we do, but it loses no executor in what is compared.
NOT_COME_ABOUT = {"executor": "removeReason removeTime"}

# What a thread waits for depends on the moment, and on whether there is a JVM: on one side only.
OF_THE_MOMENT = {"thread": "blockedByThreadId lockName lockOwnerName"}

# Lists of what only a JVM has.
EMPTY = {
    "settings": "hadoopProperties metricsProperties",
    "thread": "holdingLocks monitors synchronizers",
}

# Rows whose names are data themselves: ids, reasons, executors.
TABLES = {"tasks", "executorSummary", "killedTasksSummary"}


class Allowance(NamedTuple):
    """How a field of a kind of row may differ."""

    what: str
    kind: str
    name: str


def _allowances(what: str, table: dict[str, str]) -> set[Allowance]:
    return {Allowance(what, kind, name) for kind, names in table.items() for name in names.split()}


NEEDED = (
    _allowances("not in Spark", OURS)
    | _allowances("not in Spark", NOT_COME_ABOUT)
    | _allowances("not in every row", OPTIONAL)
    | _allowances("empty here", EMPTY)
)
# Samples are of one row, which may lack what is optional.
ALLOWED = NEEDED | _allowances("not in Spark", OPTIONAL)
for _what in ("not in Spark", "not in every row", "missing"):
    ALLOWED |= _allowances(_what, OF_THE_MOMENT)


class Difference(NamedTuple):
    """Where two answers differ, and what would have to allow it."""

    where: str
    allowance: Allowance

    def __str__(self) -> str:
        return f"{self.where}: {self.allowance.what}"


def differences(spark: Any, ours: Any, where: str = "") -> list[str]:
    """Fields that one side lacks, or has of another type, but those that may differ."""
    found = all_differences(spark, ours, where)
    return [str(each) for each in found if each.allowance not in ALLOWED]


def all_differences(spark: Any, ours: Any, where: str = "") -> Iterator[Difference]:
    """Also those that are allowed."""
    return _compare([spark], [ours], where, Allowance("", "", ""))


def _compare(
    spark: list[Any], ours: list[Any], where: str, place: Allowance
) -> Iterator[Difference]:
    """Compare all that Spark has at a place with all that we have there."""
    types, our_types = _types(spark), _types(ours)
    if not our_types <= types:
        yield Difference(where, place._replace(what=f"{types} in Spark, {our_types} here"))
    elif types == {"list"} or (types == {"dict"} and place.name in TABLES):
        inner, our_inner = _contents(spark), _contents(ours)
        if inner and our_inner:
            yield from _compare(inner, our_inner, f"{where}[]", place._replace(name=""))
        elif inner:
            yield Difference(where, place._replace(what="empty here"))
    elif types == {"dict"}:
        yield from _compare_rows(spark, ours, where)


def _compare_rows(
    spark: list[dict[str, Any]], ours: list[dict[str, Any]], where: str
) -> Iterator[Difference]:
    names, our_names = set().union(*spark), set().union(*ours)
    kind = next((kind for kind, name in KINDS.items() if name in names | our_names), "")
    for name in sorted(names | our_names):
        place = Allowance("", kind, name)
        if name not in names:
            what = "not in Spark"
        elif name not in our_names:
            what = "missing"
        else:
            what = "" if all(name in row for row in (*spark, *ours)) else "not in every row"
            inner, our_inner = _values(spark, name), _values(ours, name)
            yield from _compare(inner, our_inner, f"{where}.{name}", place)
        if what:
            yield Difference(f"{where}.{name}", place._replace(what=what))


def _types(values: Iterable[Any]) -> set[str]:
    return {type(value).__name__ for value in values}


def _contents(values: Iterable[Any]) -> list[Any]:
    """What is in lists, or in tables."""
    return [
        each for value in values for each in (value.values() if isinstance(value, dict) else value)
    ]


def _values(rows: Iterable[dict[str, Any]], name: str) -> list[Any]:
    return [row[name] for row in rows if name in row]
