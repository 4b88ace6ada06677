"""A small table of facts for notebooks, in which everything is text and nothing is markup."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

_HEAD: Final = 'style="text-align:left;font-weight:600"'
_NAME: Final = 'style="text-align:left;vertical-align:top;opacity:.7"'
_VALUE: Final = 'style="text-align:left;white-space:pre;font-family:monospace"'


class Fact(NamedTuple):
    """One row."""

    name: str
    value: str


def facts_table(title: str, facts: Iterable[Fact]) -> str:
    """A table with a title.

    Examples
    --------
    >>> "&lt;b&gt;" in facts_table("RDD", [Fact("name", "<b>")])
    True
    """
    from html import escape  # here, since executors import what has such tables

    rows = "".join(
        f"<tr><td {_NAME}>{escape(fact.name)}</td><td {_VALUE}>{escape(fact.value)}</td></tr>"
        for fact in facts
    )
    return f'<table><tr><th colspan="2" {_HEAD}>{escape(title)}</th></tr>{rows}</table>'
