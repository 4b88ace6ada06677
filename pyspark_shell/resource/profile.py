"""PySpark's name for where resource profiles are."""

from pyspark_shell.lineage.resource_profile import ResourceProfile, ResourceProfileBuilder

__all__ = ["ResourceProfile", "ResourceProfileBuilder"]
