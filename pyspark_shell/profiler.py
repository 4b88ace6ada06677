"""Public name of the profilers, as `pyspark.profiler`."""

from pyspark_shell.api.profiler import BasicProfiler, Profiler, ProfilerCollector, PStatsParam

__all__ = ["BasicProfiler", "PStatsParam", "Profiler", "ProfilerCollector"]
