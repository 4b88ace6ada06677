"""`python -m benchmarks`: runs the workloads side by side and prints the table."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import inputs, life, report
from benchmarks.report import ENGINES, Row, Target
from benchmarks.workloads import BEYOND_MEMORY, WORKLOADS, Workload

LITTLE = {
    "pyspark": ["spark.python.worker.memory=256m"],
    "pyspark_shell": ["spark.executor.memory=256m"],
    "roomy": ["spark.executor.memory=6g"],
}
# Two processes on two cores: threads of a linear algebra library would only fight.
SAME_FOR_ALL = {
    "PYTHONHASHSEED": "0",
    "SPARK_LOCAL_IP": "127.0.0.1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class EngineProcess:
    """One engine, run on command."""

    def __init__(self, engine: str, folder: Path, settings: list[str]) -> None:
        package = "pyspark_shell" if engine == "roomy" else engine
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - open as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.engine_process", package, str(folder), *settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=os.environ | SAME_FOR_ALL,
        )
        self._answer()

    def ask(self, order: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._log.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise RuntimeError(f"an engine's process ended:\n{self._log.read()[-4000:]}")
        return json.loads(line)


@contextlib.contextmanager
def started(
    engines: list[str], folder: Path, settings: dict[str, list[str]]
) -> Iterator[dict[str, EngineProcess]]:
    processes = {
        engine: EngineProcess(engine, folder, settings.get(engine, [])) for engine in engines
    }
    try:
        yield processes
    finally:
        for process in processes.values():
            process.close()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6)
    return one == other


def measure(
    row: Row, name: str, engine: str, process: EngineProcess, answers: dict[str, Any]
) -> None:
    """Run one workload once on one engine, and check its answer against the others'."""
    if engine in row.failed:
        return
    reply = process.ask(name)
    if "error" in reply:
        row.failed[engine] = reply["error"]
        say(f"{name} on {engine}: {reply['error']}: {reply['text']}")
        return
    row.measured.setdefault(engine, []).append(reply["seconds"])
    expected = answers.setdefault(name, reply["answer"])
    if not same(expected, reply["answer"]):
        raise RuntimeError(
            f"{name}: {engine} answers {reply['answer']!r}, another engine {expected!r}"
        )
    say(f"{name:18} {engine:14} {reply['seconds']:.4f} s")


def run_interleaved(
    chosen: dict[str, Workload], processes: dict[str, EngineProcess], repeats: int
) -> list[Row]:
    rows = {
        name: Row(found.title, strict=found.strict, target=found.wanted)
        for name, found in chosen.items()
    }
    answers: dict[str, Any] = {}
    for turn in range(repeats):
        for name, found in chosen.items():
            for engine, process in processes.items():
                if turn < found.repeats and engine not in found.without:
                    measure(rows[name], name, engine, process, answers)
    return list(rows.values())


def run_lives(engines: list[str], repeats: int) -> list[Row]:
    start = Row(
        "process start to first two-task job done",
        target=Target(0.25, least_of_pyspark=15, text="<= 0.25 s, >= 15 x PySpark"),
    )
    stop = Row("`stop()` to all processes gone")
    prompt = Row("shell start to the prompt", counts=False)
    idle = Row(
        "idle memory of the process tree (PSS)",
        unit="MB",
        counts=False,
        target=Target(70, text="<= 70 MB"),
    )
    life.warm_up(engines)
    for _ in range(repeats):
        for engine in engines:
            found = life.live(engine)
            start.measured.setdefault(engine, []).append(found.start_s)
            stop.measured.setdefault(engine, []).append(found.stop_s)
            idle.measured.setdefault(engine, []).append(found.idle_pss_mb)
            say(f"{'life':18} {engine:14} {found}")
            if engine in life.SHELLS:
                seconds = life.seconds_to_prompt(engine)
                prompt.measured.setdefault(engine, []).append(seconds)
                say(f"{'prompt':18} {engine:14} {seconds:.4f} s")
    return [start, prompt, stop, idle]


def run_beyond_memory(engines: list[str], folder: Path, repeats: int) -> str:
    """Group and sort four times the executors' memory, each in fresh processes.

    All engines must give the same answer; the peak is that of the worst run.
    """
    ours = ["pyspark_shell", "roomy"] if "pyspark_shell" in engines else []
    rows = {name: Row(found.title) for name, found in BEYOND_MEMORY.items()}
    peaks: dict[tuple[str, str], int] = {}
    answers: dict[str, Any] = {}
    for turn in range(repeats):
        for name, row in rows.items():
            for engine in ["pyspark"] * ("pyspark" in engines and not turn) + ours:
                with started([engine], folder, LITTLE) as processes:
                    measure(row, name, engine, processes[engine], answers)
                    peak_mb = processes[engine].ask("peak")["peak_mb"]
                place = row.title, engine
                peaks[place] = max(peak_mb, peaks.get(place, 0))
    return report.beyond_memory_table(list(rows.values()), peaks)


def run_promises() -> str:
    """Measure what is asked of the engine alone, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.promises"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | SAME_FOR_ALL,
    )
    return report.promises_table(json.loads(done.stdout.splitlines()[-1]))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    groups = ["life", "beyond_memory", "promises"]
    parser.add_argument(
        "--only",
        nargs="+",
        choices=[*WORKLOADS, *groups],
        metavar="NAME",
        help="these only; one of: " + ", ".join([*WORKLOADS, *groups]),
    )
    parser.add_argument(
        "--skip", nargs="+", default=[], choices=[*WORKLOADS, *groups], metavar="NAME"
    )
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=ENGINES)
    parser.add_argument("--repeats", type=int, default=3, help="measurements of each (default 3)")
    parser.add_argument(
        "--inputs",
        type=Path,
        default=Path(tempfile.gettempdir()) / "pyspark_shell-benchmarks",
        help="where the text of 150 MB is kept",
    )
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    names = [
        name
        for name in chosen.only or [*WORKLOADS, "life", "beyond_memory", "promises"]
        if name not in chosen.skip
    ]
    chosen.inputs.mkdir(parents=True, exist_ok=True)
    workloads = {name: found for name, found in WORKLOADS.items() if name in names}
    if "word_count" in workloads:
        inputs.text_file(chosen.inputs)
    rows = run_lives(chosen.engines, chosen.repeats) if "life" in names else []
    if workloads:
        with started(chosen.engines, chosen.inputs, {}) as processes:
            rows += run_interleaved(workloads, processes, chosen.repeats)
    print(report.heading(), end="\n\n")
    print(report.table(rows), end="\n\n")
    if "beyond_memory" in names:
        print(run_beyond_memory(chosen.engines, chosen.inputs, chosen.repeats), end="\n\n")
    if "promises" in names and "pyspark_shell" in chosen.engines:
        print(run_promises(), end="\n\n")
    print(report.summary(rows))


if __name__ == "__main__":
    main()
