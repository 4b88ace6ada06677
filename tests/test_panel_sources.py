"""Holds the panel's sources to what cannot be seen in a review: colours, words, lock file."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import build_panel

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


def test_a_panel_of_other_sources_counts_as_not_built(tmp_path, monkeypatch):
    monkeypatch.setattr(build_panel, "OUTPUT", tmp_path)
    monkeypatch.setattr(build_panel, "MADE_FROM", tmp_path / "made-from.sha256")
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "style.js").touch()
    built = [build_panel.is_built()]
    for made_from in ("0" * 64, build_panel.digest_of_sources()):
        build_panel.MADE_FROM.write_text(made_from)
        built.append(build_panel.is_built())

    assert built == [False, False, True]


def test_make_lab_starts_for_root_too():
    recipe = subprocess.run(
        ["make", "--dry-run", "lab"], cwd=PANEL.parent, capture_output=True, text=True, check=True
    )

    assert ("--allow-root" in recipe.stdout) == (os.getuid() == 0)
