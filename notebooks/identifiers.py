"""Ranks the identifiers of Python's standard library, with the modules that define them.

Run with `make demo`, or `pyspark-shell notebooks/identifiers.py [how many]`. The input is on every
machine: all .py files of the running Python's standard library but for installed packages and
tests. A use is a NAME token that is no keyword; a definition is a class or function at the top
level of a module.
"""

import ast
import json
import keyword
import sys
import sysconfig
import tokenize
from operator import add
from pathlib import Path

LEFT_OUT = {"site-packages", "dist-packages", "test", "tests", "idle_test"}


def library_files(root):
    """Return the .py files below `root` as text, in one order on every machine."""
    return sorted(
        str(path) for path in root.rglob("*.py") if not LEFT_OUT & set(path.relative_to(root).parts)
    )


def identifiers(path):
    """Yield each use of an identifier in a file; a file that Python itself cannot read has none."""
    try:
        with open(path, "rb") as source:
            for token in tokenize.tokenize(source.readline):
                if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
                    yield token.string
    except (SyntaxError, UnicodeDecodeError, tokenize.TokenError):
        return


def definitions(path, root):
    """Return the pairs (name, module) that a file defines at its top level."""
    try:
        body = ast.parse(Path(path).read_bytes()).body
    except (SyntaxError, ValueError):
        return []
    module = ".".join(Path(path).relative_to(root).with_suffix("").parts).removesuffix(".__init__")
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return sorted({(node.name, module) for node in body if isinstance(node, kinds)})


def ranking(sc, count):
    """Return rows (name, uses, modules): the most used identifiers that the library defines."""
    root = Path(sysconfig.get_path("stdlib")).resolve()
    files = sc.parallelize(library_files(root), 4 * sc.defaultParallelism)
    uses = files.flatMap(identifiers).map(lambda name: (name, 1)).reduceByKey(add)
    homes = files.flatMap(lambda path: definitions(path, root)).groupByKey().mapValues(sorted)
    ranked = uses.join(homes).map(lambda pair: (pair[0], *pair[1]))
    return ranked.takeOrdered(count, key=lambda row: (-row[1], row[0]))


def home_of(modules):
    first, *others = modules
    return f"{first} and {len(others)} more" if others else first


def show(rows):
    """Print the ranking with a bar for each count."""
    print(f"\n  {'':>3}  {'identifier':<20} {'uses':>7}  {'':<24}  defined in")
    for place, (name, uses, modules) in enumerate(rows, 1):
        bar = "█" * max(1, round(24 * uses / rows[0][1]))
        print(f"  {place:>3}  {name:<20} {uses:>7,}  {bar:<24}  {home_of(modules)}")


class StageTimes:
    """A listener that keeps what each stage took."""

    def __init__(self):
        self.stages = []

    def onStageCompleted(self, event):
        self.stages.append(event.stage_info)

    def show(self):
        print(f"\n  {'stage':<6} {'last step':<44} {'tasks':>5} {'took':>9}")
        for stage in sorted(self.stages, key=lambda stage: stage.stage_id):
            seconds = (stage.completion_time_ms - stage.submission_time_ms) / 1000
            print(f"  {stage.stage_id:<6} {stage.name:<44} {stage.num_tasks:>5} {seconds:>7.2f} s")


def main(sc, *arguments):
    count = int(arguments[0]) if arguments else 15
    times = StageTimes()
    sc.addSparkListener(times)
    rows = ranking(sc, count)
    sc.stop()  # listeners have been told of everything when it returns
    if "--json" in arguments:
        print(json.dumps(rows))
    else:
        show(rows)
        times.show()


main(sc, *sys.argv[1:])
