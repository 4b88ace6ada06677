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

# Programs whose results differ on purpose, each with the reason.
MEANT = {
    "shuffles_into_no_partition": "PySpark drops all records and says nothing; here it is an error",
}

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
    if name in MEANT:
        assert ours[name] != theirs[name], f"this is no longer true: {MEANT[name]}"
    else:
        assert ours[name] == theirs[name]


@pytest.mark.spark
def test_a_shuffle_into_no_partition_is_refused_where_pyspark_drops_all_records(ours, theirs):
    assert "no error" not in ours["shuffles_into_no_partition"]
    assert "no error, but []" in theirs["shuffles_into_no_partition"]


def test_what_differs_on_purpose_is_a_program():
    assert MEANT.keys() <= registry.PROGRAMS.keys()


def test_there_are_at_least_60_programs():
    assert len(registry.PROGRAMS) >= 60
