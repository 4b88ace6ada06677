"""Row under the name of the module that has it in PySpark."""

from pyspark_shell.api.row import Row

__all__ = ["Row"]
