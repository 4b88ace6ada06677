"""Requires every program to give the same on real PySpark and here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compat.differential import programs, registry, run

TESTS = Path(__file__).resolve().parent.parent

programs.load()


def answers(engine: str, folder: Path) -> dict[str, str]:
    file = folder / f"{engine}.json"
    seed = {"PYTHONHASHSEED": "0", "PYTHONPATH": str(TESTS), "SPARK_ENGINE": engine}
    process = subprocess.run(
        [sys.executable, "-m", run.__name__, str(file)],
        cwd=folder,
        env=os.environ | seed | {"SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert process.returncode == 0, process.stderr[-4000:]
    return json.loads(file.read_text())


@pytest.fixture(scope="session")
def ours(tmp_path_factory):
    return answers("pyspark_shell", tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="session")
def theirs(tmp_path_factory):
    return answers("pyspark", tmp_path_factory.mktemp("theirs"))


@pytest.mark.spark
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", registry.PROGRAMS)
def test_program_gives_the_same_as_on_pyspark(ours, theirs, name):
    assert not theirs[name].startswith("unexpected"), theirs[name]
    assert ours[name] == theirs[name]


def test_there_are_at_least_60_programs():
    assert len(registry.PROGRAMS) >= 60
