"""SparkSession under the name of the module that has it in PySpark."""

from pyspark_shell.api.runtime_config import RuntimeConfig
from pyspark_shell.api.spark_session import SparkSession

__all__ = ["RuntimeConfig", "SparkSession"]
