"""Public name of the context, as `pyspark.core.context`."""

from pyspark_shell.api.context import SparkContext

__all__ = ["SparkContext"]
