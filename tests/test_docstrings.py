"""Runs the examples in our own docstrings, with `sc` in their namespace where they ask for it.

Each runs twice, as in a shell that stays, and leaves neither files nor names of jobs behind.
"""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator

import pytest

import pyspark_shell
from pyspark_shell import SparkFiles
from pyspark_shell.api.job_control import JOB_INTERRUPT_ON_CANCEL
from pyspark_shell.api.status_tracker import StatusTracker
from pyspark_shell.resource import ResourceProfileBuilder

NOT_IMPORTED = ("__main__",)


def modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(pyspark_shell.__path__, "pyspark_shell."):
        if not module.name.endswith(NOT_IMPORTED):
            yield module.name


def cases() -> Iterator[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name in modules():
        for case in finder.find(importlib.import_module(name)):
            if case.examples:
                yield case


# Of whose public methods each has an example; RDD's are held by `test_rdd_types`.
@pytest.mark.parametrize(
    "documented", [ResourceProfileBuilder, SparkFiles, StatusTracker], ids=lambda cls: cls.__name__
)
def test_each_public_method_has_an_example(documented):
    without = [
        name
        for name, member in inspect.getmembers(documented)
        if not name.startswith("_")
        and (callable(member) or isinstance(member, property))
        and ">>>" not in (inspect.getdoc(member) or "")
    ]

    assert without == []


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
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
