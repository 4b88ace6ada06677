"""`python -m benchmarks.polls`: what polling costs a job of 10,000 tasks, and what pollers wait.

Rounds with and without pollers take turns in one application, so that a busy machine hits both; the
pollers are a process of their own. The table says how much longer the job takes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from datetime import date
from typing import Any

from pyspark_shell import SparkConf, SparkContext

TASKS = 10_000
RATE = 80.0
SLOWER_TARGET = 1.1
P99_TARGET_MS = 250.0


def run_job(context: SparkContext, tasks: int) -> float:
    """Seconds that the job takes."""
    began_s = time.monotonic()
    total = context.parallelize(range(tasks), tasks).map(lambda n: n + 1).sum()
    assert total == tasks * (tasks + 1) // 2
    return time.monotonic() - began_s


def start_poller(context: SparkContext, rate: float) -> subprocess.Popen[str]:
    """A process that polls the context's server, once it does: a job that begins then is polled
    from its first task to its last.
    """
    server = context._ui._server  # type: ignore[union-attr]
    assert server is not None
    poller = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.poller", str(server.socket_path), server.secrets.token,
         context.applicationId, str(rate)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert poller.stdout is not None
    assert poller.stdout.readline() == "polling\n", "the poller has ended"
    return poller


def polled(context: SparkContext, tasks: int, rate: float) -> tuple[float, dict[str, Any]]:
    """Seconds that the job takes while it is polled, and what the pollers saw."""
    poller = start_poller(context, rate)
    took_s = run_job(context, tasks)
    out, _ = poller.communicate(timeout=60)
    return took_s, json.loads(out)


def measure(rounds: int, tasks: int, rate: float) -> tuple[list[float], list[float], list[Any]]:
    """Seconds without, seconds with, and what pollers saw, of each round."""
    conf = SparkConf().setMaster("local[2]").setAppName("polls").set("spark.ui.port", "0")
    alone: list[float] = []
    watched: list[float] = []
    seen: list[Any] = []
    with SparkContext(conf=conf) as context:
        run_job(context, tasks // 10)
        for number in range(rounds):
            turns = ("alone", "watched") if number % 2 else ("watched", "alone")
            for turn in turns:
                if turn == "alone":
                    alone.append(run_job(context, tasks))
                else:
                    took_s, report = polled(context, tasks, rate)
                    watched.append(took_s)
                    seen.append(report)
            print(f"round {number + 1}: {alone[-1]:.2f} s alone, {watched[-1]:.2f} s watched, "
                  f"{seen[-1]}", file=sys.stderr)  # fmt: skip
    return alone, watched, seen


def table(alone: list[float], watched: list[float], seen: list[Any], rate: float) -> str:
    """The figures as Markdown."""
    slower = statistics.median(watched) / statistics.median(alone)
    p99_ms = max(each["p99Ms"] for each in seen)
    errors = sum(n for each in seen for status, n in each["answers"].items() if status != "200")
    held = min(each["rate"] for each in seen)
    return "\n".join([
        f"Measured on {date.today()} with `make bench-polls`: CPython "
        f"{platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"medians of {len(alone)} interleaved rounds.",
        "",
        "| what | measured | wanted |",
        "|---|---:|---:|",
        f"| the job alone | {statistics.median(alone):.2f} s | |",
        f"| the job with {rate:.0f} polls a second | {statistics.median(watched):.2f} s | |",
        f"| it takes longer by | {slower - 1:.0%} | < {SLOWER_TARGET - 1:.0%} |",
        f"| a poll, p99 of the worst round | {p99_ms:.0f} ms | < {P99_TARGET_MS:.0f} ms |",
        f"| polls a second that were held, at least | {held:.0f} | {rate:.0f} |",
        f"| answers that were no answers | {errors} | 0 |",
    ])  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tasks", type=int, default=TASKS)
    parser.add_argument("--rate", type=float, default=RATE)
    given = parser.parse_args()
    print(table(*measure(given.rounds, given.tasks, given.rate), given.rate))


if __name__ == "__main__":
    main()
