"""Turns measurements into the Markdown table."""

from __future__ import annotations

import math
import os
import platform
import shlex
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version

ENGINES = ("pyspark", "pyspark_shell", "floor")
# One and a half times the budget of 256 MB that an executor has beyond memory.
MOST_PEAK_MB = 384


@dataclass(frozen=True)
class Target:
    """What a figure of ours should be; each bound that is set has to hold."""

    most: float | None = None  # in the row's unit
    most_of_floor: float | None = None
    least_of_pyspark: float | None = None
    text: str = ""

    def beside(self, row: Row) -> str:
        """Return the target in words, and whether it was met, for the row that it belongs to."""
        bounds = [
            (row.median("pyspark_shell"), self.most, 1),
            (row.ratio("pyspark_shell", "floor"), self.most_of_floor, 1),
            (row.ratio("pyspark", "pyspark_shell"), self.least_of_pyspark, -1),
        ]
        known = [
            sign * found <= sign * bound
            for found, bound, sign in bounds
            if found is not None and bound is not None
        ]
        return f"{self.text}: {'met' if all(known) else 'MISSED'}" if known else self.text


@dataclass
class Row:
    """One line of the table: measurements of each engine, all in `unit`, smaller being better."""

    title: str
    unit: str = "s"
    strict: bool = False
    counts: bool = True
    target: Target = Target()
    measured: dict[str, list[float]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def median(self, engine: str) -> float | None:
        values = self.measured.get(engine)
        return statistics.median(values) if values else None

    def ratio(self, above: str, below: str) -> float | None:
        first, second = self.median(above), self.median(below)
        return None if first is None or second is None else first / second


def quantity(row: Row, engine: str) -> str:
    if engine in row.failed:
        return f"fails ({row.failed[engine]})"
    value = row.median(engine)
    if value is None:
        return "-"
    if row.unit != "s":
        return f"{value:,.0f} {row.unit}"
    if value < 0.1:
        return f"{value * 1000:.2f} ms" if value < 0.01 else f"{value * 1000:.0f} ms"
    return f"{value:.2f} s"


def times(ratio: float | None) -> str:
    if ratio is None:
        return "-"
    return (
        f"{ratio:.0f} x" if ratio >= 20 else f"{ratio:.1f} x" if ratio >= 10 else f"{ratio:.2f} x"
    )


def table(rows: list[Row]) -> str:
    lines = [
        "| what | PySpark | pyspark_shell | floor | PySpark / ours | ours / floor | target |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        cells = [
            row.title + (" =" if row.strict else ""),
            *(quantity(row, engine) for engine in ENGINES),
        ]
        cells += [
            times(row.ratio("pyspark", "pyspark_shell")),
            times(row.ratio("pyspark_shell", "floor")),
            row.target.beside(row),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def beyond_memory_table(rows: list[Row], peaks: dict[tuple[str, str], int]) -> str:
    """Return the table of what has four times the executors' memory to handle."""
    lines = [
        "| 2 GB in 2 x 256 MB | PySpark | ours | ours with 6 GB | ours / with 6 GB (<= 3) "
        f"| peak, PySpark | peak, ours (<= {MOST_PEAK_MB} MB) |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        cells = [quantity(row, engine) for engine in ("pyspark", "pyspark_shell", "roomy")]
        cells.append(times(row.ratio("pyspark_shell", "roomy")))
        cells += [f"{peaks.get((row.title, engine), '-')} MB" for engine in ENGINES[:2]]
        lines.append(f"| {row.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def promises_table(figures: dict[str, float]) -> str:
    """Return the table of what was asked of the engine alone."""
    lines = ["| the engine alone | figure | target |", "|---|---:|---|"]
    for name, value in figures.items():
        target = next((t for start, t in PROMISES.items() if name.startswith(start)), None)
        row = Row(name, "x" if " / " in name else "MB" if "PSS" in name else "s")
        row.measured["pyspark_shell"] = [value]
        figure = times(value) if row.unit == "x" else quantity(row, "pyspark_shell")
        if name.startswith("cost a task"):
            figure = f"{value * 1e6:.0f} us"
        lines.append(f"| {name} | {figure} | {target.beside(row) if target else ''} |")
    costs = [value for name, value in figures.items() if name.startswith("cost a task")]
    if costs:
        lines.append(f"| dearest task / cheapest | {times(max(costs) / min(costs))} | flat |")
    return "\n".join(lines)


PROMISES = {
    "cost a task, 10,000": Target(1e-4, text="<= 100 us"),
    "small job beside": Target(0.005, text="<= 5 ms"),
    "100 MB broadcast": Target(150, text="counted once"),
    "job that uses it again": Target(1.3, text="as one without"),
    "`kill -9`": Target(0.5, text="<= 0.5 s"),
    "throughput of": Target(text=">= 1 x"),
}


def summary(rows: list[Row]) -> str:
    """Say what the whole comes to against PySpark."""
    compared = [
        (row, ratio)
        for row in rows
        if row.counts and (ratio := row.ratio("pyspark", "pyspark_shell"))
    ]
    if not compared:
        return "Nothing was run on both engines."
    mean = math.exp(statistics.fmean(math.log(ratio) for _, ratio in compared))
    row, slowest = min(compared, key=lambda pair: pair[1])
    return (
        f"Geometric mean of {len(compared)} workloads: {mean:.1f} times as fast as PySpark; "
        f"least: {slowest:.2f} times ({row.title})."
    )


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def java_version() -> str:
    run = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    return run.stderr.splitlines()[0].split('"')[1] if '"' in run.stderr else "unknown"


def heading() -> str:
    command = " ".join(["python", "-m", "benchmarks", *map(shlex.quote, sys.argv[1:])])
    return (
        f"Measured on {date.today()} with `{command}` (`make bench`): "
        f"pyspark_shell {installed('pyspark_shell')}, CPython {platform.python_version()}, "
        f"PySpark {installed('pyspark')} on Java {java_version()} with unix sockets, "
        f"{os.cpu_count()} cores, `local[2]`, medians of interleaved runs.\n"
        "*Floor*: two hand-written processes with the same functions on the same records; "
        "rows marked = do exactly the same work."
    )
