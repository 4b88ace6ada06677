"""Runs the examples in our own docstrings, with `sc` in their namespace where they ask for it.

Each runs twice, as in a shell that stays, and leaves neither files nor names of jobs behind.
"""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain

import pytest

import pyspark_shell
from pyspark_shell import Accumulator, BarrierTaskContext, RDDBarrier, SparkConf, TaskContext
from pyspark_shell.api.job_control import JOB_INTERRUPT_ON_CANCEL
from pyspark_shell.resource import ResourceProfileBuilder

NOT_IMPORTED = ("__main__",)


def modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(pyspark_shell.__path__, "pyspark_shell."):
        if not module.name.endswith(NOT_IMPORTED):
            yield module.name


def cases() -> Iterator[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [finder.find(importlib.import_module(name)) for name in modules()]
    # They say that they are of another module than their methods, which so are found in neither.
    for cls in (RDDBarrier, SparkConf):
        found.append(finder.find(cls, cls.__name__, module=False, globs={cls.__name__: cls}))
    for case in chain.from_iterable(found):
        if case.examples:
            yield case


CASES = list(cases())

PUBLIC = [getattr(pyspark_shell, name) for name in pyspark_shell.__all__]
# All that users call of these has an example, and says what its parameters are.
DOCUMENTED = [*filter(inspect.isclass, PUBLIC), ResourceProfileBuilder]
# Public among the engine's rooms, and nothing for users.
FOR_THE_ENGINE = {
    Accumulator: {"merge"},
    TaskContext: {
        "add_task_completion_listener",
        "give_map_outputs",
        "map_outputs",
        "mark_killed",
        "may_commit",
        "run_completion_listeners",
    },
    BarrierTaskContext: {"attach"},
}


def ours(documented: type, name: str) -> Iterator[type]:
    """Yield the classes of this package that define a member, most derived first."""
    for cls in documented.__mro__:
        if name in vars(cls) and cls.__module__.partition(".")[0] == pyspark_shell.__name__:
            yield cls


def members(documented: type) -> Iterator[tuple[str, object, str]]:
    """Yield name, member and docstring of what users call, if the docstring says it is there.

    What a class has of the standard library, such as a thread's `join`, is not told here.
    """
    hidden = set().union(*(FOR_THE_ENGINE.get(cls, ()) for cls in documented.__mro__))
    for name, member in inspect.getmembers(documented):
        docstring = inspect.getdoc(member) or ""
        if (
            not name.startswith("_")
            and name not in hidden
            and any(ours(documented, name))
            and (callable(member) or isinstance(member, property))
            and not docstring.startswith("Not here")
        ):
            yield name, member, docstring


def described(docstring: str) -> set[str]:
    """Return the names in the section of parameters: `name`, or several with commas between."""
    section = re.search(r"(?ms)^Parameters\n-+\n(.*?)(?=^\S+\n-+$|\Z)", docstring)
    lines = section[1].splitlines() if section else []
    heads = [line for line in lines if line and not line.startswith(" ")]
    return {name.strip(" *") for head in heads for name in head.split(",")}


@pytest.mark.parametrize("documented", DOCUMENTED, ids=lambda cls: cls.__name__)
def test_all_that_users_call_has_an_example(documented):
    without = [name for name, _, docstring in members(documented) if ">>>" not in docstring]

    assert without == []


@pytest.mark.parametrize("documented", DOCUMENTED, ids=lambda cls: cls.__name__)
def test_every_example_is_run(documented):
    run = {tuple(case.name.split(".")[-2:]) for case in CASES}
    told = [
        next((cls.__name__, name) for cls in ours(documented, name) if vars(cls)[name].__doc__)
        for name, _, _ in members(documented)
    ]

    assert [example for example in told if example not in run] == []


@pytest.mark.parametrize("documented", DOCUMENTED, ids=lambda cls: cls.__name__)
def test_every_parameter_is_described(documented):
    for name, member, docstring in members(documented):
        if callable(member):
            arguments = set(inspect.signature(member).parameters) - {"self"}
            assert described(docstring) == arguments, name


def test_what_is_for_the_engine_is_there():
    assert [
        (cls, name) for cls, names in FOR_THE_ENGINE.items() for name in names - set(vars(cls))
    ] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_example_holds(case, request, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    monkeypatch.chdir(tmp_path)
    case.globs["__name__"] = "__main__"  # so that its functions travel as a user's do
    if any(re.search(r"\bsc\b", example.source) for example in case.examples):
        case.globs["sc"] = request.getfixturevalue("sc")
        case.globs["sc"]._adopt_local_properties({})
    report: list[str] = []

    for _ in ("as a reader runs it", "as a reader runs it again"):
        failed, _ = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(
            case, out=report.append, clear_globs=False
        )

        assert failed == 0, "".join(report)
    assert list(tmp_path.iterdir()) == []
    if "sc" in case.globs:
        assert case.globs["sc"]._local_properties() in ({}, {JOB_INTERRUPT_ON_CANCEL: "false"})


# Their examples are not run above, where one context serves them all.
WITH_A_CONTEXT_OF_THEIR_OWN = """
import doctest
from pyspark_shell import SparkContext, SparkSession

def holds(documented, **names):
    [case] = doctest.DocTestFinder(recurse=False).find(documented, "example", globs=names)
    for example in case.examples:
        example.options.clear()
    return doctest.DocTestRunner().run(case) == (0, len(case.examples))

assert holds(SparkContext, SparkContext=SparkContext)
assert holds(SparkContext.stop, sc=SparkContext("local[1]", "stopped"))
assert holds(SparkSession.stop, spark=SparkSession(SparkContext("local[1]", "stopped")))
"""


def test_examples_that_start_and_stop_contexts_hold():
    done = subprocess.run(
        [sys.executable, "-c", WITH_A_CONTEXT_OF_THEIR_OWN], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr
