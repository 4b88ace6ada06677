"""Holds the house together: who may import whom, what a room's door says, what no file mentions.

Source  the table of floors in CONTRIBUTING.md. A file imports files of its own room that stand
        lower, and rooms on lower floors. Faces (files and packages at the top level that mirror
        PySpark's module names) import anything.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
PACKAGE = REPO / "pyspark_shell"

FLOORS = {
    "common": 1,
    "storage": 2,
    "listener": 2,
    "hadoop": 2,
    "statistics": 2,
    "shuffle": 3,
    "shared_variables": 3,
    "status": 3,
    "lineage": 4,
    "rest": 4,
    "executor": 5,
    "server_extension": 5,
    "scheduler": 6,
    "driver": 7,
    "api": 8,
    "engines": 9,
    "widgets": 10,
    "shell": 11,
}
FACES = {"core", "errors", "resource", "sql"}
DOORS_THAT_REEXPORT = {"shuffle", "status"}
LEAVES = {"version"}

ROOMS = sorted(path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name in FLOORS)
FILES = sorted(
    path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] in FLOORS
)


def module_name(path: Path) -> str:
    parts = path.relative_to(REPO).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path) for path in PACKAGE.rglob("*.py")}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and module of each import of our own modules, those under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            members = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else str(node.module) for name in members]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "pyspark_shell":
                yield node.lineno, name


def room_of(module: str) -> str:
    return [*module.split("."), ""][1]


def upward(path: Path) -> Iterator[str]:
    own = room_of(module_name(path))
    for line, module in imports(path):
        room = room_of(module)
        if room == own or room in LEAVES:
            continue
        if room not in FLOORS or FLOORS[room] >= FLOORS[own]:
            yield f"{path.relative_to(REPO)}:{line}: {own} must not import {module}"


def circle(room: str) -> list[str]:
    """Return one circle of imports among the files of `room`, or an empty list."""
    graph = {
        module_name(path): {module for _, module in imports(path) if room_of(module) == room}
        for path in (PACKAGE / room).rglob("*.py")
    }
    finished: set[str] = set()

    def visit(module: str, trail: list[str]) -> list[str]:
        if module in trail:
            return [*trail[trail.index(module) :], module]
        if module in finished:
            return []
        for target in sorted(graph.get(module, ())):
            if found := visit(target, [*trail, module]):
                return found
        finished.add(module)
        return []

    return next((found for module in sorted(graph) if (found := visit(module, []))), [])


def test_every_folder_of_the_package_is_a_room_or_a_face():
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}

    assert folders - FLOORS.keys() - FACES == set()


@pytest.mark.parametrize("room", ROOMS)
def test_no_import_goes_upward(room):
    found = [line for path in FILES if room_of(module_name(path)) == room for line in upward(path)]

    assert found == []


@pytest.mark.parametrize("room", ROOMS)
def test_no_circle_inside_a_room(room):
    assert circle(room) == []


@pytest.mark.parametrize("room", ROOMS)
def test_the_door_of_a_room_is_a_docstring(room):
    body = ast.parse((PACKAGE / room / "__init__.py").read_text()).body

    assert body, f"{room}/__init__.py is empty"
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)
    assert len(body) == 1 or room in DOORS_THAT_REEXPORT


@pytest.mark.parametrize("path", FILES, ids=lambda path: module_name(path).partition(".")[2])
def test_every_module_begins_with_its_idea(path):
    docstring = ast.get_docstring(ast.parse(path.read_text()))

    assert docstring, f"{path.relative_to(REPO)} has no docstring"
    assert docstring.splitlines()[0].endswith("."), "the first line is one sentence"


def test_no_file_names_the_machine_it_was_written_on():
    ours = re.compile("/" + r"work\b")
    skipped = {".git", ".venv", ".hypothesis", "__pycache__", "node_modules"}
    texts = (
        path
        for path in REPO.rglob("*")
        if path.suffix in {".py", ".md", ".toml", ".ts", ".tsx", ".json", ".yml", ""}
        and path.is_file()
        and not skipped & set(path.relative_to(REPO).parts)
        and not any(part.endswith("_cache") for part in path.relative_to(REPO).parts)
    )

    found = [
        str(path.relative_to(REPO))
        for path in texts
        if ours.search(path.read_text(errors="replace"))
    ]

    assert found == []
