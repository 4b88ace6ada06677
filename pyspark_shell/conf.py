"""Public name of the settings, as `pyspark.conf`."""

from pyspark_shell.common.spark_conf import SparkConf

__all__ = ["SparkConf"]
