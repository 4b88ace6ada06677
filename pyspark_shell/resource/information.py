"""PySpark's name for where `ResourceInformation` is."""

from pyspark_shell.common.resource_information import ResourceInformation

__all__ = ["ResourceInformation"]
