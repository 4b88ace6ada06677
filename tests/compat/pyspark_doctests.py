"""Runs the examples of the installed PySpark's docstrings, with our names in place of its.

Run as `python -m compat.pyspark_doctests pyspark_shell answers.json`, with tests/ on the path:
one context for each module, set up as that module's own `_test()` does it.
Nothing of PySpark's text is kept here.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import json
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from types import FrameType, ModuleType, SimpleNamespace
from typing import Any

CASE_LIMIT_S = 60


@dataclass(frozen=True)
class Setup:
    """What a module's `_test()` puts into the examples' namespace, and how strictly it compares."""

    master: str | None = None
    with_session: bool = False
    checkpoints: bool = False
    flags: int = doctest.ELLIPSIS


SETUPS = {
    "core.rdd": Setup("local[4]", checkpoints=True),
    "core.context": Setup("local[4]"),
    "core.broadcast": Setup("local[4]", with_session=True, flags=0),
    "core.files": Setup("local[2]"),
    "core.status": Setup(),
    "accumulators": Setup("local"),
    "taskcontext": Setup("local[2]", with_session=True),
    "conf": Setup(),
    "statcounter": Setup("local[4]"),
    "storagelevel": Setup(),
    "resultiterable": Setup(),
    "rddsampler": Setup(),
    "shuffle": Setup(flags=0),
    "serializers": Setup(flags=0),
    "util": Setup("local[4]", flags=0),
    "join": Setup(),
}

# It makes its own context; in PySpark's run the live one is of a second copy of the class.
MAKES_ITS_CONTEXT = {"pyspark.core.context.SparkContext"}


@dataclass
class Outcome:
    """One docstring: its examples, how many of them went wrong, and what doctest said of it."""

    name: str
    examples: int
    failures: int
    report: str = field(repr=False)
    seconds: float


def cases(module_name: str) -> list[doctest.DocTest]:
    """Return the docstrings of a module of PySpark that hold examples, in doctest's own order."""
    module = importlib.import_module(f"pyspark.{module_name}")
    return [case for case in doctest.DocTestFinder().find(module) if case.examples]


def case_names() -> list[str]:
    return [case.name.removeprefix("pyspark.") for name in SETUPS for case in cases(name)]


def translated(case: doctest.DocTest, engine: str) -> doctest.DocTest:
    """Return `case` with the package's name replaced in source and expected output."""
    examples = [
        doctest.Example(
            re.sub(r"\bpyspark\b", engine, example.source),
            re.sub(r"\bpyspark\b", engine, example.want),
            exc_msg=example.exc_msg and re.sub(r"\bpyspark\b", engine, example.exc_msg),
            lineno=example.lineno,
            indent=example.indent,
            options=example.options,
        )
        for example in case.examples
    ]
    return doctest.DocTest(examples, {}, case.name, case.filename, case.lineno, case.docstring)


def namespace(theirs: ModuleType, ours: ModuleType) -> dict[str, Any]:
    """Return the globals that PySpark's examples see, with our objects in place of its own."""
    globs: dict[str, Any] = {}
    for name, value in vars(theirs).items():
        home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "")
        if name.startswith("__") or not str(home).startswith("pyspark"):
            globs[name] = value
    globs.update({name: value for name, value in vars(ours).items() if not name.startswith("__")})
    globs["__name__"] = "__main__"
    return globs


def session(engine: str, context: Any) -> dict[str, Any]:
    """Return the session that some modules' examples ask for their context."""
    if engine == "pyspark":
        return {"spark": importlib.import_module("pyspark.sql").SparkSession(context)}
    return {"spark": SimpleNamespace(sparkContext=context)}


@contextlib.contextmanager
def started(engine: str, module_name: str, setup: Setup) -> Iterator[dict[str, Any]]:
    """Start what `setup` asks for and yield its names."""
    if setup.master is None:
        yield {}
        return
    package = importlib.import_module(engine)
    with tempfile.TemporaryDirectory() as folder:
        conf = package.SparkConf().set("spark.ui.enabled", "True")
        context = package.SparkContext(setup.master, module_name, conf=conf)
        if setup.checkpoints:
            context.setCheckpointDir(folder)
        try:
            yield session(engine, context) if setup.with_session else {"sc": context}
        finally:
            context.stop()


def out_of_time(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"not done after {CASE_LIMIT_S} s")


def run_case(case: doctest.DocTest, globs: dict[str, Any], flags: int) -> Outcome:
    report = io.StringIO()
    case.globs = dict(globs)
    began = time.monotonic()
    signal.alarm(CASE_LIMIT_S)
    try:
        result = doctest.DocTestRunner(optionflags=flags, verbose=False).run(case, out=report.write)
    finally:
        signal.alarm(0)
    return Outcome(
        name=case.name.removeprefix("pyspark."),
        examples=len(case.examples),
        failures=result.failed,
        report=report.getvalue(),
        seconds=round(time.monotonic() - began, 3),
    )


def stop_context(engine: str) -> None:
    """Stop what an example has started and left."""
    context = importlib.import_module(engine).SparkContext._active_spark_context
    if context is not None:
        context.stop()


def run_alone(engine: str, case: doctest.DocTest, globs: dict[str, Any], flags: int) -> Outcome:
    try:
        return run_case(case, globs, flags)
    finally:
        stop_context(engine)


def run_module(engine: str, module_name: str) -> list[Outcome]:
    found = [translated(case, engine) for case in cases(module_name)]
    if not found:
        return []
    theirs = importlib.import_module(f"pyspark.{module_name}")
    setup = SETUPS[module_name]
    try:
        globs = namespace(theirs, importlib.import_module(f"{engine}.{module_name}"))
        alone = [
            run_alone(engine, case, globs, setup.flags)
            for case in found
            if case.name in MAKES_ITS_CONTEXT
        ]
        with started(engine, module_name, setup) as extra:
            rest = [case for case in found if case.name not in MAKES_ITS_CONTEXT]
            return alone + [run_case(case, globs | extra, setup.flags) for case in rest]
    except Exception as error:
        report = f"the module could not be set up: {type(error).__name__}: {error}"
        return [
            Outcome(
                case.name.removeprefix("pyspark."),
                len(case.examples),
                len(case.examples),
                report,
                0.0,
            )
            for case in found
        ]
    finally:
        stop_context(engine)


def plain_numbers() -> None:
    """Make numpy print its scalars as numbers, as PySpark's `_test()` does."""
    with contextlib.suppress(ImportError, TypeError, ValueError):
        importlib.import_module("numpy").set_printoptions(legacy="1.25")


def main(engine: str, answers: str) -> None:
    signal.signal(signal.SIGALRM, out_of_time)
    plain_numbers()
    outcomes = [outcome for name in SETUPS for outcome in run_module(engine, name)]
    with open(answers, "w") as file:
        json.dump([asdict(outcome) for outcome in outcomes], file, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
