"""Public name of `StatCounter`, as `pyspark.statcounter`."""

from pyspark_shell.statistics.stat_counter import StatCounter

__all__ = ["StatCounter"]
