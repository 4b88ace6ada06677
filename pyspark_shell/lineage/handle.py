"""What every object of a user's that stands for a node has in common."""

from __future__ import annotations

from pyspark_shell.lineage.node import LineageNode


class NodeHandle:
    """Whoever holds one holds its node; rooms below the user's objects know them by this."""

    _node: LineageNode


def node_of(value: object) -> LineageNode | None:
    """The node that a value is a handle of, None if it is none.

    Asks the value's type only: a user's object may run code of its own when it is looked at.
    """
    return value._node if issubclass(type(value), NodeHandle) else None  # type: ignore[attr-defined]
