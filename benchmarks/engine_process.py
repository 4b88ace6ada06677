"""One engine in a process of its own: reads a workload's name a line, answers with a line of JSON.

Run as `python -m benchmarks.engine_process ENGINE INPUTS [key=value ...]`, ENGINE being pyspark,
pyspark_shell or floor. The order `peak` asks for the largest memory that a worker process has had.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from benchmarks.processes import descendants, peak_mb
from benchmarks.workloads import BEYOND_MEMORY, WORKLOADS, Workload


def context(engine: str, settings: dict[str, str]) -> Any:
    """Start `engine` with two executors: a SparkContext, or the pair of hand-written workers."""
    if engine == "floor":
        return importlib.import_module("benchmarks.floors").Pair()
    package = importlib.import_module(engine)
    conf = package.SparkConf().setMaster("local[2]").setAppName("benchmarks")
    if engine == "pyspark":
        conf.set("spark.python.unix.domain.socket.enabled", "true")
        conf.set("spark.ui.showConsoleProgress", "false")
    sc = package.SparkContext(conf=conf.setAll(settings.items()))
    sc.setLogLevel("OFF")
    return sc


def workload(engine: str, name: str) -> Workload:
    """Return the workload, with the hand-written program in its place where that is the engine."""
    found = (WORKLOADS | BEYOND_MEMORY)[name]
    if engine != "floor":
        return found
    floors = importlib.import_module("benchmarks.floors")
    return dataclasses.replace(
        found, run=floors.FLOORS[name], prepare=floors.PREPARE.get(name, found.prepare)
    )


def main(engine: str, inputs: str, *settings: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sc = context(engine, dict(setting.split("=", 1) for setting in settings))
    prepared: dict[str, Any] = {}
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        name = line.strip()
        try:
            if name == "peak":
                answer = {
                    "peak_mb": max(map(peak_mb, descendants(os.getpid(), "python")), default=0)
                }
            else:
                found = workload(engine, name)
                if name not in prepared:
                    prepared[name] = found.prepare(sc, Path(inputs))
                    if found.repeats > 1:
                        found.run(sc, prepared[name])
                seconds, result = found.measure(sc, prepared[name])
                answer = {"seconds": seconds, "answer": result}
        except Exception as error:
            answer = {"error": type(error).__name__, "text": str(error)[-2000:]}
        print(json.dumps(answer), file=answers, flush=True)
    sc.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
