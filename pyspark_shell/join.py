"""Public name of the joins, as `pyspark.join`."""

from pyspark_shell.api.joins import (
    python_cogroup,
    python_full_outer_join,
    python_join,
    python_left_outer_join,
    python_right_outer_join,
)

__all__ = [
    "python_cogroup",
    "python_full_outer_join",
    "python_join",
    "python_left_outer_join",
    "python_right_outer_join",
]
