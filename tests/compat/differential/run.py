"""Runs all programs on one engine, and writes their results.

`SPARK_ENGINE=pyspark python -m compat.differential.run answers.json [name ...]`
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from compat import light_spark
from compat.differential import programs, registry
from compat.differential.engine import ENGINE, SparkConf, SparkContext

PROGRAM_LIMIT_S = 60


def out_of_time(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"not done after {PROGRAM_LIMIT_S} s")


def main(answers: str, *names: str) -> None:
    signal.signal(signal.SIGALRM, out_of_time)
    programs.load()
    results = {}
    conf = SparkConf()
    if ENGINE == "pyspark":
        conf.setAll(light_spark.SETTINGS.items())
    sc = SparkContext("local[4]", "differential", conf=conf)
    sc.setLogLevel("OFF")
    with tempfile.TemporaryDirectory() as folder:
        for name in names or registry.PROGRAMS:
            signal.alarm(PROGRAM_LIMIT_S)
            results[name] = registry.run(registry.PROGRAMS[name], sc, Path(folder).resolve() / name)
            signal.alarm(0)
        sc.stop()
    Path(answers).write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
