"""The part of PySpark's `sql` that needs no SQL engine: the session, its settings, rows.

Everything else says how to get it when it is asked for.
"""

from __future__ import annotations

from pyspark_shell.sql.session import SparkSession
from pyspark_shell.sql.types import Row

__all__ = ["Row", "SparkSession"]
