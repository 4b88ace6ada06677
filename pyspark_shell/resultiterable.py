"""Public name of `ResultIterable`, as `pyspark.resultiterable`."""

from pyspark_shell.shuffle.result_iterable import ResultIterable

__all__ = ["ResultIterable"]
