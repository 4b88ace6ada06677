"""An engine's life: from the start of the process to its first job, its memory at rest, its end."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass

from benchmarks.processes import descendants, seconds_until_gone, tree_pss_mb

SPARK_PROGRAM = """
import sys
from {engine} import SparkContext
sc = SparkContext("local[2]", "life")
assert sc.parallelize(range(100), 2).count() == 100
print("done", flush=True)
sys.stdin.readline()
sc.stop()
"""

FLOOR_PROGRAM = """
import sys
from benchmarks.floors import Pair, count
pair = Pair()
assert count(pair, None) == 100
print("done", flush=True)
sys.stdin.readline()
pair.stop()
"""

SETTLED_S = 1.0


@dataclass(frozen=True)
class Life:
    start_s: float
    idle_pss_mb: float
    stop_s: float


def live(engine: str) -> Life:
    """Start an engine, run one job of two tasks, let it rest, end it."""
    program = FLOOR_PROGRAM if engine == "floor" else SPARK_PROGRAM.format(engine=engine)
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline().strip() != "done":
            raise RuntimeError(f"{engine} did not finish its first job")
        start_s = time.perf_counter() - began
        time.sleep(SETTLED_S)
        idle = tree_pss_mb(process.pid)
        family = [process.pid, *descendants(process.pid)]
        process.stdin.write("\n")
        process.stdin.flush()
        stop_s = seconds_until_gone(family)
    return Life(start_s, idle, stop_s)
