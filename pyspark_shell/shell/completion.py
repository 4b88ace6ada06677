"""What the Tab key offers behind a magic: ids that live, names that exist, words that it knows.

Thread  IPython's, while the user types.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from IPython import get_ipython
from IPython.core.completer import SimpleCompletion, completion_matcher

from pyspark_shell.api.rdd import RDD
from pyspark_shell.rest.port import Engine
from pyspark_shell.shell import kill_words
from pyspark_shell.shell.running import running_engine

_MAGIC: Final = re.compile(r"\s*%{1,2}(\w+)\s+(.*)", re.DOTALL)


@completion_matcher(api_version=2)
def complete_magic(context: Any) -> dict[str, Any]:
    """IPython's protocol: completions of the word at the cursor, and nobody else's beside them."""
    found = _MAGIC.fullmatch(context.text_until_cursor)
    offer = _OFFERS.get(found[1]) if found else None
    if found is None or offer is None:
        return {"completions": []}
    before, begun = _parts(found[1], found[2])
    words = [word for word in offer(before) if word.startswith(begun)]
    return {
        "completions": [SimpleCompletion(text=word, type="spark") for word in words],
        "matched_fragment": begun,
        "suppress": True,
        "ordered": True,
    }


def _parts(magic: str, line: str) -> tuple[list[str], str]:
    """The words that stand there, and what is begun; names of groups and tags may have blanks."""
    *before, begun = line.split(" ")
    if magic == "kill" and before and before[0] in ("group", "tag"):
        return before[:1], " ".join([*before[1:], begun])
    return before, begun


def words_behind_kill(before: list[str]) -> Iterable[str]:
    """Ids and scopes, or what the scope that stands there already can mean."""
    if before and before[-1] in kill_words.SCOPES:
        return live(before[-1])
    return [] if before else [*live("job"), *kill_words.SCOPES]


def live(scope: str) -> list[str]:
    """What of this scope runs now."""
    engine = running_engine()
    return [] if engine is None else sorted(set(_live(engine, scope)), key=_by_number)


def _live(engine: Engine, scope: str) -> Iterable[str]:
    if scope == "stage":
        return [str(row["stageId"]) for row in engine.stages(("ACTIVE",))]
    if scope == "task":
        return [str(task) for row in engine.executors() for task in row.get("taskIds", ())]
    if scope == "executor":
        return [row["id"] for row in engine.executors() if row["id"] != "driver"]
    running = engine.jobs(("RUNNING",))
    if scope == "job":
        return [str(row["jobId"]) for row in running]
    if scope == "group":
        return [row["jobGroup"] for row in running if row.get("jobGroup")]
    if scope == "tag":
        return [tag for row in running for tag in row.get("jobTags", ())]
    return []


def _by_number(word: str) -> tuple[int, str]:
    return (int(word), "") if word.isdigit() else (-1, word)


def _rdds(before: list[str]) -> list[str]:
    shell = get_ipython()
    names = {} if shell is None else shell.user_ns
    return sorted(
        name for name, value in names.items() if isinstance(value, RDD) and name[0] != "_"
    )


def _live_of(scope: str) -> Callable[[list[str]], Iterable[str]]:
    return lambda before: live(scope)


def _spark(before: list[str]) -> list[str]:
    return ["on", "off"] if before == ["progress"] else ["progress", "restart", "stop"]


_OFFERS: Final[dict[str, Callable[[list[str]], Iterable[str]]]] = {
    "kill": words_behind_kill,
    "stack": _live_of("task"),
    "stages": _live_of("job"),
    "jobs": _live_of("job"),
    "threads": _live_of("executor"),
    "held": _rdds,
    "spark_forget": _rdds,
    "cleaner": lambda before: ["gc"],
    "spark": _spark,
}
