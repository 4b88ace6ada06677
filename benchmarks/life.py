"""An engine's life: from the start of the process to its first job, its memory at rest, its end.

And a shell's start: from the command to the prompt, in a terminal.
"""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
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

# How each engine's shell is called, in Spark's own way, and what its prompt begins with.
SHELLS = {
    "pyspark_shell": ([sys.executable, "-m", "pyspark_shell.shell.main"], b"In [1]:"),
    "pyspark": ([os.path.join(os.path.dirname(sys.executable), "pyspark")], b">>> "),
}
PROMPT_LIMIT_S = 120.0
COLOURS = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")


def environment() -> dict[str, str]:
    """As a user has it: modules are compiled once, not at each start."""
    return {key: os.environ[key] for key in os.environ if key != "PYTHONDONTWRITEBYTECODE"}


def warm_up(engines: list[str]) -> None:
    """Let each engine compile its modules and the system read its files, unmeasured."""
    for engine in engines:
        live(engine)
        if engine in SHELLS:
            seconds_to_prompt(engine)


def seconds_to_prompt(engine: str) -> float:
    """Start an engine's shell in a terminal; the time until one can type."""
    words, prompt = SHELLS[engine]
    with tempfile.TemporaryDirectory() as home:
        front, back = pty.openpty()
        began = time.perf_counter()
        with subprocess.Popen(
            [*words, "--master", "local[2]"],
            stdin=back,
            stdout=back,
            stderr=back,
            env=environment()
            | {"IPYTHONDIR": home, "TERM": "xterm", "PYSPARK_PYTHON": sys.executable},
            start_new_session=True,
        ) as process:
            os.close(back)
            try:
                _await_prompt(front, prompt, engine)
                return time.perf_counter() - began
            finally:
                family = [process.pid, *descendants(process.pid)]
                os.killpg(process.pid, signal.SIGTERM)
                os.close(front)
                seconds_until_gone(family)


def _await_prompt(front: int, prompt: bytes, engine: str) -> None:
    """Read what the terminal shows, and answer as one, until the prompt is there."""
    seen = b""
    deadline = time.perf_counter() + PROMPT_LIMIT_S
    while prompt not in COLOURS.sub(b"", seen):
        left = deadline - time.perf_counter()
        if left <= 0 or not select.select([front], [], [], left)[0]:
            raise RuntimeError(f"{engine} shows no prompt: {seen[-500:]!r}")
        new = os.read(front, 65536)
        if b"\x1b[6n" in new:  # where is the cursor?
            os.write(front, b"\x1b[1;1R")
        seen += new


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
        env=environment(),
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
