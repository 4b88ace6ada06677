"""Every public name of PySpark's core is here, and is called the same way, but for a listed few.

A signature may take more than PySpark's: further optional parameters, and defaults where that has
none.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any, TypeVar

import pytest

MODULES = [
    "",
    "accumulators",
    "broadcast",
    "conf",
    "context",
    "core.broadcast",
    "core.context",
    "core.files",
    "core.rdd",
    "core.status",
    "errors",
    "files",
    "join",
    "profiler",
    "rdd",
    "rddsampler",
    "resource",
    "resource.information",
    "resource.profile",
    "resource.requests",
    "resultiterable",
    "serializers",
    "shuffle",
    "statcounter",
    "status",
    "storagelevel",
    "taskcontext",
    "util",
]

BY_THE_ENGINE = "made by the engine only, from its own parts"
JAVA_PROPERTIES = "Java system properties"
JVM_WORKER = "part of the protocol between a JVM and its Python workers"
SQL = "Spark SQL, Connect or Streaming"
SQL_CONTEXT = "where in an SQL query an error arose"

# What PySpark has and we have not, or not so, and why that is meant.
DIFFERENCES = {
    "BarrierTaskContext.__init__": BY_THE_ENGINE,
    "BarrierTaskContext.from_json": JVM_WORKER,
    "CPickleSerializer.allowed_names": "each serializer's own",
    "CloudPickleSerializer.allowed_names": "each serializer's own",
    "ExternalGroupBy.SORT_KEY_LIMIT": "groups are sorted by hash, whatever their number",
    "ExternalGroupBy.flattened_serializer": "groups are written flat by the spill file itself",
    "ProfilerCollector.new_memory_profiler": SQL,
    "ProfilerCollector.new_udf_profiler": SQL,
    "RDD.__init__": BY_THE_ENGINE,
    "SparkContext.__init__": "the profilers of SQL functions are None by default",
    "SparkContext.getSystemProperty": JAVA_PROPERTIES,
    "SparkContext.setSystemProperty": JAVA_PROPERTIES,
    "SparkFiles.__init__": "a class without objects; PySpark's refuses to make one",
    "StatusTracker.__init__": BY_THE_ENGINE,
    "TaskContext.__init__": BY_THE_ENGINE,
    "TaskContext.from_json": JVM_WORKER,
    "errors.AnalysisException": SQL,
    "errors.ArithmeticException": SQL,
    "errors.ArrayIndexOutOfBoundsException": SQL,
    "errors.DateTimeException": SQL,
    "errors.NumberFormatException": SQL,
    "errors.ParseException": SQL,
    "errors.PickleException": SQL,
    "errors.QueryContext": SQL,
    "errors.QueryContextType": SQL,
    "errors.QueryExecutionException": SQL,
    "errors.SessionNotSameException": SQL,
    "errors.SparkNoSuchElementException": SQL,
    "errors.SparkRuntimeException": SQL,
    "errors.SparkUpgradeException": SQL,
    "errors.StreamingPythonRunnerInitializationException": SQL,
    "errors.StreamingQueryException": SQL,
    "errors.TempTableAlreadyExistsException": SQL,
    "errors.UnknownException": SQL,
    "errors.UnsupportedOperationException": SQL,
    "profiler.MemUsageParam": SQL,
    "profiler.MemoryProfiler": SQL,
    "profiler.UDFBasicProfiler": SQL,
    "util.PythonEvalType": SQL,
    "util.default_api_mode": SQL,
    "util.disable_gc": JVM_WORKER,
    "util.enable_faulthandler": JVM_WORKER,
    "util.handle_worker_exception": JVM_WORKER,
    "util.is_remote_only": SQL,
    "util.local_connect_and_auth": JVM_WORKER,
    "util.spark_connect_mode": SQL,
    "util.start_faulthandler_periodic_traceback": JVM_WORKER,
    "util.with_faulthandler": JVM_WORKER,
}
# The same in every error class.
DIFFERENCES_OF_ERRORS = {
    "__init__": SQL_CONTEXT,
    "getBreakingChangeInfo": SQL_CONTEXT,
    "getQueryContext": SQL_CONTEXT,
}


def module_pair(name: str) -> tuple[ModuleType, ModuleType]:
    ending = f".{name}" if name else ""
    return import_module(f"pyspark{ending}"), import_module(f"pyspark_shell{ending}")


def public_names(module: ModuleType) -> list[str]:
    """Return what a module declares in `__all__`, or else what it defines and does not hide."""
    declared = getattr(module, "__all__", None)
    if declared:  # `pyspark.util` declares an empty list, and is imported from all the same
        return [name for name in declared if not isinstance(getattr(module, name), TypeVar)]
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
        and not isinstance(value, TypeVar)
    ]  # fmt: skip


def shared_objects(kind: Callable[[Any], bool]) -> dict[str, tuple[Any, Any]]:
    """Return each class or function that both have, once, as (PySpark's, ours) by its name."""
    found: dict[str, tuple[Any, Any]] = {}
    for module in MODULES:
        theirs, ours = module_pair(module)
        for name in public_names(theirs):
            value = getattr(theirs, name)
            if kind(value) and hasattr(ours, name):
                found.setdefault(name, (value, getattr(ours, name)))
    return found


def members(cls: type) -> Iterator[str]:
    """Yield what PySpark itself defines, not what its errors have of Python's."""
    for name in ["__init__", *(name for name in dir(cls) if not name.startswith("_"))]:
        owner = next(parent for parent in cls.__mro__ if name in vars(parent))
        if owner.__module__.startswith("pyspark"):
            yield name


def kind_of(cls: type, name: str) -> str:
    if isinstance(inspect.getattr_static(cls, name), property):
        return "property"
    return "method" if callable(getattr(cls, name)) else "value"


def text_of(default: Any) -> str:
    """Return a default value's text; the same for what is the same on both sides."""
    if isinstance(default, FunctionType):
        return "identity" if default.__name__ in {"<lambda>", "_identity"} else default.__name__
    return default.__name__ if isinstance(default, type) else repr(default)


def difference_of_calls(theirs: Any, ours: Any) -> str | None:
    """Tell why a call that is right in PySpark might be wrong or mean something else here."""
    wanted = list(inspect.signature(theirs).parameters.values())
    given = list(inspect.signature(ours).parameters.values())
    for position, parameter in enumerate(wanted):
        if position >= len(given):
            return f"{parameter} is not taken"
        own = given[position]
        if (own.name, own.kind) != (parameter.name, parameter.kind):
            return f"{own} in place of {parameter}"
        if parameter.default is not parameter.empty and (
            own.default is own.empty or text_of(own.default) != text_of(parameter.default)
        ):
            return f"{own} in place of {parameter}"
    more = given[len(wanted) :]
    needed = [
        p for p in more if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    return f"{needed[0]} is needed" if needed else None


def differences_of_classes(theirs: type, ours: type) -> Iterator[tuple[str, str]]:
    for name in members(theirs):
        if not hasattr(ours, name):
            yield name, "missing"
        elif kind_of(theirs, name) != kind_of(ours, name):
            yield name, f"a {kind_of(ours, name)} in place of a {kind_of(theirs, name)}"
        elif kind_of(theirs, name) == "method":
            different = difference_of_calls(getattr(theirs, name), getattr(ours, name))
            if different is not None:
                yield name, different


def intended(owner: str) -> set[str]:
    return {name.partition(".")[2] for name in DIFFERENCES if name.partition(".")[0] == owner}


def intended_of_class(name: str, cls: type) -> set[str]:
    return set(DIFFERENCES_OF_ERRORS) if issubclass(cls, Exception) else intended(name)


CLASSES = shared_objects(inspect.isclass)
FUNCTIONS = shared_objects(inspect.isfunction)


@pytest.mark.parametrize("module", MODULES, ids=lambda name: name or "pyspark")
def test_a_module_has_the_names_of_pysparks(module):
    theirs, ours = module_pair(module)

    missing = {name for name in public_names(theirs) if not hasattr(ours, name)}

    assert missing == intended(module)


@pytest.mark.parametrize("module", MODULES, ids=lambda name: name or "pyspark")
def test_what_pyspark_exports_is_exported(module):
    theirs, ours = module_pair(module)
    exported = set(getattr(theirs, "__all__", ()))

    hidden = exported - set(getattr(ours, "__all__", exported)) - intended(module)

    assert hidden == set()


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_class_can_be_used_as_pysparks(name):
    theirs, ours = CLASSES[name]

    different = dict(differences_of_classes(theirs, ours))

    unintended = {
        member: why
        for member, why in different.items()
        if member not in intended_of_class(name, theirs)
    }
    assert unintended == {}
    assert intended_of_class(name, theirs) - different.keys() == set(), "no longer different"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_can_be_called_as_pysparks(name):
    theirs, ours = FUNCTIONS[name]

    assert difference_of_calls(theirs, ours) is None


def test_every_intended_difference_is_one_of_pysparks_names():
    owners = {name.partition(".")[0] for name in DIFFERENCES}

    assert owners <= CLASSES.keys() | set(MODULES)
