"""Public name of the context, as `pyspark.context`."""

from pyspark_shell.api.context import SparkContext

__all__ = ["SparkContext"]
