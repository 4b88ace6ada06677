"""The names of the engine under test: PySpark's, or ours, as SPARK_ENGINE says."""

from __future__ import annotations

import importlib
import os

ENGINE = os.environ.get("SPARK_ENGINE", "pyspark_shell")

_package = importlib.import_module(ENGINE)
AccumulatorParam = _package.AccumulatorParam
BarrierTaskContext = _package.BarrierTaskContext
InheritableThread = _package.InheritableThread
SparkConf = _package.SparkConf
SparkContext = _package.SparkContext
SparkFiles = _package.SparkFiles
StorageLevel = _package.StorageLevel
TaskContext = _package.TaskContext
portable_hash = importlib.import_module(f"{ENGINE}.core.rdd").portable_hash
serializers = importlib.import_module(f"{ENGINE}.serializers")
statcounter = importlib.import_module(f"{ENGINE}.statcounter")
