"""Compares the shape of two JSON answers: the same fields, the same types, in all their depths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# What a thread waits for depends on the moment, and on whether there is a JVM: on one side only.
OPTIONAL = frozenset({"lockName", "lockOwnerName", "blockedByThreadId"})


def differences(spark: Any, ours: Any, where: str = "") -> Iterator[str]:
    """What Spark has and ours has not, or has of another type; fields of our own are allowed."""
    if _kind(spark) != _kind(ours):
        yield f"{where}: {_kind(spark)} in Spark, {_kind(ours)} here ({ours!r:.80})"
    elif isinstance(spark, dict) and _is_table(spark, where):
        if spark and ours:
            yield from differences(_one_of(spark.values()), _one_of(ours.values()), f"{where}.*")
    elif isinstance(spark, dict):
        for name, value in spark.items():
            if name in ours:
                yield from differences(value, ours[name], f"{where}.{name}")
            elif name not in OPTIONAL:
                yield f"{where}.{name}: missing"
    elif isinstance(spark, list) and spark and ours:
        yield from differences(_one_of(spark), _one_of(ours), f"{where}[]")


def _kind(value: Any) -> str:
    return type(value).__name__


def _is_table(row: dict[str, Any], where: str) -> bool:
    """Whether the names of a row are data themselves: ids, reasons, executors."""
    if where.endswith((".executorResources", ".taskResources")):
        return False
    return where.endswith("Summary") or any(name.isdigit() for name in row)


def _one_of(values: Any) -> Any:
    """The richest of several rows, which has all the fields that any has."""
    rows = list(values)
    if rows and all(isinstance(row, dict) for row in rows):
        return {name: value for row in rows for name, value in row.items()}
    return rows[0] if rows else None
