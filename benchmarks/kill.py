"""`python -m benchmarks.kill`: from the call that kills to the last task's process silent or gone.

The tasks' processes are watched from outside, every millisecond, through /proc: a process is silent
when its main thread uses no processor time any more, and the scheduler has been told of its end.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from benchmarks.kill_process import FORCED, TASKS
from benchmarks.report import installed

LOOK_S = 0.001
# A process that still runs this long after everything has ended is not going to fall silent.
QUIET_S = 0.03
LIMITS_S = {"pyspark_shell": 10.0, "pyspark": 8.0}
TARGETS_MS = {True: 20.0, False: 80.0}
FORCED_TARGET_MS = 2200.0


@dataclass
class Cell:
    """Kills of one kind: milliseconds each, how many did not succeed, and what survived those."""

    measured_ms: list[float] = field(default_factory=list)
    failed: int = 0
    survivors: int = 0

    def __str__(self) -> str:
        if not self.measured_ms:
            return f"never ({self.survivors} survive)" if self.failed else "-"
        text = f"{statistics.median(self.measured_ms):,.0f} ms"
        return f"{text}, {self.failed} failed, {self.survivors} survive" if self.failed else text


def runtime_ns(pid: int) -> int | None:
    """Processor time of a process's main thread; None when it is gone."""
    try:
        with open(f"/proc/{pid}/task/{pid}/stat", "rb") as file:
            if file.read().rpartition(b")")[2].split()[0] in (b"Z", b"X"):
                return None
        with open(f"/proc/{pid}/task/{pid}/schedstat", "rb") as file:
            return int(file.read().split()[0])
    except OSError:
        return None


class Watch:
    """When each of several processes was last seen at work."""

    def __init__(self, pids: list[int]) -> None:
        self._used = {pid: runtime_ns(pid) for pid in pids}
        self._active_ns = dict.fromkeys(pids, 0)

    def look(self) -> None:
        now_ns = time.monotonic_ns()
        for pid, before in self._used.items():
            if before is not None:
                self._used[pid] = after = runtime_ns(pid)
                if after != before:
                    self._active_ns[pid] = now_ns

    def last_active_ns(self) -> int:
        return max(self._active_ns.values())

    @property
    def alive(self) -> list[int]:
        return [pid for pid, used in self._used.items() if used is not None]


class Engine:
    """An engine in a process of its own."""

    def __init__(self, name: str, executors: int) -> None:
        self.name = name
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - open as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.kill_process", name, str(executors)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            bufsize=0,  # or a line could wait in a buffer, where `select` does not see it
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        self._answer()

    def kill_once(self, task: str, interrupt: bool, cell: Cell) -> None:
        """Start tasks, kill them, and write down how long the last one took."""
        self._order(start=task, interrupt=interrupt)
        watch = Watch(self._answer()["pids"])
        self._order(kill=True)
        called_ns: int = self._answer()["called_ns"]
        limit_ns = called_ns + int(LIMITS_S[self.name] * 1e9)
        told = self._watch_until_gone(watch, limit_ns)
        if watch.alive or not told:  # also one that sleeps: both engines end the processes
            cell.failed += 1
            cell.survivors += len(watch.alive)
            for pid in watch.alive:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        else:
            last_ns = max(watch.last_active_ns(), called_ns)
            cell.measured_ms.append((last_ns - called_ns) / 1e6)
        if not told:
            self._answer()

    def _watch_until_gone(self, watch: Watch, limit_ns: int) -> bool:
        """Look until the processes are gone and a little longer; gives whether the engine has said
        that the tasks have ended.
        """
        assert self._process.stdout is not None
        ended_ns = 0
        while time.monotonic_ns() < limit_ns:
            watch.look()
            now_ns = time.monotonic_ns()
            if not ended_ns:
                if select.select([self._process.stdout], [], [], LOOK_S)[0]:
                    self._answer()
                    ended_ns = now_ns
                continue
            quiet_ns = now_ns - max(ended_ns, watch.last_active_ns())
            if not watch.alive and quiet_ns > QUIET_S * 1e9:
                break
            time.sleep(LOOK_S)
        return bool(ended_ns)

    def _order(self, **order: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise RuntimeError(f"an engine's process ended:\n{self._log.read()[-4000:]}")
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._log.close()


@dataclass(frozen=True)
class Column:
    """One engine with so many executors, with or without interruptOnCancel."""

    engine: str
    executors: int
    interrupt: bool

    def __str__(self) -> str:
        name = "PySpark" if self.engine == "pyspark" else "ours"
        return f"{name}, {self.executors}{', interrupt' if self.interrupt else ''}"


def measure(
    engine: str, executors: int, tasks: list[str], kills: int
) -> dict[tuple[str, Column], Cell]:
    cells: dict[tuple[str, Column], Cell] = {}
    process = Engine(engine, executors)
    try:
        for task in tasks:
            for interrupt in (False, True):
                column = Column(engine, executors, interrupt)
                cell = cells[task, column] = Cell()
                for _ in range(kills):
                    process.kill_once(task, interrupt, cell)
                print(f"{task:32} {column!s:20} {cell}", file=sys.stderr, flush=True)
    finally:
        process.close()
    return cells


def table(cells: dict[tuple[str, Column], Cell], tasks: list[str]) -> str:
    columns = list(dict.fromkeys(column for _, column in cells))
    lines = [
        "| task | target | " + " | ".join(map(str, columns)) + " |",
        "|---|---:|" + "---:|" * len(columns),
    ]
    for task in tasks:
        target = (
            f"{FORCED_TARGET_MS:,.0f} ms"
            if task in FORCED
            else f"{TARGETS_MS[False]:.0f} / {TARGETS_MS[True]:.0f} ms"
        )
        row = [str(cells.get((task, column), "-")) for column in columns]
        lines.append(f"| {task} | {target} | {' | '.join(row)} |")
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="of each kind (default 50)")
    parser.add_argument("--pyspark-kills", type=int, default=2, help="each takes seconds; 0: none")
    parser.add_argument("--executors", type=int, nargs="+", default=[2, 8])
    parser.add_argument("--only", nargs="+", choices=list(TASKS), default=list(TASKS))
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    cells: dict[tuple[str, Column], Cell] = {}
    for executors in chosen.executors:
        cells |= measure("pyspark_shell", executors, chosen.only, chosen.kills)
    if chosen.pyspark_kills:
        cells |= measure("pyspark", chosen.executors[0], chosen.only, chosen.pyspark_kills)
    print(
        f"Measured on {date.today()} with `make bench-kill`: pyspark_shell "
        f"{installed('pyspark_shell')}, PySpark {installed('pyspark')}, "
        f"CPython {platform.python_version()}, {os.cpu_count()} cores; medians of {chosen.kills} "
        f"kills each ({chosen.pyspark_kills} of PySpark), from the call to the last process silent "
        "or gone.\n"
    )
    print(table(cells, chosen.only))


if __name__ == "__main__":
    main()
