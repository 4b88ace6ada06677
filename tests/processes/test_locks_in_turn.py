"""A finalizer may come in any line of any thread: under no lock of the driver does it get stuck."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pyspark_shell
from tests.processes.locks_in_turn import SIGNALS
from tests.processes.waiting import within

PACKAGE = Path(pyspark_shell.__file__).parent
ROOT = PACKAGE.parent
MAKES_LOCKS = re.compile(r"\bthreading\.(?:R?Lock|Condition)\(")

# Files whose locks the program does not take, and why.
SPARED = {
    **dict.fromkeys(SIGNALS, "held until something happens"),
    "executor/interrupt.py": "a child's, and held until an order comes",
    "shell/idle_watch.py": "for cells and the thread that closes; no call waits for them",
    "shell/busy_status.py": "for cells; a finalizer begins none",
    "shell/lazy_context.py": "reentrant, and held only before there is a context",
    "widgets/cell_jobs.py": "for cells and the thread that draws; the bus does not wait for it",
    "widgets/panel.py": "for the thread that draws and the front end's messages",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    directory = tmp_path_factory.mktemp("locks")
    program = subprocess.run(
        [sys.executable, "-m", "tests.processes.locks_in_turn"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "LOCAL_DIR": str(directory)},
        timeout=within(60),
    )
    assert program.returncode == 0, program.stdout + program.stderr
    assert "Traceback" not in program.stderr
    return json.loads(program.stdout)


def test_whatever_a_finalizer_does_under_a_lock_it_comes_to_its_end(told):
    assert told["hung"] is None
    assert told["done"] == 1 + 3 * sum(told["locks"].values())


def test_every_lock_of_a_driver_has_its_turn(told):
    makers = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if MAKES_LOCKS.search(path.read_text())
    }

    assert makers - told["locks"].keys() == SPARED.keys()


def test_all_that_was_dropped_under_a_lock_is_cleaned(told):
    assert told["cleaned"] == told["dropped"]
    assert len(told["dropped"]) == 3 * sum(told["locks"].values())
