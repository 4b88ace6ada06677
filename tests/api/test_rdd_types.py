"""The types, the class and PySpark's class have the same methods with the same parameters."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from pyspark_shell.api import rdd as module
from pyspark_shell.api.rdd import RDD, PipelinedRDD, RDDBarrier

STUB = ast.parse(Path(module.__file__).with_suffix(".pyi").read_text())
# Of PySpark's, what belongs to SQL or to the JVM.
NOT_OURS = {"registerTempTable"}


def public_methods(cls):
    return {name for name in dir(cls) if not name.startswith("_") and callable(getattr(cls, name))}


def shape(function):
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return [(p.name, p.kind, p.default is not p.empty) for p in parameters]


def typed(cls):
    body = next(node for node in STUB.body if isinstance(node, ast.ClassDef) and node.name == cls)
    methods: dict[str, list[ast.FunctionDef]] = {}
    for node in body.body:
        if isinstance(node, ast.FunctionDef):
            methods.setdefault(node.name, []).append(node)
    return methods


@pytest.mark.parametrize("cls", [RDD, RDDBarrier])
def test_types_have_every_method(cls):
    base = {"context", "getNumPartitions"}
    methods = {name for name in typed(cls.__name__) if not name.startswith("_")}

    assert methods | base == public_methods(cls) | base


def test_types_have_the_same_parameters():
    for name, overloads in typed("RDD").items():
        if len(overloads) == 1:
            arguments = overloads[0].args
            names = [a.arg for a in [*arguments.args, *arguments.kwonlyargs]]
            actual = [n for n in inspect.signature(getattr(RDD, name)).parameters]
            assert names == [n for n in actual if n != "others"], name
            required = len(arguments.args) - len(arguments.defaults)
            defaults = [
                p.default is not p.empty
                for p in inspect.signature(getattr(RDD, name)).parameters.values()
            ]
            assert defaults.count(False) == required, name


def test_signatures_are_pyspark_s():
    theirs = pytest.importorskip("pyspark.core.rdd")

    for cls in ("RDD", "RDDBarrier"):
        for name in sorted(public_methods(getattr(theirs, cls)) - NOT_OURS):
            original, ours = getattr(getattr(theirs, cls), name), getattr(globals()[cls], name)
            assert shape(ours) == shape(original), name


def test_defaults_are_pyspark_s():
    theirs = pytest.importorskip("pyspark.core.rdd")

    for name in sorted(public_methods(theirs.RDD) - NOT_OURS):
        ours = inspect.signature(getattr(RDD, name)).parameters
        for parameter in inspect.signature(getattr(theirs.RDD, name)).parameters.values():
            if isinstance(parameter.default, (bool, int, float, str, type(None))):
                assert ours[parameter.name].default == parameter.default, name


def test_pipelined_rdd_is_an_rdd():
    assert issubclass(PipelinedRDD, RDD)
