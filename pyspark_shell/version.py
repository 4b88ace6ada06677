"""The version of this package; `sc.version` tells the version of Spark whose API it speaks."""

__version__ = "0.1.0"

# What listings and event logs name as the version of Spark that runs.
SPARK_VERSION = f"4.3.0-pyshell-{__version__}"
