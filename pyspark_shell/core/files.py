"""Public name of shipped files, as `pyspark.core.files`."""

from pyspark_shell.api.spark_files import SparkFiles

__all__ = ["SparkFiles"]
