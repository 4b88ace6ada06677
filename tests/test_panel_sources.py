"""Holds the panel's sources to what cannot be seen in a review: colours, words, lock file."""

from __future__ import annotations

import json
import re
from pathlib import Path

PANEL = Path(__file__).resolve().parent.parent / "labextension"


def test_the_lock_file_names_no_registry():
    lock = json.loads((PANEL / "package-lock.json").read_text())

    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []


def test_all_colours_are_the_themes():
    style = (PANEL / "style" / "index.css").read_text()

    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", style) == []
    assert (
        re.findall(r"(?:color|background)[^;{]*:\s*(?:white|black|red|green|blue)\b", style) == []
    )


def test_only_one_file_speaks_http():
    speaking = [
        path.name
        for path in (PANEL / "src").rglob("*.ts*")
        if "makeRequest" in path.read_text() or re.search(r"\bfetch\(['\"`]", path.read_text())
    ]

    assert speaking == ["request.ts"]


def test_views_say_nothing_in_bare_english():
    bare = re.compile(r">\s*([A-Z][a-z]+(?: [a-z]+)+)\s*<|(?:title|aria-label|placeholder)=\"[A-Z]")

    found = {
        path.name: bare.findall(path.read_text())
        for path in (PANEL / "src" / "views").glob("*.tsx")
    }

    assert {name: texts for name, texts in found.items() if texts} == {}
