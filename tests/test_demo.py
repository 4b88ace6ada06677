"""Checks the answer of `make demo` against a count in plain Python."""

from __future__ import annotations

import ast
import json
import keyword
import subprocess
import sys
import sysconfig
import tokenize
from collections import Counter, defaultdict
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "notebooks" / "identifiers.py"
HOW_MANY = 40


def shell(*arguments: str) -> str:
    program = "from pyspark_shell.shell.main import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=170
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def counted_plainly() -> list[list]:
    root = Path(sysconfig.get_path("stdlib")).resolve()
    uses, homes = Counter(), defaultdict(set)
    for path in root.rglob("*.py"):
        parts = path.relative_to(root).parts
        if any(
            part in ("site-packages", "dist-packages", "test", "tests", "idle_test")
            for part in parts
        ):
            continue
        try:
            with path.open("rb") as file:
                for token in tokenize.tokenize(file.readline):
                    if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
                        uses[token.string] += 1
        except (SyntaxError, UnicodeDecodeError, tokenize.TokenError):
            pass
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue
        names = parts[:-1] if parts[-1] == "__init__.py" else (*parts[:-1], parts[-1][:-3])
        for node in tree.body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                homes[node.name].add(".".join(names))
    rows = [[name, count, sorted(homes[name])] for name, count in uses.items() if name in homes]
    return sorted(rows, key=lambda row: (-row[1], row[0]))[:HOW_MANY]


@pytest.mark.slow
def test_demo_ranks_as_plain_python_does():
    answer = json.loads(shell(str(SCRIPT), str(HOW_MANY), "--json").splitlines()[-1])

    assert answer == counted_plainly()


@pytest.mark.slow
def test_demo_prints_a_table_and_what_each_stage_took():
    printed = shell(str(SCRIPT), "5")

    assert "defined in" in printed
    assert (
        sum(
            line.lstrip().startswith(f"{place} ")
            for place in range(1, 6)
            for line in printed.splitlines()
        )
        >= 5
    )
    assert " s\n" in printed.partition("took")[2]
