"""Runs `pyspark-shell` as a person's terminal would, without a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.processes.waiting import within

REPO = Path(__file__).resolve().parents[2]


def pyspark_shell(
    *argv: str, stdin: str = "", path: Path | None = None, master: str | None = "local[2]"
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; modules in `path` come before all others."""
    environment = {key: os.environ[key] for key in os.environ if key != "PYTHONHASHSEED"}
    places = [str(place) for place in (path, REPO) if place is not None]
    where = [] if master is None else ["--master", master]
    return subprocess.run(
        [sys.executable, "-m", "pyspark_shell.shell.main", *where, *argv],
        input=stdin,
        env=environment | {"PYTHONPATH": os.pathsep.join(places)},
        capture_output=True,
        text=True,
        timeout=within(60),
    )
